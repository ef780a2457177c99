//! `cargo run --release --example change_points -- [ROUNDS]`: how often steps in histories of 200 to 1,000 runs are found where they are,
//! and how often flat ones show any; the table of `docs/history.md`. The seed is fixed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use loadline::stats::change_points;

/// Noise, as a share of the level.
const NOISE: f64 = 0.02;
/// A step, as a share of the level.
const STEP: f64 = 0.05;
/// How far from its place a step may be found.
const NEAR: usize = 2;

/// What a history is made of.
struct Shape {
    name: &'static str,
    runs: usize,
    /// Places of steps; a later one of the two goes on up, or back down.
    steps: fn(&mut fastrand::Rng) -> Vec<usize>,
    back: bool,
}

const SHAPES: [Shape; 10] = [
    Shape { name: "no step", runs: 200, steps: |_| Vec::new(), back: false },
    Shape { name: "a step with 20 runs or more on either side", runs: 200, steps: |random| vec![random.usize(20..=180)], back: false },
    Shape { name: "two steps up, at run 60 and 130", runs: 200, steps: |_| vec![60, 130], back: false },
    Shape { name: LEVEL, runs: 200, steps: |random| level_from(random.usize(40..=140)), back: true },
    Shape { name: "a step with 10 runs after it", runs: 200, steps: |_| vec![190], back: false },
    Shape { name: "a step with 5 runs after it", runs: 200, steps: |_| vec![195], back: false },
    Shape { name: "no step", runs: 500, steps: |_| Vec::new(), back: false },
    Shape { name: LEVEL, runs: 500, steps: |random| level_from(random.usize(100..=380)), back: true },
    Shape { name: "no step", runs: 1_000, steps: |_| Vec::new(), back: false },
    Shape { name: LEVEL, runs: 1_000, steps: |random| level_from(random.usize(200..=780)), back: true },
];

const LEVEL: &str = "20 runs on a higher level";

fn level_from(first: usize) -> Vec<usize> {
    vec![first, first + 20]
}

/// Kinds of noise: its name, whether it is log-normal, and whether a tenth of the runs take 10 % to 50 % longer.
const NOISES: [(&str, bool, bool); 4] = [
    ("Gaussian", false, false),
    ("log-normal", true, false),
    ("Gaussian, 10 % outliers", false, true),
    ("log-normal, 10 % outliers", true, true),
];

/// What was found in all rounds.
#[derive(Default)]
struct Found {
    steps: u32,
    placed: u32,
    any: u32,
    elsewhere: u32,
    time: Duration,
}

#[expect(clippy::print_stdout, reason = "it is what the example is for")]
fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000);
    println!("{rounds} histories a row, noise 2 %, steps 5 %\n");
    println!("| runs | history | noise | steps placed within ± {NEAR} runs | histories with any point | with a point elsewhere |");
    println!("|---:|---|---|---:|---:|---:|");
    let mut times = BTreeMap::<usize, Vec<f64>>::new();
    for shape in &SHAPES {
        for (name, log_normal, outliers) in NOISES {
            let found = simulate(shape, log_normal, outliers, rounds);
            let percent = |n: u32, of: u32| format!("{:.1} %", f64::from(n) * 100.0 / f64::from(of));
            let placed = if found.steps == 0 { "–".to_owned() } else { percent(found.placed, found.steps) };
            times.entry(shape.runs).or_default().push(found.time.as_secs_f64() * 1e3 / f64::from(rounds));
            let (any, elsewhere) = (percent(found.any, rounds), percent(found.elsewhere, rounds));
            println!("| {} | {} | {name} | {placed} | {any} | {elsewhere} |", shape.runs, shape.name);
        }
    }
    println!();
    for (runs, times) in times {
        println!("{:.2} ms a series of {runs} runs", times.iter().sum::<f64>() / times.len() as f64);
    }
}

fn simulate(shape: &Shape, log_normal: bool, outliers: bool, rounds: u32) -> Found {
    let mut random = fastrand::Rng::with_seed(2_026);
    let mut found = Found::default();
    for _ in 0..rounds {
        let steps = (shape.steps)(&mut random);
        let values: Vec<f64> = (0..shape.runs).map(|i| level(&steps, shape.back, i) * noise(&mut random, log_normal, outliers)).collect();
        let begun = Instant::now();
        let points: Vec<usize> = change_points(&values).into_iter().map(|point| point.at).collect();
        found.time += begun.elapsed();
        let near = |a: &usize, all: &[usize]| all.iter().any(|b| a.abs_diff(*b) <= NEAR);
        found.steps += count(&steps, |_| true);
        found.placed += count(&steps, |step| near(step, &points));
        found.any += u32::from(!points.is_empty());
        found.elsewhere += u32::from(points.iter().any(|point| !near(point, &steps)));
    }
    found
}

fn count(places: &[usize], wanted: impl Fn(&usize) -> bool) -> u32 {
    places.iter().map(|place| u32::from(wanted(place))).sum()
}

fn level(steps: &[usize], back: bool, i: usize) -> f64 {
    let passed = steps.iter().filter(|step| i >= **step).count();
    let up = if back { passed % 2 } else { passed };
    (0..up).fold(10.0, |level, _| level * (1.0 + STEP))
}

fn noise(random: &mut fastrand::Rng, log_normal: bool, outliers: bool) -> f64 {
    let gauss = (-2.0 * random.f64().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos();
    let factor = if log_normal { (NOISE * gauss).exp() } else { 1.0 + NOISE * gauss };
    if outliers && random.f64() < 0.1 { factor * (1.1 + 0.4 * random.f64()) } else { factor }
}
