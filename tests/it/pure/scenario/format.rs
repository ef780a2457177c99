//! The file format: every key, its default and its mistakes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use loadline::dockerfile::{Dockerfile, VariantKind};
use loadline::scenario::{Builder, Expectation, Problems, Scenario, Smoke, SmokeExpect, known_keys, parse_scenario};
use serde_json::json;
use tempfile::TempDir;

use super::{messages, repository, shown, tree};

/// Parses `text` as a scenario.toml in a folder that has a `Dockerfile` of two stages.
fn parse(text: &str) -> Result<Scenario, Problems> {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("Dockerfile"), "FROM alpine:3 AS build\nRUN make\nFROM scratch AS final\nCOPY --from=build /a /a\n")
        .expect("written");
    fs::write(folder.path().join("scenario.toml"), text).expect("written");
    parse_scenario(&folder.path().join("scenario.toml"))
}

/// A file that is right but for the lines given.
fn with(variant: &str, smoke: &str) -> Result<Scenario, Problems> {
    parse(&format!("name = \"app\"\nlanguage = \"go\"\n[variants.default]\ndockerfile = \"Dockerfile\"\n{variant}\n[smoke]\n{smoke}\n"))
}

fn only_message(result: Result<Scenario, Problems>) -> String {
    let problems = result.expect_err("it is refused");
    assert_eq!(problems.0.len(), 1, "{problems}");
    problems.0[0].message.clone()
}

#[test]
fn every_key_reaches_the_model() {
    let folder = tree("every_key");
    let scenario = parse_scenario(&folder.path().join("scenario.toml")).expect("every key is right");
    let root = folder.path().canonicalize().expect("it is there");
    assert_eq!((scenario.name.as_str(), scenario.language.0.as_str(), scenario.from_file), ("every-key", "plain text", true));
    assert_eq!(scenario.root, root);

    let [multi, plain, app] = scenario.variants.as_slice() else { panic!("{:?}", scenario.variants) };
    assert_eq!((multi.name.as_str(), multi.kind, multi.target.as_deref()), ("multi", VariantKind::MultiStage, Some("Production")));
    assert_eq!((multi.builder, multi.expect), (Builder::Classic, Expectation::SmokeFailure));
    assert_eq!(multi.build_args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), [("MIRROR", ""), ("VERSION", "1.20")]);
    assert_eq!((plain.name.as_str(), plain.kind, plain.expect), ("plain", VariantKind::SingleStage, Expectation::BuildFailure));
    assert_eq!(plain.dockerfile, root.join("docker/plain.Dockerfile"));
    assert_eq!(plain.dockerfile_in(&scenario.root), Path::new("docker/plain.Dockerfile"));
    assert_eq!((app.kind, app.dockerfile.as_path()), (VariantKind::SingleStage, root.join("app.Dockerfile").as_path()));

    let smoke = scenario.smoke.check().expect("a check");
    assert_eq!((smoke.port, smoke.timeout), (8080, Duration::from_millis(1500)));
    let ready = &smoke.ready;
    assert_eq!(
        (ready.method.as_str(), ready.path.as_str(), ready.body.as_deref(), ready.status),
        ("POST", "/ready?deep=1", Some("ping"), 204)
    );
    assert_eq!(ready.expect, Some(SmokeExpect::Text("pong".to_owned())));
    let env: Vec<_> = smoke.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(env, [("DATABASE_URL", "sqlite::memory:"), ("EMPTY", ""), ("dotted.name", "a=b")]);
    assert_eq!(smoke.command.as_deref(), Some(&["serve", "--port", "8080"].map(str::to_owned)[..]));
    let [list, head] = smoke.requests.as_slice() else { panic!("{:?}", smoke.requests) };
    assert_eq!(list.expect, Some(SmokeExpect::Json(json!({"items": [1, 2.5, true, {"at": "2024-05-01"}]}))));
    assert_eq!((head.method.as_str(), head.status, &head.expect), ("HEAD", 404, &None));
}

#[test]
fn what_is_not_said_has_the_documented_default() {
    let scenario = with("", "port = 1").expect("it is right");
    let variant = &scenario.variants[0];
    assert_eq!((&variant.target, variant.builder, variant.expect), (&None, Builder::BuildKit, Expectation::Success));
    let smoke = scenario.smoke.check().expect("a check");
    assert_eq!((smoke.timeout, smoke.requests.len()), (Duration::from_secs(30), 0));
    assert_eq!((smoke.env.len(), &smoke.command), (0, &None));
    let ready = &smoke.ready;
    assert_eq!((ready.method.as_str(), ready.path.as_str(), ready.status), ("GET", "/", 200));
    assert_eq!((&ready.body, &ready.expect), (&None, &None));
}

#[test]
fn variants_keep_the_order_of_the_file() {
    let file = "dockerfile = \"Dockerfile\"";
    let text = format!(
        "name = \"app\"\nlanguage = \"go\"\n[variants.zz]\n{file}\n[smoke]\nport = 1\n[variants.aa]\n{file}\n[variants.mm]\n{file}\n"
    );
    let names: Vec<_> = parse(&text).expect("it is right").variants.into_iter().map(|variant| variant.name).collect();
    assert_eq!(names, ["zz", "aa", "mm"]);
}

#[test]
fn ten_mistakes_are_reported_at_once() {
    let folder = tree("ten_mistakes");
    let problems = parse_scenario(&folder.path().join("scenario.toml")).expect_err("nothing in it is right");
    assert_eq!(problems.0.len(), 10);
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn broken_toml_is_shown_beside_what_can_still_be_judged() {
    let folder = tree("broken_toml");
    let problems = parse_scenario(&folder.path().join("app/scenario.toml")).expect_err("it is broken");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn a_file_that_is_not_utf8_is_shown_where_it_is_not() {
    let folder = tree("not_utf8");
    let problems = parse_scenario(&folder.path().join("app/scenario.toml")).expect_err("it is no text");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn dockerfiles_outside_of_the_folder_are_refused() {
    let folder = tree("dockerfile_outside");
    let problems = parse_scenario(&folder.path().join("app/scenario.toml")).expect_err("they lie outside");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn smoke_checks_are_refused_for_what_no_request_can_be() {
    for (smoke, wanted) in [
        ("port = 65536", "'smoke.port' is 65536"),
        ("port = -1", "'smoke.port' is -1"),
        ("port = \"8080\"", "'smoke.port' is text, not a whole number"),
        ("path = \"/\"", "'smoke' lacks the key 'port'"),
        ("port = 1\nstatus = 199", "'smoke.status' is 199"),
        ("port = 1\nstatus = 600", "'smoke.status' is 600"),
        ("port = 1\npath = \"health\"", "'smoke.path' does not start with '/'"),
        ("port = 1\npath = \"/a b\"", "'smoke.path' holds a character that no request line can carry"),
        ("port = 1\npath = \"/a\\r\\nHost: x\"", "'smoke.path' holds a character that no request line can carry"),
        ("port = 1\nmethod = \"get\"", "'smoke.method' cannot be 'get'"),
        ("port = 1\nmethod = \"HEAD\"\ntext = \"a\"", "the answer to HEAD has no body"),
        ("port = 1\ntext = \"\"", "'smoke.text' is empty"),
        ("port = 1\njson = '{\"status\": \"ok\"}'", "'smoke.json' is text, not a JSON value written as TOML"),
        ("port = 1\njson = [nan]", "'smoke.json' holds a number that JSON cannot"),
        ("port = 1\ntimeout = \"0 s\"", "'smoke.timeout' is 0 s"),
        ("port = 1\ntimeout = \"2 h\"", "'smoke.timeout' is 2 h"),
        ("port = 1\nrequests = 3", "'smoke.requests' is a whole number, not a list of tables"),
        ("port = 1\n[[smoke.requests]]\nstatus = 200", "'smoke.requests' lacks the key 'path'"),
        ("port = 1\n[[smoke.requests]]\npath = \"/\"\nport = 2", "unknown key 'smoke.requests.port'"),
        ("port = 1\nenv = { \"A B\" = \"x\" }", "'A B' is no name for an environment variable"),
        ("port = 1\nenv = { A = 1 }", "'smoke.env.A' is not in quotes"),
        ("port = 1\nenv = { A = \"x\\u0000\" }", "'smoke.env.A' cannot hold a NUL character"),
        ("port = 1\nenv = [\"A=b\"]", "'smoke.env' is a list, not a table"),
        ("port = 1\ncommand = \"serve\"", "'smoke.command' is text, not a list of words"),
        ("port = 1\ncommand = []", "'smoke.command' is not a list of 1 to 200 words in quotes"),
        ("port = 1\ncommand = [1]", "'smoke.command' is not a list of 1 to 200 words in quotes"),
        ("port = 1\nskip = \"no\"", "'smoke' has a check and a reason to skip it"),
        ("skip = \"  \"", "'smoke.skip' gives no reason"),
    ] {
        assert_eq!(only_message(with("", smoke)), wanted, "{smoke}");
    }
    assert!(only_message(with("", "port = 1\ntimeout = \"30\"")).starts_with("'smoke.timeout' is no time: "));
}

#[test]
fn variants_are_refused_for_what_no_build_can_be() {
    for (variant, wanted) in [
        ("target = \"finl\"", "the Dockerfile has no stage 'finl'"),
        ("target = \"0\"", "the Dockerfile has no stage '0'"),
        ("build-args = { \"1A\" = \"x\" }", "'1A' is no name for a build argument"),
        ("build-args = [\"A=b\"]", "'variants.default.build-args' is a list, not a table"),
        ("builder = \"kaniko\"", "'variants.default.builder' cannot be 'kaniko'"),
        ("[variants.b]\ndockerfile = \"Dockerfile\"", "the variant name 'b' has fewer than 2 characters"),
        ("[variants.bb]\ndockerfile = \".\"", "'.' is not a file"),
        ("[variants.bb]", "there is no Dockerfile 'bb.Dockerfile'"),
        ("[variants.default]", "'default' is defined twice"),
        ("[variants]\nbb = \"Dockerfile\"", "'variants.bb' is text, not a table"),
    ] {
        assert_eq!(only_message(with(variant, "port = 1")), wanted, "{variant}");
    }
    assert_eq!(only_message(parse("name = \"app\"\nlanguage = \"go\"\n[variants]\n[smoke]\nport = 1")), "there are no variants");
    assert_eq!(only_message(parse("name = \"app\"\nlanguage = \"go\"\n[smoke]\nport = 1")), "the key 'variants' is missing");
}

#[test]
fn a_smoke_failure_can_only_be_expected_where_there_is_a_check() {
    let message = only_message(with("expect = \"smoke-failure\"", "skip = \"none\""));
    assert_eq!(message, "a smoke check is expected to fail, but there is none");
}

#[test]
fn a_reason_to_skip_the_check_is_kept() {
    let folder = tree("smoke_skipped");
    let waived = parse_scenario(&folder.path().join("waived/scenario.toml")).expect("it is right");
    assert_eq!(waived.smoke, Smoke::Waived { reason: "a batch job without a network interface".to_owned() });
    let unsaid = parse_scenario(&folder.path().join("unsaid/scenario.toml")).expect("it is right");
    assert_eq!(unsaid.smoke, Smoke::Unsaid);
}

#[test]
fn files_that_are_missing_too_large_or_no_files_are_named() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("scenario.toml");
    assert!(only_message(parse_scenario(&path)).starts_with("cannot read the file: "));
    fs::create_dir(&path).expect("a folder");
    assert_eq!(only_message(parse_scenario(&path)), "this is not a file");
    fs::remove_dir(&path).expect("removed");
    fs::write(&path, "#".repeat((1 << 20) + 1)).expect("written");
    assert_eq!(only_message(parse_scenario(&path)), "the file is larger than 1 MiB");
    fs::write(&path, "#".repeat(1 << 20)).expect("written");
    assert_eq!(messages(&parse_scenario(&path).expect_err("it says nothing")).len(), 3, "name, language and variants are missing");
}

#[test]
fn a_file_of_nothing_but_mistakes_does_not_flood_the_terminal() {
    let text: String = (0..10_000).flat_map(|n| ["key".to_owned(), n.to_string(), " = 1\n".to_owned()]).collect();
    let problems = parse(&text).expect_err("no key is known");
    assert_eq!(problems.0.len(), 51);
    assert_eq!(problems.0[50].message, "the file has 9953 more problems");
}

#[test]
fn control_characters_of_a_file_never_reach_the_terminal() {
    let problems = parse("name = \"\\u001b[31m\"\n\"\\u001b]0;x\\u0007\" = 1\nlanguage = \u{1b}[31m\n").expect_err("none is right");
    let text = problems.render(false);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    assert!(problems.render(true).contains('\u{1b}'), "styles are ANSI sequences");
}

#[test]
fn go_api_is_a_single_stage_build_and_multi_stage_ones_on_published_bases() {
    let scenario = parse_scenario(&repository().join("scenarios/go-api/scenario.toml")).expect("the scenario is right");
    let variants: Vec<_> = scenario.variants.iter().map(|variant| (variant.name.as_str(), variant.kind)).collect();
    let multi = ["multi", "alpine", "distroless"].map(|name| (name, VariantKind::MultiStage));
    assert_eq!(variants, [&[("single", VariantKind::SingleStage)][..], &multi].concat());
    let mut bases = BTreeSet::new();
    for variant in &scenario.variants {
        let text = fs::read_to_string(&variant.dockerfile).expect("it is there");
        let dockerfile = Dockerfile::parse(&text).expect("it parses");
        let needed = dockerfile.bases(variant.target.as_deref(), &variant.build_args).expect("its bases are known");
        bases.extend(needed.into_iter().map(|base| base.reference));
    }
    let wanted = ["alpine:3.20", "gcr.io/distroless/static-debian12:nonroot", "golang:1.23"];
    assert_eq!(bases.into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(scenario.smoke.check().expect("a check").port, 8080);
}

#[test]
fn every_key_is_documented() {
    let page = fs::read_to_string(repository().join("docs/scenario-file.md")).expect("the page is there");
    let documented: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(key, _)| key).collect();
    assert_eq!(documented, known_keys(), "the tables of docs/scenario-file.md list the keys in order");
}

#[test]
fn the_examples_of_the_pages_are_right() {
    let pages = ["docs/scenario-file.md", "docs/budgets.md"].map(|page| fs::read_to_string(repository().join(page)).expect("it is there"));
    let page = pages.concat();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    assert!(blocks.len() >= 3, "the page has examples");
    for block in blocks {
        let folder = TempDir::new().expect("a temporary folder");
        let text = if block.starts_with("name =") { block.to_owned() } else { format!("name = \"app\"\nlanguage = \"go\"\n{block}") };
        let text = if text.contains("[variants.") { text } else { format!("{text}\n[variants.multi]\n") };
        for name in ["Dockerfile", "single.Dockerfile", "multi.Dockerfile"] {
            fs::write(folder.path().join(name), "FROM scratch AS production\nCOPY a /a\n").expect("written");
        }
        // The files that the page's edits change.
        fs::create_dir_all(folder.path().join("edits/dependency")).expect("folders");
        for (name, text) in [("main.go", "say Hello"), ("go.mod", "module a"), ("edits/dependency/go.mod", "module a // more")] {
            fs::write(folder.path().join(name), text).expect("written");
        }
        fs::write(folder.path().join("scenario.toml"), text).expect("written");
        parse_scenario(&folder.path().join("scenario.toml")).unwrap_or_else(|problems| panic!("{problems}\n{block}"));
    }
}
