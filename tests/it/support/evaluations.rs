//! Evaluations made by hand: every outcome once, and ones in which every text is hostile.

use loadline::budget::{BudgetPlace, Increase, Limit};
use loadline::dockerfile::Line;
use loadline::judge::{
    BudgetSource, Check, CheckOutcome, Definition, Evaluation, FileGrowth, Growth, LayerGrowth, Loosened, Redefined, Unheld, Unlimited,
};
use loadline::measure::Measure;
use proptest::prelude::*;

/// Six limits of two scenarios, one of each outcome, and one limit that was loosened.
pub(crate) fn every_outcome() -> Evaluation {
    Evaluation {
        run: "2026-11-30-1".to_owned(),
        baseline: Some("2026-11-29-1".to_owned()),
        source: BudgetSource::Files { paths: vec!["base/scenarios/go-api/scenario.toml".to_owned()], own: vec!["node-api".to_owned()] },
        checks: vec![passed(), failed(), undecided(), unmeasured(), not_comparable(), skipped()],
        loosened: vec![loosened()],
        unheld: vec![Unheld { scenario: "go-api".to_owned(), budget: "new".to_owned(), place: None }],
        unlimited: [("alpine", None), ("distroless", None), ("broken", Some("build-failed: no such file"))]
            .map(|(variant, trouble)| Unlimited {
                scenario: "go-api".to_owned(),
                variant: variant.to_owned(),
                trouble: trouble.map(str::to_owned),
            })
            .to_vec(),
        redefined: vec![smoke_check(), dockerfile()],
    }
}

fn smoke_check() -> Redefined {
    let [before, after] = [&["GET /health: 200", "GET /api/items: 200 with JSON"][..], &["GET /: 200"]];
    let [before, after] = [before, after].map(|requests| requests.iter().map(|&request| request.to_owned()).collect());
    Redefined { scenario: "go-api".to_owned(), variant: None, what: Definition::SmokeCheck, before, after }
}

fn dockerfile() -> Redefined {
    let [before, after] = ["multi", "slim"].map(|name| vec![format!("{name}.Dockerfile")]);
    Redefined { scenario: "go-api".to_owned(), variant: Some("multi".to_owned()), what: Definition::Dockerfile, before, after }
}

fn check(variant: &str, measure: Measure, limit: Limit, outcome: CheckOutcome) -> Check {
    Check {
        scenario: "go-api".to_owned(),
        variant: variant.to_owned(),
        budget: "lean".to_owned(),
        measure,
        definition: None,
        cache_state: "cold".to_owned(),
        edit: None,
        limit,
        allowed: None,
        actual: None,
        reference: None,
        outcome,
        growth: None,
        reason: None,
        place: Some(BudgetPlace { file: "./scenarios/go-api/scenario.toml".to_owned(), line: 41 }),
    }
}

fn max(value: f64, written: &str) -> Limit {
    Limit::Max { value, written: written.to_owned() }
}

fn passed() -> Check {
    let check = check("multi", Measure::TransferSize, max(25e6, "25 MB"), CheckOutcome::Pass);
    Check { allowed: Some(25e6), actual: Some(6_812_345.0), ..check }
}

/// The image grew by a file in a layer above the base.
pub(crate) fn failed() -> Check {
    let limit = Limit::MaxIncrease { by: Increase::Share(0.01), written: "1 %".to_owned() };
    let check = check("multi", Measure::UncompressedSize, limit, CheckOutcome::Fail { excess: 377_344.0 });
    let (allowed, actual, reference) = (Some(11_725_312.0), Some(12_102_656.0), Some(11_609_219.0));
    Check { allowed, actual, reference, growth: Some(growth()), reason: Some("what the edge devices have room for".to_owned()), ..check }
}

fn growth() -> Growth {
    let line = Some(Line { file: "multi.Dockerfile".to_owned(), line: 7, instruction: "COPY . .".to_owned() });
    Growth {
        total: 493_437,
        base: Some(0),
        app: Some(493_437),
        moved_bases: vec!["golang:1.23".to_owned()],
        layers: vec![LayerGrowth { dockerfile_line: line.clone(), created_by: None, before: Some(1_000), after: Some(494_437) }],
        files: vec![FileGrowth { path: "/app/assets/hero.png".to_owned(), before: None, after: Some(490_000), dockerfile_line: line }],
    }
}

fn undecided() -> Check {
    let why = "the median is between 12.10 s and 12.90 s, and the limit is within".to_owned();
    let check = check("single", Measure::BuildTime, max(12.5, "12.5 s"), CheckOutcome::Undecided { why });
    Check { allowed: Some(12.5), actual: Some(12.55), cache_state: "edit".to_owned(), edit: Some("source".to_owned()), ..check }
}

fn unmeasured() -> Check {
    let why = "the build failed: undefined: x | y".to_owned();
    check("broken", Measure::LayerCount, max(12.0, "12"), CheckOutcome::Unmeasured { why })
}

fn not_comparable() -> Check {
    let limit = Limit::MaxIncrease { by: Increase::Amount(200e3), written: "+200 kB".to_owned() };
    let why = "the base set differs: hub in the baseline, stand-in here".to_owned();
    let check = check("single", Measure::UncompressedSize, limit, CheckOutcome::NotComparable { why });
    Check { actual: Some(837_943_296.0), ..check }
}

fn skipped() -> Check {
    let why = "the limit is for runs over 20mbit,30ms".to_owned();
    let limit = Limit::MaxRatio { to: "single".to_owned(), share: 0.2, written: "20 %".to_owned() };
    Check { scenario: "node-api".to_owned(), ..check("multi", Measure::PullTime, limit, CheckOutcome::Skip { why }) }
}

fn loosened() -> Loosened {
    Loosened {
        scenario: "go-api".to_owned(),
        budget: "lean".to_owned(),
        before: max(25e6, "25 MB"),
        after: Some(max(30e6, "30 MB")),
        about: None,
        place: Some(BudgetPlace { file: "scenarios/go-api/scenario.toml".to_owned(), line: 41 }),
    }
}

/// Texts that mean something to a terminal, a shell, a log, a forge or a parser, and any others.
pub(crate) fn hostile_text() -> impl Strategy<Value = String> {
    const NASTY: [&str; 22] = [
        "",
        "a\nb",
        "\r\n::error::x",
        "::stop-commands::x",
        "##[add-path]/tmp",
        "a::b,c=d:e%0A%25",
        "]]>",
        "<x a=\"b\">'&amp;",
        "a|b\\|c",
        "`x` *y* [z](w) ![i](j)",
        "\u{202e}gnp.exe\u{2066}",
        "\x1b[2J\x1b]0;t\x07\u{9b}1m",
        "\u{0}\u{fffe}\u{ffff}\u{feff}",
        "<!-- loadline -->",
        "</details><script>",
        "@everyone #1 GH-1 https://x.y www.z.w",
        "}\" 1\n# EOF",
        "\\",
        "\"\\n",
        "end-0\nx<<end",
        "../../etc/passwd",
        "👩‍👩‍👧 ünï",
    ];
    prop_oneof![
        3 => proptest::sample::select(&NASTY[..]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => proptest::sample::select(&NASTY[..]).prop_map(|text| text.repeat(120)),
    ]
}

/// An evaluation whose every text is hostile, with up to `most` limits.
pub(crate) fn hostile(most: usize) -> impl Strategy<Value = Evaluation> {
    let texts = || proptest::collection::vec(hostile_text(), 0..9);
    let source = (texts(), texts()).prop_map(|(paths, own)| BudgetSource::Files { paths, own });
    let after = (proptest::option::of(hostile_limit()), proptest::option::of(hostile_text()));
    let loosened = (hostile_text(), hostile_text(), hostile_limit(), after, place());
    let loosened =
        loosened.prop_map(|(scenario, budget, before, (after, about), place)| Loosened { scenario, budget, before, after, about, place });
    let unheld = (hostile_text(), hostile_text(), place());
    let unheld = unheld.prop_map(|(scenario, budget, place)| Unheld { scenario, budget, place });
    let unlimited = (hostile_text(), hostile_text(), proptest::option::of(hostile_text()));
    let unlimited = unlimited.prop_map(|(scenario, variant, trouble)| Unlimited { scenario, variant, trouble });
    let lines = || proptest::collection::vec(hostile_text(), 0..9);
    let what = prop_oneof![Just(Definition::SmokeCheck), Just(Definition::Dockerfile)];
    let redefined = (hostile_text(), proptest::option::of(hostile_text()), what, lines(), lines());
    let redefined = redefined.prop_map(|(scenario, variant, what, before, after)| Redefined { scenario, variant, what, before, after });
    let parts = (
        hostile_text(),
        proptest::option::of(hostile_text()),
        source,
        proptest::collection::vec(hostile_check(), 0..most),
        proptest::collection::vec(loosened, 0..3),
        proptest::collection::vec(unheld, 0..3),
        proptest::collection::vec(unlimited, 0..3),
        proptest::collection::vec(redefined, 0..3),
    );
    parts.prop_map(|(run, baseline, source, checks, loosened, unheld, unlimited, redefined)| Evaluation {
        run,
        baseline,
        source,
        checks,
        loosened,
        unheld,
        unlimited,
        redefined,
    })
}

fn place() -> impl Strategy<Value = Option<BudgetPlace>> {
    proptest::option::of((hostile_text(), 0_usize..99).prop_map(|(file, line)| BudgetPlace { file, line }))
}

fn hostile_limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        (any::<f64>(), hostile_text()).prop_map(|(value, written)| Limit::Max { value, written }),
        (any::<f64>(), hostile_text()).prop_map(|(by, written)| Limit::MaxIncrease { by: Increase::Amount(by), written }),
        (hostile_text(), any::<f64>(), hostile_text()).prop_map(|(to, share, written)| Limit::MaxRatio { to, share, written }),
    ]
}

fn hostile_outcome() -> impl Strategy<Value = CheckOutcome> {
    prop_oneof![
        Just(CheckOutcome::Pass),
        any::<f64>().prop_map(|excess| CheckOutcome::Fail { excess }),
        hostile_text().prop_map(|why| CheckOutcome::Undecided { why }),
        hostile_text().prop_map(|why| CheckOutcome::Unmeasured { why }),
        hostile_text().prop_map(|why| CheckOutcome::NotComparable { why }),
        hostile_text().prop_map(|why| CheckOutcome::Skip { why }),
    ]
}

fn hostile_growth() -> impl Strategy<Value = Growth> {
    let line =
        || proptest::option::of((hostile_text(), hostile_text()).prop_map(|(file, instruction)| Line { file, line: 3, instruction }));
    let sizes = || (any::<Option<u64>>(), any::<Option<u64>>());
    let layer = (line(), proptest::option::of(hostile_text()), sizes());
    let layer = layer.prop_map(|(dockerfile_line, created_by, (before, after))| LayerGrowth { dockerfile_line, created_by, before, after });
    let file = (hostile_text(), sizes(), line());
    let file = file.prop_map(|(path, (before, after), dockerfile_line)| FileGrowth { path, before, after, dockerfile_line });
    let lists =
        (proptest::collection::vec(hostile_text(), 0..9), proptest::collection::vec(layer, 0..9), proptest::collection::vec(file, 0..9));
    (any::<i64>(), any::<Option<(i64, i64)>>(), lists).prop_map(|(total, parts, (moved_bases, layers, files))| Growth {
        total,
        base: parts.map(|(base, _)| base),
        app: parts.map(|(_, app)| app),
        moved_bases,
        layers,
        files,
    })
}

fn hostile_check() -> impl Strategy<Value = Check> {
    let names = (hostile_text(), hostile_text(), hostile_text());
    let what = (proptest::sample::select(&Measure::ALL[..]), proptest::option::of(hostile_text()), hostile_text());
    let figures = (any::<Option<f64>>(), any::<Option<f64>>(), any::<Option<f64>>());
    let came = (hostile_outcome(), proptest::option::of(hostile_growth()), proptest::option::of(hostile_text()), place());
    (names, what, proptest::option::of(hostile_text()), hostile_limit(), figures, came).prop_map(
        |((scenario, variant, budget), (measure, definition, cache_state), edit, limit, (allowed, actual, reference), came)| {
            let (outcome, growth, reason, place) = came;
            Check {
                scenario,
                variant,
                budget,
                measure,
                definition,
                cache_state,
                edit,
                limit,
                allowed,
                actual,
                reference,
                outcome,
                growth,
                reason,
                place,
            }
        },
    )
}
