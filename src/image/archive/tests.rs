//! The tar around an image: what is in it, where it lies, and what is refused.

use std::fs::File;
use std::io::{Read as _, Write as _};

use proptest::prelude::*;

use super::members::Members;
use super::outer::{Kind, Member, Outer, Stream};
use super::packed::{Packed, Unfit};
use crate::image::ImageError;

fn header(name: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).expect("a short name");
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = header("x", bytes.len() as u64);
        tar.append_data(&mut header, name, bytes.as_slice()).expect("a file is packed");
    }
    tar.into_inner().expect("the tar is complete")
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("there is room for a file");
    file.write_all(bytes).expect("there is room for a file");
    file
}

/// Every member as a stream shows it, with the content of files.
fn streamed(bytes: &[u8]) -> std::io::Result<Vec<(Member, Vec<u8>)>> {
    let (mut outer, mut found) = (Outer::new(Stream(bytes)), Vec::new());
    while let Some(member) = outer.next()? {
        let mut content = Vec::new();
        outer.content().read_to_end(&mut content)?;
        found.push((member, content));
    }
    Ok(found)
}

fn indexed(bytes: &[u8]) -> Result<Packed, String> {
    Packed::index(file(bytes)).map_err(|unfit| match unfit {
        Unfit::Io(error) => error.to_string(),
        Unfit::Image(error) => error.to_string(),
    })
}

fn found(packed: &Packed, name: &str) -> Option<Vec<u8>> {
    packed.find(name).map(|span| packed.read(span).expect("it is there"))
}

#[test]
fn of_two_members_with_one_name_the_last_one_counts() {
    let archive = tar(&[("a".to_owned(), b"1".to_vec()), ("./a".to_owned(), b"2".to_vec())]);
    assert_eq!(found(&indexed(&archive).expect("a tar"), "a"), Some(b"2".to_vec()));
}

#[test]
fn a_claim_of_size_is_an_error_and_no_allocation() {
    let mut archive = header("a", 1 << 40).as_bytes().to_vec();
    archive.extend_from_slice(&[0; 2048]);
    assert!(indexed(&archive).is_err() && streamed(&archive).is_err());
}

#[test]
fn an_archive_may_end_before_its_padding_does_and_not_before() {
    let archive = tar(&[("a".to_owned(), vec![7; 700])]);
    let padding = &archive[..512 + 700];
    assert_eq!(found(&indexed(padding).expect("a tar"), "a"), Some(vec![7; 700]));
    assert_eq!(streamed(padding).expect("a tar").len(), 1);
    assert!(indexed(&archive[..512 + 699]).is_err() && streamed(&archive[..512 + 699]).is_err());
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_read_is_an_error() {
    let archive = file(&tar(&[("a".to_owned(), vec![7; 70_000])]));
    let packed = Packed::index(archive.try_clone().expect("a second handle")).ok().expect("a tar");
    archive.set_len(9_000).expect("it is ours");
    assert!(packed.read(packed.find("a").expect("it was there")).is_err());
}

#[test]
fn an_archive_of_too_many_members_or_too_long_names_is_refused() {
    let take = |count: usize, length: usize| -> Result<(), ImageError> {
        let mut members = Members::default();
        (0..count).try_for_each(|number| {
            let name = format!("{number}{}", "n".repeat(length));
            members.take(Member { name, kind: Kind::File(0) }, |_| Ok::<_, ImageError>(()))
        })
    };
    assert!(take(10_000, 9).is_ok());
    assert!(take(10_001, 9).is_err_and(|error| error.to_string().contains("more entries than any image")));
    assert!(take(9, 1_000_000).is_err_and(|error| error.to_string().contains("more entries than any image")));
}

proptest! {
    #[test]
    fn an_index_and_a_stream_find_the_same_files(
        files in prop::collection::vec(("[a-z]{1,120}(/[a-z]{1,60}){0,3}", prop::collection::vec(any::<u8>(), 0..3000)), 0..8),
    ) {
        let archive = tar(&files);
        let (packed, streamed) = (indexed(&archive).expect("a tar"), streamed(&archive).expect("a tar"));
        let contents: Vec<_> = streamed.into_iter().map(|(member, content)| (member.name, content)).collect();
        prop_assert_eq!(&contents, &files);
        for (name, bytes) in files.iter().rev().take(1) {
            prop_assert_eq!(found(&packed, name), Some(bytes.clone()));
        }
    }

    #[test]
    fn damage_is_seen_alike_by_both_and_never_panics(
        files in prop::collection::vec(("[a-z]{1,9}", prop::collection::vec(any::<u8>(), 0..900)), 1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut archive = tar(&files);
        for (at, value) in damage {
            let at = at.index(archive.len());
            archive[at] = value;
        }
        archive.truncate(cut.index(archive.len() + 1));
        prop_assert_eq!(indexed(&archive).is_ok(), streamed(&archive).is_ok());
    }
}
