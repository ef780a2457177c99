//! The report as GitHub-flavoured Markdown.

use super::bounds::bounds;
use super::builds::{builds, timeline_file};
use super::data::{OverheadReport, ReportData, ScenarioReport};
use super::downloads::downloads;
use super::noise::NoiseReport;
use super::notes::{headlines, interval_note, remarks};
use super::overview::{overview, overview_note};
use super::table::{Table, is_told, more_sizes, name, sizes, times};
use super::text::one_line;
use super::updates::{sentences, updates};
use crate::measure::Measure;
use crate::units;

/// The report as Markdown: a summary, both charts, the tables of every scenario, what the measures mean, the conditions.
pub fn markdown(data: &ReportData) -> String {
    let mut page = String::new();
    head(&mut page, data);
    for scenario in &data.scenarios {
        scenario_section(&mut page, data, scenario);
    }
    measures(&mut page, data);
    conditions(&mut page, data);
    overhead(&mut page, &data.overhead);
    list(&mut page, "Warnings", data.warnings.iter().map(|w| escape(w)));
    page
}

fn head(page: &mut String, data: &ReportData) {
    let run = &data.run;
    push(page, &format!("# Run {}\n", escape(&run.id)));
    let line =
        format!("{} bases, {}, {} with {}, started {}, {}.", run.base_set, run.platform, run.engine, run.store, run.started, run.state);
    push(page, &format!("{}\n", escape(&line)));
    run.effort().iter().for_each(|sentence| push(page, &format!("{}\n", escape(sentence))));
    match data.scenarios.as_slice() {
        [only] => headlines(only).iter().for_each(|line| push(page, &format!("- {}", escape(line)))),
        several => overview_section(page, several),
    }
    push(page, "\n![Transfer size and uncompressed size by variant](sizes.svg)\n");
    push(page, "![Build, push and pull time by variant](times.svg)\n");
    if data.scenarios.iter().flat_map(|s| &s.variants).any(|v| !v.layers.is_empty()) {
        push(page, "![Layers by variant, base against app](layers.svg)\n");
    }
}

/// The overview with its note; nothing where no scenario has a pair.
pub(super) fn overview_section(page: &mut String, scenarios: &[ScenarioReport]) {
    if let (Some(table), Some(note)) = (overview(scenarios), overview_note(scenarios)) {
        push(page, &format!("\n{}\n{}", table_text(&table), escape(&note)));
    }
}

fn scenario_section(page: &mut String, data: &ReportData, scenario: &ScenarioReport) {
    let alone = std::slice::from_ref(scenario);
    push(page, &format!("## {} ({})\n", escape(&scenario.name), escape(&scenario.language)));
    for (title, table) in [("Sizes", sizes(alone)), ("Times", times(&data.run, alone)), ("More measures", more_sizes(scenario))] {
        push(page, &format!("### {title}\n\n{}", table_text(&table)));
        if title == "Times" {
            let notes = interval_note(alone).into_iter().chain(bounds(&data.run, scenario));
            notes.for_each(|note| push(page, &format!("{}\n", escape(&note))));
        }
    }
    if let Some(table) = builds(alone) {
        push(page, &format!("### Where the time of a cold build goes\n\n{}", table_text(&table)));
        push(page, &timelines(scenario));
    }
    if let Some(table) = downloads(alone) {
        push(page, &format!("### What builds download\n\n{}", table_text(&table)));
    }
    if let Some(table) = updates(alone) {
        push(page, &format!("### Updates\n\n{}", table_text(&table)));
        for line in sentences(scenario) {
            push(page, &format!("{}\n", escape(&line)));
        }
    }
    let remarks = remarks(scenario).into_iter().map(|(variant, text)| format!("**{}**: {}", escape(&variant), escape(&text)));
    for remark in remarks {
        push(page, &format!("- {remark}"));
    }
    push(page, "");
}

/// What the table of builds means, and where each build is drawn.
fn timelines(scenario: &ScenarioReport) -> String {
    let drawn = scenario.variants.iter().filter(|variant| variant.build.is_some());
    let links: Vec<String> = drawn.map(|variant| format!("[{}]({})", escape(&variant.name), timeline_file(scenario, variant))).collect();
    format!(
        "Of the trial nearest to the median: the steps that followed upon each other until the end, back from the export to the input that was there last. A second saved on one of them is a second of the build; on any other step it is none. Drawn: {}.\n",
        links.join(", ")
    )
}

fn measures(page: &mut String, data: &ReportData) {
    push(page, "## What the measures mean\n");
    let variants = || data.scenarios.iter().flat_map(|s| &s.variants);
    for measure in Measure::ALL.into_iter().filter(|m| is_told(*m, variants())) {
        push(page, &format!("- **{}**: {}", name(measure, variants()), escape(measure.about())));
    }
    push(page, "\nUnits are decimal: 1 MB = 1,000,000 B. Exact bytes are in `observations.csv` and `report.json`.\n");
}

fn conditions(page: &mut String, data: &ReportData) {
    let facts = data.conditions.iter().map(|f| vec![escape(&f.name), escape(&f.value)]).chain(data.noise.iter().flat_map(noise));
    push(page, &format!("## Conditions\n\n{}", rows(&["condition", "value"].map(String::from), &[false, false], facts)));
    if data.bases.is_empty() {
        return;
    }
    let bases = data.bases.iter().map(|base| {
        let size = base.uncompressed_size.map_or_else(|| "–".to_owned(), units::bytes);
        vec![escape(&base.reference), escape(&base.digest), size, base.differs.as_deref().map_or_else(|| "–".to_owned(), escape)]
    });
    let headings = ["base image", "digest", "uncompressed size (D3)", "differs from the published image"].map(String::from);
    push(page, &format!("## Base images\n\n{}", rows(&headings, &[false, false, true, false], bases)));
}

fn noise(noise: &NoiseReport) -> Vec<Vec<String>> {
    let rows = [
        ("noise of the machine", Some(&noise.line)),
        ("probe before the run", noise.before.as_ref()),
        ("probes before the blocks, by before the run", noise.blocks.as_ref()),
    ];
    rows.into_iter().filter_map(|(name, words)| Some(vec![name.to_owned(), escape(words?)])).collect()
}

fn overhead(page: &mut String, overhead: &OverheadReport) {
    let mut parts =
        vec![("wall time", overhead.wall), ("measured", overhead.measured), ("bases", overhead.bases), ("overhead", overhead.overhead)];
    parts.extend(overhead.kinds.iter().map(|(kind, seconds)| (kind.as_str(), *seconds)));
    let cells = parts.iter().enumerate().map(|(index, (what, seconds))| {
        let what = if index < 4 { escape(what) } else { format!("overhead: {}", escape(what)) };
        vec![what, format!("{seconds:.2}")]
    });
    push(page, &format!("## Where the time went\n\n{}", rows(&["part", "seconds"].map(String::from), &[false, true], cells)));
    if let Some(share) = overhead.share {
        push(page, &format!("Overhead is {:.1} % of the wall time without bases.\n", share * 100.0));
    }
}

fn list(page: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.map(|i| format!("- {i}")).collect();
    if !items.is_empty() {
        push(page, &format!("## {title}\n\n{}", items.join("\n")));
    }
}

pub(super) fn table_text(table: &Table) -> String {
    let headings: Vec<String> = table.columns.iter().map(|c| escape(&c.heading)).collect();
    let numbers: Vec<bool> = table.columns.iter().map(|c| c.number).collect();
    rows(&headings, &numbers, table.rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()))
}

/// A table from cells that are already escaped; ends with a line break.
pub(super) fn rows(headings: &[String], numbers: &[bool], body: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<String> = numbers.iter().map(|number| if *number { "---:" } else { "---" }.to_owned()).collect();
    let mut text = line(headings) + &line(&rule);
    for cells in body {
        text.push_str(&line(&cells));
    }
    text
}

/// `text` in one line with everything escaped that Markdown or HTML would read as more than text.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

pub(super) fn push(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}
