//! A weighing as GitHub-flavoured Markdown for a comment on a change: totals first, details folded away.

use super::HostReport;
use super::collect::{WORST, is_worth_a_line};
use super::data::{AgainstReport, SizeReport, WastePlaceReport, WeighedLayer, WeighingReport};
use super::layout::{place_text, shown};
use crate::image::LayerContent;
use crate::measure::{HostFact, Measure, Unit};
use crate::report::figures::percent;
use crate::report::markdown::{escape, push, rows};
use crate::units;

/// The weighing as Markdown.
pub fn weighing_markdown(data: &WeighingReport) -> String {
    let mut page = String::new();
    push(&mut page, &format!("### {}\n", escape(&data.image)));
    if let Some(against) = &data.against {
        push(&mut page, &changes(against));
    }
    push(&mut page, &format!("{}, {}, id {}.\n", escape(&data.platform), escape(&place(data)), escape(&data.image_id)));
    push(&mut page, &sizes(data));
    if let Some(host) = &data.on_this_host {
        push(&mut page, &format!("**On this host**: facts that depend on more than the image.\n\n{}", facts(host)));
    }
    push(&mut page, &waste(data));
    push(&mut page, &folded("Layers", &layers(data)));
    push(&mut page, &folded("Biggest files and folders", &biggest(data)));
    for warning in &data.warnings {
        push(&mut page, &format!("- **warning**: {}", escape(warning)));
    }
    page
}

fn place(data: &WeighingReport) -> String {
    let store = data.source.store.as_ref().map(|store| format!(" ({store})")).unwrap_or_default();
    format!("{}:{}{store}", data.source.kind.id(), data.source.place)
}

fn folded(title: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<details><summary>{title}</summary>\n\n{text}\n</details>\n") }
}

fn headings<const N: usize>(texts: [&str; N]) -> [String; N] {
    texts.map(str::to_owned)
}

/// Every size; beside another image, before and after.
fn sizes(data: &WeighingReport) -> String {
    let row = |(measure, size): (&Measure, &SizeReport)| sized(measure.title(), size);
    rows(&headings(["measure", "figure", "exact"]), &[false, true, true], data.sizes.iter().map(row))
}

fn facts(host: &HostReport) -> String {
    let row = |(fact, size): (&HostFact, &SizeReport)| {
        let mut row = sized(fact.title(), size);
        row.push(if size.value().is_some() { escape(&host.about(*fact)) } else { String::new() });
        row
    };
    rows(&headings(["fact", "figure", "exact", "what it is"]), &[false, true, true, false], host.facts.iter().map(row))
}

/// Name, figure for people and exact figure; of one that cannot be had the reason.
fn sized(title: &str, size: &SizeReport) -> Vec<String> {
    let definition = size.definition().map(|definition| format!(" ({definition})")).unwrap_or_default();
    let figures = match size {
        SizeReport::Known { value, unit, .. } => [figure(*unit, *value), value.to_string()],
        SizeReport::Unavailable { unavailable, .. } => ["–".to_owned(), escape(unavailable)],
    };
    std::iter::once(escape(&format!("{title}{definition}"))).chain(figures).collect()
}

fn figure(unit: Unit, value: u64) -> String {
    if unit == Unit::Bytes { units::bytes(value) } else { value.to_string() }
}

fn changes(against: &AgainstReport) -> String {
    let change = |before: u64, after: u64| {
        if before == 0 { "–".to_owned() } else { percent((after as f64 - before as f64) / before as f64 * 100.0) }
    };
    let row = |(measure, size): (&Measure, &super::SizeChange)| {
        let (before, after) = (figure(measure.unit(), size.before), figure(measure.unit(), size.after));
        vec![escape(measure.title()), before, after, change(size.before, size.after)]
    };
    let mut text = format!("**{}**\n\n", escape(&super::terminal::answer(against)));
    text.push_str(&rows(&headings(["measure", "before", "after", "change"]), &[false, true, true, true], against.sizes.iter().map(row)));
    for line in super::terminal::change_lines(against) {
        push(&mut text, &format!("- {}", escape(&line)));
    }
    let biggest = against
        .biggest
        .iter()
        .take(20)
        .map(|file| vec![file.change.to_owned(), units::bytes(file.before), units::bytes(file.after), escape(&shown(&file.path))]);
    if !against.biggest.is_empty() {
        let table = rows(&headings(["change", "before", "after", "path"]), &[false, true, true, false], biggest);
        push(&mut text, &format!("\n{}", folded("Biggest changes", &table)));
    }
    text
}

fn waste(data: &WeighingReport) -> String {
    let waste = &data.waste;
    let share = waste.percent.map(|percent| format!(", {percent} % of all files")).unwrap_or_default();
    let total = format!("Waste: {}{share}.", units::bytes(waste.total));
    let parts = format!(
        "{} overwritten, {} deleted by a later layer, {} in copies of what is there already",
        units::bytes(waste.overwritten),
        units::bytes(waste.deleted),
        units::bytes(waste.duplicate)
    );
    let place = |(fate, place): (&str, &WastePlaceReport)| {
        let layers = if place.layer == place.last_layer { String::new() } else { format!("–{}", place.last_layer) };
        vec![fate.to_owned(), units::bytes(place.bytes), format!("{}{layers}", place.layer), escape(&place_text(place))]
    };
    let named = |fate, places: &'_ [WastePlaceReport]| {
        let worth = places.iter().take(WORST).filter(|place| is_worth_a_line(place.bytes, waste.total));
        worth.map(|named| place((fate, named))).collect::<Vec<_>>()
    };
    let buried = [named("overwritten", &waste.worst_overwritten), named("deleted", &waste.worst_deleted)].concat();
    let copies = data.duplicates.iter().take(WORST).filter(|group| is_worth_a_line(group.wasted, waste.total)).map(|group| {
        let paths: Vec<String> = group.paths.iter().take(3).map(|path| shown(path)).collect();
        let text = format!("{} copies of {}: {}", group.copies, units::bytes(group.bytes), paths.join(", "));
        vec!["duplicate".to_owned(), units::bytes(group.wasted), String::new(), escape(&text)]
    });
    let rest = named("copies", &waste.worst_copies);
    let all: Vec<Vec<String>> = buried.into_iter().chain(copies).chain(rest).collect();
    let table = if all.is_empty() {
        String::new()
    } else {
        folded("Where", &rows(&headings(["what", "wasted", "layer", "path"]), &[false, true, true, false], all.into_iter()))
    };
    format!("{total} {parts}.\n\n{table}")
}

fn layers(data: &WeighingReport) -> String {
    if data.layers.is_empty() {
        return String::new();
    }
    let row = |layer: &WeighedLayer| {
        let content = |part: fn(&LayerContent) -> String| layer.content.as_ref().map_or_else(|| "–".to_owned(), part);
        vec![
            layer.number.to_string(),
            units::bytes(layer.uncompressed),
            layer.compressed.map_or_else(|| "–".to_owned(), units::bytes),
            content(|content| content.files.to_string()),
            content(|content| units::bytes(content.overwritten + content.deleted)),
            escape(&super::terminal::made_by(layer, 200)),
        ]
    };
    let titles = headings(["layer", "uncompressed (D3)", "compressed (D1)", "files", "buried", "made by"]);
    rows(&titles, &[true, true, true, true, true, false], data.layers.iter().map(row))
}

fn biggest(data: &WeighingReport) -> String {
    let files = data.biggest_files.iter().map(|file| ("file", file));
    let all: Vec<_> = files.chain(data.biggest_folders.iter().map(|folder| ("folder", folder))).collect();
    let row = |(kind, file): (&str, &super::FileReport)| vec![kind.to_owned(), units::bytes(file.bytes), escape(&shown(&file.path))];
    if all.is_empty() { String::new() } else { rows(&headings(["kind", "bytes", "path"]), &[false, true, false], all.into_iter().map(row)) }
}
