//! What a chart shows, before it is laid out.

use super::describe::description;
use crate::measure::{Measure, Unit};
use crate::report::data::{MeasureEstimate, ReportData, ScenarioReport, VariantReport};
use crate::report::figures::{Scale, percent};
use crate::report::notes::share;
use crate::report::table::{name, reference_name, scale_of};
use crate::report::text::one_line;

/// A chart: a column per measure, a row per variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// Said of all bars, small.
    pub(super) note: String,
    /// The kinds of variants that occur.
    pub(super) kinds: Vec<Kind>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// What the measures are.
    pub(super) footers: Vec<String>,
    /// Everything that the bars show, in words.
    pub(super) description: String,
}

/// A measure with an axis of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// `Transfer size (D2), MB`.
    pub(super) title: String,
    pub(super) scale: Scale,
}

/// A line of the chart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Row {
    /// The scenario that the next bars belong to, with its language.
    Group(String),
    /// A variant.
    Bars(Bars),
}

/// A variant's bars.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bars {
    pub(super) label: String,
    pub(super) kind: Kind,
    /// One per column; `None` where there is no figure.
    pub(super) cells: Vec<Option<Bar>>,
    /// Why there is not one figure.
    pub(super) missing: Option<String>,
}

/// A bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// The bar's length, in base units.
    pub(super) value: f64,
    pub(super) interval: Option<(f64, f64)>,
    /// The value and, for sizes, the change from the reference.
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

    /// Whether a variant's name says its kind, so that nobody has to tell it by colour.
    fn is_said_by(self, name: &str) -> bool {
        let name = name.to_lowercase();
        match self {
            Self::SingleStage => name.contains("single"),
            Self::MultiStage => name.contains("multi"),
            Self::Other => true,
        }
    }
}

impl Chart {
    /// A chart of `measures` over all variants of a run. `what` names them in the title.
    pub(super) fn new(data: &ReportData, what: &str, measures: &[Measure]) -> Self {
        let run = &data.run;
        let columns: Vec<Column> = measures.iter().map(|m| column(data, *m)).collect();
        let rows: Vec<Row> = data.scenarios.iter().flat_map(|s| group(data, s, measures, &columns)).collect();
        let subject = match data.scenarios.as_slice() {
            [only] => one_line(&only.name),
            several => format!("{} scenarios", several.len()),
        };
        let subtitle = format!("{} bases · {} · {}, {} · run {}", run.base_set, run.platform, run.engine, run.store, run.id);
        Self {
            title: format!("{what} of {subject}"),
            subtitle: one_line(&subtitle),
            note: note(data, measures[0]),
            kinds: kinds(data),
            footers: footers(data, measures),
            description: description(&columns, &rows),
            columns,
            rows,
        }
    }
}

fn variants(data: &ReportData) -> impl Iterator<Item = &VariantReport> + Clone {
    data.scenarios.iter().flat_map(|s| &s.variants)
}

fn kinds(data: &ReportData) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = variants(data).map(Kind::of).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn column(data: &ReportData, measure: Measure) -> Column {
    let scale = scale_of(measure, variants(data).filter_map(|v| v.estimate(measure)));
    let unit = scale.symbol().map(|symbol| format!(", {symbol}")).unwrap_or_default();
    let title = format!("{}{}{unit}", name(measure, variants(data)), data.run.over(measure));
    Column { title: capitalised(&title), scale }
}

fn group(data: &ReportData, scenario: &ScenarioReport, measures: &[Measure], columns: &[Column]) -> Vec<Row> {
    let title = format!("{} ({})", one_line(&scenario.name), one_line(&scenario.language));
    let bars = scenario.variants.iter().map(|v| Row::Bars(bars(data, v, measures, columns)));
    std::iter::once(Row::Group(title)).chain(bars).collect()
}

fn bars(data: &ReportData, variant: &VariantReport, measures: &[Measure], columns: &[Column]) -> Bars {
    let cell = |(measure, column): (&Measure, &Column)| variant.estimate(*measure).map(|e| bar(e, column.scale));
    let cells: Vec<Option<Bar>> = measures.iter().zip(columns).map(cell).collect();
    let missing = cells.iter().all(Option::is_none).then(|| format!("no figure: {}", one_line(&variant.status)));
    Bars { label: label(data, variant), kind: Kind::of(variant), cells, missing }
}

/// The variant's name, with what else must be told apart: its kind where the name does not say it, the number of trials
/// where not all have the same, and that nothing proved it.
fn label(data: &ReportData, variant: &VariantReport) -> String {
    let kind = Kind::of(variant);
    let mut label = one_line(&variant.name);
    if !kind.is_said_by(&label) {
        label = format!("{label}, {}", kind.name());
    }
    if variant.status == "unverified" {
        label.push_str(", unverified");
    }
    match counts(data) {
        Some((least, most)) if least != most && variant.counted > 0 => format!("{label}, n = {}", variant.counted),
        _ => label,
    }
}

/// The smallest and the largest number of trials behind a variant's figures.
fn counts(data: &ReportData) -> Option<(usize, usize)> {
    let counts = || variants(data).map(|v| v.counted).filter(|n| *n > 0);
    counts().min().zip(counts().max())
}

fn bar(estimate: &MeasureEstimate, scale: Scale) -> Bar {
    let timed = estimate.unit == Unit::Seconds;
    let value = scale.text(estimate.median);
    Bar {
        value: estimate.median,
        interval: estimate.interval.filter(|_| timed).map(|i| (i.low, i.high)),
        text: match estimate.versus_reference {
            Some(change) if !timed => format!("{value} ({})", percent(change)),
            _ => value,
        },
    }
}

/// How many trials the figures come from, and what the lines over the bars or the percentages are.
fn note(data: &ReportData, first: Measure) -> String {
    let Some((least, most)) = counts(data) else { return "no variant has figures".to_owned() };
    let what = match (least, most) {
        (1, 1) => "one trial each".to_owned(),
        _ if least == most => format!("median of {most} trials each"),
        _ => "median of n trials".to_owned(),
    };
    let more = if first.unit() == Unit::Seconds {
        whiskers(data, first)
    } else {
        reference_name(&data.scenarios).map(|r| format!("in brackets: change from {r}"))
    };
    more.map_or_else(|| what.clone(), |more| format!("{what} · {more}"))
}

fn whiskers(data: &ReportData, measure: Measure) -> Option<String> {
    let mut coverages: Vec<String> = variants(data).filter_map(|v| v.estimate(measure)?.interval).map(|i| share(i.coverage)).collect();
    coverages.sort();
    coverages.dedup();
    let coverage = match coverages.as_slice() {
        [] => return None,
        [only] => format!(", coverage {only}"),
        _ => String::new(),
    };
    Some(format!("lines: interval of the median{coverage}"))
}

fn footers(data: &ReportData, measures: &[Measure]) -> Vec<String> {
    let about = |m: &Measure| {
        let state = variants(data).find_map(|v| v.estimate(*m)).filter(|_| *m == Measure::BuildTime);
        let state = state.map(|e| format!(", {} cache", one_line(&e.cache_state))).unwrap_or_default();
        format!("{}{state}: {}.", capitalised(&name(*m, variants(data))), m.about())
    };
    let axis = "Each column has an axis of its own, from zero; the shortest bars are drawn two pixels long: read their figures.";
    measures.iter().map(about).chain([axis.to_owned()]).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
