//! The cache against accidents, and against what makes it grow.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::image::{BlobMeter, Weighed, weigh};

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).expect("a file is packed");
    }
    tar.into_inner().expect("the tar is complete")
}

fn facts(bytes: &[u8]) -> LayerFacts {
    let mut meter = BlobMeter::default();
    meter.update(bytes);
    meter.finish().expect("a plain blob").into()
}

fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// What a cache gives back for a layer it was given.
fn known(facts: &LayerFacts) -> LayerFacts {
    LayerFacts { stored: None, ..facts.clone() }
}

#[test]
fn a_layer_that_was_kept_is_known_to_the_next_process() {
    let (folder, layer) = (place(), facts(&tar(&[("a", b"1"), ("b/c", &[7; 3000])])));
    let cache = LayerCache::open(folder.path());
    assert_eq!(cache.get(&layer.diff_id), None);
    cache.put(&layer);
    assert_eq!(LayerCache::open(folder.path()).get(&layer.diff_id), Some(known(&layer)));
    assert_eq!(cache.warning(), None);
}

#[test]
fn a_file_under_another_layers_name_is_not_believed() {
    let (folder, one, two) = (place(), facts(&tar(&[("a", b"1")])), facts(&tar(&[("b", b"2")])));
    let cache = LayerCache::open(folder.path());
    cache.put(&one);
    fs::rename(cache.path(&one.diff_id), cache.path(&two.diff_id)).expect("it is renamed");
    assert_eq!((cache.get(&one.diff_id), cache.get(&two.diff_id)), (None, None));
}

#[test]
fn what_is_no_tar_is_not_kept() {
    let (folder, layer) = (place(), facts(b"no tar"));
    let cache = LayerCache::open(folder.path());
    cache.put(&layer);
    assert_eq!(cache.get(&layer.diff_id), None);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning() {
    let folder = place();
    let file = folder.path().join("a file");
    fs::write(&file, b"").expect("it is written");
    let (cache, layer) = (LayerCache::open(&file), facts(&tar(&[("a", b"1")])));
    cache.put(&layer);
    assert_eq!(cache.get(&layer.diff_id), None);
    assert!(cache.warning().is_some_and(|warning| warning.contains("a file/layers/v1")));
}

#[test]
fn the_layer_that_was_unused_for_longest_goes_first() {
    let folder = place();
    let layers: Vec<LayerFacts> = (0..6_u8).map(|number| facts(&tar(&[(&"n".repeat(90), &[number; 9])]))).collect();
    let bytes = file::encode(&layers[0].diff_id, 1, layers[0].listing.as_ref().expect("a tar")).len() as u64;
    let cache = LayerCache::with_limit(folder.path(), bytes * 4);
    for (number, layer) in layers[..4].iter().enumerate() {
        cache.put(layer);
        let used = SystemTime::now() - Duration::from_hours(100 - 10 * number as u64);
        let file = fs::File::open(cache.path(&layer.diff_id)).expect("it is there");
        file.set_times(FileTimes::new().set_modified(used)).expect("it is ours");
    }
    assert!(cache.get(&layers[0].diff_id).is_some(), "asking for it makes it the newest");
    cache.put(&layers[4]);
    let there: Vec<bool> = layers.iter().map(|layer| cache.get(&layer.diff_id).is_some()).collect();
    assert_eq!(there, [true, false, false, true, true, false], "down to three quarters of the limit");
}

#[test]
fn what_a_dead_process_left_unfinished_is_removed_in_time() {
    let (folder, layer) = (place(), facts(&tar(&[("a", b"1")])));
    let cache = LayerCache::open(folder.path());
    cache.put(&layer);
    let (old, new) = (cache.folder.join(".unfinished-old"), cache.folder.join(".unfinished-new"));
    fs::write(&new, b"").expect("it is written");
    let file = fs::File::create(&old).expect("it is written");
    file.set_times(FileTimes::new().set_modified(SystemTime::now() - ABANDONED * 2)).expect("it is ours");
    LayerCache::open(folder.path()).put(&layer);
    assert_eq!((old.exists(), new.exists()), (false, true));
}

/// An image of one layer, which counts how often that is read.
struct Counting(Vec<u8>, AtomicUsize);

impl LayerSource for Counting {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(None)
    }

    fn config(&self, _: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        let id = Digest::of(&self.0);
        let config = serde_json::json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [id]}});
        Ok(config.to_string().into_bytes())
    }

    fn layer(&self, _: &LayerName) -> Result<LayerFacts, ImageError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(facts(&self.0))
    }
}

#[test]
fn a_known_layer_is_not_read_and_weighs_the_same() {
    let folder = place();
    let cache = LayerCache::open(folder.path());
    let source = Cached { source: Counting(tar(&[("a", &[1; 900]), ("b", &[1; 900])]), AtomicUsize::new(0)), cache: &cache };
    let weighing = || weigh(&source).map(|Weighed { weighing, .. }| weighing).expect("a sound image");
    assert_eq!(weighing(), weighing());
    assert_eq!(source.source.1.load(Ordering::Relaxed), 1);
}

#[test]
fn two_caches_in_one_folder_do_not_disturb_each_other() {
    let folder = place();
    let layers: Vec<LayerFacts> = (0..20_u8).map(|number| facts(&tar(&[("x", &[number; 9])]))).collect();
    let work = || {
        let cache = LayerCache::with_limit(folder.path(), 1000);
        for layer in layers.iter().cycle().take(200) {
            cache.put(layer);
            assert!(cache.get(&layer.diff_id).is_none_or(|found| found.listing == layer.listing));
        }
        assert_eq!(cache.warning(), None);
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

proptest! {
    #[test]
    fn a_file_damaged_anywhere_counts_as_absent(at in any::<prop::sample::Index>(), flip in 1..=u8::MAX, cut in any::<bool>()) {
        let layer = facts(&tar(&[("a", b"1"), ("b/c", &[7; 3000])]));
        let mut bytes = file::encode(&layer.diff_id, layer.uncompressed, layer.listing.as_ref().expect("a tar"));
        prop_assert_eq!(file::decode(&layer.diff_id, bytes.clone()), Some(known(&layer)));
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        prop_assert_eq!(file::decode(&layer.diff_id, bytes), None);
    }
}
