//! The bench of loadline's own share in its times: what it is asked for, how it judges, and what it prints.

use loadline::stats::{Change, median_interval};

#[path = "../../../benches/overhead/finding.rs"]
mod finding;
#[path = "../../../benches/overhead/request.rs"]
mod request;
#[path = "../../../benches/overhead/verdict.rs"]
mod verdict;

use finding::{COLUMNS, Finding, HEAD};
use request::{Part, Request};
use verdict::{Added, Bound, Pair, Verdict};

fn parsed(arguments: &[&str]) -> Result<Request, String> {
    Request::parse(arguments.iter().map(|a| (*a).to_owned()))
}

/// Pairs of ten seconds, with these more each.
fn pairs(added: &[f64]) -> Vec<Pair> {
    added.iter().map(|added| Pair { plain: 10.0, ours: 10.0 + added }).collect()
}

fn verdict(added: &[f64], bound: Bound) -> Verdict {
    Added::of(&pairs(added), bound).expect("times are positive").verdict()
}

#[test]
fn without_words_every_part_is_asked_and_without_bench_nothing_is_measured() {
    let request = parsed(&["--list"]).expect("it is sound");
    assert_eq!((request.parts, request.measure, request.list), (Part::ALL.to_vec(), false, true));
    let request = parsed(&["push", "--bench", "cached", "push"]).expect("it is sound");
    assert_eq!((request.parts, request.measure, request.list), (vec![Part::Cached, Part::Push], true, false));
}

#[test]
fn every_number_can_be_chosen() {
    let request = parsed(&["build", "--pairs", "7", "--seconds", "0.5", "--megabytes", "8", "--seed", "3", "--csv", "raw.csv"]);
    let request = request.expect("it is sound");
    assert_eq!((request.pairs, request.megabytes, request.seed), (Some(7), 8, 3));
    assert!((request.seconds - 0.5).abs() < 1e-9);
    assert_eq!(request.csv, Some("raw.csv".into()));
}

#[test]
fn whoever_calls_it_wrongly_is_told_what_there_is() {
    for (arguments, part) in [
        (&["pull"][..], "there is no part pull; there are cached, build, push"),
        (&["--trials", "3"], "there is no option --trials; use cargo bench --bench overhead"),
        (&["--pairs", "1"], "--pairs needs a number from 2 to 1000; use cargo bench"),
        (&["--seconds", "NaN"], "--seconds needs a number from 0.1 to 600; use cargo bench"),
        (&["--megabytes"], "--megabytes needs a number from 1 to 2000; use cargo bench"),
        (&["--csv"], "--csv needs a path; use cargo bench"),
    ] {
        let message = parsed(arguments).expect_err("it is refused");
        assert!(message.starts_with(part), "{message}");
    }
}

#[test]
fn a_bound_holds_only_where_the_whole_interval_says_so() {
    let times = |most| Bound::Seconds(most);
    let added = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08];
    assert_eq!(verdict(&added, times(0.09)), Verdict::Holds);
    assert_eq!(verdict(&added, times(0.04)), Verdict::Open);
    assert_eq!(verdict(&added, times(0.005)), Verdict::Broken);
    assert_eq!(verdict(&added[..6], times(0.005)), Verdict::Open, "six pairs say nothing");
    assert_eq!(verdict(&added, Bound::Part(0.02)), Verdict::Holds);
    assert_eq!(verdict(&added, Bound::Part(0.005)), Verdict::Open);
    assert_eq!(verdict(&added, Bound::Part(0.0001)), Verdict::Broken);
}

#[test]
fn differences_and_quotients_have_the_intervals_of_the_statistics_of_runs() {
    let added = [0.5, -0.2, 0.3, 0.1, 0.9, 0.4, 0.2];
    let differences = Added::of(&pairs(&added), Bound::Seconds(1.0)).expect("times are positive");
    let expected = median_interval(&added).expect("seven values");
    assert!((differences.interval.low - expected.low).abs() < 1e-9 && (differences.interval.high - expected.high).abs() < 1e-9);
    assert!((differences.value - 0.3).abs() < 1e-9);
    let quotients = Added::of(&pairs(&added), Bound::Part(0.03)).expect("times are positive");
    let change = Change::paired(&[10.0; 7], &added.map(|added| 10.0 + added)).expect("seven pairs");
    assert_eq!((quotients.value, quotients.interval), (change.value, change.interval));
}

#[test]
fn a_time_that_is_not_positive_gives_no_quotient() {
    let pairs = [Pair { plain: 0.0, ours: 1.0 }; 7];
    assert_eq!(Added::of(&pairs, Bound::Part(0.03)), None);
}

#[test]
fn pairs_are_enough_when_the_interval_is_within_one_per_cent() {
    let mut finding = Finding::new(Part::Build, String::new(), &[("call", Bound::Part(0.02))]);
    for n in 0..6 {
        finding.push(n % 2 == 0, 10.0, &[10.0 + f64::from(n) / 100.0]);
        assert!(!finding.is_fine(), "{n}");
    }
    finding.push(true, 10.0, &[10.03]);
    assert!(finding.is_fine());
    let mut wide = Finding::new(Part::Build, String::new(), &[("call", Bound::Part(0.02))]);
    (0..20).for_each(|n| wide.push(true, 10.0, &[10.0 + f64::from(n % 7) / 2.0]));
    assert!(!wide.is_fine());
}

#[test]
fn a_finding_is_a_table_and_raw_numbers() {
    let mut cached = Finding::new(Part::Cached, String::new(), &[("call", Bound::Seconds(0.05)), ("printed", Bound::Seconds(0.05))]);
    let mut push = Finding::new(Part::Push, "two layers".to_owned(), &[("push", Bound::Part(0.03))]);
    for n in 0..8 {
        let more = f64::from(n) / 1000.0;
        cached.push(n % 2 == 0, 0.05, &[0.06 + more, 0.055 + more]);
        push.push(n % 2 == 1, 2.0, &[2.1 + more]);
    }
    assert!(!cached.is_broken() && push.is_broken());
    assert_eq!(push.setting, "two layers");
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(COLUMNS).expect("a vector takes bytes");
    push.raw(&mut csv).expect("a vector takes bytes");
    let raw = String::from_utf8(csv.into_inner().expect("a vector takes bytes")).expect("text");
    insta::assert_snapshot!(format!("{HEAD}\n{}{}\n{raw}", cached.rows(), push.rows()));
}
