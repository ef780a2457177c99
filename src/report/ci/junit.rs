//! `JUnit` XML: one suite for each scenario, one case for each limit.
//!
//! `failure` is a limit that is exceeded, `error` one without a figure to hold against it, `skipped` one that is not asked about or that
//! noise leaves undecided. Elements and attributes are those that the schema of Jenkins' xUnit plugin (`junit-10.xsd`) allows, which is
//! the strictest reader known: where a budget is written is therefore said in the text and by no attribute.

use super::super::redefined::redefined;
use super::super::text::one_line;
use super::totals::Totals;
use super::words;
use crate::judge::{Check, CheckOutcome, Evaluation};
use crate::record::Record;

/// The evaluation as one document.
pub(super) fn junit(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut attributes = with_counts(vec![("name", "loadline".to_owned())], Totals::all(evaluation));
    attributes.retain(|(name, _)| *name != "skipped");
    text += &open(0, "testsuites", &attributes);
    let mut scenarios: Vec<&str> = Vec::new();
    let named = evaluation.checks.iter().map(|check| &check.scenario).chain(evaluation.loosened.iter().map(|found| &found.scenario));
    let named = named.chain(evaluation.redefined.iter().map(|found| &found.scenario));
    named.for_each(|scenario| {
        if !scenarios.contains(&scenario.as_str()) {
            scenarios.push(scenario);
        }
    });
    for scenario in scenarios {
        suite(&mut text, evaluation, record, scenario);
    }
    text + "</testsuites>\n"
}

fn suite(text: &mut String, evaluation: &Evaluation, record: Option<&Record>, scenario: &str) {
    let checks = || evaluation.checks.iter().filter(|check| check.scenario == scenario);
    let mut attributes = with_counts(vec![("name", one_line(scenario))], Totals::of(checks().map(|check| &check.outcome)));
    attributes.extend(record.map(|record| ("timestamp", record.run.started.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())));
    *text += &open(1, "testsuite", &attributes);
    *text += &properties(evaluation);
    checks().for_each(|check| case(text, check));
    let loosened = evaluation.loosened.iter().filter(|found| found.scenario == scenario);
    let others = evaluation.redefined.iter().filter(|found| found.scenario == scenario);
    let others = others.map(|found| format!("redefined: {}", redefined(found)));
    let lines: Vec<String> = loosened.map(|found| format!("loosened: {}", words::loosened(found))).chain(others).collect();
    if !lines.is_empty() {
        *text += &element(2, "system-out", &[], &lines.join("\n"));
    }
    *text += "  </testsuite>\n";
}

fn properties(evaluation: &Evaluation) -> String {
    let facts = [("run", Some(&evaluation.run)), ("baseline", evaluation.baseline.as_ref())];
    let told = facts.into_iter().filter_map(|(name, value)| Some([("name", name.to_owned()), ("value", one_line(value?))]));
    let lines = told.map(|fact| format!("      <property{}/>\n", written(&fact))).collect::<Vec<_>>().concat();
    format!("    <properties>\n{lines}    </properties>\n")
}

fn with_counts(mut attributes: Vec<(&'static str, String)>, totals: Totals) -> Vec<(&'static str, String)> {
    let skipped = totals.skipped + totals.undecided;
    let counts = [("tests", totals.checks()), ("failures", totals.failed), ("errors", totals.errors()), ("skipped", skipped)];
    attributes.extend(counts.map(|(name, count)| (name, count.to_string())));
    attributes
}

fn case(text: &mut String, check: &Check) {
    let name = format!("{}: {}, {} ({})", one_line(&check.variant), words::asked(check), check.limit.id(), one_line(&check.budget));
    let attributes = [("name", name), ("classname", words::subject(&check.scenario, &check.variant)), ("time", "0".to_owned())];
    *text += &open(2, "testcase", &attributes);
    *text += &outcome(check);
    *text += "    </testcase>\n";
}

fn outcome(check: &Check) -> String {
    let sentence = words::sentence(check);
    let body = || [sentence.clone()].into_iter().chain(words::details(check)).collect::<Vec<_>>().join("\n");
    let said = |kind: &str| [("message", sentence.clone()), ("type", kind.to_owned())];
    match &check.outcome {
        CheckOutcome::Pass => element(3, "system-out", &[], &body()),
        CheckOutcome::Fail { .. } => element(3, "failure", &said(check.limit.id()), &body()),
        CheckOutcome::Unmeasured { .. } | CheckOutcome::NotComparable { .. } => element(3, "error", &said(check.outcome.id()), &body()),
        CheckOutcome::Undecided { .. } | CheckOutcome::Skip { .. } => {
            format!("      <skipped{}/>\n", written(&[("message", sentence.clone())]))
        }
    }
}

fn open(depth: usize, name: &str, attributes: &[(&str, String)]) -> String {
    format!("{}<{name}{}>\n", "  ".repeat(depth), written(attributes))
}

fn element(depth: usize, name: &str, attributes: &[(&str, String)], body: &str) -> String {
    format!("{}<{name}{}>{}</{name}>\n", "  ".repeat(depth), written(attributes), escape(body))
}

fn written(attributes: &[(&str, String)]) -> String {
    attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape(value))).collect::<Vec<_>>().concat()
}

/// `text` as XML 1.0 has it in attributes and between tags. Characters that XML forbids are gone before: they act on terminals, too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
