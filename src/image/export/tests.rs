//! Exports in the dialects of several engines, and broken ones.

use super::*;
use crate::image::{Weighed, weigh};

fn tar(files: &[(&str, &[u8])], links: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).expect("a file is packed");
    }
    for (name, target) in links {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, name, target).expect("a link is packed");
    }
    tar.into_inner().expect("the tar is complete")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Level::fast());
    out.write_all(bytes).expect("a vector takes bytes");
    out.finish().expect("a vector takes bytes")
}

fn layer() -> Vec<u8> {
    tar(&[("etc/content", &vec![b'x'; 50_000])], &[])
}

fn config(layers: &[&[u8]]) -> Vec<u8> {
    let ids: Vec<Digest> = layers.iter().map(|tar| Digest::of(tar)).collect();
    serde_json::to_vec(&serde_json::json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids}}))
        .expect("it is written")
}

fn index(layers: &[&str]) -> Vec<u8> {
    serde_json::to_vec(&serde_json::json!([{"Config": "c.json", "RepoTags": null, "Layers": layers}])).expect("it is written")
}

#[test]
fn every_dialect_of_an_export_weighs_the_same() {
    let (one, two) = (layer(), tar(&[("b", b"2")], &[]));
    let config = config(&[&one, &two]);
    let plain = tar(
        &[("a/layer.tar", &one), ("b/layer.tar", &two), ("c.json", &config), ("manifest.json", &index(&["a/layer.tar", "b/layer.tar"]))],
        &[],
    );
    let stored =
        tar(&[("blobs/1", &gzip(&one)), ("blobs/2", &two), ("manifest.json", &index(&["blobs/1", "blobs/2"])), ("c.json", &config)], &[]);
    let linked = tar(
        &[("x.tar", &one), ("y/layer.tar", &two), ("c.json", &config), ("manifest.json", &index(&["a/layer.tar", "./y/../y/layer.tar"]))],
        &[("a/layer.tar", "../x.tar")],
    );
    let weighed =
        |archive: &[u8]| weigh(&Exported::read(archive, Repack::Gzip).expect("an export")).expect("it agrees with itself").weighing;
    let weighing = weighed(&plain);
    assert_eq!(weighing.uncompressed_size, (one.len() + two.len()) as u64);
    assert_eq!(weighing.transfer_size, weighing.layer_transfer_size.zip(weighing.manifest_size).map(|(a, b)| a + b + weighing.config_size));
    assert!(weighing.layer_transfer_size.is_some_and(|size| size < 1_000), "{weighing:?}");
    assert_eq!(weighed(&stored), weighing, "the engine's own compression is not taken over");
    assert!(Exported::read(linked.as_slice(), Repack::Gzip).is_err(), "a name in manifest.json is a name, not a path to be walked");
}

#[test]
fn a_layer_behind_a_link_is_found() {
    let one = layer();
    let config = config(&[&one, &one]);
    let linked =
        tar(&[("x.tar", &one), ("c.json", &config), ("manifest.json", &index(&["a/layer.tar", "x.tar"]))], &[("a/layer.tar", "../x.tar")]);
    let Weighed { weighing, .. } =
        weigh(&Exported::read(linked.as_slice(), Repack::Gzip).expect("an export")).expect("it agrees with itself");
    assert_eq!(weighing.layers.len(), 2);
    assert_eq!(weighing.layers[0].digest, weighing.layers[1].digest);
}

#[test]
fn the_manifest_reads_as_docker_writes_it() {
    let one = layer();
    let archive = tar(&[("a", &one), ("c.json", &config(&[&one])), ("manifest.json", &index(&["a"]))], &[]);
    let text = String::from_utf8(Exported::read(archive.as_slice(), Repack::Gzip).expect("an export").manifest.expect("it was wanted"))
        .expect("text");
    assert!(text.starts_with("{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"application/vnd.docker.distribution.manifest.v2+json\",\n   \"config\": {\n      \"mediaType\": \"application/vnd.docker.container.image.v1+json\",\n      \"size\": "), "{text}");
    assert!(text.ends_with("\n      }\n   ]\n}"), "{text}");
}

#[test]
fn an_image_without_layers_is_weighed() {
    let archive = tar(&[("c.json", &config(&[])), ("manifest.json", br#"[{"Config":"c.json","Layers":null}]"#)], &[]);
    let Weighed { weighing, .. } =
        weigh(&Exported::read(archive.as_slice(), Repack::Gzip).expect("an export")).expect("it agrees with itself");
    assert_eq!((weighing.layers.len(), weighing.uncompressed_size), (0, 0));
}

#[test]
fn what_is_not_whole_is_no_number() {
    let one = layer();
    let read = |archive: &[u8]| Exported::read(archive, Repack::Gzip).map(drop).map_err(|error| error.to_string());
    assert!(read(&tar(&[("a", &one)], &[])).is_err_and(|e| e.contains("lacks manifest.json")));
    let missing = tar(&[("c.json", &config(&[&one])), ("manifest.json", &index(&["gone\x1b"]))], &[]);
    assert!(read(&missing).is_err_and(|e| e.contains("lacks the layer gone\\u{1b}")));
    let zstd = tar(&[("a", &[0x28, 0xb5, 0x2f, 0xfd, 0]), ("c.json", &config(&[&one])), ("manifest.json", &index(&["a"]))], &[]);
    assert!(read(&zstd).is_err_and(|e| e.contains("is cut off")));
    let two = tar(&[("manifest.json", br#"[{"Config":"a"},{"Config":"b"}]"#)], &[]);
    assert!(read(&two).is_err_and(|e| e.contains("holds 2 images")));
    let whole = tar(&[("a", &one), ("c.json", &config(&[&one])), ("manifest.json", &index(&["a"]))], &[]);
    assert!(read(&whole[..30_000]).is_err_and(|e| e.contains("cannot be read")));
    assert!(read(b"{\"message\":\"no such image\"}").is_err());
    let lying = tar(&[("a", &one), ("c.json", &config(&[b"other"])), ("manifest.json", &index(&["a"]))], &[]);
    assert!(
        weigh(&Exported::read(lying.as_slice(), Repack::Gzip).expect("an export"))
            .is_err_and(|e| e.to_string().contains("the tar hashes to"))
    );
}
