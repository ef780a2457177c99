//! `weigh`: how an image is named, what is said of names that are none, and arguments that stand beside each other.

use loadline::image::{Digest, LayerSource as _};
use serde_json::{Value, json};

use super::{Desk, ran};
use crate::support::golden::{Golden, base, shop};
use crate::support::stored::gzip;

fn save(desk: &Desk, name: &str, bytes: &[u8]) {
    std::fs::write(desk.path().join(name), bytes).expect("the archive is written");
}

/// Writes a layout of images that say for no platform that they are for it, each under its tag. Of its blobs only the documents are there.
fn lay_out(desk: &Desk, images: &[(&str, Golden)]) {
    let entry = |(tag, image): &(&str, Golden)| {
        let manifest = image.manifest().expect("it is written").expect("it has one");
        let blob = |bytes: &[u8]| desk.write(&format!("layout/blobs/sha256/{}", Digest::of(bytes).hex()), &String::from_utf8_lossy(bytes));
        blob(&manifest);
        blob(&image.config(None).expect("it is written"));
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::of(&manifest).to_string(), "size": manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": tag },
        })
    };
    let index = json!({ "schemaVersion": 2, "manifests": images.iter().map(entry).collect::<Vec<_>>() });
    desk.write("layout/index.json", &index.to_string());
    desk.write("layout/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
}

#[test]
fn a_layout_of_two_tags_names_them_and_how_to_choose_one() {
    let desk = Desk::new();
    lay_out(&desk, &[("1.0", Golden::new()), ("1.1", Golden::new().label("newer", "yes"))]);
    let text = desk.run(&["weigh", "oci:layout"]).refusal(2);
    assert!(!text.contains("no image for"), "{text}");
    for said in ["there are 2 images", "choose one of: 1.0, 1.1; type it behind the path, oci:layout:NAME"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(desk.run(&["weigh", "oci:layout:1.1"]).data().starts_with("oci:layout:1.1  linux/amd64\n"));
    let text = desk.run(&["weigh", "oci:layout:2"]).refusal(2);
    assert!(text.contains("nothing that is called '2'") && text.contains("choose one of: 1.0, 1.1"), "{text}");
}

#[test]
fn a_layout_that_says_much_in_few_bytes_is_refused_before_it_takes_much_memory() {
    let desk = Desk::new();
    let index = |name: &str, entries: usize| {
        let blob = |bytes: &str| desk.write(&format!("layout/blobs/sha256/{}", Digest::of(bytes.as_bytes()).hex()), bytes);
        let nested = format!("{{\"schemaVersion\":2,\"manifests\":[{}]}}", vec![r#"{"digest":"x","size":0}"#; entries].join(","));
        blob(&nested);
        let entry = json!({
            "mediaType": "application/vnd.oci.image.index.v1+json", "digest": Digest::of(nested.as_bytes()).to_string(), "size": nested.len(),
            "annotations": { "org.opencontainers.image.ref.name": name },
        });
        desk.write("layout/index.json", &json!({ "schemaVersion": 2, "manifests": vec![entry; 8] }).to_string());
        desk.write("layout/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
        desk.run(&["weigh", "oci:layout"]).refusal(3)
    };
    assert!(index("1.0", 1_900).contains("more images than any layout has"));
    let text = index(&"n".repeat(100_000), 100);
    assert!(text.len() < 20_000, "a name that is none is not told for each: {} bytes", text.len());
}

#[test]
fn a_folder_that_is_no_layout_is_told_what_it_lacks_and_no_engine_is_asked() {
    let desk = Desk::new();
    desk.write("build/app.js", "");
    desk.write("shop/Dockerfile", "FROM scratch\n");
    desk.write("unpacked/manifest.json", "[]");
    for (typed, said) in [
        ("build", "build is a folder and no OCI layout: it has no file oci-layout"),
        ("./build", "./build is a folder and no OCI layout"),
        ("build", "type engine:build if an engine has an image of that name"),
        ("shop", "`loadline run shop` builds and weighs its Dockerfile"),
        ("unpacked", "pack it with `tar -cf FILE -C unpacked .` and type docker-archive:FILE"),
        (".", ". is a folder and no OCI layout"),
    ] {
        let text = desk.run(&["weigh", typed]).refusal(2).replace("\n  ", " ").replace('\n', " ");
        assert!(text.contains(said), "{said} in {text}");
        assert!(!text.contains("no engine answers"), "{text}");
        desk.run(&["weigh", "docker-archive:-", "--base", typed]).refusal(2);
    }
}

#[test]
fn what_is_written_as_a_path_and_is_not_there_is_never_asked_of_an_engine() {
    let desk = Desk::new();
    lay_out(&desk, &[("1.0", Golden::new())]);
    for typed in ["./nowhere", "../nowhere", "/nowhere", "~/nowhere", "out/shop.tar", "shop.tar.gz", "shop.tgz"] {
        let text = desk.run(&["weigh", typed]).refusal(2);
        assert!(text.contains(&format!("there is no file {typed}")), "{text}");
    }
    assert!(desk.run(&["weigh", "./layout:1.0"]).refusal(2).contains("type oci:./layout:1.0"));
    assert!(desk.run(&["weigh", "out/shop.tar:1.0"]).refusal(2).contains("there is no file out/shop.tar"));
    save(&desk, "shop.img", &shop().archive());
    assert!(desk.run(&["weigh", "shop.img:1.0"]).refusal(2).contains("type docker-archive:shop.img:1.0"));
    save(&desk, "shop.tar.gz", &gzip(&shop().archive()));
    assert!(desk.run(&["weigh", "shop.tar.gz"]).refusal(2).contains("type docker-archive:shop.tar.gz"));
}

#[test]
fn where_no_verify_has_no_effect_the_output_says_so_and_why() {
    let desk = Desk::new();
    save(&desk, "shop.tar", &shop().archive());
    save(&desk, "shop.tar.gz", &gzip(&shop().archive()));
    save(&desk, "gzip.tar", &shop().stored(gzip).archive());
    let warned = |image: &str| {
        let file = std::fs::File::open(desk.path().join("shop.tar")).expect("the archive is there");
        let arguments = ["weigh", image, "--no-verify", "--format", "json"];
        let output = desk.command(&arguments).stdin(file).output().expect("the program starts");
        let data: Value = serde_json::from_str(&ran(&output, desk.path()).data()).expect("JSON");
        data["warnings"].to_string()
    };
    assert_eq!(warned("docker-archive:shop.tar"), "[]");
    assert!(warned("docker-archive:-").contains("--no-verify has no effect: the archive comes through a pipe"));
    assert!(warned("docker-archive:shop.tar.gz").contains("--no-verify has no effect: the archive is compressed as a whole"));
    assert!(warned("docker-archive:gzip.tar").contains("--no-verify has no effect: a layer in the archive is compressed"));
    let both = ["weigh", "docker-archive:shop.tar", "--against", "docker-archive:shop.tar.gz", "--no-verify", "--format", "json"];
    let data: Value = serde_json::from_str(&desk.run(&both).data()).expect("JSON");
    assert!(data["warnings"].to_string().contains("docker-archive:shop.tar.gz: --no-verify has no effect"), "{}", data["warnings"]);
    let shown = desk.run(&["weigh", "docker-archive:shop.tar.gz", "--no-verify"]).data();
    assert!(shown.contains("warning: --no-verify has no effect"), "{shown}");
    let listed = desk.run(&["weigh", "docker-archive:shop.tar.gz", "--no-verify", "--files"]);
    assert!(listed.code == Some(0) && listed.err.starts_with("note: --no-verify has no effect"), "{}", listed.err);
}

#[test]
fn an_archive_that_was_compressed_since_has_no_archive_size() {
    let desk = Desk::new();
    save(&desk, "shop.tar.gz", &gzip(&shop().archive()));
    let text = desk.run(&["weigh", "docker-archive:shop.tar.gz", "--host-facts", "--format", "json"]).data();
    let data: Value = serde_json::from_str(&text).expect("JSON");
    let why = data["on_this_host"]["facts"]["archive-size"]["unavailable"].as_str().unwrap_or_default();
    assert!(why.contains("was compressed after it was saved") && why.contains("gzip -d"), "{text}");
}

#[test]
fn no_archive_is_said_to_lack_compressed_layers() {
    let desk = Desk::new();
    let mut first = true;
    let mixed = shop().stored_each(|tar| {
        let compressed = std::mem::replace(&mut first, false);
        if compressed { gzip(tar) } else { tar.to_vec() }
    });
    save(&desk, "mixed.tar", &mixed.archive());
    let text = desk.run(&["weigh", "docker-archive:mixed.tar"]).data().replace("\n  ", " ");
    assert!(!text.contains("no compressed layers are here"), "{text}");
    assert!(text.contains("no manifest of a registry is in a docker archive; weigh registry:NAME"), "{text}");
}

#[test]
fn csv_has_the_other_image_beside_this_one_and_the_line_behind_every_layer() {
    let desk = Desk::new();
    save(&desk, "shop.tar", &shop().archive());
    save(&desk, "base.tar", &base().archive());
    let text = "FROM debian:trixie-slim\nRUN apt-get update && apt-get install -y build-essential\nCOPY . /app\n\
                RUN rm -rf /var/lib/apt/lists/* /var/cache/apt/archives\nRUN strip /app/server\n";
    desk.write("Dockerfile", text);
    let csv =
        desk.run(&["weigh", "docker-archive:shop.tar", "--against", "docker-archive:base.tar", "--file", "Dockerfile", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(std::io::Cursor::new(csv.data()));
    let rows: Vec<std::collections::HashMap<String, String>> = reader.deserialize().map(|row| row.expect("a row")).collect();
    let row = |layer: &str, measure: &str| rows.iter().find(|row| row["layer"] == layer && row["measure"] == measure).expect("a row");
    let (new, old) = (shop().weighed().weighing.uncompressed_size, base().weighed().weighing.uncompressed_size);
    let size = row("", "uncompressed-size");
    assert_eq!(["value", "before", "change"].map(|cell| size[cell].clone()), [new, old, new - old].map(|bytes| bytes.to_string()));
    assert_eq!(size["against"], "docker-archive:base.tar");
    let changed = row("", "bytes-changed");
    assert_eq!(["value", "before", "change"].map(|cell| changed[cell].as_str()), ["131900", "92018", "39882"]);
    assert_eq!((row("", "files-changed")["value"].as_str(), row("", "files-removed")["value"].as_str()), ("1", "0"));
    let lines: Vec<&str> = (1..=6).map(|layer| row(&layer.to_string(), "uncompressed-size")["dockerfile_line"].as_str()).collect();
    assert_eq!(lines, ["", "", "Dockerfile:2", "Dockerfile:3", "Dockerfile:4", "Dockerfile:5"]);
}

#[test]
fn beside_another_image_the_first_thing_said_is_how_it_differs() {
    let desk = Desk::new();
    save(&desk, "shop.tar", &shop().archive());
    save(&desk, "base.tar", &base().archive());
    let compared =
        |format| desk.run(&["weigh", "docker-archive:shop.tar", "--against", "docker-archive:base.tar", "--format", format]).data();
    let terminal = compared("terminal");
    let said = "against docker-archive:base.tar: 18.8 MB bigger uncompressed (8.4 MB → 27.3 MB, +223.3 %); files: ";
    assert!(terminal.lines().nth(1).is_some_and(|line| line.starts_with(said)), "{terminal}");
    let place = |title: &str| terminal.find(title).unwrap_or_else(|| panic!("{title} in {terminal}"));
    assert!(place("\nAgainst  ") < place("\nfrom docker-archive") && place("\nAgainst  ") < place("\nSizes"), "{terminal}");
    let markdown = compared("markdown");
    assert!(markdown.lines().nth(2).is_some_and(|line| line.starts_with("**against docker")), "{markdown}");
    let same = desk.run(&["weigh", "docker-archive:base.tar", "--against", "docker-archive:base.tar"]).data();
    assert!(same.contains("as big uncompressed (8.4 MB); no file added, removed or changed"), "{same}");
}

#[test]
fn the_help_has_every_form_of_a_name_and_promises_no_verdict() {
    let desk = Desk::new();
    let help = desk.run(&["weigh", "--help"]).data();
    let one_line = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for form in ["engine:NAME", "registry:REF", "docker-archive:PATH[:NAME]", "oci:DIR[:NAME]", "oci-archive:PATH[:NAME]"] {
        assert!(one_line.contains(form), "{form} in {help}");
    }
    assert!(!help.contains("budget"), "{help}");
}
