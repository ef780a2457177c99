//! The `[edits.NAME]` tables: what they say, and what is refused.

use std::fs;

use insta::assert_snapshot;
use loadline::scenario::{Change, Edit, Problems, Scenario, discover, parse_scenario};
use tempfile::TempDir;

use super::{messages, repository, shown, tree};

/// A scenario with a file `a.txt`, and a folder `edits/same` that changes nothing, beside `edits`.
fn parse(edits: &str) -> (TempDir, Result<Scenario, Problems>) {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("written");
    };
    write("Dockerfile", "FROM scratch\nCOPY a.txt /\n");
    write("a.txt", "one two two");
    write("edits/same/a.txt", "one two two");
    write("edits/new/b.txt", "new");
    write("edits/good/a.txt", "three");
    fs::create_dir(folder.path().join("edits/empty")).expect("a folder");
    let head = "name = \"app\"\nlanguage = \"go\"\n[variants.default]\ndockerfile = \"Dockerfile\"\n[smoke]\nport = 1\n";
    write("scenario.toml", &format!("{head}{edits}"));
    let parsed = parse_scenario(&folder.path().join("scenario.toml"));
    (folder, parsed)
}

#[test]
fn both_forms_of_an_edit_reach_the_model_in_the_order_of_the_file() {
    let folder = tree("every_key");
    let scenario = parse_scenario(&folder.path().join("scenario.toml")).expect("every key is right");
    let text = Change::Text { file: "app.txt".into(), find: "Hello".to_owned(), replace: "Good morning".to_owned() };
    let files = Change::Folder { path: scenario.root.join("edits/files"), files: vec!["docker/settings.txt".into()] };
    let edit = |name: &str, change| Edit { name: name.to_owned(), change };
    assert_eq!(scenario.edits, [edit("text", text), edit("files", files)]);
}

#[test]
fn a_scenario_needs_no_edit() {
    let (_folder, parsed) = parse("");
    assert_eq!(parsed.expect("it is right").edits, []);
}

#[test]
fn every_edit_that_cannot_be_made_is_refused_with_its_line_and_a_cure() {
    let text = |file: &str, find: &str, replace: &str| format!("file = \"{file}\"\nfind = \"{find}\"\nreplace = \"{replace}\"");
    let cases = [
        ("nothing", String::new()),
        ("half", "file = \"a.txt\"\nfind = \"one\"".to_owned()),
        ("both", format!("{}\nfolder = \"edits/good\"", text("a.txt", "one", "1"))),
        ("twice", text("a.txt", "two", "2")),
        ("never", text("a.txt", "four", "4")),
        ("same", text("a.txt", "one", "one")),
        ("gone", text("b.txt", "one", "1")),
        ("outside", text("../a.txt", "one", "1")),
        ("unchanged", "folder = \"edits/same\"".to_owned()),
        ("added", "folder = \"edits/new\"".to_owned()),
        ("hollow", "folder = \"edits/empty\"".to_owned()),
        ("nowhere", "folder = \"edits/nowhere\"".to_owned()),
        ("Bad-Name", "folder = \"edits/good\"".to_owned()),
    ];
    let all = cases.iter().map(|(name, keys)| format!("[edits.{name}]\n{keys}\n")).collect::<Vec<_>>().concat();
    let (folder, parsed) = parse(&all);
    let problems = parsed.expect_err("none of them can be made");
    assert_eq!(messages(&problems).len(), cases.len(), "{problems}");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn edits_that_find_each_other_in_the_cache_and_edits_of_what_the_builder_is_told_are_refused() {
    let text = |name: &str, find: &str| format!("[edits.{name}]\nfile = \"a.txt\"\nfind = \"{find}\"\nreplace = \"1\"\n");
    let (_folder, parsed) = parse(&format!("{}{}", text("one", "one"), text("again", "one")));
    assert_eq!(messages(&parsed.expect_err("they are the same")), ["the edits 'one' and 'again' change a.txt in the same way"]);
    let (_folder, parsed) = parse("[edits.other]\nfile = \"Dockerfile\"\nfind = \"scratch\"\nreplace = \"alpine\"\n");
    assert_eq!(messages(&parsed.expect_err("it is no part of the app")), ["the edit 'other' changes Dockerfile"]);
    let (_folder, parsed) = parse(&format!("{}[edits.two]\nfolder = \"edits/good\"\n", text("one", "one")));
    assert_eq!(parsed.expect("one file in two ways").edits.len(), 2);
}

#[test]
fn every_scenario_of_the_repository_has_an_edit_of_its_source_and_one_of_its_dependencies() {
    for scenario in discover(&repository().join("scenarios"), &[]).expect("they are sound").scenarios {
        let names: Vec<&str> = scenario.edits.iter().map(|edit| edit.name.as_str()).collect();
        assert_eq!(names, ["source", "dependency"], "{}", scenario.name);
    }
}
