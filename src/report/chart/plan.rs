//! What a chart shows, before it is laid out.

use crate::measure::{Measure, Unit};
use crate::report::data::{MeasureEstimate, ReportData, ScenarioReport, VariantReport};
use crate::report::figures::{Scale, percent};
use crate::report::table::{heading, scale_of};
use crate::report::text::one_line;

/// A chart: one panel per measure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// Said of all bars, small.
    pub(super) note: String,
    /// The kinds of variants that occur.
    pub(super) kinds: Vec<Kind>,
    pub(super) panels: Vec<Panel>,
}

/// Bars of one measure with an axis of their own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panel {
    /// `Transfer size (D2), MB`.
    pub(super) title: String,
    /// What the measure is.
    pub(super) about: String,
    pub(super) scale: Scale,
    pub(super) rows: Vec<Row>,
}

/// A line of a panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Row {
    /// The name of the scenario that the next bars belong to.
    Group(String),
    /// A variant.
    Bar(Bar),
}

/// A variant's bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) kind: Kind,
    /// The bar's length; `None` for a variant without this figure.
    pub(super) value: Option<f64>,
    pub(super) interval: Option<(f64, f64)>,
    /// The value, or why there is none.
    pub(super) text: String,
}

/// What colours a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    SingleStage,
    MultiStage,
    Other,
}

impl Kind {
    fn of(variant: &VariantReport) -> Self {
        match variant.kind.as_str() {
            "single-stage" => Self::SingleStage,
            "multi-stage" => Self::MultiStage,
            _ => Self::Other,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SingleStage => "single-stage",
            Self::MultiStage => "multi-stage",
            Self::Other => "other",
        }
    }
}

impl Chart {
    /// A chart of `measures` over all variants of a run. `what` names it in the title.
    pub(super) fn new(data: &ReportData, what: &str, measures: &[Measure]) -> Self {
        let run = &data.run;
        let variants = || data.scenarios.iter().flat_map(|s| &s.variants);
        let mut kinds: Vec<Kind> = variants().map(Kind::of).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let subject = match data.scenarios.as_slice() {
            [only] => one_line(&only.name),
            several => format!("{} scenarios", several.len()),
        };
        let subtitle = format!("{} bases · {} · {}, {} · run {}", run.base_set, run.platform, run.engine, run.store, run.id);
        Self {
            title: format!("{subject}: {what}"),
            subtitle: one_line(&subtitle),
            note: note(variants().map(|v| v.counted).filter(|n| *n > 0), measures[0].unit()),
            kinds,
            panels: measures.iter().map(|m| panel(data, *m)).collect(),
        }
    }
}

/// How many trials the figures come from, and what the lines over the bars are.
fn note(counts: impl Iterator<Item = usize> + Clone, unit: Unit) -> String {
    let most = counts.clone().max().unwrap_or(0);
    let what = match (counts.min().unwrap_or(0), most) {
        (0, _) => return "no variant has figures".to_owned(),
        (1, 1) => "one trial".to_owned(),
        (least, most) if least == most => format!("median of {most} trials"),
        (least, most) => format!("median of {least} to {most} trials"),
    };
    let whiskers = if unit == Unit::Seconds && most > 1 { "; lines: interval of the median" } else { "" };
    format!("{what}{whiskers}")
}

fn panel(data: &ReportData, measure: Measure) -> Panel {
    let variants = data.scenarios.iter().flat_map(|s| &s.variants);
    let scale = scale_of(measure, variants.filter_map(|v| v.estimate(measure)));
    let several = data.scenarios.len() > 1;
    let rows = data.scenarios.iter().flat_map(|scenario| {
        let group = several.then(|| Row::Group(one_line(&scenario.name)));
        group.into_iter().chain(scenario.variants.iter().map(move |v| Row::Bar(bar(scenario, v, measure, scale))))
    });
    let state = if measure == Measure::BuildTime { cache_state(data, measure) } else { String::new() };
    let title = capitalised(&heading(measure, scale));
    Panel { title: format!("{title}{state}"), about: measure.about().to_owned(), scale, rows: rows.collect() }
}

fn cache_state(data: &ReportData, measure: Measure) -> String {
    let estimates = data.scenarios.iter().flat_map(|s| &s.variants).find_map(|v| v.estimate(measure));
    estimates.map(|e| format!(" ({} cache)", one_line(&e.cache_state))).unwrap_or_default()
}

fn bar(scenario: &ScenarioReport, variant: &VariantReport, measure: Measure, scale: Scale) -> Bar {
    let estimate = variant.estimate(measure);
    Bar {
        label: one_line(&variant.name),
        kind: Kind::of(variant),
        value: estimate.map(|e| e.median),
        interval: estimate.filter(|e| e.unit == Unit::Seconds).and_then(|e| e.interval).map(|i| (i.low, i.high)),
        text: estimate.map_or_else(|| format!("no figure: {}", one_line(&variant.status)), |e| value_text(scenario, e, scale)),
    }
}

/// The value with its unit, and for sizes the change from the reference.
fn value_text(scenario: &ScenarioReport, estimate: &MeasureEstimate, scale: Scale) -> String {
    let value = scale.text(estimate.median);
    match (estimate.unit, estimate.versus_reference, &scenario.reference) {
        (Unit::Bytes, Some(change), Some(reference)) => format!("{value}  ({} vs {})", percent(change), one_line(reference)),
        _ => value,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
