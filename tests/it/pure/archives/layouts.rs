//! OCI layouts in folders and files: which image is chosen, and layouts that lie.

use super::*;

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
