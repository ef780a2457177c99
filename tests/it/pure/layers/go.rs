//! The walk beside the reader that engines unpack with: Go's `archive/tar`, on tars with odd headers.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use fastrand::Rng;
use loadline::image::{Sink, TarEntry, TarKind, TarWalk};

use crate::support::layers::{Head, Layer, record};
use crate::support::program_or_skip;

const TARS: usize = 20_000;

/// What the walk tells, in the words of `tests/data/tarlist`.
#[derive(Default)]
struct Lines(String);

impl Sink for Lines {
    fn entry(&mut self, entry: &TarEntry<'_>) -> Result<(), String> {
        let kind = match entry.kind {
            TarKind::File => '0',
            TarKind::HardLink => '1',
            TarKind::Symlink => '2',
            TarKind::CharDevice => '3',
            TarKind::BlockDevice => '4',
            TarKind::Directory => '5',
            TarKind::Fifo => '6',
        };
        let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let (uid, gid) = (entry.uid.cast_signed(), entry.gid.cast_signed());
        let (path, link) = (hex(entry.path), hex(entry.link));
        writeln!(self.0, "{kind} {} {} {uid} {gid} {path}. {link}.", entry.size, entry.mode).map_err(|error| error.to_string())
    }

    fn content(&mut self, _: &[u8]) {}

    fn unseen(&mut self, _: u64) {}

    fn end(&mut self) {}
}

/// The entries, or that the tar is refused.
fn ours(tar: &[u8]) -> Result<String, String> {
    let mut walk = TarWalk::new(Lines::default());
    walk.update(tar);
    walk.finish().map(|lines| lines.0).map_err(|fault| fault.to_string())
}

/// The same of Go's reader, with what engines do about it: they know no other types than these, and a link only where there is one.
fn theirs(lines: &mut std::str::Lines<'_>) -> Result<String, String> {
    let mut told = String::new();
    let mut unknown = None;
    for line in lines {
        if let Some(why) = line.strip_prefix("refused ") {
            return Err(unknown.unwrap_or_else(|| why.to_owned()));
        }
        if line == "end" {
            return unknown.map_or(Ok(told), Err);
        }
        let kind = &line[..1];
        // Contiguous files and old GNU sparse ones are files (docs/weighing-sources.md, "How a tar is read").
        let kind = if ["7", "S"].contains(&kind) { "0" } else { kind };
        if !["0", "1", "2", "3", "4", "5", "6"].contains(&kind) {
            unknown.get_or_insert_with(|| format!("type {kind}"));
        }
        let rest = if ["1", "2"].contains(&kind) { &line[1..] } else { line[1..].rsplit_once(' ').map_or("", |parts| parts.0) };
        let link = if ["1", "2"].contains(&kind) { "" } else { " ." };
        writeln!(told, "{kind}{rest}{link}").expect("text grows");
    }
    panic!("an answer is missing");
}

fn one_of<'a, T: ?Sized>(rng: &mut Rng, choice: &[&'a T]) -> &'a T {
    choice[rng.usize(..choice.len())]
}

/// A number as some writer may put it into a field.
fn number(rng: &mut Rng, width: usize) -> Vec<u8> {
    let value = match rng.u8(..4) {
        0 => 0,
        1 => rng.u64(..8),
        2 => rng.u64(..0o7777),
        _ => rng.u64(..) >> rng.u32(..64),
    };
    let mut field = match rng.u8(..8) {
        0..=2 => format!("{value:0>width$o}\0", width = width - 1).into_bytes(),
        3 => format!("{value:o} ").into_bytes(),
        4 => format!(" {value:o}\0 ").into_bytes(),
        5 => format!("\0{value:o}").into_bytes(),
        6 => {
            let bytes = if rng.bool() { value.to_be_bytes() } else { value.wrapping_neg().to_be_bytes() };
            let fill = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
            let mut field = [vec![fill; width.saturating_sub(8)], bytes.to_vec()].concat();
            field[0] |= 0x80;
            field
        }
        _ => one_of(rng, &[&b"-1"[..], b"8", b"", b"0x1", b"\xff", b"\x80", b"+5", b"7\x007"]).to_vec(),
    };
    field.resize(width, 0);
    field
}

/// Some header; sound ones are as many as others, since a broken one ends the tar.
fn head(rng: &mut Rng, size: u64) -> Head {
    let odd = rng.u8(..24) == 0;
    let flag = if odd { one_of(rng, &[&b'S', &b'V']) } else { one_of(rng, &[&b'0', &0, &b'7', &b'1', &b'2', &b'3', &b'4', &b'5', &b'6']) };
    let name = one_of(rng, &[&b"a"[..], b"a/", b"../a", b"/a/./b", b"\xff\xfe", b"", b"n\0m", &[b'n'; 100]]);
    let content = if b"\x0007S".contains(flag) { size } else { one_of(rng, &[&0, &size]).to_owned() };
    let mut head = Head::new(*flag, name, content).with(157, one_of(rng, &[&b""[..], b"target", b"../t", &[b'l'; 100]]));
    head = match rng.u8(..6) {
        0 | 1 => head.gnu(),
        2 => head.with(257, &[0; 8]),
        3 => head.with(508, b"tar\0"),
        _ => head,
    };
    if rng.u8(..4) == 0 {
        head = head.with(345, one_of(rng, &[&b"prefix"[..], b"14400000000\0", b"\xc3\xa4", &[b'p'; 155], b"\x80", b"\0x"]));
    }
    if rng.u8(..5) == 0 {
        let (at, width) = *one_of(
            rng,
            &[&(100, 8), &(108, 8), &(116, 8), &(136, 12), &(329, 8), &(337, 8), &(345, 12), &(357, 12), &(124, 12), &(124, 12)],
        );
        head = head.with(at, &number(rng, width));
    }
    head
}

fn pax(rng: &mut Rng) -> Vec<u8> {
    let keywords = [
        "path",
        "linkpath",
        "size",
        "size",
        "uid",
        "gid",
        "mtime",
        "atime",
        "SCHILY.xattr.user.a",
        "GNU.sparse.major",
        "comment",
        "uname",
        "",
    ];
    let values: [&[u8]; 14] =
        [b"", b"a", b"long/path", b"0", b"5", b"-3", b"1.5", b"1.", b".5", b"-0.25", b"+7", b"9223372036854775808", b"a\0b", b"x=y\nz"];
    let mut text: Vec<u8> =
        (0..rng.usize(..4)).flat_map(|_| record(one_of(rng, &keywords), one_of(rng, &values.each_ref().map(|v| *v)))).collect();
    if rng.u8(..8) == 0 && !text.is_empty() {
        let at = rng.usize(..text.len());
        text[at] = *one_of(rng, &[&b'0', &b' ', &b'=', &b'\n', &b'-', &0]);
    }
    text
}

/// A sparse file in one of the formats, its map sometimes wrong.
fn sparse(rng: &mut Rng, layer: Layer) -> Layer {
    let wrong = rng.u64(..6) == 0;
    let real = (1000 + u64::from(wrong) * rng.u64(..2000)).to_string();
    let map = one_of(rng, &["0,2,998,2", "0,2,998,2", "5,2,3,2", "0,4", "0,2,998", "1000,0", ""]);
    let count = (map.split(',').count() / 2 + usize::from(wrong && rng.bool())).to_string();
    let both = [("GNU.sparse.name", &b"sparse"[..]), ("GNU.sparse.realsize", real.as_bytes())];
    match rng.u8(..3) {
        0 => {
            let ranges: Vec<(&str, &[u8])> = map
                .split(',')
                .enumerate()
                .map(|(at, value)| (if at % 2 == 0 { "GNU.sparse.offset" } else { "GNU.sparse.numbytes" }, value.as_bytes()))
                .collect();
            let records = [vec![("GNU.sparse.size", real.as_bytes()), ("GNU.sparse.numblocks", count.as_bytes())], ranges].concat();
            layer.pax(&records).file("zero", b"abcd")
        }
        1 => {
            let records =
                [("GNU.sparse.size", real.as_bytes()), ("GNU.sparse.numblocks", count.as_bytes()), ("GNU.sparse.map", map.as_bytes())];
            layer.pax(&records).file("one", b"abcd")
        }
        _ => {
            let mut stored = format!("{count}\n{}\n", map.replace(',', "\n")).into_bytes();
            stored.resize(512, 0);
            stored.extend_from_slice(b"abcd");
            layer.pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), both[0], both[1]]).file("two", &stored)
        }
    }
}

/// An old GNU sparse file of up to four ranges.
fn old_sparse(rng: &mut Rng, layer: Layer) -> Layer {
    let range = |at: u64, rng: &mut Rng| format!("{:011o}\0{:011o}\0", at * rng.u64(..300), rng.u64(..3)).into_bytes();
    let map: Vec<u8> = (0..rng.u64(..5)).flat_map(|at| range(at, rng)).collect();
    let head = Head::new(b'S', b"old", rng.u64(..7)).gnu().with(386, &map).with(483, format!("{:o}", rng.u64(..900)).as_bytes());
    layer.entry(head.with(482, &[u8::from(rng.u8(..6) == 0)]), &[b'd'; 6])
}

fn tar(rng: &mut Rng) -> Vec<u8> {
    let mut layer = Layer::default();
    for _ in 0..rng.usize(1..5) {
        layer = match rng.u8(..10) {
            0 | 9 => {
                let text = pax(rng);
                layer.entry(Head::new(*one_of(rng, &[&b'x', &b'x', &b'x', &b'g']), b"PaxHeaders", text.len() as u64), &text)
            }
            1 => layer.gnu_long(*one_of(rng, &[&b'L', &b'K']), one_of(rng, &[&[b'n'; 300][..], b"", b"short/", b"a\0b"])),
            2 => sparse(rng, layer),
            3 => old_sparse(rng, layer),
            _ => layer,
        };
        let content = vec![b'c'; *one_of(rng, &[&0, &1, &511, &512, &513])];
        layer = layer.entry(head(rng, content.len() as u64), &content);
    }
    let mut tar = match rng.u8(..12) {
        0 => layer.unended(),
        1 => layer.raw(&[0; 512]).unended(),
        2 => layer.raw(&[0; 512]).file("after", b"").end(),
        _ => layer.end(),
    };
    if rng.u8(..10) == 0 {
        tar.truncate(rng.usize(..tar.len()));
    }
    tar
}

/// What Go's reader says of them all.
fn asked(tars: &[Vec<u8>]) -> String {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tarlist");
    let program = folder.path().join("tarlist");
    let built = Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).env("GOTOOLCHAIN", "local").status();
    assert!(built.expect("go starts").success(), "the program is built");
    let mut child = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("it is piped");
    let input: Vec<u8> =
        tars.iter().flat_map(|tar| [&u32::try_from(tar.len()).expect("a small tar").to_le_bytes()[..], tar].concat()).collect();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("nobody panics").expect("it reads all");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
#[ignore = "long: builds a program with go"]
fn odd_tars_are_listed_or_refused_as_gos_reader_does() {
    if !program_or_skip("pure::layers::go::odd_tars_are_listed_or_refused_as_gos_reader_does", "go", "golang-go") {
        return;
    }
    let tars: Vec<Vec<u8>> = (0..TARS).map(|seed| tar(&mut Rng::with_seed(seed as u64))).collect();
    let answer = asked(&tars);
    let mut lines = answer.lines();
    let (mut differ, mut sound) = (Vec::new(), 0);
    for (seed, tar) in tars.iter().enumerate() {
        let (ours, theirs) = (ours(tar), theirs(&mut lines));
        sound += usize::from(ours.is_ok());
        if ours.as_ref().ok() != theirs.as_ref().ok() {
            differ.push(format!("tar {seed}: we say {ours:?}, Go says {theirs:?}"));
        }
    }
    assert!(differ.is_empty(), "{} of {TARS}:\n{}", differ.len(), differ[..differ.len().min(20)].join("\n"));
    assert!((TARS / 20..TARS / 2).contains(&sound), "{sound} of {TARS} are sound");
}
