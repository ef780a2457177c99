//! `list`, and what every command says of scenarios that are wrong.

use super::{Desk, scenario};

const SCRATCH: &str = "FROM scratch\nCOPY . /\n";

/// Two scenarios: one verified with two variants, one without a smoke check.
fn library() -> Desk {
    let desk = Desk::new();
    desk.write("scenarios/shop/Dockerfile", "FROM golang:1.23\nCOPY . .\n");
    desk.write(
        "scenarios/shop/multi.Dockerfile",
        "FROM golang:1.23 AS build\nRUN true\nFROM nowhere.example/base:1\nCOPY --from=build /a /a\n",
    );
    let more = "\n[variants.multi]\ndockerfile = \"multi.Dockerfile\"\n\n[smoke]\nport = 80\npath = \"/health\"\n\n[[smoke.requests]]\npath = \"/items\"\n\n[budgets.size]\nmeasure = \"transfer-size\"\nvariants = [\"multi\"]\nmax = \"25 MB\"\nmax-increase = \"1 %\"\n[budgets.layers]\nmax-layers = 12\n";
    desk.write("scenarios/shop/scenario.toml", &scenario("shop", more));
    desk.write("scenarios/bare/Dockerfile", SCRATCH);
    desk.write("scenarios/bare/scenario.toml", &scenario("bare", "\n[smoke]\nskip = \"it has no server\"\n"));
    desk
}

#[test]
fn a_script_gets_one_line_for_each_variant_with_tabs_between_cells() {
    insta::assert_snapshot!(library().run(&["list"]).data().replace('\t', " | "), @r"
    bare/small | single-stage | Dockerfile | no smoke check: it has no server | scratch alone | not needed | none
    shop/small | single-stage | Dockerfile | verified by GET /health and 1 more | golang:1.23 | yes | 1
    shop/multi | multi-stage | multi.Dockerfile | verified by GET /health and 1 more | golang:1.23, nowhere.example/base:1 | not for nowhere.example/base:1 | 3
    ");
}

#[test]
fn a_person_gets_columns_below_headings() {
    let desk = library();
    let mut command = desk.program("script", &["-qec", &format!("{} list", super::BINARY), "/dev/null"]);
    let output = command.env("TERM", "xterm").env("NO_COLOR", "1").output().expect("script is part of every Linux system");
    let text = super::ran(&output, desk.path()).out.replace('\r', "");
    insta::assert_snapshot!(text, @r"
    VARIANT     KIND          DOCKERFILE        SMOKE CHECK                         BASES                                STAND-INS                       LIMITS
    bare/small  single-stage  Dockerfile        no smoke check: it has no server    scratch alone                        not needed                      none
    shop/small  single-stage  Dockerfile        verified by GET /health and 1 more  golang:1.23                          yes                             1
    shop/multi  multi-stage   multi.Dockerfile  verified by GET /health and 1 more  golang:1.23, nowhere.example/base:1  not for nowhere.example/base:1  3
    ");
}

#[test]
fn a_program_gets_the_same_as_json() {
    let text = library().run(&["list", "--format", "json", "shop"]).data();
    let list: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let limits: Vec<_> = list["variants"].as_array().expect("a list").iter().map(|variant| variant["limits"].as_u64()).collect();
    assert_eq!((list["format_version"].as_u64(), limits), (Some(1), vec![Some(1), Some(3)]));
    assert_eq!(list["variants"][1]["without_stand_in"], serde_json::json!(["nowhere.example/base:1"]));
    let schema: serde_json::Value = serde_json::to_value(loadline::cli::list_schema()).expect("JSON");
    assert!(jsonschema::is_valid(&schema, &list), "{text}");
}

#[test]
fn variants_and_scenarios_are_chosen_by_name() {
    let desk = library();
    let names = |arguments: &[&str]| {
        let text = desk.run(&[&["list"], arguments].concat()).data();
        text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--variant", "multi"]), ["shop/multi"]);
    assert_eq!(names(&["--variant", "*/s*"]), ["bare/small", "shop/small"]);
    assert_eq!(names(&["bare"]), ["bare/small"]);
    assert_eq!(names(&["--scenarios", "scenarios", "shop", "--variant", "shop/multi", "--variant", "small"]), ["shop/small", "shop/multi"]);
}

#[test]
fn a_path_needs_no_scenario_file() {
    let desk = Desk::new();
    desk.write("app/Dockerfile", SCRATCH);
    let ran = desk.run(&["list", "./app"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("no smoke check"), "{ran:?}");
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_one() {
    let desk = library();
    let text = desk.run(&["list", "shpo"]).refusal(2);
    assert!(text.contains("there is no scenario 'shpo'") && text.contains("did you mean 'shop'?"), "{text}");
    let text = desk.run(&["list", "--variant", "mutli"]).refusal(2);
    assert!(text.contains("no variant matches 'mutli'") && text.contains("did you mean 'multi'?"), "{text}");
}

#[test]
fn an_empty_folder_is_a_mistake_with_a_cure() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path().join("scenarios")).expect("a folder");
    insta::assert_snapshot!(desk.run(&["list"]).refusal(2), @r"
    error: there are no scenarios in this folder
    --> scenarios
     = help: put a folder with a scenario.toml and a Dockerfile there, or name the folder of an app
    ");
    let text = desk.run(&["list", "--scenarios", "elsewhere"]).refusal(2);
    assert!(text.contains("cannot read the folder of scenarios"), "{text}");
}

#[test]
fn two_scenarios_of_one_name_are_both_shown() {
    let desk = library();
    desk.write("scenarios/other/Dockerfile", SCRATCH);
    desk.write("scenarios/other/scenario.toml", &scenario("shop", ""));
    let text = desk.run(&["list"]).refusal(2);
    assert!(text.contains("a second scenario is named 'shop'"), "{text}");
    assert!(text.contains("scenarios/other/scenario.toml:1:") && text.contains("scenarios/shop/scenario.toml:1:"), "{text}");
}

#[test]
fn all_problems_of_all_files_are_told_at_once() {
    let desk = Desk::new();
    for name in ["aa", "bb", "cc"] {
        desk.write(&format!("scenarios/{name}/Dockerfile"), SCRATCH);
    }
    desk.write("scenarios/aa/scenario.toml", "name = \"aa\nlanguage = 1\n");
    desk.write("scenarios/bb/scenario.toml", &scenario("bb", "\n[smokee]\nport = 80\n"));
    desk.write("scenarios/cc/scenario.toml", &scenario("cc", "targett = \"x\"\n\n[smoke]\nport = 0\npath = \"health\"\n"));
    for command in ["list", "run"] {
        let text = desk.run(&[command]).refusal(2);
        let places = [
            "scenarios/aa/scenario.toml:1:",
            "scenarios/bb/scenario.toml:7:",
            "scenarios/cc/scenario.toml:6:",
            "scenarios/cc/scenario.toml:9:",
            "scenarios/cc/scenario.toml:10:",
        ];
        let missing: Vec<&str> = places.into_iter().filter(|place| !text.contains(place)).collect();
        assert!(missing.is_empty(), "{missing:?} in\n{text}");
        assert!(text.contains("smoke") && text.contains("target"), "{text}");
    }
}

#[test]
fn control_characters_of_a_file_are_shown_and_never_sent() {
    let desk = Desk::new();
    desk.write("scenarios/aa/Dockerfile", SCRATCH);
    desk.write("scenarios/aa/scenario.toml", &scenario("aa", "\n[smoke]\nskip = \"\\u001b[2Jgone\\tand \\u0007\"\n"));
    let text = desk.run(&["list"]).data();
    assert!(text.contains("gone and") && !text.contains(['\x1b', '\x07']), "{text:?}");
    assert_eq!(text.matches('\t').count(), 6, "{text:?}");
    desk.write("scenarios/aa/scenario.toml", &scenario("aa", "\"\\u001b]0;title\\u0007\" = 1\n# \x1b[2J\n"));
    let text = desk.run(&["list"]).refusal(2);
    assert!(!text.contains(['\x1b', '\x07']), "{text:?}");
}
