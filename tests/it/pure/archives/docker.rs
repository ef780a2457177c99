//! Every dialect of `docker save`, read in every way, and archives that are not whole.

use super::*;

pub(super) fn index(config: &str, layers: &[&str]) -> (String, Vec<u8>) {
    file("manifest.json", json!([{"Config": config, "RepoTags": ["app:1"], "Layers": layers}]).to_string().as_bytes())
}

/// The same image as every engine saves it.
pub(super) fn dialects() -> Vec<(&'static str, Files)> {
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
    assert!(told(docker(&tar(&[file("oci-layout", b"{}")]), None)).contains("type oci-archive:"));
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
