//! The bench that repeats a published run: what it asks for, how it judges, and what it prints.

use loadline::judge::{Outcome, Reproduction, Subject, Verdict, reproduce};
use loadline::measure::Measure;
use loadline::record::Record;
use loadline::report::{broadest, reproduction};

use crate::support::fleet::{five_apps, go_api_complete, ten_apps};
use crate::support::records::{change, go_api};

#[path = "../../../benches/reproduce/request.rs"]
mod request;

use request::{Part, Request, code};

fn parsed(arguments: &[&str]) -> Result<Request, String> {
    Request::parse(arguments.iter().map(|a| (*a).to_owned()))
}

fn outcome<'a>(reproduction: &'a Reproduction, variant: &str, measure: Measure) -> &'a Outcome {
    let of = |o: &&Outcome| {
        o.finding.subject == Subject::Variant(variant.to_owned()) && o.finding.measure == measure && o.finding.phase.is_none()
    };
    reproduction.outcomes.iter().find(of).expect("the figure")
}

fn ratio(reproduction: &Reproduction, measure: Measure) -> &Outcome {
    let of = |o: &&Outcome| matches!(&o.finding.subject, Subject::Ratio { to, .. } if to == "multi") && o.finding.measure == measure;
    reproduction.outcomes.iter().find(of).expect("the ratio")
}

/// Gives the layer of each trial of `variant` a content of its own.
fn with_moving_layers(mut record: Record, variant: &str) -> Record {
    for outcome in record.trials.iter_mut().filter(|o| o.trial.variant == variant) {
        let iteration = outcome.trial.iteration;
        if let Some(layer) = outcome.weighing.iter_mut().flat_map(|w| &mut w.layers).next() {
            layer.diff_id = format!("sha256:{}", format!("{iteration:02}").repeat(32));
            layer.created_by = Some("RUN /bin/sh -c go build ./... # buildkit".to_owned());
        }
    }
    record
}

#[test]
fn cargo_bench_measures_and_cargo_test_does_not() {
    assert_eq!(parsed(&["--bench"]), Ok(Request { measure: true, ..Request::default() }));
    assert_eq!(parsed(&[]), Ok(Request::default()));
    let narrow = parsed(&["go-api", "--quick", "--bench"]).expect("a request");
    assert!(narrow.quick && narrow.measure && narrow.scenarios == ["go-api"]);
    assert!(parsed(&["--fast"]).expect_err("no such option").contains("--fast"));
    assert!(parsed(&["--engine-root"]).expect_err("no folder").contains("names no folder"));
}

#[test]
fn a_run_of_another_engine_is_repeated_with_the_root_that_is_named() {
    let request = parsed(&["go-api", "--engine-root", "/engines/forky"]).expect("a request");
    let baseline = request.of(&five_apps()).expect("it is published");
    assert!(request.arguments(&baseline, None).contains(&"--engine-root=/engines/forky".to_owned()));
}

#[test]
fn a_scenario_that_is_not_published_is_named_beside_those_that_are() {
    let refusal = parsed(&["rust-api"]).expect("a request").of(&five_apps()).expect_err("it is not there");
    assert_eq!(refusal, "the published run has no scenario rust-api; it has go-api, java-api, node-api, python-api, react-spa");
}

#[test]
fn one_scenario_of_many_is_repeated_as_it_was_measured() {
    let request = parsed(&["node-api"]).expect("a request");
    let baseline = request.of(&five_apps()).expect("it is published");
    assert!(baseline.trials.iter().all(|o| o.trial.scenario == "node-api") && baseline.trials.len() == 6);
    let arguments = request.arguments(&baseline, None).join(" ");
    assert_eq!(
        arguments,
        "run --no-config node-api --variant=node-api/single --variant=node-api/multi --builds=cold --trials=3 --starts=0 --engine=private --bases=stand-in --no-pull"
    );
    let all = Request { part: Part::All, ..request.clone() };
    let baseline = all.of(&five_apps()).expect("it is published");
    assert_eq!(baseline.trials.len(), 9);
    let arguments = all.arguments(&baseline, None).join(" ");
    assert!(arguments.contains("--variant=node-api/alpine") && !arguments.contains("--no-pull"), "{arguments}");
    let mut over_a_link = baseline.clone();
    over_a_link.run.settings.link = Some("20mbit,30ms".to_owned());
    assert!(request.arguments(&over_a_link, None).contains(&"--link=20mbit,30ms".to_owned()), "times over another link say nothing");
    let mut with_another_store = baseline.clone();
    with_another_store.run.settings.store = Some("containerd".to_owned());
    assert!(request.arguments(&with_another_store, None).contains(&"--store=containerd".to_owned()), "nor do those with another store");
    let quick = Request { quick: true, ..request.clone() };
    assert!(quick.arguments(&baseline, None).contains(&"--trials=1".to_owned()));
    assert!(quick.arguments(&baseline, Some("7".to_owned())).contains(&"--trials=7".to_owned()), "what is said outright wins");
}

#[test]
fn the_code_says_the_worst_that_happened() {
    assert_eq!([code(0, true, false), code(0, true, true), code(0, false, false), code(3, true, true)], [0, 1, 5, 3]);
}

#[test]
fn bytes_of_layers_that_are_always_the_same_are_held_to_the_last_one() {
    let mut later = go_api_complete();
    change(&mut later, "single", Measure::TransferSize, |v| v + 1.0);
    let outcome = outcome(&reproduce(&go_api_complete(), &later), "single", Measure::TransferSize).clone();
    assert!(matches!(outcome.finding.verdict, Verdict::Drifted { .. }), "{outcome:?}");
}

#[test]
fn bytes_of_layers_that_hold_times_may_move_a_little_and_the_reason_is_told() {
    let baseline = with_moving_layers(go_api_complete(), "single");
    let moved = |by: f64| {
        let mut later = baseline.clone();
        change(&mut later, "single", Measure::TransferSize, |v| v + by);
        outcome(&reproduce(&baseline, &later), "single", Measure::TransferSize).clone()
    };
    let little = moved(300_000.0);
    assert_eq!(little.finding.verdict, Verdict::Reproduced);
    let remark = little.remark.expect("the allowance is told");
    assert_eq!(remark, "within 0.1 %: the layers of RUN go build ./... differ from build to build, as files carry times");
    let much = moved(400_000.0);
    assert!(matches!(much.finding.verdict, Verdict::Drifted { .. }) && much.remark.is_some_and(|r| r.starts_with("more than 0.1 %")));
}

#[test]
fn ratios_of_times_that_agree_count_on_any_host_and_others_only_on_the_same() {
    let baseline = go_api_complete();
    let mut elsewhere = go_api_complete();
    elsewhere.run.conditions.host = "another".to_owned();
    for outcome in &mut elsewhere.trials {
        outcome.observations.iter_mut().filter(|o| o.measure == Measure::BuildTime).for_each(|o| o.value /= 4.0);
    }
    let agreed = reproduce(&baseline, &elsewhere);
    assert_eq!(ratio(&agreed, Measure::BuildTime).finding.verdict, Verdict::Reproduced);
    assert!(matches!(outcome(&agreed, "multi", Measure::BuildTime).finding.verdict, Verdict::NotComparable { .. }));

    change(&mut elsewhere, "multi", Measure::PushTime, |v| v * 3.0);
    let verdict = ratio(&reproduce(&baseline, &elsewhere), Measure::PushTime).finding.verdict.clone();
    assert_eq!(verdict, Verdict::NotComparable { condition: "times are not comparable across hosts".to_owned() });
    elsewhere.run.conditions.host = baseline.run.conditions.host.clone();
    let verdict = ratio(&reproduce(&baseline, &elsewhere), Measure::PushTime).finding.verdict.clone();
    assert!(matches!(verdict, Verdict::Drifted { change } if change < -0.6), "{verdict:?}");
}

#[test]
fn a_ratio_of_times_is_not_judged_where_a_condition_differs_or_trials_are_few() {
    let mut later = go_api_complete();
    later.run.conditions.engine_version = "28.0".to_owned();
    let verdict = ratio(&reproduce(&go_api_complete(), &later), Measure::PullTime).finding.verdict.clone();
    assert!(matches!(&verdict, Verdict::NotComparable { condition } if condition.contains("engine version")), "{verdict:?}");
    let mut quick = go_api_complete();
    quick.trials.retain(|o| o.trial.iteration == 1);
    let verdict = ratio(&reproduce(&go_api_complete(), &quick), Measure::PullTime).finding.verdict.clone();
    assert!(matches!(&verdict, Verdict::NotComparable { condition } if condition.contains("needs 3 values")), "{verdict:?}");
}

#[test]
fn the_run_that_measured_most_scenarios_is_the_one_to_repeat_and_of_equals_the_latest() {
    let mut newer = five_apps();
    newer.run.started = "2027-01-01T00:00:00Z".parse().expect("a time");
    let mut narrow = go_api();
    narrow.run.started = "2028-01-01T00:00:00Z".parse().expect("a time");
    let runs = [("first", five_apps()), ("newer", newer), ("narrow", narrow)];
    assert_eq!(broadest(&runs).map(|(name, _)| *name), Some("newer"));
    assert!(broadest::<&str>(&[]).is_none());
}

#[test]
fn a_repeated_run_as_text() {
    let baseline = with_moving_layers(five_apps(), "single");
    let mut later = baseline.clone();
    "2026-12-24-1".clone_into(&mut later.run.run_id);
    later.run.conditions.host = "another".to_owned();
    change(&mut later, "alpine", Measure::UncompressedSize, |v| v + 51_200_000.0);
    change(&mut later, "single", Measure::TransferSize, |v| v + 4_096.0);
    let text = reproduction(&reproduce(&baseline, &later), 120);
    assert!(text.lines().filter(|l| l.starts_with(['│', '┌'])).all(|l| l.chars().count() <= 120), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn thirty_variants_are_told_in_tables_that_fit() {
    let text = reproduction(&reproduce(&ten_apps(), &ten_apps()), 120);
    assert!(text.lines().filter(|l| l.starts_with(['│', '┌'])).all(|l| l.chars().count() <= 120), "{text}");
    assert_eq!(text.lines().filter(|l| l.contains(" reproduced ") && l.contains("/0/")).count(), 10, "{text}");
}
