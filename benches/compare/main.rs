//! `cargo bench --bench compare`: how often `loadline compare` is wrong, and how often it finds what there is, as a Markdown table for
//! `docs/comparing.md`. Records are made with a fixed seed from populations whose truth is known, and judged as the command does it.

#![expect(clippy::print_stdout, reason = "a bench tells what it found")]

mod simulation;

use simulation::{NOISES, Rates, SIZES, bytes, rates};

/// Comparisons behind each figure: two standard errors of a rate of 1 % are 0.14 percentage points.
const ROUNDS: u32 = 20_000;

fn main() {
    // `cargo test --benches` runs this too, and nobody reads it there.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "| values a side | noise of 5 % | called slower or faster, though nothing changed | called slower | a build 10 % slower is found |"
    );
    println!("|---:|---|---:|---:|---:|");
    for n in SIZES {
        for noise in NOISES {
            println!("{}", row(n, noise.name(), rates(noise, n, ROUNDS)));
        }
    }
    let (equal, grown) = bytes(ROUNDS);
    println!(
        "\n{ROUNDS} comparisons behind each rate. Of {ROUNDS} equal sizes {equal} were called another; of {ROUNDS} that grew by 1 % {grown} were called regressed."
    );
}

fn row(n: usize, noise: &str, Rates { changed, slower, found }: Rates) -> String {
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    format!("| {n} | {noise} | {} | {} | {} |", percent(changed), percent(slower), percent(found))
}
