//! `OpenMetrics` 1.0 text: a gauge for each measure, one for what limits come to, and a state set for what came of each limit.
//!
//! Names end in their unit, as the standard demands; a count has none. No family and no set of labels is there twice.

use std::collections::BTreeSet;

use super::super::markdown::push;
use super::super::text::is_hostile;
use super::figures::{Figure, figures};
use crate::judge::{Check, Evaluation};
use crate::measure::{Measure, Unit};
use crate::record::Record;

/// Label names with their values; those without a value are left out, which is the same to a reader.
type Labels<'a> = Vec<(&'static str, &'a str)>;

const OUTCOMES: [&str; 6] = ["pass", "fail", "undecided", "unmeasured", "not-comparable", "skip"];

/// All figures and limits as one exposition.
pub(super) fn openmetrics(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let figures = figures(evaluation, record);
    let mut text = String::new();
    for measure in Measure::ALL {
        let name = format!("loadline_{}", measure.id().replace('-', "_"));
        let of = figures.iter().filter(|figure| figure.key.measure == measure);
        gauge(&mut text, &name, measure.unit(), measure.about(), of.map(|figure| (of_figure(figure), figure.value)));
    }
    for unit in [Unit::Bytes, Unit::Seconds, Unit::One] {
        let of = evaluation.checks.iter().filter(|check| check.measure.unit() == unit);
        let amounts = of.filter_map(|check| Some((of_check(check), check.allowed.filter(|allowed| allowed.is_finite())?)));
        gauge(&mut text, "loadline_limit", unit, "what a figure may be at most", amounts);
    }
    outcomes(&mut text, &evaluation.checks);
    text + "# EOF\n"
}

fn gauge<'a>(text: &mut String, name: &str, unit: Unit, help: &str, points: impl Iterator<Item = (Labels<'a>, f64)>) {
    let mut seen = BTreeSet::new();
    let samples: Vec<(String, f64)> = points.map(|(of, value)| (labels(&of), value)).filter(|(of, _)| seen.insert(of.clone())).collect();
    if samples.is_empty() {
        return;
    }
    let (name, unit) = match unit {
        Unit::One => (name.to_owned(), None),
        _ => (format!("{name}_{}", unit.id()), Some(unit.id())),
    };
    push(text, &format!("# TYPE {name} gauge"));
    if let Some(unit) = unit {
        push(text, &format!("# UNIT {name} {unit}"));
    }
    push(text, &format!("# HELP {name} {}", escape(help)));
    for (of, value) in samples {
        push(text, &format!("{name}{{{of}}} {value}"));
    }
}

fn of_figure(figure: &Figure) -> Labels<'_> {
    let key = &figure.key;
    let mut labels = labels_of(&key.scenario, &key.variant, key.definition.as_deref(), (&key.cache_state, key.edit.as_deref()));
    labels.extend(key.phase.as_deref().map(|phase| ("phase", phase)));
    labels
}

fn of_check(check: &Check) -> Labels<'_> {
    let state = (check.cache_state.as_str(), check.edit.as_deref());
    let mut labels = labels_of(&check.scenario, &check.variant, check.definition.as_deref(), state);
    labels.extend([("budget", check.budget.as_str()), ("limit", check.limit.id()), ("measure", check.measure.id())]);
    labels
}

fn labels_of<'a>(
    scenario: &'a str,
    variant: &'a str,
    definition: Option<&'a str>,
    (cache_state, edit): (&'a str, Option<&'a str>),
) -> Labels<'a> {
    let mut labels = vec![("scenario", scenario), ("variant", variant), ("cache_state", cache_state)];
    labels.extend(edit.map(|edit| ("edit", edit)));
    labels.extend(definition.map(|definition| ("definition", definition)));
    labels
}

/// One sample for each state, 1 for the one that is: what the standard calls a state set.
fn outcomes(text: &mut String, checks: &[Check]) {
    const NAME: &str = "loadline_limit_outcome";
    let mut seen = BTreeSet::new();
    let told: Vec<(String, &str)> = checks.iter().map(|check| (labels(&of_check(check)), check.outcome.id())).collect();
    let told: Vec<_> = told.into_iter().filter(|(of, _)| seen.insert(of.clone())).collect();
    if told.is_empty() {
        return;
    }
    push(text, &format!("# TYPE {NAME} stateset"));
    push(text, &format!("# HELP {NAME} what came of holding a figure to its limit"));
    for (of, outcome) in told {
        for state in OUTCOMES {
            push(text, &format!("{NAME}{{{of},{NAME}=\"{state}\"}} {}", u8::from(state == outcome)));
        }
    }
}

fn labels(labels: &Labels<'_>) -> String {
    let told = labels.iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect::<Vec<_>>().join(",")
}

/// `text` as label values and help have it. What would act on a terminal is shown by its number.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c if is_hostile(c) => escaped.extend(["\\\\u{", &*format!("{:x}", u32::from(c)), "}"]),
            c => escaped.push(c),
        }
    }
    escaped
}
