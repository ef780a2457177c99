//! What an image holds, read from `docker save`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use tar::{Archive, Entry, EntryType};

/// One file, folder or link of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    kind: char,
    mode: u32,
    owner: (u64, u64),
    size: u64,
    target: String,
    capability: bool,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:o} {} B", self.kind, self.mode, self.size)?;
        if self.owner != (0, 0) {
            write!(f, " of {}:{}", self.owner.0, self.owner.1)?;
        }
        if self.capability {
            write!(f, " with capabilities")?;
        }
        if self.target.is_empty() { Ok(()) } else { write!(f, " to {}", self.target) }
    }
}

/// By path, raw bytes.
pub(super) type Listing = BTreeMap<Vec<u8>, Item>;

/// The files of each image, which has a single layer.
pub(super) fn listings(socket: &Path, tags: &[String]) -> BTreeMap<String, Listing> {
    let mut command = Command::new("docker");
    command.arg("-H").arg(format!("unix://{}", socket.display())).arg("save").args(tags).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the docker command runs");
    let mut archive = Archive::new(child.stdout.take().expect("a pipe"));
    let mut layers: BTreeMap<String, Listing> = BTreeMap::new();
    let mut links = BTreeMap::new();
    let mut manifest = String::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if name == "manifest.json" {
            entry.read_to_string(&mut manifest).expect("text");
        } else if let Some(target) = entry.link_name_bytes() {
            links.insert(name, String::from_utf8_lossy(&target).trim_start_matches("../").to_owned());
        } else if name.ends_with("layer.tar") {
            layers.insert(name, listing(entry));
        }
    }
    assert!(child.wait().expect("docker save ends").success());
    let images: serde_json::Value = serde_json::from_str(&manifest).expect("a manifest");
    let mut found = BTreeMap::new();
    for image in images.as_array().expect("a list of images") {
        let names: Vec<&str> = image["Layers"].as_array().expect("layers").iter().filter_map(serde_json::Value::as_str).collect();
        let mut files = Listing::new();
        for name in names {
            files.extend(layers[links.get(name).map_or(name, String::as_str)].clone());
        }
        for tag in image["RepoTags"].as_array().expect("tags") {
            found.insert(tag.as_str().expect("a tag").to_owned(), files.clone());
        }
    }
    found
}

fn listing(layer: impl Read) -> Listing {
    let mut archive = Archive::new(layer);
    archive.entries().expect("a layer").map(|entry| item(entry.expect("an entry"))).collect()
}

fn item(mut entry: Entry<'_, impl Read>) -> (Vec<u8>, Item) {
    let records = entry.pax_extensions().expect("readable records");
    let capability =
        records.is_some_and(|mut r| r.any(|record| record.expect("a record").key_bytes() == b"SCHILY.xattr.security.capability"));
    let header = entry.header();
    let kind = match header.entry_type() {
        EntryType::Directory => 'd',
        EntryType::Regular => '-',
        EntryType::Symlink => 'l',
        EntryType::Link => 'h',
        EntryType::Fifo => 'p',
        EntryType::Char => 'c',
        EntryType::Block => 'b',
        _ => '?',
    };
    let target = entry.link_name_bytes().map(|t| t.escape_ascii().to_string()).unwrap_or_default();
    let number = |n: std::io::Result<u64>| n.expect("a number");
    let owner = (number(header.uid()), number(header.gid()));
    let item = Item { kind, mode: header.mode().expect("a mode"), owner, size: number(header.size()), target, capability };
    let path = entry.path_bytes().to_vec();
    (path.strip_suffix(b"/").map(<[u8]>::to_vec).unwrap_or(path), item)
}
