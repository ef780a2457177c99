//! The repository's own scenarios: five languages, each built in one stage and in several.

use std::collections::BTreeMap;
use std::path::Path;

use loadline::dockerfile::{Dockerfile, VariantKind};
use loadline::scenario::{Scenario, SmokeCheck, SmokeExpect, SmokeRequest, Variant, discover};
use serde_json::json;

/// By scenario: the base of `single`, which is also that in which `multi` is built, and the base of what `multi` ships.
const PAIRS: [(&str, &str, &str, &str); 5] = [
    ("go-api", "go", "golang:1.23", "scratch"),
    ("java-api", "java", "maven:3.9-eclipse-temurin-21", "eclipse-temurin:21-jre"),
    ("node-api", "typescript", "node:20", "node:20-slim"),
    ("python-api", "python", "python:3.13", "python:3.13-slim"),
    ("react-spa", "typescript", "node:20", "nginx:1.26"),
];

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    discover(&folder, &[]).expect("the repository's scenarios are sound").scenarios
}

fn variant<'a>(scenario: &'a Scenario, name: &str) -> &'a Variant {
    let found = scenario.variants.iter().find(|variant| variant.name == name);
    found.unwrap_or_else(|| panic!("{} has a variant {name}", scenario.name))
}

/// What the `FROM` lines of a Dockerfile name, first to last.
fn from_lines(variant: &Variant) -> Vec<String> {
    let text = std::fs::read_to_string(&variant.dockerfile).expect("a Dockerfile");
    let from = text.lines().filter_map(|line| line.strip_prefix("FROM "));
    from.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn five_languages_are_built_in_one_stage_and_in_several_on_the_published_pairs() {
    let scenarios = scenarios();
    let found: Vec<_> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(found, PAIRS.map(|(name, ..)| name));
    for (scenario, (name, language, builds, ships)) in scenarios.iter().zip(PAIRS) {
        assert_eq!(scenario.language.0, language, "{name}");
        let (single, multi) = (variant(scenario, "single"), variant(scenario, "multi"));
        assert_eq!((single.kind, multi.kind), (VariantKind::SingleStage, VariantKind::MultiStage), "{name}");
        assert_eq!(from_lines(single), [builds], "{name}");
        let stages = from_lines(multi);
        assert_eq!((stages.first().map(String::as_str), stages.last().map(String::as_str)), (Some(builds), Some(ships)), "{name}");
    }
}

#[test]
fn every_dockerfile_parses_and_names_what_it_needs() {
    for variant in scenarios().iter().flat_map(|scenario| &scenario.variants) {
        let text = std::fs::read_to_string(&variant.dockerfile).expect("a Dockerfile");
        let parsed = Dockerfile::parse(&text).expect("it parses");
        assert!(parsed.bases(variant.target.as_deref(), &BTreeMap::new()).is_ok(), "{}", variant.dockerfile.display());
    }
}

/// Health, list, create, list again and bad JSON: what every service is asked from outside.
#[test]
fn the_four_services_keep_one_contract() {
    for scenario in scenarios().iter().filter(|scenario| scenario.name.ends_with("-api")) {
        let check = scenario.smoke.check().unwrap_or_else(|| panic!("{} is checked", scenario.name));
        for (what, holds) in contract(check) {
            assert!(holds, "{} is asked for {what}: {check:#?}", scenario.name);
        }
    }
}

fn contract(check: &SmokeCheck) -> [(&'static str, bool); 5] {
    let asked = |method: &str, path: &str, status: u16, expect: SmokeExpect, body: fn(&str) -> bool| {
        let same = |request: &&SmokeRequest| request.method == method && request.path == path && request.status == status;
        let body = |request: &&SmokeRequest| body(request.body.as_deref().unwrap_or_default());
        check.requests.iter().filter(same).filter(body).any(|request| request.expect.as_ref() == Some(&expect))
    };
    let is_json = |body: &str| serde_json::from_str::<serde_json::Value>(body).is_ok();
    let health = &check.ready;
    [
        ("its health", health.path == "/health" && health.expect == Some(SmokeExpect::Json(json!({"status": "ok"})))),
        ("an empty list", asked("GET", "/api/items", 200, SmokeExpect::Json(json!({"items": []})), str::is_empty)),
        ("a new item", asked("POST", "/api/items", 201, SmokeExpect::Json(json!({"id": 1, "name": "anchor"})), is_json)),
        ("the list with it", asked("GET", "/api/items", 200, SmokeExpect::Text(r#""name":"anchor""#.to_owned()), str::is_empty)),
        (
            "bad JSON",
            asked("POST", "/api/items", 400, SmokeExpect::Text("not valid JSON".to_owned()), |body| {
                !body.is_empty() && serde_json::from_str::<serde_json::Value>(body).is_err()
            }),
        ),
    ]
}
