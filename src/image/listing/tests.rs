//! Listings as they are written, read back, and damaged.

use proptest::prelude::*;

use super::codec::Encoder;
use super::path::clean;
use super::*;
use crate::image::layers::{Head, Layer};
use crate::image::walk::TarWalk;

/// An entry that owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    path: Vec<u8>,
    kind: EntryKind,
    size: u64,
    link: Vec<u8>,
    owners: (u32, u64, u64),
    content: Option<ContentHash>,
}

impl Owned {
    fn of(entry: &Entry<'_>) -> Self {
        let &Entry { path, kind, size, link, mode, uid, gid, content } = entry;
        Self { path: path.to_vec(), kind, size, link: link.to_vec(), owners: (mode, uid, gid), content }
    }

    fn entry(&self) -> Entry<'_> {
        let (mode, uid, gid) = self.owners;
        Entry { path: &self.path, kind: self.kind, size: self.size, link: &self.link, mode, uid, gid, content: self.content }
    }
}

fn all(listing: &Listing) -> Vec<Owned> {
    let mut all = Vec::new();
    listing.for_each(|entry| all.push(Owned::of(entry)));
    all
}

fn listed(tar: &[u8]) -> Result<Listing, String> {
    let mut walk = TarWalk::new(ListingWriter::default());
    walk.update(tar);
    walk.finish().map(ListingWriter::finish).map_err(|fault| fault.to_string())
}

fn entries(layer: Layer) -> Vec<Owned> {
    all(&listed(&layer.end()).expect("a sound layer"))
}

#[test]
fn a_layer_is_listed_with_what_each_entry_does() {
    let layer = Layer::default()
        .folder("./etc/")
        .file("/etc/./hosts", b"localhost")
        .symlink("etc/alias", "../etc/hosts")
        .hard_link("etc/again", "./etc/hosts")
        .device("dev/null")
        .whiteout("etc/passwd")
        .opaque("var")
        .file(".wh..wh..opq", b"")
        .file(".wh..wh.plnk/1", b"x")
        .file("a/.wh..wh.aufs", b"x");
    let listing = listed(&layer.end()).expect("a sound layer");
    let found: Vec<(String, EntryKind, u64, String)> = all(&listing)
        .iter()
        .map(|e| (String::from_utf8_lossy(&e.path).into_owned(), e.kind, e.size, String::from_utf8_lossy(&e.link).into_owned()))
        .collect();
    let row = |path: &str, kind, size, link: &str| (path.to_owned(), kind, size, link.to_owned());
    let expected = [
        row("etc", EntryKind::Directory, 0, ""),
        row("etc/hosts", EntryKind::File, 9, ""),
        row("etc/alias", EntryKind::Symlink, 12, "../etc/hosts"),
        row("etc/again", EntryKind::HardLink, 0, "etc/hosts"),
        row("dev/null", EntryKind::Special, 0, ""),
        row("etc/passwd", EntryKind::Whiteout, 0, ""),
        row("var", EntryKind::Opaque, 0, ""),
        row("", EntryKind::Opaque, 0, ""),
        row(".wh..wh.plnk/1", EntryKind::File, 1, ""),
    ];
    assert_eq!(found, expected);
    assert_eq!(listing.totals(), Totals { entries: 9, files: 2, file_bytes: 10 });
}

#[test]
fn equal_contents_have_equal_hashes_in_whatever_pieces_they_come() {
    let content: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
    let tar = Layer::default().file("a", &content).file("b", &content).file("c", b"other").file("d", b"").end();
    let mut walk = TarWalk::new(ListingWriter::default());
    tar.chunks(700).for_each(|piece| walk.update(piece));
    let listing = walk.finish().expect("a sound layer").finish();
    assert_eq!(Ok(&listing), listed(&tar).as_ref());
    let hashes: Vec<_> = all(&listing).iter().map(|entry| entry.content).collect();
    assert_eq!(hashes, [Some(ContentHash::of(&content)), Some(ContentHash::of(&content)), Some(ContentHash::of(b"other")), None]);
}

#[test]
fn a_content_that_was_skipped_has_no_hash_until_it_is_completed() {
    let tar = Layer::default().file("a", &[1; 1000]).file("b", &[2; 1000]).end();
    let whole = listed(&tar).expect("a sound layer");
    let mut walk = TarWalk::new(ListingWriter::default());
    walk.update(&tar[..512]);
    walk.skip(1000);
    walk.update(&tar[1512..]);
    let mut listing = walk.finish().expect("a sound layer").finish();
    assert_eq!(all(&listing)[0].content, None);
    assert_eq!(all(&listing)[1], all(&whole)[1]);
    listing.complete(|entry| (entry.path == b"a").then(|| ContentHash::of(&[1; 1000])));
    assert_eq!(listing, whole);
}

#[test]
fn paths_that_engines_refuse_are_refused() {
    for (layer, why) in [
        (Layer::default().file("../x", b""), "leads out of the root"),
        (Layer::default().file("a/../../x", b""), "leads out of the root"),
        (Layer::default().hard_link("a", "../x"), "leads out of the root"),
        (Layer::default().file("a/..", b""), "something else than a folder"),
        (Layer::default().symlink(".", "x"), "something else than a folder"),
        (Layer::default().file("a/.wh..", b""), "folder that it lies in"),
        (Layer::default().file("a/.wh...", b""), "folder that it lies in"),
        (Layer::default().pax(&[("path", &[b'p'; 5000])]).file("a", b""), "Linux takes no more"),
        (Layer::default().pax(&[("linkpath", &[b'p'; 5000])]).symlink("a", "b"), "Linux takes no more"),
    ] {
        let refused = listed(&layer.end()).expect_err("no engine unpacks it");
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn a_path_that_stays_inside_is_what_it_comes_to() {
    let cleaned = |path: &str| {
        let mut out = b"left over".to_vec();
        clean(path.as_bytes(), &mut out).then(|| String::from_utf8(out).expect("text"))
    };
    for (path, expected) in
        [("a/../x", "x"), ("/../x", "x"), ("/../../a/./b//", "a/b"), ("", ""), ("/", ""), ("a/b/../..", ""), ("..a/.b", "..a/.b")]
    {
        assert_eq!(cleaned(path).as_deref(), Some(expected), "{path}");
    }
    assert_eq!(cleaned("a/../.."), None);
}

#[test]
fn a_symbolic_link_may_point_anywhere() {
    let found = entries(Layer::default().symlink("a", "../../../etc/passwd"));
    assert_eq!((found[0].link.as_slice(), found[0].size), (&b"../../../etc/passwd"[..], 19));
}

#[test]
fn a_name_that_a_terminal_would_obey_is_told_in_plain_letters() {
    let head = Head::new(b'0', b"../\x1b[31mred", 0);
    let refused = listed(&Layer::default().entry(head, b"").end()).expect_err("it leads out");
    assert!(refused.contains("\\x1b[31m") && !refused.contains('\x1b'), "{refused}");
}

#[test]
fn files_that_claim_more_bytes_than_can_be_counted_are_refused() {
    let claim = |layer: Layer| {
        let head = Head::new(b'S', b"a", 0).gnu().with(483, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
        layer.entry(head, b"")
    };
    assert!(listed(&claim(claim(Layer::default())).end()).is_ok());
    assert!(listed(&claim(claim(claim(Layer::default()))).end()).is_err_and(|why| why.contains("more entries or bytes")));
}

#[test]
fn thirty_bytes_are_enough_for_an_entry_among_its_like() {
    let mut layer = Layer::default();
    for number in 0..1000 {
        layer = layer.file(format!("usr/lib/node_modules/some-package/lib/file-{number:04}.js"), b"content");
    }
    let listing = listed(&layer.end()).expect("a sound layer");
    assert!(listing.as_bytes().len() < 30_000, "{}", listing.as_bytes().len());
}

fn some_entry() -> impl Strategy<Value = Owned> {
    let kinds = [
        EntryKind::File,
        EntryKind::HardLink,
        EntryKind::Symlink,
        EntryKind::Directory,
        EntryKind::Special,
        EntryKind::Whiteout,
        EntryKind::Opaque,
    ];
    let owners = prop_oneof![Just((0o644, 0, 0)), (any::<u32>(), any::<u64>(), any::<u64>())];
    let texts = (prop::collection::vec(b'a'..b'd', 0..6), prop::collection::vec(any::<u8>(), 0..200));
    let size = prop_oneof![0_u64..300, 0..u64::MAX / 64];
    (prop::sample::select(kinds.to_vec()), texts, size, owners, any::<Option<[u8; 16]>>()).prop_map(
        |(kind, (path, link), size, owners, hash)| {
            let link = if matches!(kind, EntryKind::HardLink | EntryKind::Symlink) { link } else { Vec::new() };
            let size = match kind {
                EntryKind::File => size,
                EntryKind::Symlink => link.len() as u64,
                _ => 0,
            };
            Owned { path, kind, size, link, owners, content: hash.map(ContentHash) }
        },
    )
}

fn encoded(entries: &[Owned]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for entry in entries {
        encoder.push(&entry.entry(), false);
    }
    encoder.bytes
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in prop::collection::vec(some_entry(), 0..30)) {
        let listing = Listing::from_bytes(encoded(&entries)).expect("it was written");
        prop_assert_eq!(all(&listing), entries.clone());
        let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
        let totals = Totals { entries: entries.len() as u64, files: files.clone().count() as u64, file_bytes: files.map(|file| file.size).sum() };
        prop_assert_eq!(listing.totals(), totals);
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_to_their_end(
        entries in prop::collection::vec(some_entry(), 0..10),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encoded(&entries);
        for (at, value) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(listing) = Listing::from_bytes(bytes) {
            prop_assert_eq!(all(&listing).len() as u64, listing.totals().entries);
        }
    }
}
