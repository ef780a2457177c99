//! `compare`: two records through the program, and its exit codes.

use loadline::record::{Record, Status, Store};

use super::Desk;
use crate::pure::compare::nine;
use crate::support::records::failed;

fn write(record: &Record, desk: &Desk, folder: &str) {
    let mut store = Store::create(&desk.path().join(folder)).expect("the folder is new");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    store.finish(&record.run).expect("run.json is written");
}

/// A baseline in `before`, a slower and bigger run in `after`.
fn desk() -> Desk {
    let desk = Desk::new();
    write(&nine("a", 1.0, 0), &desk, "before");
    write(&nine("b", 1.1, 4_096), &desk, "after");
    desk
}

#[test]
fn every_format_of_a_comparison_is_printed() {
    let desk = desk();
    let printed = |format| desk.run(&["compare", "before", "after", "--format", format]).data();
    let text = printed("terminal");
    assert_eq!(text, desk.run(&["compare", "before", "after"]).data(), "it is the default");
    assert_eq!(text, printed("text"), "and has another name");
    assert!(text.contains("+4096 B") && text.contains("regressed") && text.contains("/app/server"), "{text}");
    assert!(printed("markdown").starts_with("### Run b beside baseline a"));
    assert!(printed("csv").starts_with("baseline,run,scenario,"));
    let json: serde_json::Value = serde_json::from_str(&printed("json")).expect("JSON");
    assert_eq!((json["baseline"].as_str(), json["totals"]["improved"].as_u64()), (Some("a"), Some(0)), "{json}");
}

#[test]
fn a_regression_fails_where_that_was_asked_for() {
    let desk = desk();
    let code = |arguments: &[&str]| desk.run(&[&["compare"], arguments].concat()).code;
    assert_eq!(code(&["before", "after"]), Some(0));
    assert_eq!(code(&["before", "after", "--fail-on-regression"]), Some(1));
    let told = desk.run(&["compare", "before", "after", "--fail-on-regression", "--format", "json"]).err;
    assert!(told.starts_with("error: ") && told.contains("regressed; undo what made it") && told.lines().count() == 1, "{told}");
    assert_eq!(code(&["after", "before", "--fail-on-regression"]), Some(0), "less is no regression");
    assert_eq!(code(&["before", "after", "--fail-on-regression", "--measure", "layer-count"]), Some(0));
    assert_eq!(code(&["before", "after", "--fail-on-regression", "--measure", "build-time", "--noise", "20%"]), Some(0));
}

#[test]
fn a_variant_that_broke_is_no_pass() {
    let desk = desk();
    let mut broken = nine("c", 1.0, 0);
    broken.trials.retain(|o| o.trial.variant != "multi");
    broken.trials.push(failed("go-api", "multi", Status::BuildFailed { reason: "no such file".to_owned() }));
    write(&broken, &desk, "broken");
    assert_eq!(desk.run(&["compare", "before", "broken"]).code, Some(0));
    let ran = desk.run(&["compare", "before", "broken", "--fail-on-regression"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.starts_with("error: the run lacks ") && ran.err.contains("of the baseline; measure again what broke"), "{}", ran.err);
}

#[test]
fn a_trial_that_failed_is_warned_of_and_no_pass() {
    let desk = desk();
    let mut short = nine("c", 1.0, 0);
    let at = short.trials.iter().position(|o| o.trial.variant == "multi").expect("a trial");
    short.trials[at] = failed("go-api", "multi", Status::SmokeFailed { reason: "status 500".to_owned() });
    write(&short, &desk, "short");
    assert!(desk.run(&["compare", "before", "short"]).data().contains("warning: this run lacks trials of go-api/multi: smoke-failed"));
    assert_eq!(desk.run(&["compare", "before", "short", "--fail-on-regression"]).code, Some(3));
    assert_eq!(desk.run(&["compare", "short", "before", "--fail-on-regression"]).code, Some(0), "the run itself is whole");
}

#[test]
fn a_run_is_not_compared_with_itself_and_two_of_one_name_are_told_apart() {
    let desk = desk();
    assert!(desk.run(&["compare", "before", "./before"]).refusal(2).contains("are the same run"));
    write(&nine("a", 1.0, 0), &desk, "copy");
    assert!(desk.run(&["compare", "before", "copy"]).refusal(2).contains("name another run"), "a copy is the same");
    write(&nine("a", 1.1, 0), &desk, "namesake");
    let ran = desk.run(&["compare", "before", "namesake"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("note: both runs are called a: the baseline is in before, the run in namesake"), "{ran:?}");
}

#[test]
fn runs_without_one_comparable_figure_are_told_so() {
    let desk = desk();
    let mut other = nine("d", 1.0, 0);
    other.run.conditions.host = "another".to_owned();
    write(&other, &desk, "elsewhere");
    let ran = desk.run(&["compare", "before", "elsewhere", "--measure", "build-time"]);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.err.contains("times are not comparable across hosts") && ran.out.contains("Not comparable:"), "{ran:?}");
    assert!(desk.run(&["compare", "before", "nowhere"]).refusal(5).contains("run.json"));
}

#[test]
fn two_variants_of_one_run_are_named_with_their_scenario() {
    let desk = desk();
    let text = desk.run(&["compare", "before", "--between", "go-api/single", "go-api/multi"]).data();
    assert!(text.starts_with("Variant multi beside single of go-api in run a"), "{text}");
    let refused = |arguments: &[&str]| desk.run(&[&["compare"], arguments].concat()).refusal(2);
    assert!(refused(&["before", "--between", "go-api/single", "multi"]).contains("go-api/multi"), "those that there are are named");
    assert!(refused(&["before", "--between", "go-api/multi", "go-api/multi"]).contains("the same variant"));
    assert!(refused(&["before"]).contains("RUN"));
    assert!(refused(&["before", "after", "--between", "go-api/single", "go-api/multi"]).contains("--between"));
    assert!(refused(&["before", "after", "--measure", "size"]).contains("transfer-size"));
}
