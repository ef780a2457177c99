//! When a run has enough: the precision of what was observed, and what a record says of a run that a rule ended.

use loadline::judge::completeness;
use loadline::measure::Measure;
use loadline::record::{BlocksLeft, Record, RunState, Shard, Status, StopRule, Stopped, TrialOutcome, merge};
use loadline::report::{ReportData, markdown, observations_csv, terminal};
use loadline::run::precise;
use proptest::prelude::*;

use crate::support::records::{SMALL, failed, go_api, measured};

/// Trials of one variant with these build times, seconds; push and pull take the same time in each.
fn built(variant: &str, times: &[f64]) -> Vec<TrialOutcome> {
    let trial = |(iteration, build): (u32, &f64)| {
        let mut outcome = measured("go-api", variant, iteration, SMALL);
        set(&mut outcome, Measure::BuildTime, *build);
        outcome
    };
    (1..).zip(times).map(trial).collect()
}

fn set(outcome: &mut TrialOutcome, measure: Measure, value: f64) {
    let whole = outcome.observations.iter_mut().find(|o| o.measure == measure && o.phase.is_none());
    whole.expect("it was measured").value = value;
}

/// Seven times within ±4 % of 10 s.
const CLOSE: [f64; 7] = [9.6, 9.8, 9.9, 10.0, 10.1, 10.2, 10.4];

#[test]
fn every_time_of_every_variant_must_be_known() {
    let both = |times: &[f64]| [built("single", &CLOSE), built("multi", times)].concat();
    assert!(precise(&both(&CLOSE), 0.05));
    assert!(!precise(&both(&CLOSE), 0.03), "the interval of 7 values is their range");
    assert!(!precise(&both(&CLOSE[..6]), 0.05), "six are too few");
    assert!(!precise(&both(&[5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]), 0.05));
    assert!(!precise(&[], 1.0), "nothing is known of nothing");
}

#[test]
fn pushes_and_pulls_are_asked_for_after_cold_builds_alone_and_parts_of_a_time_never() {
    for measure in [Measure::PushTime, Measure::PullTime] {
        let mut trials = built("multi", &CLOSE);
        set(&mut trials[0], measure, 100.0);
        assert!(!precise(&trials, 0.05), "{}", measure.id());
        let mut warm: Vec<TrialOutcome> = trials;
        for outcome in &mut warm {
            "warm".clone_into(&mut outcome.trial.cache_state);
        }
        assert!(precise(&warm, 0.05), "{}", measure.id());
    }
    let mut trials = built("multi", &CLOSE);
    trials[0].observations.iter_mut().filter(|o| o.phase.is_some()).for_each(|o| o.value = 100.0);
    assert!(precise(&trials, 0.05));
}

#[test]
fn warm_ups_are_no_values_of_a_sample() {
    let mut trials = built("multi", &CLOSE);
    trials[6].trial.warmup = true;
    assert!(!precise(&trials, 0.05));
    let mut slow = measured("go-api", "multi", 8, SMALL);
    slow.trial.warmup = true;
    set(&mut slow, Measure::BuildTime, 1000.0);
    assert!(precise(&[built("multi", &CLOSE), vec![slow]].concat(), 0.05));
}

proptest! {
    #[test]
    fn what_is_precise_is_so_for_every_wider_wish(times in prop::collection::vec(0.1..100.0_f64, 1..20), wanted in 0.001..1.0_f64, more in 1.0..4.0_f64) {
        let trials = built("multi", &times);
        prop_assert!(!precise(&trials, wanted) || precise(&trials, wanted * more));
    }
}

/// [`go_api`] with 5 trials planned, of which a time limit left out the last two.
fn cut() -> Record {
    let mut record = go_api();
    record.run.settings.trials = 5;
    record.run.settings.time_limit = Some(1800.0);
    let left =
        |p: &loadline::record::PlannedVariant| BlocksLeft { scenario: p.scenario.clone(), variant: p.variant.clone(), first: 4, last: 5 };
    let blocks_left = record.run.plan.iter().map(left).collect();
    record.run.stopped = Some(Stopped { rule: StopRule::TimeLimit, after_seconds: 1_650.0, iterations: 3, blocks_left });
    record
}

fn missing(record: &Record) -> Vec<(String, String)> {
    completeness(record, true).missing.into_iter().map(|m| (m.variant, m.reason)).collect()
}

#[test]
fn what_a_rule_left_out_is_not_missing_and_what_else_lacks_is() {
    let as_planned = missing(&go_api());
    assert_eq!(missing(&cut()), as_planned, "the variant that never built");
    let mut unexplained = cut();
    unexplained.run.stopped = None;
    assert!(missing(&unexplained).contains(&("single".to_owned(), "3 of 5 trials have an outcome".to_owned())));
    let mut without = cut();
    let place = without.trials.iter().rposition(|outcome| outcome.trial.variant == "single").expect("there are some");
    without.trials.remove(place);
    assert!(missing(&without).contains(&("single".to_owned(), "2 of 3 trials have an outcome".to_owned())));
}

#[test]
fn what_was_lost_with_an_engine_and_left_out_by_a_rule_later_is_not_a_trial_that_fell_short() {
    let whole = cut();
    let mut record = cut();
    let mut lost = failed("go-api", "single", Status::Skipped { reason: "the engine went away".to_owned() });
    (lost.lost, lost.trial.iteration) = (true, 4);
    record.trials.push(lost.clone());
    let read = Record::new(record.run.clone(), record.trials.clone()).expect("it is believed");
    assert_eq!((read.trials.len(), missing(&read)), (whole.trials.len(), missing(&whole)));
    record.run.stopped = None;
    let read = Record::new(record.run, record.trials).expect("it is believed");
    assert!(read.trials.contains(&lost), "without a rule it is what became of the trial");
}

#[test]
fn a_variant_of_which_everything_was_left_out_is_missing() {
    let mut record = cut();
    record.trials.retain(|outcome| outcome.trial.variant != "single");
    let stopped = record.run.stopped.as_mut().expect("it was stopped");
    stopped.blocks_left.iter_mut().for_each(|left| left.first = 1);
    assert!(missing(&record).contains(&("single".to_owned(), "0 of 1 trials have an outcome".to_owned())));
}

#[test]
fn a_warm_up_that_failed_makes_nothing_missing_and_is_told() {
    let mut record = go_api();
    record.run.settings.warm_up = 1;
    record.trials.iter_mut().for_each(|outcome| outcome.trial.iteration += 1);
    let before = missing(&record);
    let mut warm_up = failed("go-api", "multi", Status::TimedOut { reason: "no answer".to_owned() });
    warm_up.trial.warmup = true;
    let record = Record::new(record.run, [vec![warm_up], record.trials].concat()).expect("a believable record");
    assert_eq!(missing(&record), before);
    let text = terminal(&ReportData::new(&record), 200, false);
    assert!(text.contains("1 warm-up iteration is in no figure."), "{text}");
    assert!(text.contains("multi: warm-up 1 gave no figures, timed-out: no answer"), "{text}");
}

#[test]
fn figures_are_the_same_with_and_without_warm_ups_and_the_rows_are_marked() {
    let estimates = |data: &ReportData| data.scenarios[0].variants.iter().map(|v| (v.counted, v.estimates.clone())).collect::<Vec<_>>();
    let plain = ReportData::new(&go_api());
    let mut record = go_api();
    record.run.settings.warm_up = 2;
    record.trials.iter_mut().for_each(|outcome| outcome.trial.iteration += 2);
    for (iteration, variant) in [(1, "single"), (1, "multi"), (2, "multi"), (2, "single")] {
        let mut warm_up = measured("go-api", variant, iteration, SMALL);
        warm_up.trial.warmup = true;
        set(&mut warm_up, Measure::BuildTime, 1000.0);
        record.trials.push(warm_up);
    }
    let record = Record::new(record.run, record.trials).expect("a believable record");
    let data = ReportData::new(&record);
    assert_eq!(estimates(&data), estimates(&plain));
    let csv = observations_csv(&data).expect("it is written");
    let slow: Vec<&str> = csv.lines().filter(|line| line.contains(",1000,")).collect();
    assert!(slow.len() == 4 && slow.iter().all(|line| line.contains(",true,1000,seconds")), "{slow:?}");
    assert!(csv.lines().skip(1).filter(|line| !slow.contains(line)).any(|line| line.contains(",3,false,")));
    assert!(markdown(&data).contains("2 warm-up iterations are in no figure."));
}

#[test]
fn a_warm_up_that_the_plan_has_as_counted_is_not_believed() {
    let mut warm_up = measured("go-api", "multi", 1, SMALL);
    warm_up.trial.warmup = true;
    let refused = Record::new(go_api().run, vec![warm_up]).expect_err("the plan has none").to_string();
    assert!(refused.contains("the plan of run.json has 0 iterations of warm-up"), "{refused}");
}

#[test]
fn what_was_left_out_must_have_been_planned() {
    let refused = |change: &dyn Fn(&mut Stopped)| {
        let mut record = cut();
        change(record.run.stopped.as_mut().expect("it was stopped"));
        Record::new(record.run, record.trials).expect_err("it cannot be").to_string()
    };
    assert!(Record::new(cut().run, cut().trials).is_ok());
    for (first, last) in [(0, 5), (4, 6), (5, 4), (1, u32::MAX)] {
        let text = refused(&|stopped| (stopped.blocks_left[0].first, stopped.blocks_left[0].last) = (first, last));
        assert!(text.contains(&format!("no iterations {first} to {last} of go-api/single were planned")), "{text}");
    }
    assert!(refused(&|stopped| stopped.blocks_left[0].variant = "other".to_owned()).contains("of go-api/other were planned"));
    assert!(refused(&|stopped| stopped.after_seconds = -1.0).contains("after no time that is one"));
}

#[test]
fn a_report_says_which_rule_ended_the_run_and_what_it_left_out() {
    let data = ReportData::new(&cut());
    let said = "Ended by the time limit after 27 min 30 s of measuring: 3 whole iterations, 8 blocks left out.";
    assert!(terminal(&data, 200, false).contains(said) && markdown(&data).contains(said));
    let facts: Vec<(&str, &str)> = data.conditions.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert!(facts.contains(&("time limit of measuring", "30 min 00 s")), "{facts:?}");
    assert!(
        facts.contains(&("iterations left out", "go-api/single 4 to 5; go-api/multi 4 to 5; go-api/broken 4 to 5; go-api/alpine 4 to 5"))
    );
}

/// A shard of [`cut`] for a scenario of this name.
fn shard(number: u32, name: &str) -> Record {
    let mut record = cut();
    record.run.run_id = format!("part-{number}");
    record.run.settings.shard = Some(Shard { number, of: 2, scenarios: vec!["a".to_owned(), "b".to_owned()] });
    record.run.plan.iter_mut().for_each(|planned| name.clone_into(&mut planned.scenario));
    record.trials.iter_mut().for_each(|outcome| name.clone_into(&mut outcome.trial.scenario));
    let stopped = record.run.stopped.as_mut().expect("it was stopped");
    stopped.blocks_left.iter_mut().for_each(|left| name.clone_into(&mut left.scenario));
    record
}

#[test]
fn shards_that_ended_at_different_iterations_are_one_run_and_each_keeps_its_rule() {
    let mut whole = shard(2, "b");
    whole.run.settings.trials = 5;
    let (run, trials) = merge(vec![shard(1, "a"), whole]).expect("they are one run's");
    let merged = Record::new(run, trials).expect("a believable record");
    assert_eq!((merged.run.state, merged.run.stopped.is_none(), merged.run.stops().count()), (RunState::Complete, true, 2));
    let lacking: Vec<String> = missing(&merged).into_iter().map(|(variant, _)| variant).collect();
    assert_eq!(lacking, ["broken", "broken"], "what the shards lack themselves");
    let mut other = shard(2, "b");
    other.run.settings.time_limit = Some(60.0);
    let problems = merge(vec![shard(1, "a"), other]).expect_err("they had other limits");
    assert_eq!(problems, ["the setting time_limit differs: 1800.0 in part-1, 60.0 in part-2"]);
}
