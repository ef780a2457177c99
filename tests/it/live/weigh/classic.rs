//! The classic store beside what the engine says of it.

use loadline::image::weigh;
use loadline::rig::classic::{ClassicImage, CountedAs};

use super::{BUILT, LOADED, Live};
use crate::support::live_or_skip;

#[tokio::test]
async fn an_engines_figure_is_one_form_of_the_classic_size_for_every_layer() {
    if !live_or_skip("live::weigh::classic::an_engines_figure_is_one_form_of_the_classic_size_for_every_layer") {
        return;
    }
    let live = Live::start().await;
    // Loaded layers have no symbolic link beyond the first; the last layer of the built image has one.
    let forms = [
        (LOADED, vec![CountedAs::Pulled, CountedAs::Either]),
        (BUILT, vec![CountedAs::Pulled, CountedAs::Either, CountedAs::Either, CountedAs::Either, CountedAs::Built]),
    ];
    for (name, forms) in forms {
        let image = live.classic(name).await;
        let weighed = weigh(&image).expect("a sound image");
        let contents = weighed.weighing.layers.iter().map(|layer| layer.content.expect("layers are listed"));
        let found: Vec<CountedAs> = contents.enumerate().map(|(number, content)| image.counted_as(number, &content)).collect();
        assert_eq!(found, forms, "{name}");
        assert_eq!(image.reported().iter().sum::<u64>(), live.inspect(name).await.reported_size, "{name}");
    }
    live.stop().await;
}

#[tokio::test]
async fn a_store_hashes_to_what_its_engine_says() {
    if !live_or_skip("live::weigh::classic::a_store_hashes_to_what_its_engine_says") {
        return;
    }
    let live = Live::start().await;
    for name in [LOADED, BUILT] {
        let quick = weigh(&live.classic(name).await).expect("a sound image");
        let verified = live.classic(name).await.verifying().expect("its contents are there");
        let verified = weigh(&verified).expect("the tars hash to what the configuration says");
        assert_eq!((&quick.weighing, &quick.duplicates), (&verified.weighing, &verified.duplicates), "{name}");
        assert_eq!(super::told(&quick), super::told(&verified), "{name}");
    }
    let root = live.engine.data_root_from_outside();
    let changed = root.join("overlay2").read_dir().expect("the store is there").flatten().map(|layer| layer.path().join("diff/opt/new"));
    let changed = changed.into_iter().find(|path| path.exists()).expect("a layer has the file");
    std::fs::write(changed, vec![b'2'; 4096]).expect("it is written");
    let damaged = live.classic(LOADED).await.verifying().expect("the lengths are right");
    let error = weigh(&damaged).expect_err("a content is another one").to_string();
    assert!(error.contains("layer 2: the configuration says"), "{error}");
    let gone = ClassicImage::open(&root.join("nosuch"), &live.inspect(LOADED).await.id.parse().expect("a digest"));
    assert!(gone.expect_err("no store").export_helps());
    live.stop().await;
}
