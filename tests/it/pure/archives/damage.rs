//! Archives that came to harm: from a file and from a stream alike, an error or the same figures.

use super::docker::{dialects, index};
use super::*;

/// A small image of one layer in an archive, in a layout, and its content.
fn small() -> (Vec<u8>, Vec<u8>, String) {
    let layer = tar(&[("etc/a", "12345"), ("etc/l", "->a")]);
    let (blob, config) = (gzip(&layer), config(std::slice::from_ref(&layer)));
    let archive = tar(&[file("layer", &blob), file("c.json", &config), index("c.json", &["layer"])]);
    let layout = tar(&layout(&[blob], &[layer]));
    let sound = figures(&docker(&archive, None).expect("a sound archive"));
    (archive, layout, sound)
}

fn figures(weighed: &Weighed) -> String {
    format!("{:?}", content(weighed))
}

/// The archive is weighed in every way: each comes to `sound`, or is refused. How many were refused.
fn refused(archive: &[u8], sound: &str) -> usize {
    let streamed = Exported::read(archive, Repack::No).and_then(|exported| weigh(&exported));
    let ways = [docker(archive, None), streamed];
    ways.iter().filter(|way| way.as_ref().inspect(|weighed| assert_eq!(figures(weighed), sound)).is_err()).count()
}

fn refused_layout(archive: &[u8], sound: &str) -> bool {
    let folder = place();
    let way = OciArchive::open(&written(&folder, archive), &Select::default()).and_then(|archive| weigh(&archive));
    way.inspect(|weighed| assert_eq!(figures(weighed), sound)).is_err()
}

#[test]
fn an_archive_cut_at_any_byte_is_refused_or_the_same() {
    let (archive, layout, sound) = small();
    for cut in 0..archive.len() {
        let refused = refused(&archive[..cut], &sound);
        // What is cut off of the last member's padding, or of the end mark, is nobody's content.
        assert_eq!(refused, if cut < archive.len() - 1024 - 512 { 2 } else { refused / 2 * 2 }, "cut at {cut}");
    }
    assert_eq!(refused(&archive[..archive.len() - 1024], &sound), 0, "an archive may lack its end mark");
    for cut in 0..layout.len() - 1024 - 512 {
        assert!(refused_layout(&layout[..cut], &sound), "cut at {cut}");
    }
}

#[test]
fn a_bit_flipped_in_any_byte_of_an_archive_is_refused_or_changes_no_figure() {
    let (mut archive, mut layout, sound) = small();
    for at in 0..archive.len() {
        archive[at] ^= 1 << (at % 8);
        refused(&archive, &sound);
        archive[at] ^= 1 << (at % 8);
    }
    for at in 0..layout.len() {
        layout[at] ^= 1 << (at % 8);
        refused_layout(&layout, &sound);
        layout[at] ^= 1 << (at % 8);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_archive_is_read_or_refused_alike_from_a_file_and_from_a_stream(
        dialect in 0_usize..5,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut archive = tar(&dialects()[dialect].1);
        for (at, value) in damage {
            // Most of the bytes are content; headers and documents are where it matters.
            let at = at.index(archive.len() / 512) * 512 + usize::from(value);
            archive[at] ^= value;
        }
        if let Some(cut) = cut {
            archive.truncate(cut.index(archive.len()));
        }
        let sought = docker(&archive, None);
        let streamed = Exported::read(archive.as_slice(), Repack::No).and_then(|exported| weigh(&exported));
        match (&sought, &streamed) {
            (Ok(sought), Ok(streamed)) => prop_assert_eq!(content(sought), content(streamed)),
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{:?} and {:?}", sought.is_ok(), streamed.map(drop)),
        }
    }
}

/// Weighs as the program does when it has seen the layers before.
fn known(cache: &LayerCache, files: &Files) -> Result<Weighed, ImageError> {
    let folder = place();
    weigh(&Cached { source: Layout::open(&put(&folder.path().join("layout"), files), &Select::default())?, cache })
}

#[test]
fn a_known_layer_that_is_gone_or_shorter_than_it_should_be_is_no_number() {
    let tars = layers();
    let stored: Vec<Vec<u8>> = tars.iter().map(|tar| gzip(tar)).collect();
    let sound = layout(&stored, &tars);
    let folder = place();
    let cache = LayerCache::open(folder.path());
    known(&cache, &sound).expect("it is sound");
    assert_eq!(known(&cache, &sound).expect("it is sound").weighing.layers.len(), 2);
    assert_eq!(cache.hits(), 2, "the second time both layers are known");
    let name = blob(&stored[1]).0;
    let gone: Files = sound.iter().filter(|(path, _)| *path != name).cloned().collect();
    assert!(told(known(&cache, &gone)).contains("is not there"));
    let half = |path: &String, bytes: &[u8]| if *path == name { bytes[..bytes.len() / 2].to_vec() } else { bytes.to_vec() };
    let cut: Files = sound.iter().map(|(path, bytes)| (path.clone(), half(path, bytes))).collect();
    assert!(known(&cache, &cut).is_err());
}

#[test]
fn a_known_layer_of_a_docker_archive_must_have_the_length_of_its_tar() {
    let [one, two] = layers();
    let folder = place();
    let cache = LayerCache::open(folder.path());
    let config = config(&[one.clone(), two.clone()]);
    let weighed = |first: &[u8]| {
        let archive = tar(&[file("1", first), file("2", &two), file("c.json", &config), index("c.json", &["1", "2"])]);
        let place = place();
        weigh(&Cached { source: DockerArchive::open(&written(&place, &archive), None)?, cache: &cache })
    };
    weighed(&one).expect("it is sound");
    let zipped = gzip(&one);
    assert!(weighed(&zipped).is_ok());
    assert_eq!(cache.hits(), 2, "both were known, and the length at the end of the gzip stream is right");
    for broken in [&one[..one.len() - 512], &zipped[..zipped.len() - 9], &zstd(&two)] {
        assert!(weighed(broken).is_err(), "{} B", broken.len());
    }
}
