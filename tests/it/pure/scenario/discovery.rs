//! Which scenarios and variants a command line means.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use loadline::dockerfile::VariantKind;
use loadline::scenario::{Discovered, Problems, discover, select_variants};

use super::{messages, repository, shown, tree};

fn find(folder: &Path, wanted: &[&str]) -> Result<Discovered, Problems> {
    discover(folder, &wanted.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>())
}

fn names(found: &Discovered) -> Vec<&str> {
    found.scenarios.iter().map(|scenario| scenario.name.as_str()).collect()
}

#[test]
fn a_folder_of_scenarios_is_read_in_order_of_name_through_links_and_past_other_folders() {
    let folder = tree("several");
    let found = find(folder.path(), &[]).expect("all are right");
    assert_eq!(names(&found), ["alpha", "linked", "zebra"]);
    assert_snapshot!(shown(&found.warnings, folder.path()));
}

#[test]
fn scenarios_are_found_by_name_whatever_their_folder_is_called() {
    let folder = tree("several");
    assert_eq!(names(&find(folder.path(), &["zebra", "alpha"]).expect("both exist")), ["alpha", "zebra"]);
    assert_eq!(names(&find(folder.path(), &["alpha", "alpha"]).expect("it exists")), ["alpha"]);
}

#[test]
fn an_unknown_name_is_answered_with_those_that_exist() {
    let folder = tree("several");
    let problems = find(folder.path(), &["zerba", "kubernetes"]).expect_err("neither exists");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn a_path_may_be_a_scenario_its_file_or_a_folder_of_them() {
    let folder = tree("several");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let missing = Path::new("no-such-folder");
    assert_eq!(names(&find(missing, &[&path("zebra")]).expect("a folder")), ["zebra"]);
    assert_eq!(names(&find(missing, &[&path("zebra/scenario.toml")]).expect("a file")), ["zebra"]);
    assert_eq!(names(&find(missing, &[&path("zebra/.."), &path("zebra")]).expect("a folder of folders")), ["alpha", "linked", "zebra"]);
    let undescribed = find(missing, &[&path("undescribed")]).expect("a folder with a Dockerfile");
    assert!(!undescribed.scenarios[0].from_file);
}

#[test]
fn a_folder_without_a_scenario_file_is_taken_as_it_is() {
    let folder = tree("no_scenario_file");
    let path = folder.path().join("My App").display().to_string();
    let found = find(Path::new("scenarios"), &[&path]).expect("it has Dockerfiles");
    let scenario = &found.scenarios[0];
    assert_eq!((scenario.name.as_str(), scenario.from_file, scenario.smoke.check()), ("my-app", false, None));
    let variants: Vec<_> = scenario.variants.iter().map(|variant| (variant.name.as_str(), variant.kind)).collect();
    assert_eq!(variants, [("default", VariantKind::SingleStage), ("small-image", VariantKind::MultiStage)]);
    assert_snapshot!(shown(&found.warnings, folder.path()));
}

#[test]
fn the_file_that_is_proposed_for_a_folder_without_one_is_right() {
    let folder = tree("no_scenario_file");
    let app = folder.path().join("My App");
    let found = find(Path::new("scenarios"), &[&app.display().to_string()]).expect("it has Dockerfiles");
    let cure = &found.warnings.0.last().expect("a warning").cure;
    let (_, file) = cure.split_once('\n').expect("a first line of words");
    fs::write(app.join("scenario.toml"), file).expect("written");
    let described = find(Path::new("scenarios"), &[&app.display().to_string()]).expect("the proposed file is right");
    assert!(described.warnings.is_empty() && described.scenarios[0].from_file);
    assert_eq!(described.scenarios[0].variants, found.scenarios[0].variants);
}

#[test]
fn two_dockerfiles_for_one_variant_are_refused() {
    let folder = tree("no_scenario_file_clash");
    let problems = find(Path::new("scenarios"), &[&folder.path().display().to_string()]).expect_err("both are 'default'");
    assert_eq!(messages(&problems)[0], "a second Dockerfile would be the variant 'default'");
}

#[test]
fn the_problems_of_two_files_are_reported_at_once() {
    let folder = tree("two_broken_files");
    let problems = find(folder.path(), &[]).expect_err("both are wrong");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn a_broken_file_that_nobody_wants_is_not_judged() {
    let folder = tree("two_broken_files");
    fs::write(folder.path().join("second/Dockerfile"), "FROM scratch\nCOPY a /a\n").expect("written");
    assert_eq!(names(&find(folder.path(), &["second"]).expect("the second is right")), ["second"]);
    assert!(find(folder.path(), &["first"]).is_err());
}

#[test]
fn two_scenarios_of_one_name_are_both_shown() {
    let folder = tree("same_name_twice");
    let problems = find(folder.path(), &[]).expect_err("one name is taken twice");
    assert_snapshot!(shown(&problems, folder.path()));
    assert_eq!(find(folder.path(), &["twin"]).expect_err("the name is ambiguous"), problems);
}

#[test]
fn folders_with_nothing_in_them_are_named_with_the_cure() {
    let folder = tree("nothing");
    let problems = find(folder.path(), &[]).expect_err("it is empty");
    assert_snapshot!(shown(&problems, folder.path()));
    let problems = find(&folder.path().join("gone"), &["app", "./gone"]).expect_err("there is no such folder");
    assert_snapshot!(shown(&problems, folder.path()));
}

#[test]
fn a_scenario_without_a_smoke_check_is_a_warning_unless_it_says_why() {
    let folder = tree("smoke_skipped");
    let found = find(folder.path(), &[]).expect("both can run");
    assert_eq!(names(&found), ["unsaid", "waived"]);
    assert_snapshot!(shown(&found.warnings, folder.path()));
}

#[test]
fn patterns_choose_variants() {
    let all = find(&repository().join("scenarios"), &["go-api"]).expect("the scenario is right");
    for (patterns, wanted) in [
        (vec![], vec!["single", "multi", "alpine", "distroless"]),
        (vec!["multi"], vec!["multi"]),
        (vec!["go-api/s*"], vec!["single"]),
        (vec!["*/single", "m????"], vec!["single", "multi"]),
    ] {
        let mut chosen = all.clone();
        let patterns: Vec<String> = patterns.into_iter().map(str::to_owned).collect();
        select_variants(&mut chosen, &patterns).expect("each pattern means a variant");
        let left: Vec<_> = chosen.scenarios[0].variants.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!(left, wanted, "{patterns:?}");
    }
}

#[test]
fn scenarios_without_a_chosen_variant_are_left_out() {
    let folder = tree("several");
    let mut found = find(folder.path(), &[]).expect("all are right");
    select_variants(&mut found, &["zebra/*".to_owned()]).expect("there is one");
    assert_eq!(names(&found), ["zebra"]);
}

#[test]
fn a_pattern_that_means_nothing_is_answered_with_the_variants() {
    let mut found = find(&repository().join("scenarios"), &["go-api"]).expect("the scenario is right");
    let before = found.clone();
    let patterns = ["multi", "mutli", "go-api/tiny*", "a/b/c"].map(str::to_owned);
    let problems = select_variants(&mut found, &patterns).expect_err("three mean nothing");
    assert_eq!(found, before, "nothing was taken away");
    assert_snapshot!(problems.render(false));
}
