//! `JUnit` XML, read by nextest's parser and held to the elements and attributes of Jenkins' schema.

use loadline::judge::Evaluation;
use loadline::report::CiFormat;
use proptest::prelude::*;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use super::count;
use crate::support::{evaluations, records};

type Names = &'static [&'static str];

/// Element, attributes that it must have, attributes that it may have, elements that may be in it: what `junit-10.xsd` of Jenkins' xUnit
/// plugin says of those that are used here.
const ALLOWED: [(&str, Names, Names, Names); 9] = [
    ("testsuites", &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &[], &[]),
    ("testcase", &["name"], &["time", "classname", "group"], &["skipped", "error", "failure", "system-out", "system-err"]),
    ("failure", &[], &["type", "message"], &[]),
    ("error", &[], &["type", "message"], &[]),
    ("skipped", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
];

fn faults(xml: &str) -> Vec<String> {
    let document = match roxmltree::Document::parse(xml) {
        Ok(document) => document,
        Err(error) => return vec![error.to_string()],
    };
    let mut faults = Vec::new();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let Some((_, must, may, inner)) = ALLOWED.iter().find(|(known, ..)| *known == name) else {
            faults.push(format!("{name} is unknown"));
            continue;
        };
        let lacks = must.iter().filter(|attribute| node.attribute(**attribute).is_none());
        faults.extend(lacks.map(|attribute| format!("{name} lacks {attribute}")));
        let foreign = node.attributes().map(|attribute| attribute.name()).filter(|found| !must.contains(found) && !may.contains(found));
        faults.extend(foreign.map(|attribute| format!("{name} has {attribute}")));
        let children = node.children().filter(roxmltree::Node::is_element).map(|child| child.tag_name().name());
        faults.extend(children.filter(|child| !inner.contains(child)).map(|child| format!("{name} holds {child}")));
    }
    faults
}

fn statuses(report: &Report) -> Vec<&TestCaseStatus> {
    report.test_suites.iter().flat_map(|suite| &suite.test_cases).map(|case| &case.status).collect()
}

fn agrees(report: &Report, evaluation: &Evaluation) {
    let kinds = |wanted| {
        let is = |status: &&TestCaseStatus| matches!(status, TestCaseStatus::NonSuccess { kind, .. } if *kind == wanted);
        statuses(report).into_iter().filter(is).count()
    };
    let skipped = statuses(report).into_iter().filter(|status| matches!(status, TestCaseStatus::Skipped { .. })).count();
    assert_eq!(
        (report.tests, report.failures, report.errors),
        (evaluation.checks.len(), count(evaluation, &["fail"]), kinds(NonSuccessKind::Error))
    );
    assert_eq!(statuses(report).len(), evaluation.checks.len());
    assert_eq!(kinds(NonSuccessKind::Failure), count(evaluation, &["fail"]));
    assert_eq!(kinds(NonSuccessKind::Error), count(evaluation, &["unmeasured", "not-comparable"]));
    assert_eq!(skipped, count(evaluation, &["skip", "undecided"]));
    let sums = |count: fn(&quick_junit::TestSuite) -> usize| report.test_suites.iter().map(count).sum::<usize>();
    assert_eq!((sums(|s| s.tests), sums(|s| s.failures), sums(|s| s.errors)), (report.tests, report.failures, report.errors));
}

#[test]
fn nextests_parser_finds_every_outcome_where_it_belongs() {
    let evaluation = evaluations::every_outcome();
    for record in [None, Some(records::go_api())] {
        let xml = CiFormat::Junit.render(&evaluation, record.as_ref());
        let report = Report::deserialize_from_str(&xml).unwrap_or_else(|error| panic!("{error:?}\n{xml}"));
        agrees(&report, &evaluation);
        assert_eq!(faults(&xml), Vec::<String>::new(), "{xml}");
        assert_eq!(report.test_suites.iter().all(|suite| suite.timestamp.is_some()), record.is_some());
    }
}

#[test]
fn a_foreign_attribute_is_found() {
    assert_eq!(faults("<testsuites skipped=\"1\"/>"), ["testsuites has skipped"]);
}

proptest! {
    #[test]
    fn no_name_breaks_the_document(evaluation in evaluations::hostile(6)) {
        let xml = CiFormat::Junit.render(&evaluation, None);
        prop_assert_eq!(faults(&xml), Vec::<String>::new());
        let report = Report::deserialize_from_str(&xml).map_err(|error| TestCaseError::fail(format!("{error:?}\n{xml}")))?;
        agrees(&report, &evaluation);
    }
}
