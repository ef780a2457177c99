//! What `init` proposes: read back, it is a scenario with the variants that were found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use loadline::scenario::{Asked, Good, Proof, Scenario, Sketch, SmokeExpect, parse_scenario, proposed, sketch};
use proptest::prelude::*;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::Builder::new().prefix("Shop_").tempdir().expect("a temporary folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

/// The text of the file, and the scenario that it is read back as.
fn round_trip(folder: &Path, sketch: &Sketch, proof: &Proof) -> (String, Scenario) {
    let text = proposed(sketch, proof);
    let path = folder.join("scenario.toml");
    fs::write(&path, &text).expect("written");
    let scenario = parse_scenario(&path).unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false)));
    fs::remove_file(path).expect("removed");
    (text, scenario)
}

fn good() -> Good {
    Good {
        variant: "default".to_owned(),
        port: 3000,
        port_from: "EXPOSE in line 6".to_owned(),
        other_ports: vec![9090],
        path: "/healthz".to_owned(),
        status: 204,
        json_status: Some("UP".to_owned()),
        seconds: 0.4,
        before: vec![Asked { path: "/health".to_owned(), answer: Ok(404) }],
        env: BTreeMap::from([("DATABASE_URL".to_owned(), "sqlite::memory:".to_owned())]),
    }
}

const MULTI: &str = "FROM node:20 AS build\nRUN npm ci\nFROM build AS test\nRUN npm test\nFROM node:20\nENV PORT=4000\nCOPY --from=build /a /a\nEXPOSE 3000 9090\nHEALTHCHECK CMD curl -f http://localhost:3000/up\n";

#[test]
fn several_dockerfiles_become_variants_and_their_stages_are_offered() {
    let folder = folder(&[
        ("Dockerfile", MULTI),
        ("Dockerfile.dev", "FROM node:20\nCMD [\"npm\", \"start\"]\n"),
        ("dev.Dockerfile", "FROM node:20\n"),
        ("Dockerfile.bak", "FROM x\n"),
        ("Dockerfile.dockerignore", "x\n"),
        ("Dockerfile.tool", "this is no Dockerfile\n"),
        ("package.json", "{}"),
    ]);
    let sketch = sketch(folder.path()).expect("it has Dockerfiles");
    let names: Vec<&str> = sketch.scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["default", "dev", "dev-2"]);
    let hint = sketch.hint(0);
    let ports: Vec<u16> = hint.ports.iter().map(|(port, _)| *port).collect();
    assert_eq!((ports.as_slice(), hint.path.as_deref()), (&[3000, 9090, 4000][..], Some("/up")));
    let (text, scenario) = round_trip(folder.path(), &sketch, &Proof::Answered(good()));
    assert_eq!(scenario.variants, sketch.scenario.variants);
    let check = scenario.smoke.check().expect("a check");
    assert_eq!((check.port, check.ready.path.as_str(), check.ready.status), (3000, "/healthz", 204));
    assert_eq!(check.ready.expect, Some(SmokeExpect::Json(serde_json::json!({"status": "UP"}))));
    assert_eq!(check.env, good().env);
    let name = sketch.scenario.name.clone();
    assert_snapshot!(text.replace(&name, "shop"));
}

#[test]
fn the_stages_that_are_offered_are_right_once_the_marks_are_taken_away() {
    let folder = folder(&[("Dockerfile", MULTI)]);
    let sketch = sketch(folder.path()).expect("it has a Dockerfile");
    let text = proposed(&sketch, &Proof::NoPort);
    let bare = |line: &str| {
        let said =
            line.strip_prefix("# ").filter(|said| ["[variants.", "dockerfile = ", "target = "].iter().any(|start| said.starts_with(start)));
        said.unwrap_or(line).to_owned() + "\n"
    };
    let path = folder.path().join("scenario.toml");
    fs::write(&path, text.lines().map(bare).collect::<String>()).expect("written");
    let scenario = parse_scenario(&path).expect("it is right");
    let names: Vec<_> = scenario.variants.iter().map(|variant| (variant.name.as_str(), variant.target.as_deref())).collect();
    assert_eq!(names, [("default", None), ("default-build", Some("build")), ("default-test", Some("test"))]);
}

#[test]
fn whatever_could_not_be_proven_is_a_comment_with_its_reason() {
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY a /a\n")]);
    let sketch = sketch(folder.path()).expect("it has a Dockerfile");
    let asked = vec![
        Asked { path: "/health".to_owned(), answer: Ok(503) },
        Asked { path: "/".to_owned(), answer: Err("no connection".to_owned()) },
    ];
    let proofs = [
        Proof::NoPort,
        Proof::Untried { why: "--no-build was given".to_owned(), port: Some(3000), path: None },
        Proof::Failed {
            why: "no path was answered with a status from 200 to 299 within 30.00 s".to_owned(),
            port: Some(8080),
            asked,
            log: vec!["connect ECONNREFUSED 127.0.0.1:5432".to_owned()],
        },
    ];
    let mut all = String::new();
    for proof in proofs {
        let (text, scenario) = round_trip(folder.path(), &sketch, &proof);
        assert!(scenario.smoke.check().is_none());
        all.extend([text.split_once("dockerfile = \"Dockerfile\"\n\n").expect("a smoke part").1, "~~~\n"]);
    }
    assert_snapshot!(all);
}

/// Anything an app may answer or a log may hold.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z\"'\\\\#=\\[\\]\n\r\t\u{1b}\u{7f}]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_was_found_the_file_reads_back_with_it(
        stage in "[a-z][a-z0-9_.-]{0,20}",
        file in "[A-Za-z0-9 _'\"#\\\\é-]{1,20}",
        (why, line, port_from) in (words(), words(), words()),
        json_status in prop::option::of("[^\\p{C}]{1,40}"),
        (port, status) in (1_u16.., 200_u16..300),
        path in "/[!-\"$-~]{0,30}",
        value in "[^\u{0}]{0,20}",
        which in 0..3,
    ) {
        let dockerfile = format!("FROM a AS {stage}\nFROM scratch\nCOPY --from={stage} /a /a\n");
        let folder = folder(&[(&format!("{file}.Dockerfile"), &dockerfile), ("Dockerfile", &dockerfile)]);
        let sketch = sketch(folder.path()).expect("they are right");
        let env = BTreeMap::from([("A\"\\é".to_owned(), value)]);
        let asked = vec![Asked { path: path.clone(), answer: Err(line.clone()) }];
        let proof = match which {
            0 => Proof::Answered(Good { port, status, path: path.clone(), json_status: json_status.clone(), port_from, env: env.clone(), before: asked, ..good() }),
            1 => Proof::Untried { why, port: Some(port), path: Some(path.clone()) },
            _ => Proof::Failed { why, port: Some(port), asked, log: vec![line] },
        };
        let (_, scenario) = round_trip(folder.path(), &sketch, &proof);
        prop_assert_eq!(&scenario.variants, &sketch.scenario.variants);
        if let Some(check) = scenario.smoke.check() {
            prop_assert_eq!((check.port, check.ready.status, &check.ready.path, &check.env), (port, status, &path, &env));
            prop_assert_eq!(&check.ready.expect, &json_status.map(|status| SmokeExpect::Json(serde_json::json!({"status": status}))));
        }
    }
}
