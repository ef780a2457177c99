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
