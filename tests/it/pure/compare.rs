//! What became better or worse: the verdicts of the command, and how often they are wrong.

use loadline::image::{LayerFile, LayerWeight};
use loadline::judge::{ChangeVerdict, Changes, FigureChange, Question, changes, changes_between, growth};
use loadline::measure::Measure;
use loadline::record::{Record, RunState, Status};
use loadline::report::{changes_csv, changes_json, changes_markdown, changes_schema, changes_terminal};

use crate::support::checked_in;
use crate::support::records::{Figures, change, failed, go_api, measured, run};

#[path = "../../../benches/compare/simulation.rs"]
mod simulation;

/// A run of nine iterations over two variants, whose times all take `factor` times as long; `multi` has `more` bytes more.
pub(crate) fn nine(id: &str, factor: f64, more: u64) -> Record {
    let mut run = run();
    id.clone_into(&mut run.run_id);
    run.settings.trials = 9;
    let trial = |iteration: u32, variant: &str| {
        let wobble = factor * (1.0 + f64::from(iteration % 4) / 200.0);
        let (uncompressed, transfer) =
            if variant == "multi" { (12_102_656 + more, 6_812_345 + more / 2) } else { (837_943_296, 303_281_114) };
        let figures = Figures { transfer, uncompressed, layers: 3, build: 12.0 * wobble, push: 2.0 * wobble, pull: wobble };
        let mut outcome = measured("go-api", variant, iteration, figures);
        let weighing = outcome.weighing.as_mut().expect("it was weighed");
        let layer = &mut weighing.layers[0];
        if variant == "multi" {
            layer.diff_id = format!("sha256:{uncompressed:064x}");
            layer.biggest = vec![LayerFile { path: "/app/server".to_owned(), size: 11_000_000 + more }];
        }
        outcome
    };
    let trials = (1..=9).flat_map(|iteration| ["single", "multi"].map(|variant| trial(iteration, variant)));
    Record::new(run, trials.collect()).expect("a believable record")
}

fn figure<'a>(changes: &'a Changes, variant: &str, measure: Measure) -> &'a FigureChange {
    let of = changes.variants.iter().find(|v| v.after == variant).expect("the variant is compared");
    of.figures.iter().find(|f| f.measure == measure).expect("the figure is compared")
}

fn condition(figure: &FigureChange) -> &str {
    match &figure.verdict {
        ChangeVerdict::Lost { condition } | ChangeVerdict::NotComparable { condition } => condition,
        verdict => panic!("no verdict was expected, not {verdict:?}"),
    }
}

#[test]
fn a_run_beside_itself_has_changed_nowhere() {
    let found = changes(&nine("a", 1.0, 0), &nine("a", 1.0, 0), &Question::default());
    let tally = found.tally();
    assert_eq!((tally.regressed, tally.improved, tally.too_few, tally.not_comparable), (0, 0, 0, 0));
    assert!(tally.equal > 20 && tally.within_noise == 6, "{tally:?}");
    assert!(found.variants.iter().all(|v| v.growth.is_none() && v.bases.is_empty()));
}

#[test]
fn bytes_and_times_that_grew_regressed_and_what_made_it_is_told() {
    let (before, after) = (nine("a", 1.0, 0), nine("b", 1.1, 4_096));
    let found = changes(&before, &after, &Question::default());
    assert_eq!(figure(&found, "multi", Measure::UncompressedSize).difference, Some(4_096.0));
    for measure in [Measure::UncompressedSize, Measure::TransferSize, Measure::BuildTime, Measure::PullTime] {
        assert_eq!(figure(&found, "multi", measure).verdict, ChangeVerdict::Regressed, "{measure:?}");
    }
    assert_eq!(figure(&found, "single", Measure::UncompressedSize).verdict, ChangeVerdict::Equal);
    let growth = growth(&before, &after, "go-api", "multi").expect("both are weighed");
    assert_eq!((growth.total, growth.base, growth.app), (4_096, Some(0), Some(4_096)));
    assert_eq!((growth.layers.len(), growth.files[0].path.as_str(), growth.files[0].bytes()), (1, "/app/server", 4_096));
    let faster = changes(&after, &before, &Question::default());
    assert_eq!(faster.tally().improved, found.tally().regressed);
}

#[test]
fn layers_as_long_as_before_that_compress_to_some_bytes_more_or_less_changed_in_nothing() {
    let verdict = |more: f64, longer: u64| {
        let mut after = nine("b", 1.0, longer);
        change(&mut after, "multi", Measure::TransferSize, |bytes| bytes + more);
        figure(&changes(&nine("a", 1.0, 0), &after, &Question::default()), "multi", Measure::TransferSize).verdict.clone()
    };
    assert_eq!((verdict(2.0, 0), verdict(-2.0, 0)), (ChangeVerdict::WithinNoise, ChangeVerdict::WithinNoise));
    assert_eq!(verdict(0.0, 0), ChangeVerdict::Equal);
    assert_eq!(verdict(7_000.0, 0), ChangeVerdict::Regressed, "more than a thousandth");
    assert_eq!(verdict(0.0, 512), ChangeVerdict::Regressed, "another length");
}

#[test]
fn a_base_that_moved_is_told_and_stands_in_nobodys_way() {
    let mut later = nine("b", 1.0, 0);
    later.run.conditions.bases.get_mut("golang:1.23").expect("the base").digest = format!("sha256:{}", "f0".repeat(32));
    let found = changes(&nine("a", 1.0, 0), &later, &Question::default());
    assert_eq!(found.tally().not_comparable, 0);
    assert_eq!(found.variants[0].bases[0].name, "golang:1.23");
    let growth = found.variants[0].growth.as_ref().expect("it is told");
    assert_eq!((growth.total, growth.moved_bases.as_slice()), (0, &["golang:1.23".to_owned()][..]));
}

#[test]
fn a_base_that_took_the_place_of_scratch_is_told_and_so_is_the_way_back() {
    let bare = |id: &str| {
        let mut record = nine(id, 1.0, 0);
        record.run.plan.iter_mut().filter(|p| p.variant == "multi").for_each(|p| p.bases.clear());
        record
    };
    let told = |before: &Record, after: &Record| {
        let found = changes(before, after, &Question::default());
        let multi = found.variants.into_iter().find(|v| v.after == "multi").expect("it is compared");
        multi.bases.into_iter().map(|b| (b.name, b.before.is_some(), b.after.is_some())).collect::<Vec<_>>()
    };
    let golang = || "golang:1.23".to_owned();
    assert_eq!(told(&bare("a"), &nine("b", 1.0, 0)), [(golang(), false, true)]);
    assert_eq!(told(&nine("a", 1.0, 0), &bare("b")), [(golang(), true, false)]);
    assert_eq!(told(&bare("a"), &bare("b")), []);
    let text = changes_terminal(&changes(&bare("a"), &nine("b", 1.0, 0), &Question::default()), false, 120);
    assert!(text.contains("golang:1.23: none → sha256:a1a1a1a1a1a1"), "{text}");
}

#[test]
fn nothing_is_said_of_files_beside_a_record_of_a_format_that_lists_none() {
    let mut older = nine("a", 1.0, 0);
    older.run.format_version.minor = 4;
    older.trials.iter_mut().filter_map(|o| o.weighing.as_mut()).flat_map(|w| &mut w.layers).for_each(|layer| layer.biggest.clear());
    let newer = nine("b", 1.0, 4_096);
    for (before, after) in [(&older, &newer), (&newer, &older)] {
        let growth = growth(before, after, "go-api", "multi").expect("both are weighed");
        assert!(growth.files.is_empty() && growth.layers.len() == 1, "{growth:?}");
    }
    assert!(!changes_terminal(&changes(&older, &newer, &Question::default()), true, 120).contains("/app/server"));
}

#[test]
fn times_of_another_host_are_not_compared_and_bytes_are() {
    let mut elsewhere = nine("b", 1.0, 0);
    elsewhere.run.conditions.host = "another".to_owned();
    let found = changes(&nine("a", 1.0, 0), &elsewhere, &Question::default());
    assert_eq!(condition(figure(&found, "multi", Measure::BuildTime)), "times are not comparable across hosts");
    assert_eq!(figure(&found, "multi", Measure::BuildTime).difference, None, "no number that could be read as a verdict");
    assert_eq!(figure(&found, "multi", Measure::TransferSize).verdict, ChangeVerdict::Equal);
}

#[test]
fn another_base_set_leaves_no_bytes_to_compare() {
    let mut published = nine("b", 1.0, 4_096);
    published.run.conditions.base_set = loadline::record::BaseSet::Hub;
    let found = changes(&nine("a", 1.0, 0), &published, &Question::default());
    assert!(condition(figure(&found, "multi", Measure::UncompressedSize)).contains("base set"));
    assert!(found.variants.iter().all(|v| v.growth.is_none()));
}

#[test]
fn a_figure_of_a_variant_that_broke_is_lost() {
    let mut broken = nine("b", 1.0, 0);
    broken.trials.retain(|o| o.trial.variant != "multi");
    broken.trials.push(failed("go-api", "multi", Status::BuildFailed { reason: "no such file".to_owned() }));
    let found = changes(&nine("a", 1.0, 0), &broken, &Question::default());
    assert!(found.has_lost() && !found.has_regressed());
    assert!(condition(figure(&found, "multi", Measure::BuildTime)).contains("build-failed: no such file"));
    let tally = found.tally();
    assert!(tally.lost > 9 && tally.not_comparable == 0, "{tally:?}");
    let text = changes_terminal(&found, false, 120);
    assert!(text.contains(&format!("0 improved, {} lost,", tally.lost)) && text.contains("\nLost:\n"), "{text}");
    let mut removed = nine("b", 1.0, 0);
    removed.trials.retain(|o| o.trial.variant != "multi");
    removed.run.plan.retain(|p| p.variant != "multi");
    let lost = |removed: &Record| changes(&nine("a", 1.0, 0), removed, &Question::default()).has_lost();
    assert!(lost(&removed), "the run was asked for the same");
    removed.run.settings.variants = vec!["single".to_owned()];
    assert!(!lost(&removed), "it was left out on purpose");
}

#[test]
fn trials_that_one_side_lacks_are_told_above_the_figures() {
    let (whole, mut short) = (nine("a", 1.0, 0), nine("b", 1.0, 0));
    let at = short.trials.iter().position(|o| o.trial.variant == "multi").expect("a trial");
    short.trials[at] = failed("go-api", "multi", Status::SmokeFailed { reason: "status 500".to_owned() });
    let found = changes(&whole, &short, &Question::default());
    assert!(found.lacks_trials() && !found.has_lost() && !found.has_regressed());
    let warning =
        "\nwarning: this run lacks trials of go-api/multi: smoke-failed: status 500; its figures are of the trials that there are\n";
    assert!(changes_terminal(&found, false, 120).contains(warning));
    assert!(changes_markdown(&found, false).contains("> **Warning**: this run lacks trials of go-api/multi"));
    let back = changes(&short, &whole, &Question::default());
    assert!(!back.lacks_trials() && changes_terminal(&back, false, 120).contains("the baseline lacks trials of go-api/multi"));
    let mut cut = nine("c", 1.0, 0);
    cut.run.settings.trials = 9;
    cut.trials.pop();
    assert!(changes_terminal(&changes(&whole, &cut, &Question::default()), false, 120).contains("multi: 8 of 9 trials have an outcome"));
    let mut ended = nine("d", 1.0, 0);
    ended.run.state = RunState::Interrupted;
    let found = changes(&whole, &ended, &Question::default());
    assert!(found.lacks_trials() && changes_terminal(&found, false, 120).contains("this run: the run did not come to its end"));
    let variants = changes_between(&short, "go-api", ("single", "multi"), &Question::default());
    assert!(changes_terminal(&variants, false, 120).contains("the second variant lacks trials of go-api/multi"));
}

#[test]
fn every_figure_for_programs_has_what_the_schema_requires() {
    let mut broken = nine("b", 1.1, 0);
    broken.trials.retain(|o| o.trial.variant != "multi");
    let text = changes_json(&changes(&nine("a", 1.0, 0), &broken, &Question::default())).expect("JSON");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let schema = serde_json::to_value(changes_schema()).expect("a schema is JSON");
    let required = |name: &str| schema["$defs"][name]["required"].as_array().expect("a list").clone();
    let has = |value: &serde_json::Value, name: &str| required(name).iter().all(|key| value.get(key.as_str().expect("a key")).is_some());
    let figures: Vec<_> =
        document["variants"].as_array().expect("a list").iter().filter_map(|v| v["figures"].as_array()).flatten().collect();
    assert!(figures.iter().any(|figure| figure["verdict"] == "lost") && figures.iter().any(|figure| figure["verdict"] == "equal"));
    assert!(figures.iter().all(|figure| has(figure, "FigureChange")), "{:?}", required("FigureChange"));
    assert!(document["missing"].as_array().is_some_and(|all| all.len() == 1 && has(&all[0], "MissingTrials")), "{}", document["missing"]);
    assert!(has(&document["totals"], "Tally"));
}

#[test]
fn a_variant_that_one_plan_lacks_is_named_with_its_scenario() {
    let mut removed = nine("b", 1.0, 0);
    removed.trials.retain(|o| o.trial.variant != "multi");
    removed.run.plan.retain(|p| p.variant != "multi");
    let found = changes(&nine("a", 1.0, 0), &removed, &Question::default());
    assert_eq!(condition(figure(&found, "multi", Measure::LiveSize)), "this run did not plan the variant go-api/multi");
}

#[test]
fn two_variants_of_a_run_are_compared_by_iteration() {
    let found = changes_between(&nine("a", 1.0, 0), "go-api", ("single", "multi"), &Question::default());
    assert!(found.paired && found.variants.len() == 1);
    let variant = &found.variants[0];
    assert_eq!((variant.before.as_str(), variant.after.as_str()), ("single", "multi"));
    assert_eq!(figure(&found, "multi", Measure::UncompressedSize).verdict, ChangeVerdict::Improved);
    assert_eq!(figure(&found, "multi", Measure::BuildTime).verdict, ChangeVerdict::WithinNoise);
    assert!(variant.growth.as_ref().is_some_and(|growth| growth.total < 0));
}

#[test]
fn a_figure_that_vanished_from_good_trials_is_lost_unless_other_conditions_took_it() {
    let before = nine("a", 1.0, 0);
    let mut after = nine("b", 1.0, 0);
    after.trials.iter_mut().for_each(|outcome| outcome.observations.retain(|o| o.measure != Measure::PushTime));
    let found = changes(&before, &after, &Question::default());
    assert_eq!((found.tally().lost, condition(figure(&found, "multi", Measure::PushTime))), (2, "this run has no figure"));
    let back = changes(&after, &before, &Question::default());
    assert_eq!((back.tally().lost, back.tally().not_comparable), (0, 2), "more is measured");
    after.run.conditions.link = "20mbit".to_owned();
    assert_eq!(changes(&before, &after, &Question::default()).tally().lost, 0);
}

#[test]
fn what_only_one_side_was_to_have_is_counted_with_the_reason() {
    let before = nine("a", 1.0, 0);
    let mut after = nine("b", 1.0, 0);
    after.run.format_version.minor = 1;
    after.run.settings.no_pull = true;
    after.trials.iter_mut().for_each(|outcome| {
        outcome.observations.retain(|o| ![Measure::LiveSize, Measure::PullTime].contains(&o.measure));
    });
    let found = changes(&before, &after, &Question::default());
    assert_eq!((found.tally().lost, found.has_lost()), (0, false));
    let told: Vec<String> = found.unasked.iter().map(|of| format!("{}: {}", of.figures, of.why)).collect();
    assert!(told.contains(&"2: this run was to pull nothing (--no-pull)".to_owned()), "{told:?}");
    assert!(told.contains(&"2: the format of this run, 1.1, knows no live-size".to_owned()), "{told:?}");
    let text = changes_terminal(&found, false, 120);
    assert!(text.contains("\nOnly on one side:\n") && text.contains("  2 figures: this run was to pull nothing (--no-pull)\n"), "{text}");
    after.run.settings.builds = vec!["warm".to_owned()];
    assert!(changes(&before, &after, &Question::default()).unasked.iter().any(|of| of.why == "this run made no cold builds"));
}

#[test]
fn one_measure_is_compared_alone() {
    let question = Question { measures: vec![Measure::PushTime], ..Question::default() };
    let found = changes(&nine("a", 1.0, 0), &nine("b", 1.1, 4_096), &question);
    assert!(found.figures().all(|f| f.measure == Measure::PushTime) && found.figures().count() == 2);
    assert!(found.variants.iter().all(|v| v.growth.is_none()), "nobody asked for sizes");
}

/// A run whose image grew in every way that is told.
fn grown() -> Record {
    let mut later = nine("2026-12-24-1", 1.08, 250_000);
    later.run.conditions.bases.get_mut("golang:1.23").expect("the base").digest = format!("sha256:{}", "f0".repeat(32));
    for weighing in later.trials.iter_mut().filter(|o| o.trial.variant == "multi").filter_map(|o| o.weighing.as_mut()) {
        let more = LayerWeight {
            diff_id: format!("sha256:{}", "77".repeat(32)),
            created_by: Some("RUN /bin/sh -c apk add curl # buildkit".to_owned()),
            dockerfile_line: None,
            uncompressed: 150_000,
            biggest: vec![LayerFile { path: "/usr/bin/curl".to_owned(), size: 120_000 }],
            ..weighing.layers[0].clone()
        };
        weighing.layers[0].uncompressed -= 150_000;
        weighing.layers.push(more);
    }
    later
}

#[test]
fn a_comparison_as_text() {
    let found = changes(&nine("2026-11-30-1", 1.0, 0), &grown(), &Question::default());
    let text = changes_terminal(&found, false, 120);
    assert!(text.lines().filter(|l| l.starts_with(['│', '┌'])).all(|l| l.chars().count() <= 120), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_comparison_of_few_trials_elsewhere_with_every_figure() {
    let mut elsewhere = go_api();
    elsewhere.run.conditions.host = "another".to_owned();
    let question = Question { measures: vec![Measure::TransferSize, Measure::BuildTime, Measure::PullTime], ..Question::default() };
    let mut text = changes_terminal(&changes(&go_api(), &elsewhere, &question), true, 120);
    text.push_str(&changes_terminal(&changes(&go_api(), &go_api(), &question), true, 120));
    insta::assert_snapshot!(text);
}

#[test]
fn a_comparison_as_markdown() {
    let found = changes(&nine("2026-11-30-1", 1.0, 0), &grown(), &Question::default());
    insta::assert_snapshot!(changes_markdown(&found, false));
}

#[test]
fn two_variants_as_text() {
    let found = changes_between(&nine("2026-11-30-1", 1.0, 0), "go-api", ("single", "multi"), &Question::default());
    insta::assert_snapshot!(changes_terminal(&found, false, 120));
}

#[test]
fn a_comparison_for_programs() {
    let question = Question { measures: vec![Measure::UncompressedSize, Measure::PushTime], ..Question::default() };
    let found = changes(&nine("2026-11-30-1", 1.0, 0), &grown(), &question);
    insta::assert_snapshot!(changes_json(&found).expect("JSON"));
    insta::assert_snapshot!(changes_csv(&found).expect("CSV"));
}

#[test]
fn the_schema_of_comparisons_checked_in_is_that_of_the_type() {
    checked_in("schemas/compare.schema.json", &(serde_json::to_string_pretty(&changes_schema()).expect("a schema is JSON") + "\n"));
}

#[test]
fn hostile_names_of_a_record_act_on_nothing() {
    let hostile = "=cmd|'\u{1b}[2J\u{202e}<b>\n| x";
    let mut later = grown();
    hostile.clone_into(&mut later.run.run_id);
    for outcome in later.trials.iter_mut().filter(|o| o.trial.variant == "multi") {
        for layer in outcome.weighing.iter_mut().flat_map(|w| &mut w.layers) {
            layer.created_by = Some(hostile.to_owned());
            layer.dockerfile_line = None;
            layer.biggest.iter_mut().for_each(|file| file.path.push_str(hostile));
        }
    }
    let base = later.run.conditions.bases.get_mut("golang:1.23").expect("the base");
    hostile.clone_into(&mut base.digest);
    let found = changes(&nine("a", 1.0, 0), &later, &Question::default());
    let texts = [
        changes_terminal(&found, true, 100),
        changes_markdown(&found, true),
        changes_json(&found).expect("JSON"),
        changes_csv(&found).expect("CSV"),
    ];
    for text in &texts {
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(acts), "{text:?}");
    }
    assert!(!texts[1].contains("<b>"), "{}", texts[1]);
    assert!(texts[3].lines().skip(1).all(|line| !line.contains(",=cmd")), "{}", texts[3]);
}

#[test]
fn fifteen_values_a_side_find_a_tenth_and_call_nothing_that_is_not_there() {
    // Fewer rounds than the table of docs/comparing.md has, with a fixed seed; the bounds are those of the page.
    for noise in simulation::NOISES {
        let rates = simulation::rates(noise, 15, 600);
        assert!(rates.changed <= 0.01 && rates.slower <= rates.changed, "{}: {rates:?}", noise.name());
        assert!(rates.found >= 0.95, "{}: {rates:?}", noise.name());
    }
}

#[test]
fn five_values_a_side_are_too_few_for_any_verdict_on_times() {
    let rates = simulation::rates(simulation::NOISES[0], simulation::SIZES[0], 50);
    assert!(rates.changed == 0.0 && rates.found == 0.0, "{rates:?}");
}

#[test]
fn equal_bytes_are_never_flagged_and_one_per_cent_more_always_is() {
    assert_eq!(simulation::bytes(300), (0, 300));
}
