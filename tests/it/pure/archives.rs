//! Images in files: every dialect of `docker save`, OCI layouts and archives, and files that lie.

mod damage;
mod docker;
mod layouts;
mod trusted;

use std::fs;
use std::path::{Path, PathBuf};

use loadline::image::{
    Cached, Digest, DockerArchive, Exported, ImageError, LayerCache, Layout, OciArchive, Repack, Row, Select, Weighed, native_platform,
    weigh,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::stored::{gzip, zstd};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A member of an archive: a file, or a symbolic link where the content begins with `->`.
type Files = Vec<(String, Vec<u8>)>;

fn tar(files: &[(impl AsRef<str>, impl AsRef<[u8]>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        if let Some(target) = bytes.as_ref().strip_prefix(b"->") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            let target = std::str::from_utf8(target).expect("a link is text");
            tar.append_link(&mut header, name.as_ref(), target).expect("a link is packed");
        } else {
            header.set_size(bytes.as_ref().len() as u64);
            tar.append_data(&mut header, name.as_ref(), bytes.as_ref()).expect("a file is packed");
        }
    }
    tar.into_inner().expect("the tar is complete")
}

/// Two layers with files of several sizes, one of which the second takes away.
fn layers() -> [Vec<u8>; 2] {
    let one = [("etc/a", vec![b'a'; 700]), ("usr/big", vec![b'b'; 400_000]), ("usr/gone", vec![b'c'; 5000])];
    let two = [("etc/a", vec![b'x'; 10]), ("usr/.wh.gone", Vec::new()), ("usr/copy", vec![b'b'; 400_000])];
    [tar(&one), tar(&two)]
}

fn config(layers: &[Vec<u8>]) -> Vec<u8> {
    config_for(layers, "amd64")
}

fn config_for(layers: &[Vec<u8>], architecture: &str) -> Vec<u8> {
    let ids: Vec<Digest> = layers.iter().map(|tar| Digest::of(tar)).collect();
    json!({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": ids}}).to_string().into_bytes()
}

fn file(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.to_vec())
}

fn blob(bytes: &[u8]) -> (String, Vec<u8>) {
    (format!("blobs/sha256/{}", Digest::of(bytes).hex()), bytes.to_vec())
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len()})
}

/// A manifest of blobs, and the blobs.
fn stored(config: &[u8], blobs: &[Vec<u8>]) -> (Vec<u8>, Files) {
    let layers: Vec<Value> = blobs.iter().map(|blob| descriptor("application/vnd.oci.image.layer.v1.tar+gzip", blob)).collect();
    let config_descriptor = descriptor("application/vnd.oci.image.config.v1+json", config);
    let manifest = json!({"schemaVersion": 2, "mediaType": OCI, "config": config_descriptor, "layers": layers}).to_string().into_bytes();
    let files = blobs.iter().map(|bytes| blob(bytes)).chain([blob(config), blob(&manifest)]).collect();
    (manifest, files)
}

fn with(mut descriptor: Value, key: &str, value: Value) -> Value {
    descriptor[key] = value;
    descriptor
}

fn layout_of(entries: &[Value], files: Files) -> Files {
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
    files
        .into_iter()
        .chain([file("index.json", index.to_string().as_bytes()), file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)])
        .collect()
}

fn layout(blobs: &[Vec<u8>], tars: &[Vec<u8>]) -> Files {
    let (manifest, files) = stored(&config(tars), blobs);
    layout_of(&[descriptor(OCI, &manifest)], files)
}

fn put(folder: &Path, files: &Files) -> PathBuf {
    for (name, bytes) in files {
        let path = folder.join("layout").join(name);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder is made");
        fs::write(path, bytes).expect("a file is written");
    }
    folder.join("layout")
}

fn place() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn written(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("archive");
    fs::write(&path, bytes).expect("a file is written");
    path
}

fn docker(bytes: &[u8], reference: Option<&str>) -> Result<Weighed, ImageError> {
    let folder = place();
    weigh(&DockerArchive::open(&written(&folder, bytes), reference)?)
}

fn packed(files: &Files, select: &Select) -> Result<Weighed, ImageError> {
    let folder = place();
    weigh(&OciArchive::open(&written(&folder, &tar(files)), select)?)
}

fn unpacked(files: &Files, select: &Select) -> Result<Weighed, ImageError> {
    let folder = place();
    weigh(&Layout::open(&put(folder.path(), files), select)?)
}

/// An error as it is read, with its cause.
fn told<T>(result: Result<T, ImageError>) -> String {
    let error = result.map(drop).expect_err("it is refused");
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// What every source must agree on: D3, D9, waste, the layers' contents and every row.
fn content(weighed: &Weighed) -> (Vec<u64>, String, Vec<String>) {
    let weighing = &weighed.weighing;
    let sizes = [Some(weighing.uncompressed_size), weighing.live_size, weighing.classic_size, weighing.file_count];
    let layers: Vec<_> = weighing.layers.iter().map(|layer| (&layer.diff_id, layer.uncompressed, layer.content)).collect();
    let mut rows = Vec::new();
    weighed.tree.rows(|row: &Row<'_>| rows.push(format!("{row:?}")));
    (sizes.into_iter().flatten().collect(), format!("{layers:?} {:?}", weighing.waste), rows)
}

#[test]
fn a_folder_and_a_file_are_told_from_each_other() {
    let folder = place();
    assert!(told(DockerArchive::open(folder.path(), None)).contains("oci:"));
    assert!(told(OciArchive::open(folder.path(), &Select::default())).contains("oci:"));
    assert!(told(Layout::open(&written(&folder, b"x"), &Select::default())).contains("oci-archive:"));
    assert!(told(Layout::open(folder.path(), &Select::default())).contains("lacks oci-layout"));
    assert!(told(DockerArchive::open(&folder.path().join("gone"), None)).contains("gone"));
    assert!(told(OciArchive::open(&written(&folder, &gzip(b"x")), &Select::default())).contains("gzip -d"));
}
