//! The walk against Go's rules, and against streams that are none.

mod oracle;
mod sparse;

use super::*;
use crate::image::layers::{Head, Layer, record};

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
    let text = record("path", b"global");
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
fn a_size_below_zero_is_refused_where_content_may_come_and_ignored_elsewhere() {
    let negative = |flag: u8, path: &[u8]| Head::new(flag, path, 0).with(124, &[0xff; 12]);
    let spoken = || Layer::default().pax(&[("size", b"0")]);
    for head in [negative(b'0', b"a"), negative(0, b"a/"), negative(b'7', b"a")] {
        refused(spoken().entry(head, b""), "-1 B");
    }
    assert_eq!(only(&spoken().entry(negative(b'5', b"a"), b"").end()).kind, Some(TarKind::Directory));
    assert_eq!(only(&Layer::default().pax(&[("size", b"-1")]).folder("a").end()).kind, Some(TarKind::Directory));
    refused(Layer::default().pax(&[("size", b"x")]).folder("a"), "no number");
}

#[test]
fn the_length_of_a_pax_record_may_begin_with_zeros() {
    let (length, rest) = (41, " path=b\n");
    let text = format!("{length:0>width$}{rest}", width = length - rest.len());
    let layer = Layer::default().entry(Head::new(b'x', b"x", length as u64), text.as_bytes()).file("a", b"");
    assert_eq!(only(&layer.end()).path, b"b");
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
