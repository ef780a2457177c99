//! `cargo bench --bench weigh`: how fast bytes are hashed, inflated, listed and laid over each other.

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadline::image::{BlobMeter, Listing, ListingWriter, TarWalk, Tree};

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

/// A layer like that of a large base image: 33,000 entries, most of them small.
fn layer() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(2);
    let mut builder = tar::Builder::new(Vec::new());
    for number in 0..33_000_u32 {
        let mut header = tar::Header::new_ustar();
        let bytes = random.usize(..4000);
        let content: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(bytes).collect();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let path = format!("usr/lib/package-{}/share/file-{number}", number / 40);
        builder.append_data(&mut header, path, content.as_slice()).expect("a vector takes bytes");
    }
    builder.into_inner().expect("a vector takes bytes")
}

fn list(tar: &[u8]) -> Listing {
    let mut walk = TarWalk::new(ListingWriter::default());
    for chunk in tar.chunks(64 << 10) {
        walk.update(chunk);
    }
    walk.finish().expect("the layer is sound").finish()
}

fn walk_and_tree(c: &mut Criterion) {
    let tar = layer();
    let listing = list(&tar);
    let mut group = c.benchmark_group("33,000 entries, bytes of tar");
    group.sample_size(10).throughput(Throughput::Bytes(tar.len() as u64));
    group.bench_function("walk and listing", |b| b.iter(|| black_box(list(&tar))));
    group.bench_function("tree", |b| {
        b.iter(|| {
            let mut tree = Tree::default();
            tree.apply(&listing).expect("there is room");
            black_box(tree.mark_duplicates());
            black_box(tree)
        });
    });
    group.bench_function("meter, all of it", |b| b.iter(|| meter(&tar)));
    group.finish();
}

criterion_group!(benches, blob_meter, walk_and_tree);
criterion_main!(benches);
