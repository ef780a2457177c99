//! `weigh`: through the binary, on archives that the tests make.

use super::{Desk, Ran, host_run, ran};
use crate::support::golden::{Golden, base, shop};
use crate::wire::docker::daemon::{Answer, Daemon};

/// A desk with the archive of an image in `shop.tar` and that of its base in `base.tar`.
fn desk() -> Desk {
    let desk = Desk::new();
    save(&desk, "shop.tar", &shop());
    save(&desk, "base.tar", &base());
    desk
}

fn save(desk: &Desk, name: &str, image: &Golden) {
    std::fs::write(desk.path().join(name), image.archive()).expect("the archive is written");
}

fn json(desk: &Desk, arguments: &[&str]) -> serde_json::Value {
    let text = desk.run(&[&["weigh"], arguments, &["--format", "json"]].concat()).data();
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn an_archive_is_weighed_in_every_format() {
    let desk = desk();
    let printed = |format| desk.run(&["weigh", "docker-archive:shop.tar", "--fresh", "--format", format]).data();
    let terminal = printed("terminal");
    assert_eq!(terminal, desk.run(&["weigh", "docker-archive:shop.tar", "--fresh"]).data(), "it is the default");
    assert!(terminal.starts_with("docker-archive:shop.tar  linux/amd64\n"), "{terminal}");
    let markdown = printed("markdown");
    assert!(markdown.starts_with("### docker-archive:shop.tar") && markdown.contains("| uncompressed size (D3) |"), "{markdown}");
    let csv = printed("csv");
    assert!(csv.starts_with("image,layer,measure,definition,value,unit") && csv.contains(",uncompressed-size,D3,"), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&printed("json")).expect("JSON");
    assert_eq!(json["sizes"]["uncompressed-size"]["value"], shop().weighed().weighing.uncompressed_size);
    assert!(json["sizes"]["transfer-size"]["unavailable"].is_string(), "{json}");
}

#[test]
fn layers_that_are_known_from_before_weigh_what_they_weighed_and_are_named_as_known() {
    let desk = desk();
    let (first, again) = (json(&desk, &["docker-archive:shop.tar"]), json(&desk, &["docker-archive:shop.tar"]));
    assert_eq!((&first["source"]["known_layers"], &again["source"]["known_layers"]), (&0.into(), &6.into()));
    for part in ["sizes", "layers", "waste", "duplicates", "biggest_files"] {
        assert_eq!(first[part], again[part], "{part}");
    }
    assert!(again["verified"].to_string().contains("known from before"), "{}", again["verified"]);
    assert_eq!(json(&desk, &["docker-archive:shop.tar", "--fresh"]), first);
}

#[test]
fn the_dockerfile_that_is_named_tells_the_line_behind_every_layer() {
    let desk = desk();
    let text = "FROM debian:trixie-slim\nARG VERSION=1\nWORKDIR /app\nRUN apt-get update && apt-get install -y build-essential\n\
                COPY . /app\nRUN rm -rf /var/lib/apt/lists/* /var/cache/apt/archives\nRUN strip /app/server\nCMD [\"/app/server\"]\n";
    std::fs::write(desk.path().join("Dockerfile"), text).expect("it is written");
    let data = json(&desk, &["docker-archive:shop.tar", "--file", "Dockerfile"]);
    let lines: Vec<_> = (0..6).map(|at| data["layers"][at]["dockerfile_line"]["line"].as_u64()).collect();
    assert_eq!(lines, [None, None, Some(4), Some(5), Some(6), Some(7)]);
    let shown = desk.run(&["weigh", "docker-archive:shop.tar", "--file", "Dockerfile"]).data();
    assert!(shown.contains("5  COPY . /app\n") && shown.contains("line: in Dockerfile\n"), "{shown}");
    std::fs::write(desk.path().join("other.Dockerfile"), "FROM scratch\nCOPY a /b\n").expect("it is written");
    let refusal = desk.run(&["weigh", "docker-archive:shop.tar", "--file", "other.Dockerfile"]).refusal(2);
    assert!(refusal.contains("other.Dockerfile: made none of the image's layers"), "{refusal}");
    let refusal = desk.run(&["weigh", "docker-archive:shop.tar", "--file", "Dockerfile", "--target", "nope"]).refusal(2);
    assert!(refusal.contains("nope"), "{refusal}");
    desk.run(&["weigh", "docker-archive:shop.tar", "--file", "missing"]).refusal(2);
}

#[test]
fn an_archive_from_standard_input_weighs_what_it_weighs_in_a_file() {
    let desk = desk();
    let file = std::fs::File::open(desk.path().join("shop.tar")).expect("the archive is there");
    let output = desk.command(&["weigh", "docker-archive:-", "--format", "json"]).stdin(file).output().expect("the program starts");
    let piped: serde_json::Value = serde_json::from_str(&ran(&output, desk.path()).data()).expect("JSON");
    assert_eq!(piped["sizes"], json(&desk, &["docker-archive:shop.tar"])["sizes"]);
}

#[test]
fn an_image_is_split_at_the_base_that_is_named() {
    let desk = desk();
    let data = json(&desk, &["docker-archive:shop.tar", "--base", "docker-archive:base.tar"]);
    assert_eq!((&data["base"]["layers"], &data["layers"][1]["of_base"]), (&2.into(), &true.into()));
    let text = desk.run(&["weigh", "docker-archive:base.tar", "--base", "docker-archive:shop.tar"]).refusal(2);
    assert!(text.contains("is not built on docker-archive:shop.tar"), "{text}");
}

#[test]
fn two_images_are_compared() {
    let desk = desk();
    let data = json(&desk, &["docker-archive:shop.tar", "--against", "docker-archive:base.tar"]);
    let files = &data["against"]["files"];
    assert_eq!((&files["removed"]["files"], &files["changed"]["files"]), (&0.into(), &1.into()), "{files}");
    assert!(data["against"]["delta_transfer_size"].is_null());
    let text = desk.run(&["weigh", "docker-archive:shop.tar", "--against", "docker-archive:shop.tar"]).data();
    assert!(text.contains("0 files added, 0 B"), "{text}");
}

#[test]
fn the_inventory_lists_every_path_of_every_layer() {
    let desk = desk();
    let csv = desk.run(&["weigh", "docker-archive:shop.tar", "--files", "--format", "csv"]).data();
    assert!(csv.contains("/var/lib/apt/lists/trixie_main_Packages,3,file,3310044,deleted,0644,0,0\n"), "{csv}");
    assert!(csv.contains("/app/server,4,file,2412544,overwritten,") && csv.contains("/app/server,6,file,1704960,live,"), "{csv}");
    let list: Vec<serde_json::Value> =
        serde_json::from_str(&desk.run(&["weigh", "docker-archive:shop.tar", "--files", "--format", "json"]).data()).expect("an array");
    assert_eq!(list.len() + 1, csv.lines().count());
    assert!(desk.run(&["weigh", "docker-archive:shop.tar", "--files"]).data().starts_with("layer "));
    desk.run(&["weigh", "docker-archive:shop.tar", "--files", "--format", "markdown"]).refusal(2);
}

#[test]
fn a_file_without_a_word_before_it_is_told_what_to_type() {
    let desk = desk();
    let text = desk.run(&["weigh", "shop.tar"]).refusal(2);
    assert!(text.contains("type docker-archive:shop.tar"), "{text}");
    desk.write("layout/oci-layout", "{}");
    assert!(desk.run(&["weigh", "./layout"]).refusal(2).contains("type oci:./layout"));
    desk.write("notes.txt", "no tar");
    assert!(desk.run(&["weigh", "notes.txt"]).refusal(2).contains("no archive of an image"));
    assert!(desk.run(&["weigh", "./nowhere.tar"]).refusal(2).contains("there is no file ./nowhere.tar"));
    assert!(desk.run(&["weigh", "docker-archive:nowhere.tar"]).refusal(2).contains("check the path"));
    assert!(desk.run(&["weigh", "docker-archive:."]).refusal(2).contains("is a folder"));
}

#[test]
fn an_image_that_is_cut_short_or_changed_has_no_numbers_and_exits_3() {
    let desk = desk();
    let whole = shop().archive();
    std::fs::write(desk.path().join("cut.tar"), &whole[..whole.len() / 2]).expect("the file is written");
    let text = desk.run(&["weigh", "docker-archive:cut.tar"]).refusal(3);
    assert!(text.starts_with("error: cannot weigh docker-archive:cut.tar: "), "{text}");
    let mut changed = whole;
    changed[100_000] ^= 1;
    std::fs::write(desk.path().join("changed.tar"), changed).expect("the file is written");
    let text = desk.run(&["weigh", "docker-archive:changed.tar", "--format", "json"]).refusal(3);
    assert!(text.starts_with("error: cannot weigh docker-archive:changed.tar: ") && text.contains("sha256:"), "{text}");
}

#[test]
fn a_platform_that_the_image_is_not_for_is_refused() {
    let desk = desk();
    let text = desk.run(&["weigh", "docker-archive:shop.tar", "--platform", "linux/arm64"]).refusal(2);
    assert!(text.contains("linux/amd64") && text.contains("linux/arm64"), "{text}");
    desk.run(&["weigh", "docker-archive:shop.tar", "--platform", "linux/amd64"]).data();
}

#[test]
fn without_an_engine_a_name_cannot_be_weighed_and_exits_4() {
    let text = Desk::new().run(&["weigh", "shop:1"]).refusal(4);
    assert!(text.contains("no engine answers at unix:///nowhere/docker.sock") && text.contains("docker-archive:PATH"), "{text}");
}

/// The image on an engine that says of it that its layers are these, weighed as JSON.
async fn on_an_engine(image: &Golden, diff_ids: &[String], name: &str) -> Ran {
    let id = image.weighed().image.id;
    let inspected = serde_json::json!({ "Id": id.to_string(), "Size": 4711, "RootFS": { "Type": "layers", "Layers": diff_ids } });
    let daemon = Daemon::start(vec![
        ("GET /info", Answer::ok(host_run::INFO)),
        ("GET /images/shop:1/json", Answer::ok(inspected.to_string())),
        ("GET /images/none:1/json", Answer::ok(r#"{"message":"No such image: none:1"}"#).status(404)),
        ("GET /images/sha256:", Answer::ok(image.archive())),
    ]);
    let desk = Desk::new();
    let mut command = desk.command(&["weigh", name, "--format", "json"]);
    command.env("DOCKER_HOST", format!("unix://{}", daemon.socket().display()));
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    ran(&output, desk.path())
}

fn diff_ids(image: &Golden) -> Vec<String> {
    image.weighed().image.layers.iter().map(|layer| layer.diff_id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engines_image_is_weighed_as_it_streams_by_and_its_own_figure_stands_beside_it() {
    let image = shop();
    let ids = diff_ids(&image);
    let data: serde_json::Value = serde_json::from_str(&on_an_engine(&image, &ids, "shop:1").await.data()).expect("JSON");
    assert_eq!(data["sizes"]["uncompressed-size"]["value"], image.weighed().weighing.uncompressed_size);
    assert_eq!((&data["sizes"]["reported-size"]["value"], &data["source"]["store"]), (&4711.into(), &"overlay2".into()), "{data}");
    let same: serde_json::Value = serde_json::from_str(&on_an_engine(&image, &ids, "engine:shop:1").await.data()).expect("JSON");
    assert_eq!(same["sizes"], data["sizes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_contradicts_itself_or_lacks_the_image_gives_no_number() {
    let image = shop();
    let others = diff_ids(&image)[1..].to_vec();
    let text = on_an_engine(&image, &others, "shop:1").await.refusal(3);
    assert!(text.contains("the engine's inspection names 5 layers"), "{text}");
    let text = on_an_engine(&image, &others, "none:1").await.refusal(2);
    assert!(text.contains("has no image none:1"), "{text}");
}

#[test]
fn colour_is_only_for_terminals() {
    let desk = desk();
    let forced = desk.command(&["weigh", "docker-archive:shop.tar"]).env("CLICOLOR_FORCE", "1").output().expect("the program starts");
    assert!(String::from_utf8_lossy(&forced.stdout).contains("\x1b["));
    assert!(!desk.run(&["weigh", "docker-archive:shop.tar"]).data().contains('\x1b'));
}

/// The page shows what the command prints: `LOADLINE_BLESS=1` writes it anew.
#[test]
fn the_page_shows_what_the_program_prints() {
    let desk = desk();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/weighing.md");
    let mut page = std::fs::read_to_string(&path).expect("the page");
    for (name, arguments) in [
        ("weigh", &["weigh", "docker-archive:shop.tar", "--base", "docker-archive:base.tar"][..]),
        ("files", &["weigh", "docker-archive:shop.tar", "--files"]),
    ] {
        let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
        let (before, rest) = page.split_once(&begin).expect("the block begins");
        let (_, after) = rest.split_once(&end).expect("the block ends");
        let printed = desk.run(arguments).data();
        page = format!("{before}{begin}\n```console\n$ loadline {}\n{printed}```\n\n{end}{after}", arguments.join(" "));
    }
    crate::support::checked_in("docs/weighing.md", &page);
}

#[test]
fn an_archive_that_is_not_verified_says_so_and_leaves_nothing_in_the_cache() {
    let desk = desk();
    let found = json(&desk, &["docker-archive:shop.tar", "--no-verify"]);
    assert!(found["verified"][0].as_str().is_some_and(|text| text.starts_with("nothing:")), "{}", found["verified"]);
    assert_eq!(found["source"]["read"], "headers");
    let read = json(&desk, &["docker-archive:shop.tar"]);
    assert_eq!(read["source"]["known_layers"], 0, "what was not verified is not known");
    for part in ["sizes", "layers", "waste", "duplicates", "biggest_files", "biggest_folders"] {
        assert_eq!(found[part], read[part], "{part}");
    }
    let terminal = desk.run(&["weigh", "docker-archive:shop.tar", "--no-verify"]).data();
    assert!(terminal.contains("nothing: the archive's word is taken"), "{terminal}");
}
