//! `cargo bench --bench weigh`: how fast bytes are hashed, inflated, listed and laid over each other; and what reading compressed blobs
//! takes beside inflating them alone, by the same library on the same cores (`cargo bench --bench weigh -- paired` for that alone).

use std::hint::black_box;
use std::io::Write;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group};
use flate2::{Decompress, FlushDecompress, Status};
use loadline::image::{BlobMeter, Listing, ListingWriter, TarWalk, Tree, read_blob};
use sha2::{Digest as _, Sha256};

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

/// How often the pair is measured; its halves take turns in going first.
const ROUNDS: usize = 9;

/// Layers of an image like those of a language's base image: most of it in three of ten, small files of text and larger ones.
fn blobs() -> Vec<Vec<u8>> {
    let sizes = [48 << 20, 24 << 20, 24 << 20, 8 << 20, 8 << 20, 4 << 20, 1 << 20, 1 << 20, 1 << 20, 64 << 10];
    let text = tar();
    let mut random = fastrand::Rng::with_seed(3);
    let layer = |size: usize| {
        let (mut builder, mut number) = (tar::Builder::new(Vec::new()), 0_usize);
        while builder.get_ref().len() < size {
            let bytes = if random.u8(..) < 16 { random.usize(..600_000) } else { random.usize(..16_000) };
            let from = random.usize(..text.len() - bytes);
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes as u64);
            header.set_mode(0o644);
            let path = format!("usr/lib/package-{}/file-{number}", number / 40);
            builder.append_data(&mut header, path, &text[from..from + bytes]).expect("a vector takes bytes");
            number += 1;
        }
        gzip(&builder.into_inner().expect("a vector takes bytes"))
    };
    sizes.into_iter().map(layer).collect()
}

/// Inflates a blob into nothing, with the buffers that reading it has.
fn inflate(blob: &[u8]) {
    let (mut decoder, mut output) = (Decompress::new_gzip(15), vec![0; 128 << 10]);
    loop {
        let from = usize::try_from(decoder.total_in()).expect("it is an offset");
        let status = decoder.decompress(&blob[from..], &mut output, FlushDecompress::None).expect("the blob is sound");
        black_box(&output);
        if status == Status::StreamEnd {
            return;
        }
    }
}

fn read(blob: &[u8]) {
    black_box(read_blob(blob).expect("memory can be read").facts.expect("the blob is sound"));
}

fn hash(blob: &[u8]) {
    black_box(Sha256::digest(blob));
}

/// Does `work` on all blobs, in their order, by as many threads as there are cores: wall time and time on the cores.
fn by_all_cores(blobs: &[Vec<u8>], work: fn(&[u8])) -> (Duration, Duration) {
    let (next, began, before) = (AtomicUsize::new(0), Instant::now(), on_cores());
    let run = || {
        while let Some(blob) = blobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(blob);
        }
    };
    thread::scope(|scope| (0..thread::available_parallelism().map_or(1, NonZero::get)).for_each(|_| drop(scope.spawn(run))));
    (began.elapsed(), on_cores().saturating_sub(before))
}

/// User and system time of this process, in ticks of 10 ms (proc(5), fields 14 and 15).
fn on_cores() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").expect("the kernel tells");
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    Duration::from_millis(fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("it is a number") * 10).sum())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of ratios that were measured in pairs, wall and cores; and the rates of what no reader can do without.
#[expect(clippy::print_stdout, reason = "it is what a bench is for")]
fn paired() {
    let blobs = blobs();
    let tars: Vec<Vec<u8>> = blobs
        .iter()
        .map(|blob| {
            let mut tar = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(blob.as_slice()), &mut tar).expect("the blob is sound");
            tar
        })
        .collect();
    let bytes = |blobs: &[Vec<u8>]| blobs.iter().map(Vec::len).sum::<usize>() as f64;
    let (mut walls, mut cores, mut floors, mut rates) = (Vec::new(), Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for round in 0..ROUNDS {
        let (alone, all);
        if round % 2 == 0 {
            alone = by_all_cores(&blobs, inflate);
            all = by_all_cores(&blobs, read);
        } else {
            all = by_all_cores(&blobs, read);
            alone = by_all_cores(&blobs, inflate);
        }
        let hashing = by_all_cores(&blobs, hash).1 + by_all_cores(&tars, hash).1;
        walls.push(all.0.as_secs_f64() / alone.0.as_secs_f64());
        cores.push(all.1.as_secs_f64() / alone.1.as_secs_f64());
        floors.push((alone.1 + hashing).as_secs_f64() / alone.1.as_secs_f64());
        rates.0.push(bytes(&tars) / alone.1.as_secs_f64() / 1e6);
        rates.1.push((bytes(&tars) + bytes(&blobs)) / hashing.as_secs_f64() / 1e6);
    }
    println!("ten gzip layers, {:.0} MB of tar in {:.0} MB, {ROUNDS} pairs, medians", bytes(&tars) / 1e6, bytes(&blobs) / 1e6);
    println!("  reading / inflating alone: {:.2} of wall time, {:.2} of time on the cores", median(walls), median(cores));
    println!("  (inflating + hashing stored bytes and tar) / inflating: {:.2} of time on the cores", median(floors));
    println!("  one core inflates {:.0} MB of tar a second, and hashes {:.0} MB a second", median(rates.0), median(rates.1));
}

criterion_group!(benches, blob_meter, walk_and_tree);

fn main() {
    let asked = |name: &str| std::env::args().any(|argument| argument == name);
    if !asked("paired") {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
    // `cargo test --benches` only asks whether it runs.
    if !asked("--test") {
        paired();
    }
}
