//! The judge room.

use loadline::judge::{Comparison, Finding, Subject, Verdict, compare, completeness, reference};
use loadline::measure::{Kind, Measure};
use loadline::record::{BaseSet, Record, Status};
use proptest::prelude::*;

use crate::support::records::{Figures, change, failed, go_api, measured, run};

fn figure<'a>(comparison: &'a Comparison, variant: &str, measure: Measure) -> &'a Finding {
    let wanted = |f: &&Finding| f.subject == Subject::Variant(variant.to_owned()) && f.measure == measure && f.phase.is_none();
    comparison.findings.iter().find(wanted).expect("the figure is compared")
}

fn ratio(comparison: &Comparison, measure: Measure) -> &Finding {
    let wanted = |f: &&Finding| matches!(&f.subject, Subject::Ratio { to, .. } if to == "multi") && f.measure == measure;
    comparison.findings.iter().find(wanted).expect("the ratio is compared")
}

fn condition(finding: &Finding) -> &str {
    match &finding.verdict {
        Verdict::NotComparable { condition } => condition,
        verdict => panic!("not comparable was expected, not {verdict:?}"),
    }
}

#[test]
fn a_record_reproduces_itself_to_the_last_byte() {
    let comparison = compare(&go_api(), &go_api());
    let exact: Vec<_> = comparison.findings.iter().filter(|f| f.measure.kind() == Kind::Exact).collect();
    // Two variants with eleven exact measures each, and the ratios of the four image sizes.
    assert_eq!(exact.len(), 2 * 11 + 4);
    assert!(exact.iter().all(|f| f.verdict == Verdict::Reproduced), "{exact:#?}");
    assert!(comparison.has_comparable() && !comparison.has_drift());
}

#[test]
fn a_measure_that_the_format_of_the_baseline_does_not_know_is_no_question() {
    let mut older = go_api();
    older.run.format_version.minor = 1;
    for outcome in &mut older.trials {
        outcome.observations.retain(|o| older.run.format_version.knows(o.measure));
    }
    let asked = |comparison: &Comparison| comparison.findings.iter().any(|f| f.measure == Measure::LiveSize);
    assert!(!asked(&compare(&older, &go_api())) && !asked(&compare(&go_api(), &older)));
    assert!(asked(&compare(&go_api(), &go_api())));
    assert_eq!(figure(&compare(&older, &go_api()), "multi", Measure::UncompressedSize).verdict, Verdict::Reproduced);
}

#[test]
fn one_byte_more_is_drift_and_no_drift_of_the_ratio() {
    let mut later = go_api();
    change(&mut later, "multi", Measure::TransferSize, |v| v + 1.0);
    let comparison = compare(&go_api(), &later);
    let expected = Verdict::Drifted { change: 1.0 / 6_812_345.0 };
    assert_eq!(figure(&comparison, "multi", Measure::TransferSize).verdict, expected);
    assert_eq!(ratio(&comparison, Measure::TransferSize).verdict, Verdict::Reproduced);
}

#[test]
fn times_over_another_link_are_not_compared_and_bytes_are() {
    let mut other = go_api();
    "100mbit".clone_into(&mut other.run.conditions.link);
    let comparison = compare(&go_api(), &other);
    for measure in [Measure::PushTime, Measure::PullTime] {
        assert_eq!(condition(figure(&comparison, "multi", measure)), "the link differs: loopback in the baseline, 100mbit here");
    }
    assert_eq!(figure(&comparison, "multi", Measure::TransferSize).verdict, Verdict::Reproduced);
}

#[test]
fn with_another_store_the_content_of_layers_is_compared_and_neither_their_compression_nor_times() {
    let mut containerd = go_api();
    let conditions = &mut containerd.run.conditions;
    "overlayfs".clone_into(&mut conditions.store);
    "dockerd 20.10.24, gzip as stored".clone_into(&mut conditions.compressor);
    let comparison = compare(&go_api(), &containerd);
    for measure in [Measure::TransferSize, Measure::LayerTransferSize, Measure::BuildTime, Measure::PushTime, Measure::ReportedSize] {
        assert!(condition(figure(&comparison, "multi", measure)).contains(" differs: "), "{}", measure.id());
    }
    for measure in [Measure::UncompressedSize, Measure::LayerCount] {
        assert_eq!(figure(&comparison, "multi", measure).verdict, Verdict::Reproduced, "{}", measure.id());
    }
}

#[test]
fn a_computed_transfer_size_is_never_compared_with_a_pushed_one() {
    let mut computed = go_api();
    for observation in computed.trials.iter_mut().flat_map(|outcome| &mut outcome.observations) {
        observation.definition = observation.measure.computed_definition().map(str::to_owned);
    }
    let comparison = compare(&go_api(), &computed);
    let words = "the definition differs: D2 in the baseline, D2-computed here";
    assert_eq!(condition(figure(&comparison, "multi", Measure::TransferSize)), words);
    assert_eq!(condition(ratio(&comparison, Measure::TransferSize)), words);
    assert_eq!(figure(&comparison, "multi", Measure::UncompressedSize).verdict, Verdict::Reproduced);
    let told = comparison.findings.iter().filter(|f| f.measure == Measure::TransferSize && f.phase.is_none());
    assert_eq!(told.count(), 3, "each figure once: two variants and their ratio");
    assert_eq!(figure(&compare(&computed, &computed), "multi", Measure::TransferSize).verdict, Verdict::Reproduced);
}

#[test]
fn bytes_within_what_the_baselines_trials_differed_by_are_reproduced() {
    let mut baseline = go_api();
    let mut offset = [-40.0, 0.0, 40.0].into_iter();
    for outcome in baseline.trials.iter_mut().filter(|o| o.trial.variant == "multi") {
        outcome.observations[0].value += offset.next().expect("three trials");
        outcome.weighing = None;
    }
    let mut later = go_api();
    change(&mut later, "multi", Measure::TransferSize, |v| v + 40.0);
    assert_eq!(figure(&compare(&baseline, &later), "multi", Measure::TransferSize).verdict, Verdict::Reproduced);
    change(&mut later, "multi", Measure::TransferSize, |v| v + 1.0);
    assert!(compare(&baseline, &later).has_drift());
}

#[test]
fn the_ratio_says_how_many_times_the_single_stage_image_is_the_other() {
    let comparison = compare(&go_api(), &go_api());
    let found = ratio(&comparison, Measure::TransferSize);
    assert_eq!(found.subject, Subject::Ratio { of: "single".to_owned(), to: "multi".to_owned() });
    assert_eq!(found.run, Some(303_281_114.0 / 6_812_345.0));
}

#[test]
fn a_ratio_that_moves_beyond_its_tolerance_is_drift() {
    let mut later = go_api();
    change(&mut later, "multi", Measure::UncompressedSize, |v| v * 2.0);
    assert_eq!(ratio(&compare(&go_api(), &later), Measure::UncompressedSize).verdict, Verdict::Drifted { change: -0.5 });
}

#[test]
fn rebuilt_bases_leave_ratios_comparable_and_bytes_not() {
    let mut later = go_api();
    later.run.conditions.bases.get_mut("golang:1.23").expect("the base").digest = "sha256:other".to_owned();
    let comparison = compare(&go_api(), &later);
    assert!(condition(figure(&comparison, "single", Measure::TransferSize)).contains("golang:1.23"));
    assert_eq!(ratio(&comparison, Measure::TransferSize).verdict, Verdict::Reproduced);
    assert_eq!(figure(&comparison, "single", Measure::ContextSize).verdict, Verdict::Reproduced);
}

#[test]
fn a_base_without_a_digest_is_never_taken_for_the_same() {
    let mut without = go_api();
    without.run.conditions.bases.clear();
    let comparison = compare(&without, &without);
    assert!(condition(figure(&comparison, "single", Measure::UncompressedSize)).contains("golang:1.23"));
}

#[test]
fn another_compressor_matters_to_compressed_sizes_only() {
    let mut later = go_api();
    later.run.conditions.compressor = "dockerd 28.5.2 gzip".to_owned();
    let comparison = compare(&go_api(), &later);
    assert!(condition(figure(&comparison, "single", Measure::TransferSize)).contains("dockerd 28.5.2 gzip"));
    assert_eq!(figure(&comparison, "single", Measure::UncompressedSize).verdict, Verdict::Reproduced);
}

#[test]
fn nothing_about_images_crosses_base_sets() {
    let mut later = go_api();
    later.run.conditions.base_set = BaseSet::Hub;
    let comparison = compare(&go_api(), &later);
    let images = comparison.findings.iter().filter(|f| f.measure != Measure::ContextSize);
    assert!(images.clone().count() > 10);
    for finding in images {
        assert!(condition(finding).contains("base set"), "{finding:?}");
    }
}

#[test]
fn times_are_not_comparable_across_hosts() {
    let mut later = go_api();
    later.run.conditions.host = "ba9876543210".to_owned();
    let comparison = compare(&go_api(), &later);
    assert!(condition(figure(&comparison, "multi", Measure::BuildTime)).contains("hosts"));
    assert!(comparison.has_comparable());
}

#[test]
fn two_unknown_hosts_are_not_the_same_host() {
    let mut unknown = go_api();
    unknown.run.conditions.host = loadline::record::UNKNOWN.to_owned();
    assert!(condition(figure(&compare(&unknown, &unknown), "multi", Measure::PullTime)).contains("hosts"));
}

#[test]
fn three_times_a_side_give_no_verdict_on_times() {
    let comparison = compare(&go_api(), &go_api());
    assert!(condition(figure(&comparison, "multi", Measure::BuildTime)).contains("7 values"));
}

/// Eight trials of one variant whose build takes `build` seconds and a little noise.
fn eight_builds(build: f64) -> Record {
    let trials = (1..=8).map(|i| {
        let figures = Figures {
            transfer: 6_812_345,
            uncompressed: 12_102_656,
            layers: 3,
            build: build + f64::from(i) / 100.0,
            push: 0.25,
            pull: 0.125,
        };
        measured("go-api", "multi", i, figures)
    });
    let mut run = run();
    run.settings.trials = 8;
    Record::new(run, trials.collect()).expect("a believable record")
}

#[test]
fn times_whose_intervals_are_apart_by_more_than_a_twentieth_drifted() {
    let comparison = compare(&eight_builds(10.0), &eight_builds(12.0));
    let Verdict::Drifted { change } = figure(&comparison, "multi", Measure::BuildTime).verdict else { panic!("drift") };
    assert!((0.19..0.21).contains(&change), "{change}");
    assert_eq!(figure(&comparison, "multi", Measure::PushTime).verdict, Verdict::Reproduced);
}

#[test]
fn a_change_below_the_smallest_effect_is_no_drift() {
    let comparison = compare(&eight_builds(10.0), &eight_builds(10.2));
    assert_eq!(figure(&comparison, "multi", Measure::BuildTime).verdict, Verdict::Reproduced);
}

#[test]
fn a_figure_that_is_gone_says_what_became_of_it() {
    let mut later = go_api();
    later.trials.retain(|o| o.trial.variant != "multi");
    later.trials.push(failed("go-api", "multi", Status::SmokeFailed { reason: "GET /health answered 500".to_owned() }));
    let comparison = compare(&go_api(), &later);
    let found = figure(&comparison, "multi", Measure::TransferSize);
    assert!(condition(found).contains("smoke-failed: GET /health answered 500"), "{found:?}");
    assert_eq!((found.baseline, found.run), (Some(6_812_345.0), None));
    assert!(condition(ratio(&comparison, Measure::TransferSize)).contains("this run lacks"));
}

#[test]
fn a_variant_that_only_one_side_planned_says_so() {
    let mut later = go_api();
    later.run.plan.retain(|p| p.variant != "multi");
    later.trials.retain(|o| o.trial.variant != "multi");
    let comparison = compare(&go_api(), &later);
    assert!(condition(figure(&comparison, "multi", Measure::TransferSize)).contains("this run did not plan"));
    let comparison = compare(&later, &go_api());
    assert!(condition(figure(&comparison, "multi", Measure::TransferSize)).contains("the baseline did not plan"));
}

#[test]
fn records_without_a_common_figure_have_nothing_comparable() {
    let mut later = go_api();
    later.trials.retain(|o| !o.status.has_numbers());
    assert!(!compare(&go_api(), &later).has_comparable());
}

#[test]
fn the_reference_is_the_plain_single_stage_variant() {
    let mut run = run();
    assert_eq!(reference(&run, "go-api").map(|p| p.variant.as_str()), Some("single"));
    run.plan.retain(|p| p.variant != "single");
    assert_eq!(reference(&run, "go-api"), None);
}

#[test]
fn a_failed_build_and_a_skip_are_missing_and_only_the_skip_can_be_excused() {
    let strict = completeness(&go_api(), false);
    let names: Vec<_> = strict.missing.iter().map(|s| (s.variant.as_str(), s.status)).collect();
    assert_eq!(names, [("broken", "build-failed"), ("alpine", "skipped")]);
    let lenient = completeness(&go_api(), true);
    assert_eq!(lenient.missing.iter().map(|s| s.variant.as_str()).collect::<Vec<_>>(), ["broken"]);
    assert_eq!(lenient.excused.iter().map(|s| s.variant.as_str()).collect::<Vec<_>>(), ["alpine"]);
    assert!(!lenient.is_complete());
}

#[test]
fn an_expected_failure_is_complete_and_a_trial_that_never_ran_is_not() {
    let mut record = go_api();
    record.run.plan.retain(|p| p.variant != "alpine");
    record.trials.retain(|o| o.trial.variant == "single" || (o.trial.variant == "multi" && o.trial.iteration < 3));
    record.trials.push(failed("go-api", "broken", Status::ExpectedFailure { reason: "as the scenario says".to_owned() }));
    let found = completeness(&record, true).missing;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].variant.as_str(), found[0].status), ("multi", "not-run"));
    assert_eq!(found[0].reason, "2 of 3 trials have an outcome");
}

#[test]
fn one_bad_trial_of_three_makes_its_variant_incomplete() {
    let mut record = go_api();
    let last = record.trials.iter_mut().find(|o| o.trial.variant == "multi" && o.trial.iteration == 3).expect("the trial");
    *last = failed("go-api", "multi", Status::Invalid { reason: "step 2 was cached".to_owned() });
    last.trial.iteration = 3;
    assert!(completeness(&record, true).missing.iter().any(|s| s.variant == "multi" && s.reason == "step 2 was cached"));
}

proptest! {
    #[test]
    fn any_change_of_a_byte_count_is_drift(bytes in 5_000_u64..9_000_000_000, by in 1_u64..1_000_000) {
        let one = |transfer| {
            let figures = Figures { transfer, uncompressed: 2_000, layers: 1, build: 1.0, push: 1.0, pull: 1.0 };
            Record::new(run(), vec![measured("go-api", "multi", 1, figures)]).expect("believable")
        };
        let comparison = compare(&one(bytes), &one(bytes + by));
        let verdict = &figure(&comparison, "multi", Measure::TransferSize).verdict;
        let drifted = matches!(verdict, Verdict::Drifted { change } if *change > 0.0);
        prop_assert!(drifted, "{:?}", verdict);
    }
}
