//! The README.md of a published run.

use super::caveats::{caveats, not_covered};
use super::quote::{code, date, subject};
use crate::record::Record;
use crate::report::ReportData;
use crate::report::data::{BaseReport, VariantReport};
use crate::report::markdown::{escape, overview_section, push, rows};
use crate::report::notes::remarks;
use crate::units;

/// Files that a published folder may have besides the record and its report.
pub const BESIDE: [&str; 2] = ["bases.md", "notes.md"];

/// The page that explains the run in the folder `name`. `beside` are those of [`BESIDE`] that are there: `bases.md` belongs
/// to the day of publication, `notes.md` to people.
pub fn published_readme(name: &str, record: &Record, beside: &[&str]) -> String {
    let data = ReportData::new(record);
    let mut page = String::new();
    head(&mut page, name, record, &data);
    what_was_run(&mut page, record, &data);
    conditions(&mut page, record, &data);
    bases(&mut page, record, &data, beside.contains(&"bases.md"));
    list(&mut page, "Not covered", &not_covered(record, &data));
    list(&mut page, "Before quoting a figure", &caveats(record, &data));
    if beside.contains(&"notes.md") {
        push(&mut page, "What a record cannot know about this run is in [notes.md](notes.md).\n");
    }
    reproduce(&mut page, name, record);
    files(&mut page, beside);
    page
}

fn head(page: &mut String, name: &str, record: &Record, data: &ReportData) {
    push(page, &format!("# {}\n", escape(name)));
    let variants: usize = data.scenarios.iter().map(|s| s.variants.len()).sum();
    let line = format!(
        "{} in {}, {} of each, measured by loadline {} on {}, in run {}. This page is made from the record by {}.",
        escape(&subject(data)),
        units::count(variants, "variant"),
        data.run.trials_of_each(),
        escape(&data.run.tool_version),
        date(record),
        code(&data.run.id),
        code(&format!("loadline report results/published/{name} --format readme")),
    );
    push(page, &line);
    overview_section(page, &data.scenarios);
    push(page, "\n![Transfer size and uncompressed size by variant](sizes.svg)\n");
    push(page, "![Build, push and pull time by variant](times.svg)\n");
    push(page, "All tables, with every measure and its meaning, are in [report.md](report.md).\n");
}

fn what_was_run(page: &mut String, record: &Record, data: &ReportData) {
    let plan = record.run.plan.iter();
    let status = |scenario: &str, variant: &str| {
        let found = data.scenarios.iter().filter(|s| s.name == scenario).flat_map(|s| &s.variants).find(|v| v.name == variant);
        found.map_or_else(String::new, status_text)
    };
    let cells = plan.map(|p| {
        let words = [&p.scenario, &p.language, &p.variant, &p.kind, &p.dockerfile].map(|text| escape(text));
        words.into_iter().chain([escape(&p.bases.join(", ")), status(&p.scenario, &p.variant)]).collect()
    });
    let headings = ["scenario", "language", "variant", "kind", "Dockerfile", "base images", "status"].map(String::from);
    push(page, &format!("## What was run\n\n{}", rows(&headings, &[false; 7], cells)));
    for scenario in &data.scenarios {
        for (variant, remark) in remarks(scenario) {
            push(page, &format!("- **{} {}**: {}", escape(&scenario.name), escape(&variant), escape(&remark)));
        }
    }
    push(page, "");
}

fn status_text(variant: &VariantReport) -> String {
    format!("{}, n = {}", escape(&variant.status), variant.counted)
}

fn conditions(page: &mut String, record: &Record, data: &ReportData) {
    let finished = record.run.finished.map_or_else(|| "–".to_owned(), |t| t.to_string());
    let period = [("started", data.run.started.clone()), ("finished", finished), ("run", data.run.id.clone())];
    let period = period.into_iter().map(|(name, value)| vec![name.to_owned(), escape(&value)]);
    let facts = data.conditions.iter().map(|f| vec![escape(&f.name), escape(&f.value)]);
    let table = rows(&["condition", "value"].map(String::from), &[false, false], period.chain(facts));
    push(page, &format!("## Machine, engine and command\n\n{table}"));
    let overhead = &data.overhead;
    let share = overhead.share.map(|s| format!(", {:.1} % of the wall time without bases", s * 100.0)).unwrap_or_default();
    let line = format!(
        "The run took {}: {} in build, push and pull calls and smoke checks, {} for base images, {} overhead{share}.\n",
        units::seconds(overhead.wall),
        units::seconds(overhead.measured),
        units::seconds(overhead.bases),
        units::seconds(overhead.overhead),
    );
    push(page, &line);
}

fn bases(page: &mut String, record: &Record, data: &ReportData, near: bool) {
    if data.bases.is_empty() {
        return;
    }
    push(page, &format!("## Base images\n\nBase set: *{}*. {}\n", escape(&data.run.base_set), base_set_words(&data.run.base_set)));
    let cells = data.bases.iter().map(|base| {
        let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), units::bytes);
        let differs = base.differs.as_deref().filter(|d| !d.is_empty()).map_or_else(|| "–".to_owned(), escape);
        let sizes = [bytes(compressed(record, base)), bytes(base.uncompressed_size)];
        [escape(&base.reference), escape(&base.digest)].into_iter().chain(sizes).chain([differs]).collect()
    });
    let headings = ["base image", "digest", "layers, compressed (D1)", "uncompressed size (D3)", "differs from the published image"];
    push(page, &rows(&headings.map(String::from), &[false, false, true, true, false], cells));
    if near {
        push(page, "How near each stand-in came to the published image on the day of publication: [bases.md](bases.md).\n");
    }
}

fn base_set_words(base_set: &str) -> &'static str {
    match base_set {
        "stand-in" => "Built locally after the published recipes, since the published images could not be reached or were not asked for.",
        "hub" => "The published images, pinned by digest.",
        _ => "Whatever the engine had under these names.",
    }
}

/// Σ of a base image's compressed layers, read off an image that was built on it: the leading layers whose tars add up
/// to the base's. `None` where no weighed image begins with it.
fn compressed(record: &Record, base: &BaseReport) -> Option<u64> {
    let wanted = base.uncompressed_size?;
    let based = |scenario: &str, variant: &str| {
        record.run.plan.iter().any(|p| p.scenario == scenario && p.variant == variant && p.bases.contains(&base.reference))
    };
    let mut weighed = record.trials.iter().filter(|o| based(&o.trial.scenario, &o.trial.variant)).filter_map(|o| o.weighing.as_ref());
    weighed.find_map(|weighing| {
        let sums = weighing.layers.iter().scan((0_u64, 0_u64), |(compressed, uncompressed), layer| {
            *compressed = compressed.saturating_add(layer.compressed?);
            *uncompressed = uncompressed.saturating_add(layer.uncompressed);
            Some((*compressed, *uncompressed))
        });
        sums.take_while(|(_, sum)| *sum <= wanted).find(|(_, sum)| *sum == wanted).map(|(compressed, _)| compressed)
    })
}

fn list(page: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        let items: Vec<String> = items.iter().map(|i| format!("- {}", escape(i))).collect();
        push(page, &format!("## {title}\n\n{}\n", items.join("\n")));
    }
}

fn reproduce(page: &mut String, name: &str, record: &Record) {
    let commit = record.run.receipt.scenarios_commit.as_deref().unwrap_or("none");
    push(page, "## To reproduce\n");
    push(page, &format!("Scenarios as of commit {}. In a checkout, as root:\n", code(commit)));
    push(page, "```console\n$ cargo bench --bench reproduce\n```\n");
    let text = format!(
        "measures the run that the README quotes again and sets every figure beside the published one. The report of this run is made \
         again from its record by {}; the record is the truth, everything else follows from it.\n",
        code(&format!("loadline report results/published/{name}"))
    );
    push(page, &text);
}

fn files(page: &mut String, beside: &[&str]) {
    let known = [
        ("report.md", "the tables, the conditions, the base images, where the time went"),
        ("sizes.svg, times.svg", "the charts"),
        ("observations.csv", "every observation, one a row"),
        ("summary.csv, report.json", "the estimates"),
        ("run.json, trials.jsonl", "the record"),
    ];
    let extra = [("bases.md", "how near the stand-ins came, on the day"), ("notes.md", "what a record cannot know")];
    let extra = extra.into_iter().filter(|(name, _)| beside.contains(name));
    let cells = known.into_iter().chain(extra).map(|(names, what)| {
        let names: Vec<String> = names.split(", ").map(|n| format!("[{n}]({n})")).collect();
        vec![names.join(", "), what.to_owned()]
    });
    push(page, &format!("## Files\n\n{}", rows(&["file", "what it is"].map(String::from), &[false, false], cells)));
    page.truncate(page.trim_end().len());
    page.push('\n');
}
