//! One image from an engine's store, its export, a registry of this process, and the same registry over HTTP: the same sizes, and the same of every path.

use loadline::image::{Exported, Repack, Weighed, weigh};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::remote::{LoginPlace, RemoteImage};
use loadline::rig::{Engine, ProgressSink};

use super::{BUILT, LOADED, Live, told};
use crate::support::live_or_skip;

#[tokio::test]
async fn every_source_says_the_same_of_a_loaded_and_of_a_built_image() {
    if !live_or_skip("live::weigh::sources::every_source_says_the_same_of_a_loaded_and_of_a_built_image") {
        return;
    }
    let live = Live::start().await;
    let registry = Registry::start(RegistryOptions::new(live.path("blobs"))).await.expect("the registry starts");
    for (name, expected) in [(LOADED, (2, 2)), (BUILT, (5, 4))] {
        let stored = weigh(&live.classic(name).await).expect("a sound image");
        let copies: usize = stored.duplicates.iter().map(|group| group.paths.len()).sum();
        assert_eq!((stored.weighing.layers.len(), copies), expected, "{name}");
        let export = live.docker.export(name, |archive| Exported::read(archive, Repack::No)).await;
        let exported = weigh(&export.expect("an export").expect("a sound one")).expect("a sound image");
        let tag = name.rsplit(':').next().expect("a tag");
        let pushed = format!("{}/x/y:{tag}", registry.address());
        live.docker.tag(name, &pushed).await.expect("a name is given");
        live.docker.push(&pushed, &ProgressSink::none()).await.expect("a push");
        let registered = weigh(&registry.image("x/y", tag).expect("it was pushed")).expect("a sound image");
        let remote = RemoteImage::open(&pushed, None, &LoginPlace::default()).await.expect("a manifest");
        let remote = tokio::task::spawn_blocking(move || weigh(&remote)).await.expect("no panic").expect("a sound image");
        assert_eq!(remote.weighing, registered.weighing, "{name}");
        for other in [&exported, &registered, &remote] {
            assert_eq!(sizes(other), sizes(&stored), "{name}");
            assert_eq!(told(other), told(&stored), "{name}");
            assert_eq!(other.duplicates, stored.duplicates, "{name}");
        }
    }
    live.stop().await;
}

/// Everything that does not depend on how a source compresses.
pub(super) fn sizes(weighed: &Weighed) -> String {
    let mut weighing = weighed.weighing.clone();
    (weighing.digest, weighing.layer_transfer_size, weighing.transfer_size, weighing.manifest_size) = (None, None, None, None);
    for layer in &mut weighing.layers {
        (layer.digest, layer.media_type, layer.compressed) = (None, None, None);
    }
    serde_json::to_string_pretty(&weighing).expect("it can be written")
}
