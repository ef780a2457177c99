//! Images in files: every dialect of `docker save`, OCI layouts and archives, and files that lie.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use loadline::image::{
    Digest, DockerArchive, Exported, ImageError, Layout, OciArchive, Repack, Row, Select, Weighed, native_platform, weigh,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

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

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("a vector takes bytes");
    out.finish().expect("a vector takes bytes")
}

/// A zstd frame of raw blocks, after one that is to be passed over.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x5a\x2a\x4d\x18\x03\0\0\0abc\x28\xb5\x2f\xfd\x00\x38".to_vec();
    let blocks: Vec<&[u8]> = bytes.chunks(100_000).collect();
    for (number, block) in blocks.iter().enumerate() {
        let header = u32::try_from(block.len() << 3 | usize::from(number + 1 == blocks.len())).expect("a block is small");
        out.extend_from_slice(&header.to_le_bytes()[..3]);
        out.extend_from_slice(block);
    }
    out
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

fn index(config: &str, layers: &[&str]) -> (String, Vec<u8>) {
    file("manifest.json", json!([{"Config": config, "RepoTags": ["app:1"], "Layers": layers}]).to_string().as_bytes())
}

/// The same image as every engine saves it.
fn dialects() -> Vec<(&'static str, Files)> {
    let [one, two] = layers();
    let config = config(&[one.clone(), two.clone()]);
    let (zipped, packed) = (gzip(&one), zstd(&two));
    let name = |bytes: &[u8]| blob(bytes).0;
    vec![
        (
            "classic store, 20.10",
            vec![
                file("a/VERSION", b"1.0"),
                file("a/json", b"{}"),
                file("a/layer.tar", &one),
                file("b/layer.tar", &two),
                file("c.json", &config),
                index("c.json", &["a/layer.tar", "b/layer.tar"]),
                file("repositories", b"{}"),
            ],
        ),
        (
            "classic store, 28",
            vec![blob(&one), blob(&two), blob(&config), file("index.json", b"{}"), index(&name(&config), &[&name(&one), &name(&two)])],
        ),
        (
            "containerd store, some layers compressed",
            vec![blob(&zipped), blob(&two), blob(&config), index(&name(&config), &[&name(&zipped), &name(&two)])],
        ),
        ("zstd", vec![blob(&packed), blob(&one), index(&name(&config), &[&name(&one), &name(&packed)]), blob(&config)]),
        (
            "podman",
            vec![
                file("1.tar", &one),
                file("2.tar", &two),
                file("x/layer.tar", b"->../1.tar"),
                file("y/layer.tar", b"->../2.tar"),
                file("c.json", &config),
                index("c.json", &["x/layer.tar", "y/layer.tar"]),
            ],
        ),
    ]
}

#[test]
fn every_dialect_and_every_way_of_reading_it_comes_to_the_same_content() {
    let (one, two) = layers().into();
    let whole = unpacked(&layout(&[one.clone(), two.clone()], &[one, two]), &Select::default()).expect("a sound layout");
    for (name, files) in dialects() {
        let archive = tar(&files);
        let sought = docker(&archive, None).expect(name);
        assert_eq!(content(&sought), content(&whole), "{name}");
        assert_eq!((sought.weighing.transfer_size, sought.weighing.digest), (None, None), "{name} has nothing that a registry would hold");
        let zipped = docker(&gzip(&archive), Some("app:1")).expect(name);
        assert_eq!(content(&zipped), content(&whole), "{name}, compressed as a whole");
        let streamed = weigh(&Exported::read(archive.as_slice(), Repack::No).expect(name)).expect(name);
        assert_eq!(content(&streamed), content(&whole), "{name}, streamed");
        let repacked = weigh(&Exported::read(archive.as_slice(), Repack::Gzip).expect(name)).expect(name);
        assert_eq!(content(&repacked), content(&whole), "{name}, compressed anew");
    }
}

#[test]
fn a_layout_and_its_tar_weigh_the_same_and_have_a_transfer_size() {
    let tars = layers();
    let blobs = [gzip(&tars[0]), zstd(&tars[1])];
    let files = layout(&blobs, &tars);
    let (folder, archive) = (unpacked(&files, &Select::default()).expect("sound"), packed(&files, &Select::default()).expect("sound"));
    assert_eq!(folder.weighing, archive.weighing);
    assert_eq!(folder.weighing.layer_transfer_size, Some((blobs[0].len() + blobs[1].len()) as u64));
    assert_eq!(folder.weighing.uncompressed_size, (tars[0].len() + tars[1].len()) as u64);
}

#[test]
fn an_archive_of_several_images_is_asked_by_name() {
    let [one, two] = layers();
    let (first, second) = (config(std::slice::from_ref(&one)), config(std::slice::from_ref(&two)));
    let images = json!([
        {"Config": "1.json", "RepoTags": ["docker.io/library/app:1", "app:new"], "Layers": ["one"]},
        {"Config": format!("{}.json", Digest::of(&second).hex()), "RepoTags": null, "Layers": ["two"]},
    ]);
    let id = Digest::of(&second).hex();
    let files = [
        file("one", &one),
        file("two", &two),
        file("1.json", &first),
        file(&format!("{id}.json"), &second),
        file("manifest.json", images.to_string().as_bytes()),
    ];
    let archive = tar(&files);
    for name in ["app:1", "app:new", "docker.io/library/app:1"] {
        assert_eq!(docker(&archive, Some(name)).expect(name).weighing.uncompressed_size, one.len() as u64);
    }
    assert_eq!(docker(&archive, Some(&id[..12])).expect("an id").weighing.uncompressed_size, two.len() as u64);
    assert_eq!(docker(&gzip(&archive), Some(&id)).expect("an id").weighing.uncompressed_size, two.len() as u64);
    for wrong in [None, Some("app"), Some("app:2"), Some(&id[..11])] {
        let why = told(docker(&archive, wrong));
        assert!(why.contains("docker.io/library/app:1 = app:new") && why.contains(&id), "{why}");
    }
}

#[test]
fn an_archive_that_is_not_whole_is_no_number() {
    let [one, two] = layers();
    let config = config(&[one.clone(), two.clone()]);
    let parts = |layers: &[&str]| vec![file("1", &one), file("2", &two), file("c.json", &config), index("c.json", layers)];
    let whole = tar(&parts(&["1", "2"]));
    assert!(docker(&whole, None).is_ok());
    assert!(told(docker(&whole[..300_000], None)).contains("cannot be read as a docker archive"));
    assert!(told(docker(&whole[..whole.len() - 2048], None)).contains("lacks manifest.json"));
    assert!(told(docker(&gzip(&whole)[..900], None)).contains("cannot be read as a docker archive"));
    let lacking = told(docker(&tar(&parts(&["3", "\u{1b}[2J"])), None));
    assert!(lacking.contains("lacks the layer 3") && lacking.contains("lacks the layer \\u{1b}[2J"), "every one is told: {lacking}");
    assert!(told(docker(&tar(&parts(&["1"])), None)).contains("has 1 layers and the configuration"));
    assert!(told(docker(&tar(&parts(&["2", "1"])), None)).contains("layer 2: the configuration says"));
    assert!(told(docker(b"{}", None)).contains("cannot be read as a docker archive"));
    assert!(told(docker(&tar(&[file("oci-layout", b"{}")]), None)).contains("lacks manifest.json"));
    assert!(told(docker(&zstd(&whole), None)).contains("zstd -d"));
}

#[test]
fn a_broken_layer_is_told_with_every_other_mismatch() {
    let [one, two] = layers();
    let config = config(&[one.clone(), two]);
    let mut cut = gzip(&one);
    cut.truncate(cut.len() - 5);
    let archive = tar(&[file("1", &cut), file("2", &one), file("c.json", &config), index("c.json", &["1", "2"])]);
    for why in [told(docker(&archive, None)), told(docker(&gzip(&archive), None))] {
        assert!(
            why.contains("layer 1: the blob") && why.contains("is cut off") && why.contains("layer 2: the configuration says"),
            "{why}"
        );
    }
}

#[test]
fn a_link_that_leads_nowhere_or_in_a_circle_is_an_absent_file() {
    let [one, _] = layers();
    let config = config(&[one]);
    let archive =
        tar(&[file("a", b"->b"), file("b", b"->a"), file("c", b"->../../etc/passwd"), file("c.json", &config), index("c.json", &["a"])]);
    assert!(told(docker(&archive, None)).contains("lacks the layer a"));
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

/// A layout of two platforms, each with the attestation that a builder puts beside it, below one index; and another image.
fn crowded() -> (Files, [Vec<u8>; 3]) {
    let [one, two] = layers();
    let three = tar(&[file("three", b"3")]);
    let tars = [one, two, three];
    let architectures = ["amd64", "arm64", "s390x"];
    let images: Vec<(Vec<u8>, Files)> = tars
        .iter()
        .zip(architectures)
        .map(|(tar, architecture)| stored(&config_for(std::slice::from_ref(tar), architecture), std::slice::from_ref(tar)))
        .collect();
    let platform =
        |number: usize| json!({"os": "linux", "architecture": architectures[number], "variant": if number == 1 { "v8" } else { "" }});
    let attestation = |number: usize| {
        let entry = with(descriptor(OCI, b"attestation"), "platform", json!({"os": "unknown", "architecture": "unknown"}));
        with(entry, "annotations", json!({"vnd.docker.reference.type": "attestation-manifest", "n": number.to_string()}))
    };
    let entry = |number: usize| with(descriptor(OCI, &images[number].0), "platform", platform(number));
    let nested = json!({"schemaVersion": 2, "manifests": [entry(0), attestation(0), entry(1), attestation(1)]}).to_string().into_bytes();
    let named = |name: &str| json!({"org.opencontainers.image.ref.name": "1", "io.containerd.image.name": name});
    let entries = [
        with(descriptor(OCI_INDEX, &nested), "annotations", named("docker.io/library/app:1")),
        with(descriptor(OCI, &images[2].0), "annotations", json!({"org.opencontainers.image.ref.name": "other\u{7}"})),
    ];
    let files = images.into_iter().flat_map(|(_, files)| files).chain([blob(&nested)]).collect();
    (layout_of(&entries, files), tars)
}

fn select(reference: Option<&str>, platform: Option<&str>) -> Select {
    Select { reference: reference.map(str::to_owned), platform: platform.map(str::to_owned) }
}

#[test]
fn an_image_is_chosen_by_name_digest_and_platform_and_an_attestation_never() {
    let (files, tars) = crowded();
    let size = |select: &Select| {
        let (folder, archive) = (unpacked(&files, select).expect("sound").weighing, packed(&files, select).expect("sound").weighing);
        assert_eq!(folder, archive);
        (folder.uncompressed_size, folder.digest.expect("a layout has manifests"))
    };
    let length = |number: usize| tars[number].len() as u64;
    for name in ["1", "app:1", "docker.io/library/app:1"] {
        assert_eq!(size(&select(Some(name), Some("linux/amd64"))).0, length(0), "{name}");
    }
    for platform in ["linux/arm64", "linux/arm64/v8", "Linux/aarch64"] {
        assert_eq!(size(&select(Some("1"), Some(platform))).0, length(1), "{platform}");
    }
    let (bytes, digest) = size(&select(Some("other\u{7}"), None));
    assert_eq!(bytes, length(2), "the only one is taken whatever it is for");
    assert_eq!(size(&select(Some(&digest), None)).0, length(2));
    assert_eq!(size(&select(None, Some("linux/arm64"))).0, length(1));
    let nested = size(&select(Some("1"), Some("linux/arm64"))).1;
    assert_eq!(size(&select(Some(&nested), None)).0, length(1), "by the digest of a manifest in a nested index");
}

#[test]
fn what_cannot_be_chosen_is_an_error_that_lists_what_there_is() {
    let (files, _) = crowded();
    let why = |reference, platform| told(unpacked(&files, &select(reference, platform)));
    let absent = why(Some("2"), None);
    assert!(absent.contains("docker.io/library/app:1") && absent.contains("other\\u{7}") && !absent.contains('\u{7}'), "{absent}");
    let platform = why(Some("1"), Some("linux/mips"));
    assert!(platform.contains("linux/amd64") && platform.contains("linux/arm64/v8") && !platform.contains("unknown"), "{platform}");
    assert!(why(Some("1"), Some("amd64")).contains("'amd64' is no platform"));
    assert!(why(Some("other\u{7}"), Some("linux/amd64")).contains("linux/s390x"), "its configuration says what the index does not");
}

#[test]
fn two_images_for_one_platform_are_not_guessed_between() {
    let [one, two] = layers();
    let images = [one, two].map(|tar| stored(&config(std::slice::from_ref(&tar)), std::slice::from_ref(&tar)));
    let platform = native_platform().replace("linux/", "");
    let entries: Vec<Value> = images
        .iter()
        .map(|(manifest, _)| with(descriptor(OCI, manifest), "platform", json!({"os": "linux", "architecture": platform})))
        .collect();
    let files = layout_of(&entries, images.iter().flat_map(|(_, files)| files.clone()).collect());
    let why = told(unpacked(&files, &Select::default()));
    assert!(why.contains("there are 2 images for linux/") && why.matches("sha256:").count() == 2, "{why}");
    let twice = layout_of(&[entries[0].clone(), entries[0].clone()], images[0].1.clone());
    assert!(unpacked(&twice, &Select::default()).is_ok(), "the same one twice is one");
}

#[test]
fn a_layout_that_lies_is_no_number() {
    let tars = layers();
    let blobs = [gzip(&tars[0]), gzip(&tars[1])];
    let sound = layout(&blobs, &tars);
    let names: Vec<String> = sound.iter().map(|(name, _)| name.clone()).collect();
    for (number, name) in names.iter().enumerate() {
        let mut lacking = sound.clone();
        lacking.remove(number);
        assert!(unpacked(&lacking, &Select::default()).is_err() && packed(&lacking, &Select::default()).is_err(), "without {name}");
        let mut longer = sound.clone();
        longer[number].1.push(b' ');
        let document = name == "index.json" || name == "oci-layout";
        assert_eq!(unpacked(&longer, &Select::default()).is_ok(), document, "{name} with a blank more");
    }
    let (manifest, files) = stored(&config(&tars), &blobs);
    let lying = layout_of(&[with(descriptor(OCI, &manifest), "size", json!(7))], files.clone());
    assert!(told(unpacked(&lying, &Select::default())).contains("the index says 7 B"));
    let stronger = layout_of(&[with(descriptor(OCI, &manifest), "digest", json!(format!("sha512:{}", "0".repeat(128))))], files);
    assert!(told(unpacked(&stronger, &Select::default())).contains("is of an algorithm that is not read here"));
    let empty = layout_of(&[], Vec::new());
    assert!(told(unpacked(&empty, &Select::default())).contains("there is no image for"));
    let other = vec![file("oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#), file("index.json", b"{}")];
    assert!(told(unpacked(&other, &Select::default())).contains("version '2.0.0'"));
}

#[test]
fn indexes_that_lead_on_and_on_are_left() {
    let mut files = Vec::new();
    let mut index = json!({"schemaVersion": 2, "manifests": []}).to_string().into_bytes();
    for _ in 0..10 {
        files.push(blob(&index));
        index = json!({"schemaVersion": 2, "manifests": [descriptor(OCI_INDEX, &index)]}).to_string().into_bytes();
    }
    files.push(blob(&index));
    let deep = layout_of(&[descriptor(OCI_INDEX, &index)], files);
    assert!(told(unpacked(&deep, &Select::default())).contains("more indexes than any image has"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_archive_is_read_or_refused_alike_from_a_file_and_from_a_stream(
        dialect in 0_usize..5,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut archive = tar(&dialects()[dialect].1);
        for (at, value) in damage {
            // Most of the bytes are content; headers and documents are where it matters.
            let at = at.index(archive.len() / 512) * 512 + usize::from(value);
            archive[at] ^= value;
        }
        if let Some(cut) = cut {
            archive.truncate(cut.index(archive.len()));
        }
        let sought = docker(&archive, None);
        let streamed = Exported::read(archive.as_slice(), Repack::No).and_then(|exported| weigh(&exported));
        match (&sought, &streamed) {
            (Ok(sought), Ok(streamed)) => prop_assert_eq!(content(sought), content(streamed)),
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{:?} and {:?}", sought.is_ok(), streamed.map(drop)),
        }
    }
}
