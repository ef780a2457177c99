//! A store made by the test: layers as tars, cut into `tar-split` lines and unpacked.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::image::{BlobMeter, EntryKind, Fate, weigh};

/// A file of a layer.
type File<'a> = (&'a str, Vec<u8>);

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_slice()).expect("a vector takes it");
    }
    tar.into_inner().expect("a vector takes it")
}

fn tar(files: &[File<'_>]) -> Vec<u8> {
    tar_of(&files.iter().map(|(path, content)| ((*path).to_owned(), content.clone())).collect::<Vec<_>>())
}

/// CRC-64 as Go's `crc64.ISO` computes it.
fn crc64(bytes: &[u8]) -> [u8; 8] {
    let step = |crc: u64, _| if crc & 1 == 1 { crc >> 1 ^ 0xD800_0000_0000_0000 } else { crc >> 1 };
    let crc = bytes.iter().fold(!0_u64, |crc, byte| (0..8).fold(crc ^ u64::from(*byte), step));
    (!crc).to_be_bytes()
}

/// The lines that an engine would keep of `tar`.
fn split(tar: &[u8]) -> String {
    let (mut lines, mut position, mut done) = (String::new(), 0, 0);
    let bytes = |lines: &mut String, position: &mut u64, from: usize, to: usize| {
        if from < to {
            let payload = STANDARD.encode(&tar[from..to]);
            writeln!(lines, r#"{{"type":2,"payload":"{payload}","position":{position}}}"#).expect("a string takes it");
            *position += 1;
        }
    };
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().expect("a tar") {
        let entry = entry.expect("an entry");
        let (at, size) = (usize::try_from(entry.raw_file_position()).expect("small"), usize::try_from(entry.size()).expect("small"));
        bytes(&mut lines, &mut position, done, at);
        let size = if entry.header().entry_type().is_file() { size } else { 0 };
        done = at + size;
        let name = serde_json::to_string(&entry.path().expect("a path")).expect("a string");
        let rest = if size > 0 {
            format!(r#""size":{size},"payload":"{}""#, STANDARD.encode(crc64(&tar[at..done])))
        } else {
            r#""payload":null"#.to_owned()
        };
        writeln!(lines, r#"{{"type":1,"name":{name},{rest},"position":{position}}}"#).expect("a string takes it");
        position += 1;
    }
    bytes(&mut lines, &mut position, done, tar.len());
    lines
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).expect("a vector takes it");
    gzip.finish().expect("a vector takes it")
}

/// An engine's data root with one image.
struct Made {
    root: TempDir,
    id: Digest,
    layers: Vec<PathBuf>,
}

impl Made {
    fn new(tars: &[Vec<u8>]) -> Self {
        let root = TempDir::new().expect("a folder");
        let images = root.path().join("image/overlay2");
        let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::of(tar)).collect();
        let layers: Vec<PathBuf> = chain_ids(&diff_ids).map(|chain| images.join("layerdb/sha256").join(chain.hex())).collect();
        for (number, (tar, folder)) in tars.iter().zip(&layers).enumerate() {
            let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).expect("a file");
            fs::create_dir_all(folder).expect("a folder");
            write("diff", diff_ids[number].to_string().as_bytes());
            write("cache-id", format!("cache{number}").as_bytes());
            write("tar-split.json.gz", &gzip(split(tar).as_bytes()));
            let facts = metered(tar);
            write("size", facts.listing.expect("a tar").totals().file_bytes.to_string().as_bytes());
            let files = root.path().join(format!("overlay2/cache{number}/diff"));
            fs::create_dir_all(&files).expect("a folder");
            tar::Archive::new(tar.as_slice()).unpack(&files).expect("it unpacks");
        }
        let config = serde_json::json!({
            "os": "linux", "architecture": "amd64", "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let config = config.to_string().into_bytes();
        let id = Digest::of(&config);
        fs::create_dir_all(images.join("imagedb/content/sha256")).expect("a folder");
        fs::create_dir_all(images.join("layerdb/sha256")).expect("a folder");
        fs::write(images.join("imagedb/content/sha256").join(id.hex()), config).expect("a file");
        Self { root, id, layers }
    }

    fn open(&self) -> Result<ClassicImage, ClassicError> {
        ClassicImage::open(self.root.path(), &self.id)
    }

    fn refused(&self) -> String {
        self.open().expect_err("it cannot be read").to_string()
    }

    /// The folder into which a layer is unpacked.
    fn files(&self, layer: usize) -> PathBuf {
        self.root.path().join(format!("overlay2/cache{layer}/diff"))
    }
}

fn metered(tar: &[u8]) -> crate::image::BlobFacts {
    let mut meter = BlobMeter::default();
    meter.update(tar);
    meter.finish().expect("a blob")
}

fn two_layers() -> Made {
    let big = vec![b'b'; 5000];
    let lower = tar(&[("a", b"a".to_vec()), ("usr/one", big.clone()), ("gone", vec![b'g'; 700])]);
    let upper = tar(&[("usr/two", big), ("usr/other", vec![b'o'; 5000]), (".wh.gone", Vec::new())]);
    Made::new(&[lower, upper])
}

#[test]
fn an_image_is_read_without_its_contents_as_if_its_tars_were_there() {
    let made = two_layers();
    let weighed = weigh(&made.open().expect("a store")).expect("a sound image");
    assert_eq!(weighed.weighing.uncompressed_size, 9_216 + 12_800);
    assert_eq!((weighed.weighing.live_size, weighed.weighing.image_id), (Some(15_001), Some(made.id.to_string())));
    let mut rows = Vec::new();
    weighed.tree.rows(|row| rows.push((String::from_utf8_lossy(row.path).into_owned(), row.layer, row.kind, row.size, row.fate)));
    let file = EntryKind::File;
    let expected = [
        ("a", 0, 1, Fate::Live),
        ("gone", 0, 700, Fate::Deleted),
        ("usr/one", 0, 5000, Fate::Live),
        ("usr/other", 1, 5000, Fate::Live),
        ("usr/two", 1, 5000, Fate::Duplicate),
    ];
    assert_eq!(rows, expected.map(|(path, layer, size, fate)| (path.to_owned(), layer, file, size, fate)));
}

#[test]
fn files_that_are_alike_in_length_and_checksum_alone_are_no_duplicates() {
    let made = two_layers();
    // The store's word is that both have the same checksum; what they hold decides.
    fs::write(made.files(1).join("usr/two"), vec![b'x'; 5000]).expect("a file");
    let weighed = weigh(&made.open().expect("a store")).expect("a sound image");
    assert!(weighed.duplicates.is_empty(), "{:?}", weighed.duplicates);
}

#[test]
fn a_content_of_another_length_is_refused_by_name() {
    let made = two_layers();
    for (content, found) in [(4999, "4999"), (9000, "5001")] {
        fs::write(made.files(1).join("usr/two"), vec![b'b'; content]).expect("a file");
        let refused = made.refused();
        assert!(refused.contains("usr/two") && refused.contains(found) && refused.contains("5000 B"), "{refused}");
    }
}

#[test]
fn a_link_does_not_lead_out_of_the_folder_of_a_layer() {
    let (made, outside) = (two_layers(), TempDir::new().expect("a folder"));
    fs::write(outside.path().join("two"), vec![b'b'; 5000]).expect("a file");
    fs::remove_file(made.files(1).join("usr/two")).expect("it was there");
    symlink(outside.path().join("two"), made.files(1).join("usr/two")).expect("a link");
    assert!(made.refused().contains("usr/two"));
    fs::remove_dir_all(made.files(1).join("usr")).expect("it was there");
    symlink(outside.path(), made.files(1).join("usr")).expect("a link");
    assert!(made.refused().contains("usr/two"));
}

#[test]
fn the_store_has_to_agree_with_the_configuration() {
    let made = two_layers();
    fs::write(made.layers[1].join("diff"), Digest::of(b"other").to_string()).expect("a file");
    let wrong = weigh(&made.open().expect("a store")).expect_err("they disagree").to_string();
    assert!(wrong.contains("layer 2: the configuration says"), "{wrong}");
}

#[test]
fn verifying_hashes_what_is_in_the_store() {
    let made = two_layers();
    let quick = weigh(&made.open().expect("a store")).expect("a sound image");
    let verified = weigh(&made.open().and_then(ClassicImage::verifying).expect("a store")).expect("a sound image");
    assert_eq!((&verified.weighing, &verified.duplicates), (&quick.weighing, &quick.duplicates));
    fs::write(made.files(0).join("a"), b"A").expect("a file");
    let wrong = weigh(&made.open().and_then(ClassicImage::verifying).expect("a store")).expect_err("a content was changed");
    assert!(wrong.to_string().contains("layer 1"), "{wrong}");
}

#[test]
fn the_engines_own_figure_is_kept_and_compared() {
    let made = two_layers();
    fs::write(made.layers[0].join("size"), "5").expect("a file");
    let image = made.open().expect("a store");
    let weighed = weigh(&image).expect("a sound image");
    let content = |number: usize| weighed.weighing.layers[number].content.expect("layers are listed");
    assert_eq!(image.reported(), [5, 10_000]);
    assert_eq!((image.counted_as(0, &content(0)), image.counted_as(1, &content(1))), (CountedAs::Neither, CountedAs::Either));
    assert_eq!(image.counted_as(2, &content(1)), CountedAs::Neither);
}

#[test]
fn another_store_is_told_from_a_missing_image() {
    let (empty, made) = (TempDir::new().expect("a folder"), two_layers());
    let none = ClassicImage::open(empty.path(), &made.id).expect_err("no store");
    assert!(matches!(none, ClassicError::NoStore { .. }) && none.export_helps(), "{none}");
    let other = ClassicImage::open(made.root.path(), &Digest::of(b"other")).expect_err("no image");
    assert!(matches!(other, ClassicError::NoImage { .. }) && !other.export_helps(), "{other}");
}

#[test]
fn a_layer_that_lacks_its_files_is_named() {
    let made = two_layers();
    fs::remove_file(made.layers[1].join("tar-split.json.gz")).expect("it was there");
    let error = made.open().expect_err("no tar-split");
    assert!(matches!(error, ClassicError::NoTarSplit { .. }) && error.export_helps(), "{error}");
    fs::remove_dir_all(&made.layers[1]).expect("it was there");
    assert!(matches!(made.open(), Err(ClassicError::NoLayer { .. })));
}

#[test]
fn small_files_that_hold_something_else_are_refused() {
    for (name, text) in [("cache-id", "../../etc"), ("cache-id", ""), ("size", "-1"), ("size", ""), ("diff", "sha256:0")] {
        let made = two_layers();
        fs::write(made.layers[0].join(name), text).expect("a file");
        assert!(made.refused().contains(name), "{name} {text}");
    }
}

#[test]
fn a_configuration_that_is_another_one_is_refused() {
    let made = two_layers();
    let path = made.root.path().join("image/overlay2/imagedb/content/sha256").join(made.id.hex());
    fs::write(&path, "{}").expect("a file");
    assert!(made.refused().contains("no configuration with this digest"));
}

#[test]
fn a_damaged_tar_split_is_refused() {
    let made = two_layers();
    let path = made.layers[0].join("tar-split.json.gz");
    let whole = fs::read(&path).expect("it is there");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(whole.as_slice()), &mut text).expect("gzip");
    let without = |gone: usize| {
        let lines = text.split_inclusive('\n').enumerate();
        lines.filter(|(at, _)| *at != gone).map(|(_, line)| line).collect::<String>()
    };
    let broken = [
        whole[..whole.len() - 1].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        b"{}".to_vec(),
        gzip(without(1).as_bytes()),
        gzip(text.replacen(r#""type":2"#, r#""type":3"#, 1).as_bytes()),
        gzip(text.replacen(r#""payload":""#, r#""payload":"?"#, 1).as_bytes()),
        gzip(text.trim_end().as_bytes()),
        gzip(text.replacen(r#""size":700"#, r#""size":99999999999999999"#, 1).as_bytes()),
    ];
    for (number, bytes) in broken.into_iter().enumerate() {
        fs::write(&path, bytes).expect("a file");
        assert!(made.refused().contains("tar-split.json.gz"), "{number}");
    }
    for (from, to) in [(r#""size":700"#, r#""size":699"#), (r#""size":700"#, r#""size":701"#)] {
        fs::write(&path, gzip(text.replacen(from, to, 1).as_bytes())).expect("a file");
        assert!(weigh(&made.open().expect("the lines are sound")).is_err(), "{to}");
    }
}

#[test]
fn an_image_without_layers_has_no_bytes() {
    let weighed = weigh(&Made::new(&[]).open().expect("a store")).expect("a sound image");
    assert_eq!((weighed.weighing.uncompressed_size, weighed.weighing.live_size), (0, Some(0)));
}

fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let path = "[a-c]{1,2}(/[a-zé\"<\\\\]{1,3}){0,2}|[a-z]{90,120}/[a-z]{20}";
    prop::collection::vec((path, prop::collection::vec(any::<u8>(), 0..1500)), 0..8)
}

proptest! {
    #[test]
    fn lines_say_of_a_tar_what_the_tar_says(files in files()) {
        let tar = tar_of(&files);
        let scanned = scan(split(&tar).as_bytes()).expect("sound lines");
        let walked = metered(&tar);
        prop_assert_eq!(scanned.uncompressed, walked.uncompressed);
        let listed = |listing: &crate::image::Listing| {
            let mut entries = Vec::new();
            listing.for_each(|entry| entries.push((entry.path.to_vec(), entry.kind, entry.size, entry.mode)));
            (listing.totals(), entries)
        };
        prop_assert_eq!(listed(&scanned.listing.expect("a tar")), listed(&walked.listing.expect("a tar")));
    }

    #[test]
    fn a_tar_is_built_again_byte_by_byte(files in files()) {
        let tar = tar_of(&files);
        let mut contents = files.iter().filter(|(_, content)| !content.is_empty());
        let rebuilt = scan::rebuild(split(&tar).as_bytes(), |path, size, take| {
            let (name, content) = contents.next().expect("as many as there are");
            take(content);
            path == name.as_bytes() && size == content.len() as u64
        });
        let (rebuilt, diff_id) = rebuilt.expect("sound lines");
        prop_assert_eq!(diff_id, Digest::of(&tar));
        prop_assert_eq!(rebuilt.listing, metered(&tar).listing.map(|listing| (*listing).clone()));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\{(\"(type|size|position)\":[0-9]{1,25},?|\"(name|payload)\":(null|\"[A-Za-z=\\\\\"]{0,8}\"),?){0,5}\\}?\n?){0,3}") {
        let _ = scan(text.as_bytes());
    }
}
