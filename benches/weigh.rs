//! `cargo bench --bench weigh`: how fast bytes are hashed and inflated as they pass.

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadline::image::BlobMeter;

/// Bytes of the tar that is metered.
const TAR: usize = 32 << 20;

/// Text-like bytes that gzip shrinks about as far as a base image's layers: words from a seeded generator.
fn tar() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    let words: Vec<Vec<u8>> = (0..4096).map(|_| (0..random.usize(3..12)).map(|_| random.lowercase() as u8).collect()).collect();
    let mut bytes = Vec::with_capacity(TAR + 16);
    while bytes.len() < TAR {
        bytes.extend_from_slice(&words[random.usize(..words.len())]);
        bytes.push(b' ');
    }
    bytes.truncate(TAR);
    bytes
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(tar).expect("a vector takes bytes");
    encoder.finish().expect("a vector takes bytes")
}

fn meter(blob: &[u8]) {
    let mut meter = BlobMeter::default();
    for chunk in blob.chunks(256 << 10) {
        meter.update(chunk);
    }
    black_box(meter.finish().expect("the blob is sound"));
}

fn blob_meter(c: &mut Criterion) {
    let tar = tar();
    let compressed = gzip(&tar);
    let mut group = c.benchmark_group("blob meter, bytes of tar");
    group.sample_size(10).throughput(Throughput::Bytes(TAR as u64));
    group.bench_function("gzip", |b| b.iter(|| meter(&compressed)));
    group.bench_function("plain", |b| b.iter(|| meter(&tar)));
    group.finish();
}

criterion_group!(benches, blob_meter);
criterion_main!(benches);
