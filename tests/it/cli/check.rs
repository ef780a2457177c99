//! `check`: its exit codes, what it prints, and limits that are lowered.

use std::fs;

use loadline::budget::Budget;
use loadline::measure::Measure;
use loadline::record::{Record, Store};
use loadline::scenario::read_budgets;

use super::host_run::{failing, run as run_on_an_engine};
use super::{Desk, scenario};
use crate::support::records::{change, go_api};

const HEAD: &str = "name = \"go-api\"\nlanguage = \"go\"\n\n[variants.single]\n\n[variants.multi]\n\n[smoke]\nport = 8080\n\n";

const SIZE: &str = "# What a node can hold.\n[budgets.size]\nmeasure = \"transfer-size\"\nvariants = [\"multi\"]\nmax = \"25 MB\" # for now\nreason = \"nodes are small\"\n";

/// Three trials of the two variants that work.
pub(super) fn record() -> Record {
    let mut record = go_api();
    record.run.plan.truncate(2);
    record.trials.retain(|outcome| outcome.status.has_numbers());
    record
}

pub(super) fn write(desk: &Desk, folder: &str, record: &Record) {
    let mut store = Store::create(&desk.path().join(folder)).expect("the folder is new");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    store.finish(&record.run).expect("run.json is written");
}

/// A desk with a scenario that has these budgets, and the record of a run that was measured with them.
fn desk(budgets: &str, record: Record) -> Desk {
    let desk = Desk::new();
    desk.write("scenarios/go-api/scenario.toml", &format!("{HEAD}{budgets}"));
    let mut record = record;
    record.run.budgets = budgets_of(&desk);
    write(&desk, "run", &record);
    desk
}

/// The budgets of the desk's scenario, named as someone at the desk names it.
fn budgets_of(desk: &Desk) -> Vec<Budget> {
    let mut budgets = read_budgets(&[desk.path().join("scenarios")]).expect("they are right");
    for place in budgets.iter_mut().filter_map(|budget| budget.place.as_mut()) {
        place.file = "scenarios/go-api/scenario.toml".into();
    }
    budgets
}

fn file(desk: &Desk) -> String {
    fs::read_to_string(desk.path().join("scenarios/go-api/scenario.toml")).expect("it is there")
}

#[test]
fn a_run_within_its_limits_exits_0_with_a_line_each() {
    let desk = desk(SIZE, record());
    insta::assert_snapshot!(desk.run(&["check", "run"]).data(), @r#"
    pass           go-api/multi transfer-size (size, max "25 MB"): 6.8 MB of 25.0 MB
    no limit       go-api/single: no budget speaks of it
    verdict: passed (2026-11-30-1; 1 limit: 1 pass; the run's own budgets)
    "#);
    let json: serde_json::Value = serde_json::from_str(&desk.run(&["check", "run", "--format", "json"]).data()).expect("JSON");
    assert_eq!((json["verdict"].as_str(), json["checks"][0]["actual"].as_f64()), (Some("passed"), Some(6_812_345.0)));
}

#[test]
fn a_limit_that_does_not_hold_exits_1_and_is_told_first() {
    let desk = desk(&format!("[budgets.layers]\nmax-layers = 12\n{}", SIZE.replace("25 MB", "6.8 MB")), record());
    let ran = desk.run(&["check", "run"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.err, "error: the run is above 1 limit; make smaller what grew, or raise the limit where it is written\n");
    insta::assert_snapshot!(ran.out, @r#"
    fail           go-api/multi transfer-size: 6.8 MB (6812345 B), and 6.8 MB (6800000 B) are allowed: 12.3 kB too much (+0.2 %)
                   limit: max "6.8 MB" of budget size, scenarios/go-api/scenario.toml:14
                   reason: nodes are small
    pass           go-api/single layer-count (layers, max "12"): 9 of 12
    pass           go-api/multi layer-count (layers, max "12"): 3 of 12
    verdict: failed (2026-11-30-1; 3 limits: 2 pass, 1 fail; the run's own budgets)
    "#);
}

#[test]
fn the_budgets_of_the_base_branch_go_before_those_of_the_run() {
    let desk = desk(SIZE, record());
    desk.write("base.toml", &format!("{HEAD}{}", SIZE.replace("25 MB", "5 MB")));
    let ran = desk.run(&["check", "run", "--budgets", "base.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = "loosened       go-api/size: max \"5 MB\" is max \"25 MB\" in the run's own budgets, scenarios/go-api/scenario.toml:12\n";
    assert!(ran.out.contains(told) && ran.out.contains("the budgets of base.toml)"), "{}", ran.out);
    desk.write("none.toml", HEAD);
    assert!(desk.run(&["check", "run", "--budgets", "none.toml"]).refusal(2).contains("the files of --budgets have no budgets"));
}

#[test]
fn a_scenario_that_no_file_of_budgets_knows_is_held_to_its_own() {
    let desk = desk(&SIZE.replace("25 MB", "5 MB"), record());
    desk.write("other.toml", &format!("{}{SIZE}", HEAD.replace("go-api", "java-api")));
    let ran = desk.run(&["check", "run", "--budgets", "other.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("fail           go-api/multi transfer-size"), "{}", ran.out);
    assert!(ran.out.contains("; the budgets of other.toml, and the run's own of go-api)"), "{}", ran.out);
    desk.write("none.toml", &HEAD.replace("go-api", "java-api"));
    let mut before = record();
    "2026-11-29-1".clone_into(&mut before.run.run_id);
    change(&mut before, "multi", Measure::UncompressedSize, |bytes| bytes - 200_000.0);
    write(&desk, "before", &before);
    let ran = desk.run(&["check", "run", "--budgets", "none.toml", "--baseline", "before"]);
    assert!(ran.out.contains("fail           go-api/multi transfer-size"), "{}", ran.out);
    assert!(ran.out.contains("fail           go-api/multi uncompressed-size"), "they take the place of no other limit: {}", ran.out);
}

#[test]
fn a_budget_that_files_took_the_place_of_is_named() {
    let own = desk(&SIZE.replace("25 MB", "5 MB"), record());
    own.write("base.toml", &format!("{HEAD}[budgets.layers]\nmax-layers = 12\n"));
    let ran = own.run(&["check", "run", "--budgets", "base.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("\nnot held       go-api/size: ") && ran.out.contains("scenarios/go-api/scenario.toml:12\n"), "{}", ran.out);
    own.write("none.toml", HEAD);
    let text = own.run(&["check", "run", "--budgets", "none.toml"]).refusal(2);
    assert!(text.contains("the run's own (1) are of scenarios that these files know"), "{text}");
    let mut before = record();
    "2026-11-29-1".clone_into(&mut before.run.run_id);
    write(&own, "before", &before);
    let ran = own.run(&["check", "run", "--budgets", "none.toml", "--baseline", "before"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("not held       go-api/size") && ran.out.contains("as the files of --budgets have no budgets; baseline"),
        "{ran:?}"
    );
}

#[test]
fn a_baseline_without_budgets_lets_d3_grow_by_one_per_cent() {
    let desk = desk("", record());
    let mut grown = record();
    change(&mut grown, "multi", Measure::UncompressedSize, |bytes| bytes + 200_000.0);
    write(&desk, "grown", &grown);
    let ran = desk.run(&["check", "grown", "--baseline", "run"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("fail           go-api/multi uncompressed-size: ") && ran.out.contains("baseline: 12.1 MB"), "{}", ran.out);
    let mut later = record();
    "2026-12-01-1".clone_into(&mut later.run.run_id);
    write(&desk, "later", &later);
    assert_eq!(desk.run(&["check", "later", "--baseline", "run"]).code, Some(0));
    assert!(desk.run(&["check", "run", "--baseline", "run"]).refusal(2).contains("are the same run"), "it proves nothing");
}

#[test]
fn a_run_that_nothing_can_be_held_to_exits_2_with_the_cure() {
    let bare = desk("", record());
    let text = bare.run(&["check", "run"]).refusal(2);
    assert!(text.contains("the run was measured without budgets") && text.contains("--budgets") && text.contains("--baseline"), "{text}");
    let skipped = desk(&SIZE.replace("max = \"25 MB\"", "max-increase = \"1 %\""), record());
    let ran = skipped.run(&["check", "run"]);
    assert_eq!(ran.code, Some(2), "nothing was judged: {ran:?}");
    assert!(ran.out.contains("name one with --baseline RUN") && ran.err.contains("no limit was judged"), "{ran:?}");
    bare.write("wrong.toml", &format!("{HEAD}[budgets.size]\nmeasure = \"transfer-size\"\nmax = \"25\"\n[budgets.x1]\n"));
    let text = bare.run(&["check", "run", "--budgets", "wrong.toml"]).refusal(2);
    assert!(text.contains("'25' has no unit") && text.contains("'budgets.x1' lacks the key 'measure'"), "all at once: {text}");
}

#[test]
fn a_figure_that_is_missing_exits_3_even_beside_a_failure() {
    let budget = |name: &str, variant: &str, max: &str| {
        format!("[budgets.{name}]\nmeasure = \"transfer-size\"\nvariants = [\"{variant}\"]\nmax = \"{max}\"\n")
    };
    let budgets = [budget("too-big", "single", "1 MB"), budget("unbuilt", "broken", "1 GB")].concat();
    let desk = Desk::new();
    desk.write("scenarios/go-api/scenario.toml", &format!("{HEAD}[variants.broken]\n{budgets}"));
    let mut record = go_api();
    record.run.budgets = budgets_of(&desk);
    write(&desk, "run", &record);
    let ran = desk.run(&["check", "run"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.err, "error: no answer for 1 limit; measure again what has none, for the reason beside each\n");
    assert!(
        ran.out.starts_with("fail ")
            && ran.out.contains("\nunmeasured     go-api/broken transfer-size: no figure: cold trial 1 is build-failed"),
        "{}",
        ran.out
    );
}

#[test]
fn records_that_cannot_be_read_or_compared_exit_5() {
    let desk = desk("", record());
    assert!(desk.run(&["check", "nowhere"]).refusal(5).contains("run.json"));
    assert!(desk.run(&["check", "run", "--baseline", "nowhere"]).refusal(5).contains("run.json"));
    let mut other = record();
    other.run.conditions.platform = "linux/arm64".to_owned();
    write(&desk, "other", &other);
    let ran = desk.run(&["check", "run", "--baseline", "other"]);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.out.contains("the platform differs") && ran.out.contains("verdict: not comparable"), "{}", ran.out);
    assert!(ran.err.ends_with("measure one under the conditions of this run\n"), "{}", ran.err);
}

#[test]
fn a_time_that_noise_hides_exits_0_with_a_warning_and_1_where_that_is_asked_for() {
    let desk = desk("[budgets.build]\nmeasure = \"build-time\"\nmax = \"1 min\"\n", record());
    let ran = desk.run(&["check", "run"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("undecided ") && ran.err.contains("--strict"), "three values are too few: {ran:?}");
    assert!(ran.out.contains("too few trials or noise") && ran.err.contains("--trials"), "{ran:?}");
    assert_eq!(desk.run(&["check", "run", "--strict"]).code, Some(1));
}

#[test]
fn limits_are_lowered_in_the_file_and_all_else_in_it_stays() {
    let desk = desk(&format!("{SIZE}\n[budgets.layers]\nmax-layers   = 12   # few\n"), record());
    let before = file(&desk);
    let ran = desk.run(&["check", "run", "--tighten"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    insta::assert_snapshot!(ran.err, @r#"
    lowered:
    scenarios/go-api/scenario.toml:15
    - max = "25 MB" # for now
    + max = "6.89 MB" # for now
    scenarios/go-api/scenario.toml:19
    - max-layers = 12 # few
    + max-layers = 9 # few
    "#);
    assert_eq!(file(&desk), before.replace("\"25 MB\"", "\"6.89 MB\"").replace("= 12 ", "= 9 "));
    let again = desk.run(&["check", "run", "--tighten", "--budgets", "scenarios"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.err.contains("no limit leaves more than 1 % of room"), "{}", again.err);
}

#[test]
fn a_limit_that_is_written_over_several_lines_is_shown_as_it_was_and_as_it_is() {
    let over_lines = SIZE.replace("max = \"25 MB\" # for now", "max = \"\"\"\\\n  25 \\\n  MB\"\"\" # for now");
    let last = "[budgets.layers]\nmax-layers = 12\n";
    let desk = desk(&format!("{over_lines}{last}"), record());
    let ran = desk.run(&["check", "run", "--tighten"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    insta::assert_snapshot!(ran.err, @r#"
    lowered:
    scenarios/go-api/scenario.toml:15
    - max = """\
    - 25 \
    - MB""" # for now
    + max = "6.89 MB" # for now
    scenarios/go-api/scenario.toml:20
    - max-layers = 12
    + max-layers = 9
    "#);
}

#[test]
fn limits_of_one_line_are_shown_together() {
    let line = "budgets = { layers = { max-layers = 12 }, files = { measure = \"uncompressed-size\", variants = [\"multi\"], max = \"25 MB\" } }\n";
    let desk = Desk::new();
    let head = HEAD.replacen("\n\n", &format!("\n{line}\n"), 1);
    desk.write("scenarios/go-api/scenario.toml", &head);
    let mut record = record();
    record.run.budgets = budgets_of(&desk);
    write(&desk, "run", &record);
    let ran = desk.run(&["check", "run", "--tighten"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lower = line.replace("max-layers = 12", "max-layers = 9").replace("\"25 MB\"", "\"12.3 MB\"");
    let told = format!("lowered:\nscenarios/go-api/scenario.toml:3\n- {line}+ {lower}");
    assert_eq!(ran.err, told);
    assert_eq!(file(&desk), head.replace(line, &lower));
}

#[test]
fn a_time_that_cannot_be_told_keeps_no_other_limit_from_being_lowered() {
    let desk = desk(&format!("{SIZE}\n[budgets.build]\nmeasure = \"build-time\"\nmax = \"1 min\"\n"), record());
    let ran = desk.run(&["check", "run", "--tighten"]);
    assert_eq!(ran.code, Some(0), "three values are too few for the time: {ran:?}");
    assert!(file(&desk).contains("max = \"6.89 MB\"") && file(&desk).contains("max = \"1 min\""), "{}", file(&desk));
    let mut later = record();
    "2026-12-01-1".clone_into(&mut later.run.run_id);
    later.run.budgets.clear();
    write(&desk, "later", &later);
    let ran = desk.run(&["check", "later", "--baseline", "run", "--tighten"]);
    assert!(ran.err.contains("there are no budgets whose limits could be lowered"), "{ran:?}");
}

#[test]
fn limits_of_a_file_that_changed_or_of_a_run_that_fails_are_left_alone() {
    let changed = desk(SIZE, record());
    changed.write("scenarios/go-api/scenario.toml", &format!("{HEAD}{}", SIZE.replace("25 MB", "24 MB")));
    let before = file(&changed);
    let ran = changed.run(&["check", "run", "--tighten"]);
    assert_eq!((ran.code, file(&changed)), (Some(2), before), "{ran:?}");
    assert!(ran.err.contains("the budget 'size' is not as it was judged"), "{}", ran.err);
    let failing = desk(&format!("[budgets.layers]\nmax-layers = 4\n{SIZE}"), record());
    let before = file(&failing);
    let ran = failing.run(&["check", "run", "--tighten"]);
    assert_eq!((ran.code, file(&failing)), (Some(1), before), "{ran:?}");
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_the_budgets_of_its_scenarios_and_why_they_have_no_smoke_check() {
    let desk = Desk::new();
    desk.write("scenarios/tiny/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    let rest = "\n[smoke]\nskip = \"it has no server\"\n\n[budgets.size]\nmeasure = \"uncompressed-size\"\nmax = \"1 MB\"\n";
    desk.write("scenarios/tiny/scenario.toml", &scenario("tiny", rest));
    let ran = run_on_an_engine(&desk, failing(), &[]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let run = Record::read(&desk.path().join("run")).expect("a record").run;
    assert_eq!(
        run.budgets,
        read_budgets(&["scenarios".into()].map(|path: std::path::PathBuf| desk.path().join(path))).map(relative).expect("right")
    );
    assert_eq!(run.smoke_skipped.get("tiny").map(String::as_str), Some("it has no server"));
    let held = desk.run(&["check", "run"]);
    assert_eq!(held.code, Some(3), "it was not built: {held:?}");
    assert!(held.out.contains("tiny/small uncompressed-size: no figure: cold trial 1 is build-failed"), "{}", held.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_what_proves_its_scenarios_and_nothing_of_what_is_sent() {
    let desk = Desk::new();
    desk.write("scenarios/tiny/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    let smoke = "\n[smoke]\nport = 8080\npath = \"/health\"\ntext = \"hidden\"\n\n[smoke.env]\nTOKEN = \"hidden\"\n";
    desk.write("scenarios/tiny/scenario.toml", &scenario("tiny", smoke));
    run_on_an_engine(&desk, failing(), &[]).await;
    let run = Record::read(&desk.path().join("run")).expect("a record").run;
    assert_eq!(run.smoke_checks.expect("it says so")["tiny"].requests, ["GET /health: 200 with a text"]);
    assert!(!std::fs::read_to_string(desk.path().join("run/run.json")).expect("it is there").contains("hidden"));
}

fn relative(mut budgets: Vec<Budget>) -> Vec<Budget> {
    for place in budgets.iter_mut().filter_map(|budget| budget.place.as_mut()) {
        place.file = "scenarios/tiny/scenario.toml".into();
    }
    budgets
}
