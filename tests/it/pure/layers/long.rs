//! An image of a million entries: right figures, bounded memory.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use loadline::image::Digest;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::cli::Loadline;
use crate::support::layers::Layer;

/// How much more memory the million may take than a single file does, bytes.
const MEMORY: u64 = 150_000_000;

/// A layer of entries made one by one: what it is stored as, its `diff_id` and the bytes of its tar.
fn layer(entries: impl Iterator<Item = Layer>) -> (Vec<u8>, Digest, u64) {
    let (mut stored, mut hash, mut bytes) = (GzEncoder::new(Vec::new(), Compression::fast()), Sha256::new(), 0);
    for piece in entries.map(Layer::unended).chain([Layer::default().end()]) {
        stored.write_all(&piece).expect("a vector takes bytes");
        hash.update(&piece);
        bytes += piece.len() as u64;
    }
    let hex: String = hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    (stored.finish().expect("a vector takes bytes"), format!("sha256:{hex}").parse().expect("a digest"), bytes)
}

fn archive(path: &Path, layers: &[(Vec<u8>, Digest, u64)]) {
    let ids: Vec<String> = layers.iter().map(|(_, id, _)| id.to_string()).collect();
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}.tar")).collect();
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids}}).to_string();
    let index = json!([{"Config": "c.json", "RepoTags": ["app:1"], "Layers": names}]).to_string();
    let archive = names.iter().zip(layers).fold(Layer::default(), |archive, (name, layer)| archive.file(name, &layer.0));
    fs::write(path, archive.file("c.json", config.as_bytes()).file("manifest.json", index.as_bytes()).end()).expect("it is written");
}

/// What the program says of the archive, and the most memory that it had.
fn weighed(path: &Path) -> (serde_json::Value, u64) {
    let image = format!("docker-archive:{}", path.display());
    let ended = Loadline::new(["weigh", &image, "--fresh", "--format", "json"]).run().exits(0);
    (serde_json::from_str(&ended.stdout).expect("JSON"), ended.peak)
}

fn path_of(number: usize) -> String {
    format!("usr/lib/node_modules/package-{}/dist/{}", number / 1000, number % 1000)
}

#[test]
#[ignore = "long: a tar of half a gigabyte"]
fn a_million_entries_weigh_what_they_are_in_bounded_memory() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("archive");
    archive(&path, &[layer([Layer::default().file("a", b"x")].into_iter())]);
    let (_, least) = weighed(&path);
    // Of four entries one is an empty file, one a further name of it, one a symbolic link and one a folder; every tenth goes again.
    let entry = |number: usize| match number % 4 {
        0 => Layer::default().file(path_of(number), b""),
        1 => Layer::default().hard_link(&path_of(number), &path_of(number - 1)),
        2 => Layer::default().symlink(&path_of(number), "../target"),
        _ => Layer::default().folder(&path_of(number)),
    };
    let layers =
        [layer((0..900_000).map(entry)), layer((0..1_000_000).step_by(10).map(|number| Layer::default().whiteout(&path_of(number))))];
    archive(&path, &layers);
    let (told, peak) = weighed(&path);
    let gone = |kind: usize| (0..900_000).step_by(10).filter(|number| number % 4 == kind).count() as u64;
    let links = 225_000 - gone(2);
    let value = |name: &str| told["sizes"][name]["value"].as_u64();
    assert_eq!(value("uncompressed-size"), Some(layers[0].2 + layers[1].2), "{}", told["sizes"]);
    assert_eq!((layers[0].2, layers[1].2), (900_000 * 512 + 1024, 100_000 * 512 + 1024));
    assert_eq!(value("live-size"), Some(links * 9), "{}", told["sizes"]);
    assert_eq!(value("file-count"), Some(links + 450_000 - gone(0) - gone(1)), "{}", told["sizes"]);
    assert!(peak - least < MEMORY, "{least} B for one entry, {peak} B for a million");
}
