//! A run held to budgets: what passes, what fails, and what is neither.

use loadline::budget::{Budget, Increase, Limit};
use loadline::judge::{BudgetSource, Check, CheckOutcome, check, usual_budgets};
use loadline::measure::Measure;
use loadline::record::{Record, Status};
use loadline::report::check_text;
use proptest::prelude::*;

use crate::support::records::{Figures, SMALL, change, failed, go_api, measured, planned, updated};

mod redefined;
mod told;
mod vanished;

/// Five iterations of `multi` and `single` with these build times of `multi`, and `single` ten times as large.
fn run(builds: &[f64]) -> Record {
    let mut run = go_api().run;
    run.plan = ["single", "multi"].map(|variant| planned("go-api", variant)).to_vec();
    run.settings.trials = u32::try_from(builds.len()).expect("a few");
    let mut trials = Vec::new();
    for (iteration, build) in (1..).zip(builds) {
        trials.push(measured("go-api", "single", iteration, Figures { transfer: 90_000, uncompressed: 204_800, layers: 9, ..SMALL }));
        trials.push(measured("go-api", "multi", iteration, Figures { build: *build, ..SMALL }));
    }
    Record::new(run, trials).expect("a believable record")
}

const FIVE: [f64; 5] = [1.0, 1.1, 1.2, 1.3, 1.4];

fn budget(measure: Measure, limit: Limit) -> Budget {
    Budget {
        scenario: "go-api".to_owned(),
        name: "gate".to_owned(),
        variants: vec!["multi".to_owned()],
        measure,
        definition: None,
        cache_state: "cold".to_owned(),
        edit: None,
        link: None,
        limits: vec![limit],
        reason: None,
        place: None,
    }
}

fn max(measure: Measure, text: &str) -> Budget {
    budget(measure, Limit::max(measure, text).expect("a limit"))
}

fn more(measure: Measure, text: &str) -> Budget {
    budget(measure, Limit::max_increase(measure, text).expect("a limit"))
}

fn ratio(measure: Measure, text: &str) -> Budget {
    budget(measure, Limit::max_ratio(measure, "single", text).expect("a limit"))
}

fn held(run: &Record, baseline: Option<&Record>, budget: &Budget) -> Check {
    let mut evaluation = check(run, baseline, BudgetSource::Record, std::slice::from_ref(budget));
    assert_eq!(evaluation.checks.len(), 1, "{evaluation:?}");
    evaluation.checks.remove(0)
}

fn word(run: &Record, baseline: Option<&Record>, budget: &Budget) -> &'static str {
    held(run, baseline, budget).outcome.id()
}

fn why(run: &Record, baseline: Option<&Record>, budget: &Budget) -> String {
    let outcome = held(run, baseline, budget).outcome;
    format!("{}: {}", outcome.id(), outcome.why().unwrap_or("nothing"))
}

/// The same run with `to` made of one measure of `multi`.
fn with(record: &Record, measure: Measure, to: impl Fn(f64) -> f64) -> Record {
    let mut record = record.clone();
    change(&mut record, "multi", measure, to);
    record
}

#[test]
fn bytes_are_within_a_limit_to_the_last_one() {
    let run = run(&FIVE);
    assert_eq!(word(&run, None, &max(Measure::TransferSize, "9000 B")), "pass");
    let above = held(&run, None, &max(Measure::TransferSize, "8999 B"));
    assert_eq!((above.outcome, above.actual, above.allowed), (CheckOutcome::Fail { excess: 1.0 }, Some(9_000.0), Some(8_999.0)));
    assert_eq!(word(&run, None, &max(Measure::LayerCount, "1")), "pass");
}

#[test]
fn a_time_fails_or_passes_by_its_whole_interval_and_is_undecided_between() {
    let run = run(&FIVE);
    assert_eq!(word(&run, None, &max(Measure::BuildTime, "1400 ms")), "pass");
    assert_eq!(held(&run, None, &max(Measure::BuildTime, "900 ms")).outcome.id(), "fail");
    assert!(why(&run, None, &max(Measure::BuildTime, "1250 ms")).starts_with("undecided: its interval (94 %) lies on both sides"));
    let few = self::run(&FIVE[..4]);
    let told = |there: &str| format!("undecided: a verdict on a time needs 5 values: there {there}; measure with --trials 5 or more");
    assert_eq!(why(&few, None, &max(Measure::BuildTime, "1 ms")), told("are 4"));
    assert_eq!(why(&self::run(&FIVE[..1]), None, &max(Measure::BuildTime, "1 ms")), told("is 1"));
}

#[test]
fn growth_is_held_against_the_baseline_to_the_last_byte() {
    let old = run(&FIVE);
    let grown = |by: f64| with(&old, Measure::UncompressedSize, |bytes| bytes + by);
    let limit = more(Measure::UncompressedSize, "1 %");
    assert_eq!(word(&grown(204.0), Some(&old), &limit), "pass", "1 % of 20480 is 204.8");
    let above = held(&grown(205.0), Some(&old), &limit);
    assert_eq!((above.outcome, above.reference, above.allowed), (CheckOutcome::Fail { excess: 1.0 }, Some(20_480.0), Some(20_684.0)));
    let amount = more(Measure::UncompressedSize, "+205 B");
    assert_eq!((word(&grown(205.0), Some(&old), &amount), word(&grown(206.0), Some(&old), &amount)), ("pass", "fail"));
    let nothing = more(Measure::UncompressedSize, "0 %");
    assert_eq!((word(&old, Some(&old), &nothing), word(&grown(1.0), Some(&old), &nothing)), ("pass", "fail"));
}

#[test]
fn a_baseline_whose_own_trials_differ_allows_what_it_had_itself() {
    let mut old = run(&FIVE);
    for outcome in old.trials.iter_mut().filter(|o| o.trial.variant == "multi" && o.trial.iteration == 5) {
        outcome.weighing = None;
        let size = outcome.observations.iter_mut().find(|o| o.measure == Measure::TransferSize).expect("a size");
        size.value += 3.0;
    }
    let limit = more(Measure::TransferSize, "0 %");
    let grown = |by: f64| with(&run(&FIVE), Measure::TransferSize, |bytes| bytes + by);
    assert_eq!((word(&grown(3.0), Some(&old), &limit), word(&grown(4.0), Some(&old), &limit)), ("pass", "fail"));
}

#[test]
fn a_time_has_grown_only_where_the_interval_of_its_change_says_so() {
    let seven = [1.0, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06];
    let old = run(&seven);
    let slower = |factor: f64| run(&seven.map(|time| time * factor));
    let limit = more(Measure::BuildTime, "10 %");
    assert_eq!(word(&slower(1.0), Some(&old), &limit), "pass");
    assert_eq!(word(&slower(1.1), Some(&old), &limit), "undecided");
    assert_eq!(word(&slower(1.3), Some(&old), &limit), "fail");
    assert_eq!(word(&slower(1.3), Some(&old), &more(Measure::BuildTime, "+1 s")), "pass");
    let few =
        "undecided: a verdict on a change of times needs 7 values a side: there are 5 and 7; measure both runs with --trials 7 or more";
    assert_eq!(why(&slower(1.3), Some(&run(&FIVE)), &limit), few);
}

#[test]
fn a_share_of_another_variant_is_held_within_the_run() {
    let run = run(&FIVE);
    assert_eq!(word(&run, None, &ratio(Measure::UncompressedSize, "10 %")), "pass");
    let above = held(&run, None, &ratio(Measure::UncompressedSize, "9.9 %"));
    assert_eq!((above.reference, above.allowed, above.actual), (Some(204_800.0), Some(20_275.0), Some(20_480.0)));
    assert_eq!(above.outcome, CheckOutcome::Fail { excess: 205.0 });
    let six = self::run(&[1.0, 1.1, 1.2, 1.3, 1.4, 1.5]);
    let outcomes = ["60 %", "85 %", "110 %"].map(|share| word(&six, None, &ratio(Measure::BuildTime, share)));
    assert_eq!(outcomes, ["fail", "undecided", "pass"], "single builds in 1.5 s");
    assert!(why(&run, None, &ratio(Measure::BuildTime, "1 %")).contains("needs 6 values of both: there are 5 and 5"));
    let mut both = ratio(Measure::UncompressedSize, "10 %");
    both.variants = vec!["single".to_owned(), "multi".to_owned()];
    assert_eq!(held(&run, None, &both).variant, "multi", "nothing is held against itself");
}

#[test]
fn what_is_missing_or_proves_nothing_is_never_a_pass() {
    let limit = max(Measure::UncompressedSize, "1 GB");
    let whole = run(&FIVE);
    let mut failing = whole.clone();
    let at = failing.trials.iter().position(|o| o.trial.variant == "multi").expect("a trial");
    failing.trials[at] = failed("go-api", "multi", Status::BuildFailed { reason: "no disk".to_owned() });
    assert_eq!(why(&failing, None, &limit), "unmeasured: cold trial 1 is build-failed: no disk");
    let mut cut = whole.clone();
    cut.trials.pop();
    assert_eq!(why(&cut, None, &limit), "unmeasured: 4 of 5 trials have an outcome");
    let mut unproven = whole.clone();
    unproven.trials.iter_mut().for_each(|outcome| outcome.status = Status::Unverified);
    assert!(why(&unproven, None, &limit).starts_with("unmeasured: no smoke check proves"));
    unproven.run.smoke_skipped.insert("go-api".to_owned(), "a batch job".to_owned());
    assert_eq!(word(&unproven, None, &limit), "pass", "its scenario says why");
    let mut lacking = whole.clone();
    lacking.trials[1].observations.retain(|o| o.measure != Measure::PullTime);
    assert_eq!(why(&lacking, None, &max(Measure::PullTime, "9 s")), "unmeasured: 1 of 5 trials have no pull-time");
    let mut computed = whole.clone();
    let sizes = computed.trials.iter_mut().flat_map(|o| &mut o.observations).filter(|o| o.measure == Measure::TransferSize);
    sizes.for_each(|size| size.definition = Some("D2-computed".to_owned()));
    assert!(why(&computed, None, &max(Measure::TransferSize, "1 GB")).starts_with("unmeasured: nothing was pushed"));
    let mut other = whole;
    let others = other.trials.iter_mut().filter(|o| o.trial.variant == "single");
    others.for_each(|outcome| *outcome = failed("go-api", "single", Status::TimedOut { reason: "an hour".to_owned() }));
    assert_eq!(why(&other, None, &ratio(Measure::LiveSize, "50 %")), "unmeasured: single: cold trial 1 is timed-out: an hour");
}

#[test]
fn a_baseline_of_other_conditions_gives_no_verdict() {
    let (old, new) = (run(&FIVE), run(&FIVE));
    let limit = more(Measure::UncompressedSize, "1 %");
    let other = |change: &dyn Fn(&mut Record)| {
        let mut old = old.clone();
        change(&mut old);
        why(&new, Some(&old), &limit)
    };
    let platform = other(&|old| old.run.conditions.platform = "linux/arm64".to_owned());
    assert!(platform.starts_with("not-comparable: the platform differs"), "{platform}");
    let failing = other(&|old| old.trials[1] = failed("go-api", "multi", Status::Interrupted));
    assert_eq!(failing, "not-comparable: the baseline: cold trial 1 is interrupted");
    let before = other(&|old| old.run.plan.retain(|planned| planned.variant != "multi"));
    assert_eq!(before, "skip: the baseline did not plan the variant");
    let mut far = old;
    far.run.conditions.host = "elsewhere".to_owned();
    let time = more(Measure::BuildTime, "10 %");
    assert_eq!(why(&new, Some(&far), &time), "not-comparable: times are not comparable across hosts");
}

#[test]
fn a_base_image_that_moved_is_a_cause_of_growth_and_no_obstacle() {
    let (mut old, new) = (run(&FIVE), run(&FIVE));
    old.run.conditions.bases.values_mut().for_each(|base| base.digest = "sha256:b".to_owned());
    assert_eq!(why(&new, Some(&old), &more(Measure::UncompressedSize, "1 %")), "pass: nothing");
    assert_eq!(why(&new, Some(&old), &more(Measure::BuildTime, "1000 %")).split(':').next(), Some("undecided"));
}

#[test]
fn what_a_limit_does_not_ask_of_this_run_is_skipped_with_the_reason() {
    let run = run(&FIVE);
    assert_eq!(why(&run, None, &more(Measure::LiveSize, "1 %")), "skip: there is no baseline; name one with --baseline RUN");
    let mut link = max(Measure::PullTime, "1 h");
    link.link = Some("20mbit,30ms".to_owned());
    assert_eq!(why(&run, None, &link), "skip: it is for the link 20mbit,30ms, and the run had loopback");
    let mut pulled_nothing = run.clone();
    pulled_nothing.run.settings.no_pull = true;
    assert_eq!(why(&pulled_nothing, None, &max(Measure::PullTime, "1 h")), "skip: the run was to pull nothing (--no-pull)");
    let mut gone = max(Measure::LiveSize, "1 GB");
    gone.variants = vec!["alpine".to_owned()];
    assert_eq!(why(&run, None, &gone), "skip: this run did not plan the variant");
    let mut warm = max(Measure::BuildTime, "1 h");
    warm.cache_state = "warm".to_owned();
    assert_eq!(why(&run, None, &warm), "skip: the run made no build that is warm; choose the builds of a run with --builds");
}

#[test]
fn an_update_is_held_by_the_definition_that_the_budget_names() {
    let mut run = run(&FIVE[..1]);
    run.run.settings.builds.push("edit".to_owned());
    run.run.plan[1].edits = vec!["source".to_owned()];
    run.trials.push(updated("go-api", "multi", "source", (4_000_000, 9_000_000), "RUN go build"));
    let mut limit = max(Measure::DeltaTransferSize, "5 MB");
    (limit.cache_state, limit.edit, limit.definition) = ("edit".to_owned(), Some("source".to_owned()), Some("blob".to_owned()));
    assert_eq!(word(&run, None, &limit), "pass");
    limit.definition = Some("chain".to_owned());
    assert_eq!(held(&run, None, &limit).outcome, CheckOutcome::Fail { excess: 4e6 });
}

#[test]
fn without_budgets_d3_may_grow_by_one_per_cent() {
    let old = run(&FIVE);
    let new = with(&old, Measure::UncompressedSize, |bytes| bytes * 1.5);
    let usual = usual_budgets(&new, &old);
    let evaluation = check(&new, Some(&old), BudgetSource::Usual { own: Vec::new() }, &usual);
    let outcomes: Vec<_> = evaluation.checks.iter().map(|check| (check.variant.as_str(), check.outcome.id())).collect();
    assert_eq!(outcomes, [("single", "pass"), ("multi", "fail")]);
    assert!(usual.iter().all(|budget| budget.problem().is_none()));
}

#[test]
fn a_limit_that_the_run_has_looser_than_the_one_it_is_held_to_is_told() {
    let limits = |size: &str, growth: &str| {
        let mut budget = max(Measure::UncompressedSize, size);
        budget.limits.push(Limit::max_increase(Measure::UncompressedSize, growth).expect("a limit"));
        budget
    };
    let mut run = run(&FIVE);
    run.run.budgets = vec![limits("30 kB", "1 %")];
    let files = BudgetSource::Files { paths: vec!["base".to_owned()], own: Vec::new() };
    let looser = |held: &Budget| check(&run, None, files.clone(), std::slice::from_ref(held)).loosened;
    assert_eq!(looser(&limits("30 kB", "2 %")), []);
    let [size] = looser(&limits("25 kB", "1 %")).try_into().expect("one is looser");
    assert_eq!((size.before.written(), size.after.as_ref().map(Limit::written)), ("25 kB", Some("30 kB")));
    let renamed = Budget { name: "other".to_owned(), ..limits("30 kB", "1 %") };
    assert_eq!(looser(&renamed).len(), 2, "both limits are gone");
    let widened = Budget { variants: vec!["multi".to_owned(), "single".to_owned()], ..limits("30 kB", "1 %") };
    let elsewhere = looser(&widened);
    assert!(elsewhere.len() == 2 && elsewhere.iter().all(|loosened| loosened.after.is_none()), "one variant is left out");
    assert_eq!(elsewhere[0].about.as_deref(), Some("multi alone"));
    let warm = Budget { cache_state: "warm".to_owned(), ..limits("30 kB", "1 %") };
    assert_eq!(looser(&warm)[0].about.as_deref(), Some("uncompressed-size, cold"));
    let mut linked = run.clone();
    linked.run.budgets[0].link = Some("lan".to_owned());
    let found = check(&linked, None, files.clone(), &[limits("30 kB", "1 %")]).loosened;
    assert_eq!(found[0].about.as_deref(), Some("the link lan alone"));
    assert_eq!(check(&run, None, BudgetSource::Record, &[limits("25 kB", "1 %")]).loosened, []);
}

#[test]
fn budgets_of_a_run_that_has_to_keep_others_are_named() {
    let mut run = run(&FIVE);
    let named = |name: &str| Budget { name: name.to_owned(), ..max(Measure::UncompressedSize, "1 GB") };
    run.run.budgets = vec![named("kept"), named("own")];
    let files = BudgetSource::Files { paths: vec!["base".to_owned()], own: Vec::new() };
    let evaluation = check(&run, None, files, &[named("kept")]);
    let unheld: Vec<_> = evaluation.unheld.iter().map(|unheld| unheld.budget.as_str()).collect();
    assert_eq!(unheld, ["own"]);
    assert!(check_text(&evaluation).contains("\nnot held       go-api/own: the run's own budget; the files of --budgets know go-api"));
    assert_eq!(check(&run, None, BudgetSource::Record, &run.run.budgets.clone()).unheld, []);
}

proptest! {
    #[test]
    fn a_run_that_grew_by_no_more_than_the_share_passes_and_by_a_byte_more_fails(size in 10_000_u64..1 << 40, parts in 0_u32..100_000) {
        let percent = f64::from(parts) / 1e4;
        let limit = more(Measure::FileCount, &format!("{percent} %"));
        let old = with(&run(&FIVE[..1]), Measure::FileCount, |_| size as f64);
        let Limit::MaxIncrease { by, .. } = &limit.limits[0] else { unreachable!("it is an increase") };
        prop_assert!(matches!(by, Increase::Share(_)));
        let most = u64::try_from(u128::from(size) * (1_000_000 + u128::from(parts)) / 1_000_000).expect("it fits");
        let new = |count: u64| with(&old, Measure::FileCount, |_| count as f64);
        prop_assert_eq!(word(&new(most), Some(&old), &limit), "pass");
        prop_assert_eq!(word(&new(most + 1), Some(&old), &limit), "fail");
    }
}

#[test]
fn starts_after_others_are_no_measure_of_a_first_one() {
    let first = run(&[1.0; 8]);
    let mut repeated = first.clone();
    for outcome in &mut repeated.trials {
        for observation in outcome.observations.iter_mut().filter(|o| o.measure == Measure::BuildTime) {
            observation.definition = Some("repeated".to_owned());
        }
    }
    let limit = more(Measure::BuildTime, "10 %");
    assert_eq!(why(&repeated, Some(&first), &limit), "not-comparable: the definition differs: none in the baseline, repeated here");
}
