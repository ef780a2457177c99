//! What updates of an image move: a table, and sentences for each change.

use std::collections::BTreeSet;

use super::data::{ScenarioReport, UpdateReport, VariantReport};
use super::figures::{Scale, whole};
use super::table::{Table, lines, nothing};
use super::text::one_line;
use crate::measure::{Measure, Unit};
use crate::record::state;
use crate::units;

/// The cache state of a build that used none and has one before it in its block.
const CLEAN: &str = "clean";

/// The two forms of D10 as columns.
const FORMS: [(&str, &str); 2] = [("registry lacks (D10-blob)", "D10-blob"), ("classic store fetches (D10-chain)", "D10-chain")];

/// Layers that a cell names.
const NAMED: usize = 2;

/// The longest instruction that is printed.
const LONGEST: usize = 48;

/// A row of the table.
type Row<'a> = (&'a ScenarioReport, &'a VariantReport, &'a UpdateReport);

/// With which cache a build that is not the first was made: the cache of the build before, or none as on a clean CI machine. `None` for
/// a cold build.
pub(super) fn rebuild(cache_state: &str) -> Option<&'static str> {
    match cache_state {
        "warm" | "edit" | "base" => Some("warm-cache"),
        CLEAN => Some("clean-ci"),
        _ => None,
    }
}

/// What had changed before a build that is not the first: `none`, `edit`, or `base`, the base image.
pub(super) fn event(cache_state: &str, edit: Option<&str>) -> &'static str {
    match edit {
        Some(_) => "edit",
        None if cache_state == "base" => "base",
        None => "none",
    }
}

/// What a host that has the image must fetch after each change, in both forms of D10: one row a variant, change and cache. `None`
/// where nothing but cold builds was measured.
pub(super) fn updates(scenarios: &[ScenarioReport]) -> Option<Table> {
    let rows: Vec<Row> = lines(scenarios).into_iter().flat_map(|(s, v)| v.updates.iter().map(move |update| (s, v, update))).collect();
    (!rows.is_empty()).then_some(())?;
    let mut table = Table::new(rows.len());
    if scenarios.len() > 1 {
        table.push_words("scenario", rows.iter().map(|(s, ..)| one_line(&s.name)));
    }
    table.push_words("variant", rows.iter().map(|(_, v, _)| one_line(&v.name)));
    table.push_words("update", rows.iter().map(|(_, v, update)| one_line(&change(v, update))));
    if rows.iter().any(|(.., update)| Some(update.rebuild.as_str()) == rebuild(CLEAN)) {
        table.push_words("rebuild", rows.iter().map(|(.., update)| one_line(&update.rebuild)));
    }
    for (title, definition) in FORMS {
        let of = |(_, v, update): &Row| v.delta(definition, &update.state);
        let values: Vec<f64> = rows.iter().filter_map(of).collect();
        let scale = Scale::new(Unit::Bytes, values.into_iter());
        let unit = scale.symbol().unwrap_or_default();
        table.push(format!("{title}, {unit}"), rows.iter().map(|row| of(row).map_or_else(nothing, |bytes| scale.number(bytes))));
    }
    table.push_words("layers that move", rows.iter().map(|(.., update)| moved(update))).spare = 1;
    Some(table)
}

/// The biggest layers of an update with what made them.
fn moved(update: &UpdateReport) -> String {
    if update.moved.is_empty() {
        return nothing();
    }
    let named: Vec<String> =
        update.moved.iter().take(NAMED).map(|(made_by, bytes)| format!("{}: {}", instruction(made_by), units::bytes(*bytes))).collect();
    let more = update.moved.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; {more} more") } else { String::new() };
    format!("{}{more}", named.join("; "))
}

fn instruction(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What was changed before an update. A base that could not change moves nothing, and notes say why.
fn change(variant: &VariantReport, update: &UpdateReport) -> String {
    match variant.delta("D10-chain", &update.state) {
        Some(0.0) if update.event == "base" => "base image not changed".to_owned(),
        _ => after(&update.event, update.change.as_deref()),
    }
}

/// What was changed: `edit source`.
fn after(event: &str, change: Option<&str>) -> String {
    match event {
        "none" => "nothing changed".to_owned(),
        "base" => "base image changed".to_owned(),
        event => state(event, change),
    }
}

/// For each edit one sentence that sets the variant with the smallest update beside the one with the largest; then for each change that
/// was built without a cache, too, one that sets the update by a CI machine that keeps its cache beside that by one that keeps none.
pub(super) fn sentences(scenario: &ScenarioReport) -> Vec<String> {
    let updates = |rebuild: &'static str| scenario.variants.iter().flat_map(|v| &v.updates).filter(move |u| u.rebuild == rebuild);
    let edits: BTreeSet<&str> = updates("warm-cache").filter(|u| u.edit).map(|u| u.state.as_str()).collect();
    let base = updates("warm-cache").any(|u| u.event == "base").then(|| base_changed(scenario)).flatten();
    let changes: BTreeSet<Option<&str>> = updates("clean-ci").map(|u| u.change.as_deref()).collect();
    let edited = edits.into_iter().filter_map(|state| sentence(scenario, state));
    edited.chain(base).chain(changes.into_iter().filter_map(|change| without_cache(scenario, change))).collect()
}

/// The smallest and the largest update after a change of the base image: what a classic store fetches is all that lies on the base.
fn base_changed(scenario: &ScenarioReport) -> Option<String> {
    let figure = |v: &VariantReport| v.delta("D10-chain", "base").map(whole);
    // Where nothing moved no base changed, and notes say why.
    let moved = |v| figure(v).filter(|bytes| *bytes > 0);
    let all: Vec<(&str, u64)> = scenario.variants.iter().filter_map(|v| Some((v.name.as_str(), moved(v)?))).collect();
    let (least, most) = (all.iter().min_by_key(|(_, bytes)| *bytes)?, all.iter().max_by_key(|(_, bytes)| *bytes)?);
    let told = |(name, bytes): &(&str, u64)| format!("{} {}", one_line(name), units::bytes(*bytes));
    let beside = if least.0 == most.0 { String::new() } else { format!(", but {}", told(most)) };
    Some(format!(
        "After one small layer more in the base image, a classic store fetches (delta transfer size, D10-chain): {}{beside}.",
        told(least)
    ))
}

/// What an update moves that was built with a cache, where that was measured, and without one.
struct Rebuilt<'a> {
    variant: &'a str,
    warm: Option<u64>,
    clean: u64,
}

impl Rebuilt<'_> {
    /// Both figures, each with words after it.
    fn figures(&self, kept: &str, none: &str) -> String {
        let warm = self.warm.map(|bytes| format!("{}{kept} and ", units::bytes(bytes))).unwrap_or_default();
        format!("{warm}{}{none}", units::bytes(self.clean))
    }
}

/// The smallest and the largest update by a clean build after one change, each beside that by a build from the cache.
fn without_cache(scenario: &ScenarioReport, change: Option<&str>) -> Option<String> {
    let warm = state(if change.is_some() { "edit" } else { "warm" }, change);
    let figure = |v: &VariantReport, state: &str| v.delta("D10-blob", state).map(whole);
    let mut all: Vec<Rebuilt> = scenario
        .variants
        .iter()
        .filter_map(|v| Some(Rebuilt { variant: &v.name, warm: figure(v, &warm), clean: figure(v, &state(CLEAN, change))? }))
        .collect();
    // The words for two figures stand once, so that each variant has both or none has.
    if all.iter().any(|rebuilt| rebuilt.warm.is_none()) {
        for rebuilt in &mut all {
            rebuilt.warm = None;
        }
    }
    let (least, most) = (all.iter().min_by_key(|r| r.clean)?, all.iter().max_by_key(|r| r.clean)?);
    let cause = change.map_or_else(|| "With nothing changed".to_owned(), |edit| format!("After {}", one_line(&after("edit", Some(edit)))));
    let none = if least.warm.is_some() { " where it keeps none" } else { " where CI keeps no cache" };
    let first = format!("{} is {}", one_line(least.variant), least.figures(" where CI keeps its cache", none));
    let beside = (most.variant != least.variant).then(|| format!("; of {} {}", one_line(most.variant), most.figures("", "")));
    Some(format!("{cause}, an update (delta transfer size, D10-blob) of {first}{}.", beside.unwrap_or_default()))
}

fn sentence(scenario: &ScenarioReport, state: &str) -> Option<String> {
    let figure = |v: &VariantReport| v.delta("D10-blob", state).map(whole);
    let measured = || scenario.variants.iter().filter_map(|v| Some((v, figure(v)?)));
    let (least, most) = (measured().min_by_key(|(_, bytes)| *bytes)?, measured().max_by_key(|(_, bytes)| *bytes)?);
    let told = |(variant, bytes): (&VariantReport, u64)| {
        let biggest = variant.updates.iter().find(|u| u.state == state).and_then(|u| u.moved.first());
        let made_by = biggest.map(|(made_by, bytes)| format!(" ({}: {})", instruction(made_by), units::bytes(*bytes))).unwrap_or_default();
        format!("{} {}{made_by}", one_line(&variant.name), units::bytes(bytes))
    };
    let all = told(least);
    if least.0.name == most.0.name {
        return Some(format!("After {}, an update is (delta transfer size, D10-blob, with its biggest layer): {all}.", one_line(state)));
    }
    Some(format!(
        "After {}, an update is (delta transfer size, D10-blob, with its biggest layer): {all}, but {}.",
        one_line(state),
        told(most)
    ))
}

impl VariantReport {
    /// The median of D10 in one form after one update, bytes.
    pub(super) fn delta(&self, definition: &str, state: &str) -> Option<f64> {
        let same = |e: &&super::data::MeasureEstimate| {
            e.measure == Measure::DeltaTransferSize && e.definition.as_deref() == Some(definition) && e.state() == state
        };
        self.estimates.iter().find(same).map(|e| e.median)
    }
}
