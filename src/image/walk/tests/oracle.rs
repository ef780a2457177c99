//! The walk beside the `tar` crate, and against itself in other pieces.

use proptest::prelude::*;

use super::*;

/// An entry that the `tar` crate can write.
type Made = (String, Vec<u8>, u8, bool);

fn made(entries: &[Made]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content, kind, gnu) in entries {
        let mut header = if *gnu { tar::Header::new_gnu() } else { tar::Header::new_ustar() };
        header.set_mode(0o755);
        header.set_uid(content.len() as u64);
        header.set_gid(7);
        match kind {
            0 => {
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, path, content.as_slice()).expect("a file is packed");
            }
            1 => {
                header.set_size(0);
                header.set_entry_type(tar::EntryType::Symlink);
                builder.append_link(&mut header, path, "target").expect("a link is packed");
            }
            _ => {
                header.set_size(0);
                header.set_entry_type(tar::EntryType::Directory);
                builder.append_data(&mut header, path, std::io::empty()).expect("a folder is packed");
            }
        }
    }
    builder.into_inner().expect("the tar is complete")
}

/// What the `tar` crate reads.
fn oracle(tar: &[u8]) -> Vec<Told> {
    let mut archive = tar::Archive::new(tar);
    let told = |mut entry: tar::Entry<'_, &[u8]>| {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).expect("it is whole");
        let kind = match entry.header().entry_type() {
            tar::EntryType::Symlink => TarKind::Symlink,
            tar::EntryType::Directory => TarKind::Directory,
            _ => TarKind::File,
        };
        let header = entry.header();
        let owners = (header.mode().expect("a mode"), header.uid().expect("a user"), header.gid().expect("a group"));
        let (path, link) = (entry.path_bytes().into_owned(), entry.link_name_bytes().unwrap_or_default().into_owned());
        let (size, ended) = (content.len() as u64, kind == TarKind::File);
        Told { path, link, kind: Some(kind), size, owners, content, ended, ..Told::default() }
    };
    archive.entries().expect("a tar").map(|entry| told(entry.expect("a sound entry"))).collect()
}

fn pieces<'a>(mut rest: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &length in lengths {
        let (piece, tail) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

fn some_entries() -> impl Strategy<Value = Vec<Made>> {
    // The crate writes a long name either way only for GNU headers; ustar takes a hundred bytes without a slash.
    let path = prop_oneof!["[a-z]{1,8}(/[a-z]{1,8}){0,4}", "[a-z]{1,60}", "[a-z]{90,99}"];
    let entry = (path, prop::collection::vec(any::<u8>(), 0..1500), 0_u8..3, any::<bool>());
    let long = ("[a-z]{101,300}", prop::collection::vec(any::<u8>(), 0..9), 0_u8..3, Just(true));
    prop::collection::vec(prop_oneof![4 => entry, 1 => long], 0..8)
}

proptest! {
    #[test]
    fn what_the_tar_crate_writes_is_read_as_it_reads_it(entries in some_entries(), lengths in prop::collection::vec(0_usize..900, 0..30)) {
        let tar = made(&entries);
        let expected = Ok(oracle(&tar));
        prop_assert_eq!(&walked(&[&tar]), &expected);
        prop_assert_eq!(&walked(&pieces(&tar, &lengths)), &expected);
    }

    #[test]
    fn a_damaged_tar_is_the_same_in_any_pieces_and_never_panics(
        entries in some_entries(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        lengths in prop::collection::vec(0_usize..900, 0..30),
    ) {
        let mut tar = made(&entries);
        for (at, value) in damage {
            let at = at.index(tar.len());
            tar[at] = value;
        }
        let tar = &tar[..cut.index(tar.len() + 1)];
        prop_assert_eq!(walked(&[tar]), walked(&pieces(tar, &lengths)));
    }
}
