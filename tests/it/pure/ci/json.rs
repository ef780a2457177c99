//! The JSON formats, held to schemas written after what their consumers publish; each schema names its source.

use std::collections::BTreeSet;

use loadline::report::CiFormat;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{count, is_wrong};
use crate::support::{evaluations, records};

fn validator(format: CiFormat) -> jsonschema::Validator {
    let path = format!("{}/tests/data/ci/{}.schema.json", env!("CARGO_MANIFEST_DIR"), format.id());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

const FORMATS: [CiFormat; 3] = [CiFormat::GitlabCodequality, CiFormat::CustomSmallerIsBetter, CiFormat::Bmf];

fn faults(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn each_format_keeps_to_its_schema_with_and_without_a_record() {
    for format in FORMATS {
        for record in [None, Some(records::go_api())] {
            let document = parsed(&format.render(&evaluations::every_outcome(), record.as_ref()));
            assert_eq!(faults(&validator(format), &document), Vec::<String>::new(), "{}", format.id());
        }
    }
}

#[test]
fn the_schemas_refuse_what_their_consumers_refuse() {
    let wrong = [
        (
            CiFormat::GitlabCodequality,
            json!([{ "description": "x", "check_name": "y", "fingerprint": "z", "severity": "bad", "location": { "path": "a", "lines": { "begin": 1 } } }]),
        ),
        (
            CiFormat::GitlabCodequality,
            json!([{ "description": "x", "check_name": "y", "fingerprint": "z", "severity": "major", "location": { "path": "./a" } }]),
        ),
        (CiFormat::CustomSmallerIsBetter, json!([{ "name": "x", "unit": "MB", "value": 1 }])),
        (CiFormat::CustomSmallerIsBetter, json!([{ "name": "x", "unit": "bytes", "value": "1" }])),
        (CiFormat::Bmf, json!({ "x": { "y": { "value": null } } })),
        (CiFormat::Bmf, json!({ "x": { "Not A Slug": { "value": 1 } } })),
    ];
    for (format, document) in wrong {
        assert!(!faults(&validator(format), &document).is_empty(), "{}: {document}", format.id());
    }
}

#[test]
fn every_series_of_the_record_but_parts_of_measures_is_a_figure() {
    let record = records::go_api();
    let whole = record.series().iter().filter(|series| series.key.phase.is_none()).count();
    assert!((1..record.series().len()).contains(&whole), "there are parts too");
    let entries = parsed(&CiFormat::CustomSmallerIsBetter.render(&evaluations::every_outcome(), Some(&record)));
    assert_eq!(entries.as_array().map(Vec::len), Some(whole));
    let names: BTreeSet<&str> = entries.as_array().expect("an array").iter().filter_map(|entry| entry["name"].as_str()).collect();
    assert_eq!(names.len(), whole);
    let benchmarks = parsed(&CiFormat::Bmf.render(&evaluations::every_outcome(), Some(&record)));
    let metrics = benchmarks.as_object().expect("an object").values().filter_map(Value::as_object).map(serde_json::Map::len).sum::<usize>();
    assert_eq!(metrics, whole);
}

#[test]
fn a_fingerprint_stays_when_the_figure_changes() {
    let fingerprint = |actual| {
        let mut evaluation = evaluations::every_outcome();
        evaluation.checks[1].actual = Some(actual);
        parsed(&CiFormat::GitlabCodequality.render(&evaluation, None))[0]["fingerprint"].clone()
    };
    assert_eq!(fingerprint(1e6), fingerprint(2e6));
}

#[test]
fn a_limit_that_is_in_no_file_any_more_is_told_at_a_file() {
    let mut evaluation = evaluations::every_outcome();
    (evaluation.loosened[0].after, evaluation.loosened[0].place) = (None, None);
    let findings = parsed(&CiFormat::GitlabCodequality.render(&evaluation, None));
    let loosened = findings.as_array().expect("an array").iter().find(|f| f["check_name"] == "loadline/loosened").expect("it is told");
    assert_eq!(loosened["location"]["path"], "go-api/scenario.toml");
    assert_eq!(loosened["description"], "go-api: budget lean: held to at most 25 MB; in this run's own budgets it is not there");
}

proptest! {
    #[test]
    fn no_name_breaks_a_schema(evaluation in evaluations::hostile(6)) {
        for format in FORMATS {
            let document = parsed(&format.render(&evaluation, None));
            prop_assert_eq!(faults(&validator(format), &document), Vec::<String>::new(), "{}", format.id());
        }
    }

    #[test]
    fn every_finding_of_gitlab_has_a_fingerprint_of_its_own(evaluation in evaluations::hostile(6)) {
        let document = parsed(&CiFormat::GitlabCodequality.render(&evaluation, None));
        let findings = document.as_array().expect("an array");
        let fingerprints: BTreeSet<&str> = findings.iter().filter_map(|finding| finding["fingerprint"].as_str()).collect();
        let wrong = evaluation.checks.iter().filter(|check| is_wrong(&check.outcome)).count();
        let wanted = wrong + count(&evaluation, &["undecided"]) + evaluation.loosened.len() + evaluation.redefined.len();
        prop_assert_eq!((fingerprints.len(), findings.len()), (wanted, wanted));
    }
}
