//! `cargo bench --bench report`: how long it takes to read a run's record and to make each form of its report.
//!
//! The record is the published one of five apps, and the same with its trials repeated until there are a hundred of each variant.

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use loadline::record::Record;
use loadline::report::{ReportData, json, markdown, observations_csv, sizes_chart, summary_csv, terminal, times_chart};

/// Below the crate's folder.
const PUBLISHED: &str = "results/published/2026-11-21-five-apps";
/// Trials of each variant in the long record.
const LONG: u32 = 100;
/// Columns of the terminal.
const WIDTH: u16 = 120;

fn published() -> Record {
    Record::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(PUBLISHED)).expect("the published record can be read")
}

/// The record with as many trials of each variant as `LONG` says, every one a copy of one that was made.
fn long() -> Record {
    let mut record = published();
    let made = std::mem::take(&mut record.trials);
    let rounds = LONG.div_ceil(record.run.settings.trials);
    for round in 0..rounds {
        let copies = made.iter().cloned().map(|mut outcome| {
            outcome.trial.iteration += round * record.run.settings.trials;
            outcome
        });
        record.trials.extend(copies.filter(|outcome| outcome.trial.iteration <= LONG));
    }
    record.run.settings.trials = LONG;
    record
}

fn reading(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(PUBLISHED);
    c.bench_function("read the published record", |b| b.iter(|| Record::read(black_box(&folder))));
}

fn forms(c: &mut Criterion) {
    for (name, record) in [("published", published()), ("100 trials", long())] {
        let mut group = c.benchmark_group("report");
        group.sample_size(20);
        group.bench_function(BenchmarkId::new("collect", name), |b| b.iter(|| ReportData::new(black_box(&record))));
        let data = ReportData::new(&record);
        group.bench_function(BenchmarkId::new("terminal", name), |b| b.iter(|| terminal(black_box(&data), WIDTH, true)));
        group.bench_function(BenchmarkId::new("markdown", name), |b| b.iter(|| markdown(black_box(&data))));
        group.bench_function(BenchmarkId::new("json", name), |b| b.iter(|| json(black_box(&data))));
        group.bench_function(BenchmarkId::new("observations", name), |b| b.iter(|| observations_csv(black_box(&data))));
        group.bench_function(BenchmarkId::new("summary", name), |b| b.iter(|| summary_csv(black_box(&data))));
        group.bench_function(BenchmarkId::new("sizes chart", name), |b| b.iter(|| sizes_chart(black_box(&data))));
        group.bench_function(BenchmarkId::new("times chart", name), |b| b.iter(|| times_chart(black_box(&data))));
        group.finish();
    }
}

criterion_group!(benches, reading, forms);
criterion_main!(benches);
