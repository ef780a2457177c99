//! The walk against Go's rules, against the `tar` crate, and against streams that are none.

use proptest::prelude::*;

use super::*;
use crate::image::layers::{Head, Layer};

/// What a sink was told of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    path: Vec<u8>,
    link: Vec<u8>,
    kind: Option<TarKind>,
    size: u64,
    sparse: bool,
    owners: (u32, u64, u64),
    content: Vec<u8>,
    unseen: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Log(Vec<Told>);

impl Sink for Log {
    fn entry(&mut self, entry: &TarEntry<'_>) -> Result<(), String> {
        if entry.path == b"refused" {
            return Err("this one is not taken".to_owned());
        }
        let &TarEntry { path, kind, size, sparse, link, mode, uid, gid } = entry;
        let (path, link, kind) = (path.to_vec(), link.to_vec(), Some(kind));
        self.0.push(Told { path, link, kind, size, sparse, owners: (mode, uid, gid), ..Told::default() });
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) {
        self.0.last_mut().expect("an entry comes before its content").content.extend_from_slice(bytes);
    }

    fn unseen(&mut self, count: u64) {
        self.0.last_mut().expect("an entry comes before its content").unseen += count;
    }

    fn end(&mut self) {
        self.0.last_mut().expect("an entry comes before its end").ended = true;
    }
}

fn walked(pieces: &[&[u8]]) -> Result<Vec<Told>, TarFault> {
    let mut walk = TarWalk::new(Log::default());
    for piece in pieces {
        walk.update(piece);
    }
    assert_eq!(walk.position(), pieces.iter().map(|piece| piece.len() as u64).sum::<u64>(), "every byte counts");
    walk.finish().map(|log| log.0)
}

fn entries(tar: &[u8]) -> Vec<Told> {
    walked(&[tar]).expect("a sound tar")
}

fn only(tar: &[u8]) -> Told {
    let mut told = entries(tar);
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn fault(tar: &[u8]) -> TarFault {
    walked(&[tar]).expect_err("no sound tar")
}

fn refused(layer: Layer, why: &str) {
    let fault = fault(&layer.end());
    assert!(fault.why.contains(why), "{fault}");
}

fn file(path: &[u8], size: u64) -> Head {
    Head::new(b'0', path, size)
}

#[test]
fn every_kind_of_entry_is_told_with_what_belongs_to_it() {
    let kinds = [(b'0', TarKind::File), (b'7', TarKind::File), (0, TarKind::File), (b'1', TarKind::HardLink), (b'2', TarKind::Symlink)];
    let others = [(b'3', TarKind::CharDevice), (b'4', TarKind::BlockDevice), (b'5', TarKind::Directory), (b'6', TarKind::Fifo)];
    for (flag, kind) in kinds.into_iter().chain(others) {
        let content: &[u8] = if kind == TarKind::File { b"12345" } else { b"" };
        let told = only(&Layer::default().entry(Head::new(flag, b"a", 5).with(157, b"target"), content).end());
        let is_link = matches!(kind, TarKind::HardLink | TarKind::Symlink);
        let expected = Told {
            path: b"a".to_vec(),
            link: if is_link { b"target".to_vec() } else { Vec::new() },
            kind: Some(kind),
            size: content.len() as u64,
            owners: (0o644, 0, 0),
            content: content.to_vec(),
            ended: kind == TarKind::File,
            ..Told::default()
        };
        assert_eq!(told, expected, "{}", flag.escape_ascii());
    }
}

#[test]
fn a_file_of_v7_whose_name_ends_in_a_slash_is_a_folder() {
    let told = |flag| only(&Layer::default().entry(Head::new(flag, b"a/", 0), b"").end()).kind;
    assert_eq!((told(0), told(b'0')), (Some(TarKind::Directory), Some(TarKind::File)));
}

#[test]
fn types_that_engines_refuse_end_the_walk() {
    for flag in [b'V', b'M', b'D', b'?', 0xff] {
        refused(Layer::default().entry(Head::new(flag, b"a", 0), b""), "engines refuse");
    }
    refused(Layer::default().entry(Head::new(b'S', b"a", 0), b""), "engines refuse");
}

#[test]
fn numbers_may_be_octal_with_blanks_or_binary_of_either_sign() {
    let told = |at: usize, field: &[u8]| only(&Layer::default().entry(file(b"a", 0).with(at, field), b"").end()).owners;
    assert_eq!(told(100, b" 755 \0\0\0").0, 0o755);
    assert_eq!(told(100, b"0104755\0").0, 0o4755, "the file type in the mode is dropped");
    assert_eq!(told(100, b"\0\0\0\0\0\0\0\0").0, 0);
    assert_eq!(told(108, b"\x80\0\0\0\0\x20\0\0").1, 0x0020_0000);
    assert_eq!(told(116, b"\xff\xff\xff\xff\xff\xff\xff\xfe").2, 2_u64.wrapping_neg());
    for broken in [&b"00x0000\0"[..], b"0000008\0", b"0 00000\0", b"-000001\0"] {
        refused(Layer::default().entry(file(b"a", 0).with(100, broken), b""), "is no number");
    }
    refused(Layer::default().entry(file(b"a", 0).with(124, b"\x80\x01\0\0\0\0\0\0\0\0\0\0"), b""), "64 bits");
    refused(Layer::default().entry(file(b"a", 0).with(124, &[0xff; 12]), b""), "-1 B");
}

#[test]
fn a_header_with_numbers_that_are_none_is_refused_wherever_gos_reader_reads_them() {
    for at in [100, 108, 116, 124, 136, 329, 337] {
        refused(Layer::default().entry(file(b"a", 0).with(at, b"x"), b""), "is no number");
    }
    let v7 = file(b"a", 0).with(257, &[0; 8]).with(329, b"x");
    assert_eq!(only(&Layer::default().entry(v7, b"").end()).path, b"a", "v7 has no devices");
}

#[test]
fn a_header_must_match_its_checksum_signed_or_unsigned() {
    let block = file(b"a\xff\xfe", 0).block();
    let sum: u32 = block.iter().enumerate().map(|(at, &byte)| u32::from(if (148..156).contains(&at) { b' ' } else { byte })).sum();
    let with = |sum: u32| {
        let mut block = block;
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        walked(&[&Layer::default().raw(&block).end()])
    };
    assert!(with(sum).is_ok() && with(sum - 512).is_ok(), "two bytes are negative in old programs");
    assert!(with(sum + 1).is_err_and(|fault| fault.why.contains("checksum")));
}

#[test]
fn a_prefix_is_read_where_the_format_has_one() {
    let head = || file(b"name", 0).with(345, b"folder");
    let path = |head: Head| only(&Layer::default().entry(head, b"").end()).path;
    assert_eq!(path(head()), b"folder/name");
    assert_eq!(path(head().with(257, &[0; 8])), b"name", "v7");
    assert_eq!(path(head().gnu()), b"folder/name", "what Go's writers before 1.8 put there is no time");
    assert_eq!(path(file(b"name", 0).with(345, b"14400000000\0").gnu()), b"name", "a time");
    let long = file(b"name", 0).with(345, &[b'p'; 155]);
    assert_eq!(path(long.clone()).len(), 155 + 5);
    let star = long.with(476, b"00000000000\x0000000000000\0").with(508, b"tar\0");
    assert_eq!(path(star).len(), 131 + 5);
}

#[test]
fn long_names_of_gnu_go_before_those_of_pax_and_both_before_the_header() {
    let long = vec![b'n'; 300];
    let layer = || Layer::default().pax(&[("path", b"by pax"), ("linkpath", b"link by pax")]);
    let link = || Head::new(b'2', b"short", 0).with(157, b"short link");
    let told = only(&layer().entry(link(), b"").end());
    assert_eq!((told.path.as_slice(), told.link.as_slice()), (&b"by pax"[..], &b"link by pax"[..]));
    let told = only(&layer().gnu_long(b'L', &long).gnu_long(b'K', &long).entry(link(), b"").end());
    assert_eq!((&told.path, &told.link), (&long, &long));
    let told = entries(&layer().gnu_long(b'L', &long).file("a", b"").file("b", b"").end());
    assert_eq!(told[1].path, b"b", "a name is for one entry");
    let told = only(&layer().pax(&[("path", b"")]).entry(link(), b"").end());
    assert_eq!(told.path, b"short", "the last header counts, and an empty value says nothing");
}

#[test]
fn a_global_header_says_nothing_and_makes_what_came_before_it_forgotten() {
    let text = crate::image::layers::record("path", b"global");
    let global = || Head::new(b'g', b"pax_global_header", text.len() as u64);
    let told = only(&Layer::default().entry(global(), &text).file("own", b"x").end());
    assert_eq!(told.path, b"own");
    let told = only(&Layer::default().pax(&[("path", b"lost")]).entry(global(), &text).file("own", b"x").end());
    assert_eq!(told.path, b"own");
}

#[test]
fn pax_sizes_and_owners_go_before_the_header() {
    let records: [(&str, &[u8]); 5] =
        [("size", b"3"), ("uid", b"3000000"), ("gid", b"-1"), ("mtime", b"-1.5"), ("SCHILY.xattr.user.a", b"\0=\n")];
    let told = only(&Layer::default().pax(&records).raw(&file(b"a", 0).block()).raw(b"abc").raw(&[0; 509]).end());
    assert_eq!((told.content.as_slice(), told.size), (&b"abc"[..], 3));
    assert_eq!(told.owners, (0o644, 3_000_000, u64::MAX));
    for (keyword, value) in [("size", &b"-1"[..]), ("size", b"1x"), ("uid", b"x"), ("mtime", b"1.x"), ("atime", b"."), ("path", b"a\0b")] {
        let fault = fault(&Layer::default().pax(&[(keyword, value)]).file("a", b"").end());
        assert!(!fault.why.is_empty(), "{keyword}={}", value.escape_ascii());
    }
}

#[test]
fn pax_records_that_are_none_are_refused() {
    for text in
        [&b"4 a\n"[..], b"5 a=b", b"6 a=b", b"99 a=b\n", b"-6 a=b\n", b"6a=b\n", b"6 =bc\n", b"a=b\n", b"00000000000000000000006 a=b\n"]
    {
        let layer = Layer::default().entry(Head::new(b'x', b"x", text.len() as u64), text).file("a", b"");
        refused(layer, "record that is none");
    }
}

#[test]
fn an_extended_header_of_more_than_a_megabyte_is_refused_before_it_comes() {
    for flag in *b"xgLK" {
        let head = Head::new(flag, b"x", MAX_EXTENDED + 1);
        assert!(fault(&Layer::default().raw(&head.block()).unended()).why.contains("engines read no more"));
    }
}

#[test]
fn an_archive_ends_at_two_blocks_of_zeros_or_where_the_stream_does() {
    let one = || Layer::default().file("a", b"x");
    let whole = one().unended();
    for tar in [&whole[..], &whole[..513], &whole[..700], &one().raw(&[0; 512]).unended()] {
        assert_eq!(entries(tar).len(), 1);
    }
    assert_eq!(entries(&one().raw(&[0; 1024]).raw(b"whatever comes here").unended()).len(), 1);
    assert_eq!(entries(b""), []);
    assert_eq!(entries(&Layer::default().end()), []);
    refused(one().raw(&[0; 512]).file("b", b""), "zeros stands between");
    for cut in [1, 511, 512] {
        let fault = fault(&whole[..cut]);
        assert!(fault.at == 0 && fault.why.contains("it ends"), "{fault}");
    }
    assert!(fault(&one().raw(&[0; 700]).unended()).why.contains("in the middle of a header"));
}

#[test]
fn what_a_sink_refuses_is_a_fault_at_the_header() {
    let fault = fault(&Layer::default().file("a", b"x").file("refused", b"").end());
    assert_eq!(fault, TarFault { at: 1024, why: "this one is not taken".to_owned() });
}

/// An old GNU sparse header: the file's size, its ranges in the header, and those in further blocks.
fn old_sparse(real: u64, ranges: &[(u64, u64)], stored: u64) -> Layer {
    let place = |(from, length): (u64, u64)| format!("{from:011o}\0{length:011o}\0").into_bytes();
    let (here, there) = ranges.split_at(ranges.len().min(4));
    let head = Head::new(b'S', b"holes", stored).gnu().with(483, format!("{real:011o}\0").as_bytes());
    let here: Vec<u8> = here.iter().copied().flat_map(place).collect();
    let mut layer = Layer::default().raw(&head.with(386, &here).with(482, &[u8::from(!there.is_empty())]).block());
    let blocks = there.chunks(21).count();
    for (number, ranges) in there.chunks(21).enumerate() {
        let mut block = [0; 512];
        for (at, &range) in ranges.iter().enumerate() {
            block[at * 24..][..24].copy_from_slice(&place(range));
        }
        block[504] = u8::from(number + 1 < blocks);
        layer = layer.raw(&block);
    }
    layer.raw(&vec![b'd'; usize::try_from(stored.next_multiple_of(512)).expect("a small file")])
}

#[test]
fn an_old_gnu_sparse_file_has_its_unpacked_size() {
    let many: Vec<(u64, u64)> = (0..60).map(|n| (n * 1000, 10)).collect();
    for (real, ranges) in [(5, vec![]), (50 << 30, vec![(0, 5), (1 << 30, 7)]), (60_000, many), (8, vec![(0, 3), (8, 0)])] {
        let stored = ranges.iter().map(|(_, length)| length).sum();
        let told = entries(&old_sparse(real, &ranges, stored).file("next", b"").end());
        assert_eq!((told[0].size, told[0].sparse, told[0].content.len()), (real, true, 0));
        assert_eq!(told[1].path, b"next");
    }
}

#[test]
fn an_old_gnu_sparse_map_that_does_not_fit_is_refused() {
    refused(old_sparse(10, &[(0, 5)], 6), "in its map");
    refused(old_sparse(10, &[(0, 5), (4, 5)], 10), "overlap");
    refused(old_sparse(10, &[(8, 5)], 5), "up to byte 13");
    refused(old_sparse(7 << 30, &[(7 << 30, 7 << 30)], 5), "up to byte");
}

fn sparse_by_pax(records: &[(&str, &[u8])], stored: &[u8]) -> Layer {
    Layer::default().pax(records).file("GNUSparseFile.1/a", stored)
}

#[test]
fn sparse_files_of_pax_have_their_unpacked_size_and_name() {
    let zero: [(&str, &[u8]); 6] = [
        ("GNU.sparse.size", b"1000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"2"),
        ("GNU.sparse.offset", b"998"),
        ("GNU.sparse.numbytes", b"2"),
    ];
    let one: [(&str, &[u8]); 4] =
        [("GNU.sparse.size", b"1000"), ("GNU.sparse.numblocks", b"2"), ("GNU.sparse.map", b"0,2,998,2"), ("GNU.sparse.name", b"a")];
    let told = only(&sparse_by_pax(&zero, b"abcd").end());
    assert_eq!((told.path.as_slice(), told.size, told.sparse), (&b"GNUSparseFile.1/a"[..], 1000, true));
    let told = only(&sparse_by_pax(&one, b"abcd").end());
    assert_eq!((told.path.as_slice(), told.size, told.sparse), (&b"a"[..], 1000, true));
    let unknown: [(&str, &[u8]); 3] = [("GNU.sparse.major", b"2"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"a")];
    let told = only(&sparse_by_pax(&unknown, b"abcd").end());
    assert_eq!((told.path.as_slice(), told.size, told.sparse), (&b"GNUSparseFile.1/a"[..], 4, false), "as Go reads it");
}

#[test]
fn sparse_maps_of_pax_that_do_not_fit_are_refused() {
    let maps: [(&[u8], &[u8], &str); 6] = [
        (b"0,2", b"2", "ranges that it is said"),
        (b"0,2,998", b"1", "ranges that it is said"),
        (b"0,2,998,3", b"2", "up to byte 1001"),
        (b"0,3,998,2", b"2", "in its map"),
        (b"5,2,3,2", b"2", "overlap"),
        (b"0,2,x,2", b"2", "no number"),
    ];
    for (map, count, why) in maps {
        refused(sparse_by_pax(&[("GNU.sparse.size", b"1000"), ("GNU.sparse.numblocks", count), ("GNU.sparse.map", map)], b"abcd"), why);
    }
    refused(sparse_by_pax(&[("GNU.sparse.numbytes", b"2")], b"abcd"), "out of order");
    refused(sparse_by_pax(&[("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"0,4")], b"abcd"), "does not say how many");
    let folder = Layer::default().pax(&[("GNU.sparse.numblocks", b"0"), ("GNU.sparse.map", b"0,0")]).folder("a");
    assert!(walked(&[&folder.end()]).is_err());
}

/// A file of format 1.0: the map fills whole blocks before the data.
fn sparse_one(real: &[u8], map: &str, data: &[u8]) -> Layer {
    let mut stored = map.as_bytes().to_vec();
    stored.resize(stored.len().next_multiple_of(512), 0);
    stored.extend_from_slice(data);
    let records: [(&str, &[u8]); 4] =
        [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"a"), ("GNU.sparse.realsize", real)];
    sparse_by_pax(&records, &stored)
}

#[test]
fn the_map_among_the_data_of_a_sparse_file_is_held_against_them() {
    let fifty = b"53687091200";
    let told = entries(&sparse_one(fifty, "2\n0\n2\n53687091190\n3\n", b"abcde").file("next", b"n").end());
    assert_eq!((told[0].path.as_slice(), told[0].size, told[0].sparse), (&b"a"[..], 50 << 30, true));
    assert_eq!(told[1].content, b"n");
    let ranges: Vec<String> = (0..200).map(|n| format!("{}\n1\n", n * 10)).collect();
    let long = format!("200\n{}", ranges.concat());
    assert_eq!(entries(&sparse_one(b"5000", &long, &[b'd'; 200]).end())[0].size, 5000);
    assert_eq!(entries(&sparse_one(b"5000", "0\n", b"").end())[0].size, 5000, "nothing but a hole");
    for (map, data, why) in [
        ("1\n0\n2\n", &b"abc"[..], "in its map"),
        ("1\n0\n9999\n", b"abc", "up to byte 9999"),
        ("2\n0\n2\n1\n1\n", b"abc", "overlap"),
        ("x\n", b"", "no number"),
        ("-1\n", b"", "map that is none"),
        ("9\n0\n2\n", b"abc", "map that is none"),
        ("9223372036854775807\n", b"", "map that is none"),
        ("", b"", "middle of its map"),
    ] {
        refused(sparse_one(b"5000", map, data), why);
    }
}

#[test]
fn a_skipped_content_is_counted_and_not_seen() {
    let tar = Layer::default().file("a", &[7; 1000]).file("b", b"x").end();
    let mut walk = TarWalk::new(Log::default());
    walk.update(&tar[..512]);
    walk.skip(1000);
    walk.skip(0);
    walk.update(&tar[1512..]);
    assert_eq!(walk.position(), tar.len() as u64);
    let told = walk.finish().expect("sound").0;
    assert_eq!((told[0].unseen, told[0].ended, told[0].content.len()), (1000, true, 0));
    assert_eq!(told[1].content, b"x");
}

#[test]
fn skipping_more_than_the_content_is_a_fault() {
    let tar = Layer::default().file("a", &[7; 1000]).end();
    for (seen, skipped) in [(512, 1001), (512, u64::MAX), (511, 1), (1536, 1)] {
        let mut walk = TarWalk::new(Log::default());
        walk.update(&tar[..seen]);
        walk.skip(skipped);
        let fault = walk.finish().expect_err("there is not as much");
        assert!(fault.why.contains("more content is told"), "{fault}");
    }
}

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
