//! What this project's README quotes of a published run.

use crate::record::Record;
use crate::report::ReportData;
use crate::report::markdown::{escape, overview_section, push};
use crate::report::text::one_line;
use crate::units;

/// The chart of sizes of the run in `results/published/<name>`, as an image with its figures in words.
pub fn readme_chart(name: &str, record: &Record) -> String {
    let data = ReportData::new(record);
    image(name, "sizes.svg", &format!("Transfer size and uncompressed size of {}, single-stage against multi-stage", subject(&data)))
}

/// The overview, the chart of times, and under which conditions: date, machine, engine, trials, bases, command.
pub fn readme_figures(name: &str, record: &Record) -> String {
    let data = ReportData::new(record);
    let mut page = String::new();
    overview_section(&mut page, &data.scenarios);
    push(&mut page, &format!("\n{}\n", image(name, "times.svg", &format!("Build, push and pull time of {}", subject(&data)))));
    push(&mut page, &conditions(name, record, &data));
    page
}

fn image(name: &str, file: &str, words: &str) -> String {
    format!("![{}](results/published/{name}/{file})", escape(words))
}

/// `go-api`, or `5 scenarios`.
pub(super) fn subject(data: &ReportData) -> String {
    match data.scenarios.as_slice() {
        [only] => only.name.clone(),
        several => format!("{} scenarios", several.len()),
    }
}

fn conditions(name: &str, record: &Record, data: &ReportData) -> String {
    let (run, receipt) = (&data.run, &record.run.receipt);
    let line = format!(
        "Measured {} on {} with {}, {}; engine {} with {}, {}; {} bases; link {}; {} of each variant.",
        date(record),
        receipt.cpu,
        units::count(receipt.cpus, "CPU"),
        units::bytes(receipt.memory),
        run.engine,
        run.store,
        run.platform,
        run.base_set,
        run.link,
        run.trials_of_each(),
    );
    let command = code(&receipt.command_line());
    format!("{} Command: {command}. Everything else: [results/published/{name}](results/published/{name}/README.md).", escape(&line))
}

/// `text` as inline code in one line.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'"))
}

/// The day on which a run began, UTC.
pub(super) fn date(record: &Record) -> String {
    record.run.started.to_string().chars().take(10).collect()
}
