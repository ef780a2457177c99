//! `cargo bench --bench stats`: how long the statistics of a sample take, for the sizes that runs and histories have.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use loadline::stats::{Change, Drift, Estimate};

/// Times of about 10 s with a tail, from a seeded generator.
fn sample(n: usize, seed: u64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| 10.0 + random.f64() * random.f64()).collect()
}

fn estimates(c: &mut Criterion) {
    let mut group = c.benchmark_group("estimate with its interval");
    for n in [7, 19, 20, 100, 1_000] {
        let values = sample(n, 1);
        group.bench_with_input(BenchmarkId::from_parameter(n), &values, |b, values| b.iter(|| Estimate::of(black_box(values))));
    }
    group.finish();
}

fn changes(c: &mut Criterion) {
    let mut group = c.benchmark_group("change between two samples");
    for n in [7, 20, 100] {
        let (before, after) = (sample(n, 2), sample(n, 3));
        group.bench_function(BenchmarkId::new("unpaired", n), |b| b.iter(|| Change::unpaired(black_box(&before), black_box(&after))));
        group.bench_function(BenchmarkId::new("paired", n), |b| b.iter(|| Change::paired(black_box(&before), black_box(&after))));
    }
    group.finish();
}

fn drifts(c: &mut Criterion) {
    let mut group = c.benchmark_group("drift");
    for n in [7, 20, 50, 100] {
        let values = sample(n, 4);
        group.bench_with_input(BenchmarkId::from_parameter(n), &values, |b, values| b.iter(|| Drift::of(black_box(values))));
    }
    group.finish();
}

criterion_group!(benches, estimates, changes, drifts);
criterion_main!(benches);
