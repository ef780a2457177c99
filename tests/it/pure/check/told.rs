//! What an evaluation comes to, and how it is told as text and as JSON.

use loadline::budget::{Budget, BudgetPlace};
use loadline::judge::{BudgetSource, Check, CheckOutcome, Evaluation, FileGrowth, Growth, LayerGrowth, Ruling, check};
use loadline::measure::Measure;
use loadline::record::Record;
use loadline::report::{check_json, check_schema, check_text};

use super::{FIVE, held, max, more, ratio, run, with};
use crate::support::checked_in;

#[test]
fn what_did_not_grow_explains_no_growth() {
    let layer = |before, after| LayerGrowth { dockerfile_line: None, created_by: Some("COPY . .".to_owned()), before, after };
    let file = FileGrowth { path: "/app".to_owned(), before: Some(1), after: Some(6), dockerfile_line: None };
    let layers = vec![layer(Some(9), Some(9)), layer(Some(1), Some(6)), layer(None, Some(0))];
    let growth = Growth { total: 5, layers: layers.clone(), files: vec![file], ..Growth::default() };
    let of = |measure| growth.clone().of(measure);
    assert_eq!(of(Measure::TransferSize).layers, layers[1..], "one was built anew");
    let counted = of(Measure::LayerCount);
    assert_eq!((counted.layers, counted.files), (layers[2..].to_vec(), Vec::new()), "one is new");
    let mut evaluation = evaluation(&["fail"]);
    evaluation.checks[0].growth = Some(Growth { base: Some(0), app: Some(0), ..Growth::default() });
    assert!(check_text(&evaluation).contains("grew: the uncompressed size (D3) is the same\n"), "no list of nothing");
}

#[test]
fn that_nothing_grew_is_told_of_a_size_that_was_too_large_before_and_of_nothing_else() {
    let (run, mut away) = (run(&FIVE), run(&FIVE));
    let growth = |baseline, measure, text| held(&run, Some(baseline), &max(measure, text)).growth;
    assert_eq!(growth(&run, Measure::UncompressedSize, "1 kB").map(|growth| growth.total), Some(0));
    assert_eq!(growth(&run, Measure::LayerCount, "1"), None);
    away.run.conditions.platform = "linux/arm64".to_owned();
    assert_eq!(held(&run, Some(&away), &more(Measure::UncompressedSize, "1 %")).growth, None, "it is not comparable");
}

#[test]
fn limits_of_files_are_loosened_only_where_a_run_had_some() {
    let loosened = |baseline: Option<&Record>, run: &Record| {
        let source = BudgetSource::Files { paths: vec!["b".to_owned()], own: Vec::new() };
        check(run, baseline, source, &[max(Measure::UncompressedSize, "1 GB")]).loosened.len()
    };
    let none = run(&FIVE);
    let mut some = none.clone();
    some.run.budgets = vec![max(Measure::UncompressedSize, "1 GB")];
    assert_eq!((loosened(Some(&none), &none), loosened(Some(&some), &none), loosened(None, &none)), (0, 1, 1));
    assert_eq!(loosened(Some(&none), &some), 0, "it has the same");
}

#[test]
fn what_grew_is_told_once_of_a_variant() {
    let mut evaluation = evaluation(&["fail", "fail", "fail"]);
    let file = FileGrowth { path: "/app".to_owned(), before: None, after: Some(5), dockerfile_line: None };
    let growth = Growth { total: 5, files: vec![file], ..Growth::default() };
    evaluation.checks.iter_mut().for_each(|check| check.growth = Some(growth.clone()));
    evaluation.checks[2].variant = "other".to_owned();
    let text = check_text(&evaluation);
    assert_eq!((text.matches("grew: +5 B /app\n").count(), text.matches("grew: as above\n").count()), (2, 1), "{text}");
}

#[test]
fn limits_that_are_skipped_for_one_reason_are_one_line() {
    let text = check_text(&evaluation(&["skip", "pass", "skip"]));
    assert!(text.contains("\nskip           2 limits of go-api/multi (gate): so\n") && text.matches("\nskip").count() == 1, "{text}");
}

#[test]
fn figures_that_would_look_equal_are_told_to_the_last_byte() {
    let mut evaluation = evaluation(&["pass"]);
    (evaluation.checks[0].actual, evaluation.checks[0].allowed) = (Some(3_100_001.0), Some(3_100_002.0));
    assert!(check_text(&evaluation).contains(": 3.1 MB (3100001 B) of 3.1 MB (3100002 B)\n"));
}

fn evaluation(words: &[&str]) -> Evaluation {
    let why = || "so".to_owned();
    let outcome = |word: &&str| match *word {
        "pass" => CheckOutcome::Pass,
        "fail" => CheckOutcome::Fail { excess: 1.0 },
        "undecided" => CheckOutcome::Undecided { why: why() },
        "unmeasured" => CheckOutcome::Unmeasured { why: why() },
        "not-comparable" => CheckOutcome::NotComparable { why: why() },
        _ => CheckOutcome::Skip { why: why() },
    };
    let template = held(&run(&FIVE), None, &max(Measure::LiveSize, "1 GB"));
    let checks = words.iter().map(|word| Check { outcome: outcome(word), ..template.clone() }).collect();
    Evaluation {
        run: "run".to_owned(),
        baseline: None,
        source: BudgetSource::Record,
        checks,
        loosened: Vec::new(),
        unheld: Vec::new(),
        unlimited: Vec::new(),
        redefined: Vec::new(),
    }
}

#[test]
fn what_is_incomplete_goes_before_a_failure_and_a_failure_before_doubt() {
    for (words, ruling) in [
        (&["pass", "skip"][..], Ruling::Passed),
        (&["pass", "fail", "undecided", "skip"], Ruling::Failed),
        (&["pass", "undecided"], Ruling::Undecided),
        (&["fail", "unmeasured"], Ruling::Incomplete),
        (&["pass", "not-comparable"], Ruling::Incomplete),
        (&["not-comparable", "skip"], Ruling::NotComparable),
        (&["not-comparable", "unmeasured"], Ruling::Incomplete),
        (&["skip"], Ruling::NothingJudged),
        (&[], Ruling::NothingJudged),
    ] {
        assert_eq!(evaluation(words).ruling(), ruling, "{words:?}");
    }
}

/// One check of every kind, with what grew and a hostile name.
fn of_every_kind() -> Evaluation {
    let old = run(&FIVE);
    let mut new = with(&old, Measure::UncompressedSize, |bytes| bytes + 40_000.0);
    new.trials[0].observations.retain(|o| o.measure != Measure::PullTime);
    let place = |line| Some(BudgetPlace { file: "scenarios/go-api/scenario.toml".to_owned(), line });
    let both = |budget: Budget| Budget { variants: vec!["single".to_owned(), "multi".to_owned()], ..budget };
    let named = |name: &str, line, budget: Budget| Budget { name: name.to_owned(), place: place(line), ..budget };
    let budgets = [
        named("growth", 12, both(Budget { reason: Some("nodes are \u{1b}[2Jsmall".to_owned()), ..more(Measure::UncompressedSize, "1 %") })),
        named("layers", 16, max(Measure::LayerCount, "12")),
        named("build", 20, max(Measure::BuildTime, "1250 ms")),
        named("pull", 24, both(max(Measure::PullTime, "9 s"))),
        named("link", 28, Budget { link: Some("lan".to_owned()), ..max(Measure::PushTime, "9 s") }),
        named("share", 32, ratio(Measure::LiveSize, "5 %")),
    ];
    new.run.budgets = vec![named("layers", 17, max(Measure::LayerCount, "20"))];
    let source = BudgetSource::Files { paths: vec!["base/scenario.toml".to_owned()], own: Vec::new() };
    let mut evaluation = check(&new, Some(&old), source, &budgets);
    let failed = evaluation.checks.iter_mut().find(|check| check.budget == "growth" && check.outcome.id() == "fail").expect("it grew");
    failed.growth = Some(Growth {
        total: 40_000,
        base: Some(0),
        app: Some(40_000),
        moved_bases: vec!["golang:1.23".to_owned()],
        layers: vec![LayerGrowth { dockerfile_line: None, created_by: Some("COPY . .".to_owned()), before: Some(1), after: Some(40_001) }],
        files: vec![FileGrowth { path: "/app/\u{202e}x".to_owned(), before: None, after: Some(39_000), dockerfile_line: None }],
    });
    evaluation
}

#[test]
fn an_evaluation_as_text_begins_with_what_fails_and_ends_with_the_verdict() {
    let text = check_text(&of_every_kind());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
    insta::assert_snapshot!(text);
}

#[test]
fn an_evaluation_as_json_has_the_verdict_and_every_check() {
    let text = check_json(&of_every_kind()).expect("JSON");
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "hostile marks are escapes");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((value["verdict"].as_str(), value["format_version"]["major"].as_u64()), (Some("incomplete"), Some(1)));
    let outcomes: Vec<_> = value["checks"].as_array().expect("a list").iter().map(|c| c["outcome"]["outcome"].as_str()).collect();
    assert_eq!(outcomes.len(), 8);
    let schema = check_schema();
    let required = schema.get("required").and_then(|required| required.as_array()).expect("a schema of an object");
    assert!(required.iter().all(|field| value.get(field.as_str().expect("a name")).is_some()), "{required:?}");
}

#[test]
fn the_schema_of_checks_checked_in_is_that_of_the_type() {
    checked_in("schemas/check.schema.json", &(serde_json::to_string_pretty(&check_schema()).expect("a schema is JSON") + "\n"));
}
