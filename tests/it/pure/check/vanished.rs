//! What vanished since the baseline, and what a run lacks that no limit tells.

use loadline::judge::{BudgetSource, Ruling, check, usual_budgets};
use loadline::measure::Measure;
use loadline::record::{Record, Status};
use loadline::report::check_text;

use super::{FIVE, max, ratio, run, why, word};
use crate::support::records::failed;

#[test]
fn a_variant_that_vanished_is_unmeasured_without_budgets_too() {
    let old = run(&FIVE);
    let mut new = old.clone();
    new.run.plan.retain(|planned| planned.variant != "multi");
    new.trials.retain(|outcome| outcome.trial.variant != "multi");
    let held = |new: &Record| check(new, Some(&old), BudgetSource::Usual { own: Vec::new() }, &usual_budgets(new, &old));
    let evaluation = held(&new);
    let outcomes: Vec<_> = evaluation.checks.iter().map(|check| (check.variant.as_str(), check.outcome.id())).collect();
    assert_eq!((outcomes, evaluation.ruling()), (vec![("single", "pass"), ("multi", "unmeasured")], Ruling::Incomplete));
    new.run.settings.variants = vec!["single".to_owned()];
    let evaluation = held(&new);
    assert_eq!((evaluation.checks[1].outcome.id(), evaluation.ruling()), ("skip", Ruling::Passed), "it was left out on purpose");
}

#[test]
fn variants_that_no_limit_speaks_of_are_named_with_what_is_wrong_with_them() {
    let old = run(&FIVE);
    let limit = [max(Measure::UncompressedSize, "1 GB")];
    let told = |new: &Record| check(new, Some(&old), BudgetSource::Record, &limit).unlimited;
    let [single] = &told(&old)[..] else { panic!("multi has a limit") };
    assert_eq!((single.variant.as_str(), single.trouble.as_deref()), ("single", None));
    let mut broken = old.clone();
    broken.trials.retain(|outcome| outcome.trial.variant == "multi");
    broken.trials.push(failed("go-api", "single", Status::BuildFailed { reason: "no such file".to_owned() }));
    assert_eq!(told(&broken)[0].trouble.as_deref(), Some("build-failed: no such file"));
    let text = check_text(&check(&broken, None, BudgetSource::Record, &limit));
    assert!(text.contains("\nno limit       go-api/single: build-failed: no such file\n"), "{text}");
    let mut gone = old.clone();
    gone.run.plan.retain(|planned| planned.variant == "multi");
    gone.trials.retain(|outcome| outcome.trial.variant == "multi");
    assert!(
        told(&gone)[0].trouble.as_deref().expect("it is gone").starts_with("the baseline has the variant, and this run has it no more")
    );
    gone.run.settings.variants = vec!["multi".to_owned()];
    assert_eq!(told(&gone), [], "it was left out on purpose");
}

#[test]
fn a_share_of_a_variant_that_vanished_is_unmeasured() {
    let old = run(&FIVE);
    let mut new = old.clone();
    new.run.plan.retain(|planned| planned.variant == "multi");
    new.trials.retain(|outcome| outcome.trial.variant == "multi");
    let limit = ratio(Measure::TransferSize, "20 %");
    let reason = why(&new, Some(&old), &limit);
    assert!(reason.starts_with("unmeasured: single: the baseline has the variant, and this run has it no more"), "{reason}");
    new.run.settings.variants = vec!["multi".to_owned()];
    assert_eq!(word(&new, Some(&old), &limit), "skip", "it was left out on purpose");
}

#[test]
fn a_run_that_was_asked_for_more_than_its_baseline_lost_what_vanished() {
    let mut old = run(&FIVE);
    old.run.settings.scenarios = vec!["services/go-api".to_owned()];
    let mut new = old.clone();
    new.run.settings.scenarios.push("services/new".to_owned());
    new.run.plan.retain(|planned| planned.variant != "multi");
    new.trials.retain(|outcome| outcome.trial.variant != "multi");
    let limit = max(Measure::TransferSize, "9000 B");
    assert_eq!(word(&new, Some(&old), &limit), "unmeasured");
    new.run.settings.scenarios = vec!["services/new".to_owned()];
    assert_eq!(word(&new, Some(&old), &limit), "skip", "it was not asked for");
}

#[test]
fn a_trouble_that_no_limit_tells_is_told_beside_limits_that_hold() {
    let mut run = run(&FIVE);
    run.run.settings.builds = vec!["cold".to_owned(), "warm".to_owned()];
    let evaluation = check(&run, None, BudgetSource::Record, &[max(Measure::UncompressedSize, "1 GB")]);
    assert_eq!((evaluation.checks[0].outcome.id(), evaluation.ruling()), ("pass", Ruling::Passed));
    let multi = evaluation.unlimited.iter().find(|of| of.variant == "multi").expect("its warm builds are missing");
    assert_eq!(multi.trouble.as_deref(), Some("not-run: 5 of 10 trials have an outcome"));
}

#[test]
fn a_variant_that_the_baseline_has_and_the_run_lost_is_unmeasured() {
    let old = run(&FIVE);
    let mut new = old.clone();
    new.run.plan.retain(|planned| planned.variant != "multi");
    new.trials.retain(|outcome| outcome.trial.variant != "multi");
    let limit = max(Measure::TransferSize, "9000 B");
    assert_eq!(word(&new, Some(&old), &limit), "unmeasured");
    assert_eq!(word(&new, None, &limit), "skip");
    new.run.settings.variants = vec!["single".to_owned()];
    assert_eq!(word(&new, Some(&old), &limit), "skip", "it was left out on purpose");
}
