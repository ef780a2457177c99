//! What holds for every file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use loadline::scenario::{Builder, Expectation, Problems, Scenario, Severity, SmokeExpect, SmokeRequest, discover, parse_scenario};
use proptest::prelude::*;
use tempfile::TempDir;
use toml::{Table, Value as Toml};

/// A folder with one Dockerfile and this scenario.toml.
fn folder(bytes: &[u8]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("a.Dockerfile"), "FROM scratch AS final\nCOPY a /a\n").expect("written");
    fs::write(folder.path().join("scenario.toml"), bytes).expect("written");
    folder
}

/// Parses, and checks what holds for every problem.
fn checked(bytes: &[u8]) -> Result<Scenario, Problems> {
    let folder = folder(bytes);
    let path = folder.path().join("scenario.toml");
    let result = parse_scenario(&path);
    if let Err(problems) = &result {
        assert!(problems.has_errors(), "a refused file has an error");
        problems.0.iter().for_each(|problem| check_places(problem, &path, bytes));
        assert!(!problems.render(false).contains('\u{1b}'), "plain text has no escape sequences");
    }
    assert_eq!(discover(folder.path(), &[folder.path().display().to_string()]).is_ok(), result.is_ok());
    result
}

fn check_places(problem: &loadline::scenario::Problem, path: &Path, bytes: &[u8]) {
    assert!(!problem.message.is_empty() && problem.severity == Severity::Error || problem.message.contains("smoke"));
    let place = problem.place.as_ref().expect("a problem of a file has a place");
    let Some(spot) = place.spot.as_ref().filter(|_| place.path == path) else { return };
    assert!(spot.span.start <= spot.span.end && spot.span.end <= bytes.len(), "{spot:?} lies outside of {} B", bytes.len());
    assert_eq!(bytes[..spot.span.start].split(|&byte| byte == b'\n').count(), spot.line);
    assert!(spot.column >= 1);
    if let Some(excerpt) = &spot.excerpt {
        assert!(excerpt.text.get(excerpt.mark.clone()).is_some(), "{excerpt:?}");
    }
}

const RIGHT: &str = r#"name = "app"
language = "go"
[variants.aa]
dockerfile = "a.Dockerfile"
target = "final"
build-args = { A = "ä", B = "" }
builder = "classic"
expect = "success"
[smoke]
port = 8080
json = { a = [1, 2.5, { b = "c" }], d = 2024-05-01T12:00:00Z }
timeout = "30 s"
[[smoke.requests]]
method = "POST"
path = "/x"
body = '''{'''
status = 400
text = "bad"
"#;

/// What a right file says.
#[derive(Clone, Debug)]
struct Sketch {
    name: String,
    language: String,
    variants: Vec<VariantSketch>,
    port: u16,
    millis: u64,
    requests: Vec<RequestSketch>,
}

#[derive(Clone, Debug)]
struct VariantSketch {
    name: String,
    target: Option<String>,
    args: BTreeMap<String, String>,
    classic: bool,
    fails: bool,
}

#[derive(Clone, Debug)]
struct RequestSketch {
    method: Option<usize>,
    path: String,
    body: Option<String>,
    status: u16,
    expect: Option<Wanted>,
}

#[derive(Clone, Debug)]
enum Wanted {
    Text(String),
    Json(Toml),
}

const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,6}(-[a-z0-9]{1,6}){1,3}"
}

fn json() -> impl Strategy<Value = Toml> {
    let leaf = prop_oneof![any::<i64>().prop_map(Toml::Integer), any::<bool>().prop_map(Toml::Boolean), "\\PC{0,8}".prop_map(Toml::String)];
    let inner = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Toml::Array),
            prop::collection::btree_map("\\PC{1,6}", inner, 0..4).prop_map(|map| Toml::Table(map.into_iter().collect())),
        ]
    });
    inner.prop_map(|value| Toml::Array(vec![value]))
}

fn variant() -> impl Strategy<Value = VariantSketch> {
    let args = prop::collection::btree_map("[A-Z_]{1,5}", "\\PC{0,9}", 0..3);
    (name(), prop::option::of("[Ff]inal"), args, any::<bool>(), any::<bool>())
        .prop_map(|(name, target, args, classic, fails)| VariantSketch { name, target, args, classic, fails })
}

fn request() -> impl Strategy<Value = RequestSketch> {
    let expect = prop::option::of(prop_oneof!["\\PC{1,20}".prop_map(Wanted::Text), json().prop_map(Wanted::Json)]);
    (prop::option::of(0..METHODS.len()), "/[!-\"$-~]{0,20}", prop::option::of("\\PC{1,30}"), 200_u16..600, expect)
        .prop_map(|(method, path, body, status, expect)| RequestSketch { method, path, body, status, expect })
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let (variants, requests) = (prop::collection::vec(variant(), 1..4), prop::collection::vec(request(), 1..4));
    (name(), "[a-zA-Z+#]{1,20}", variants, 1_u16.., 1_u64..3_600_000, requests).prop_map(
        |(name, language, mut variants, port, millis, requests)| {
            variants.sort_by(|a, b| a.name.cmp(&b.name));
            variants.dedup_by(|a, b| a.name == b.name);
            Sketch { name, language, variants, port, millis, requests }
        },
    )
}

fn text(text: &str) -> Toml {
    Toml::String(text.to_owned())
}

fn table<const N: usize>(entries: [(&str, Option<Toml>); N]) -> Table {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

impl Sketch {
    fn toml(&self) -> String {
        let mut smoke = self.requests[0].toml();
        smoke.extend(table([
            ("port", Some(Toml::Integer(self.port.into()))),
            ("timeout", Some(text(&format!("{} ms", self.millis)))),
            ("requests", Some(Toml::Array(self.requests[1..].iter().map(|request| Toml::Table(request.toml())).collect()))),
        ]));
        let variants = self.variants.iter().map(|variant| (variant.name.clone(), Toml::Table(variant.toml()))).collect();
        let root = table([
            ("name", Some(text(&self.name))),
            ("language", Some(text(&self.language))),
            ("variants", Some(Toml::Table(variants))),
            ("smoke", Some(Toml::Table(smoke))),
        ]);
        toml::to_string(&root).expect("a table is TOML")
    }

    fn check(&self, scenario: &Scenario) {
        assert_eq!((&scenario.name, &scenario.language.0), (&self.name, &self.language));
        assert_eq!(scenario.variants.len(), self.variants.len());
        for sketch in &self.variants {
            let variant = scenario.variants.iter().find(|variant| variant.name == sketch.name).expect("it is there");
            assert_eq!((&variant.target, &variant.build_args), (&sketch.target, &sketch.args));
            assert_eq!(variant.builder, if sketch.classic { Builder::Classic } else { Builder::BuildKit });
            assert_eq!(variant.expect, if sketch.fails { Expectation::BuildFailure } else { Expectation::Success });
        }
        let smoke = scenario.smoke.check().expect("a check");
        assert_eq!((smoke.port, smoke.timeout), (self.port, Duration::from_millis(self.millis)));
        assert_eq!(smoke.requests.len() + 1, self.requests.len());
        self.requests.iter().zip(std::iter::once(&smoke.ready).chain(&smoke.requests)).for_each(|(sketch, request)| sketch.check(request));
    }
}

impl VariantSketch {
    fn toml(&self) -> Table {
        let args = self.args.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        table([
            ("dockerfile", Some(text("a.Dockerfile"))),
            ("target", self.target.as_deref().map(text)),
            ("build-args", Some(Toml::Table(args))),
            ("builder", Some(text(if self.classic { "classic" } else { "buildkit" }))),
            ("expect", Some(text(if self.fails { "build-failure" } else { "success" }))),
        ])
    }
}

impl RequestSketch {
    fn toml(&self) -> Table {
        let (held, json) = match &self.expect {
            Some(Wanted::Text(held)) => (Some(text(held)), None),
            Some(Wanted::Json(json)) => (None, Some(json.clone())),
            None => (None, None),
        };
        table([
            ("method", self.method.map(|method| text(METHODS[method]))),
            ("path", Some(text(&self.path))),
            ("body", self.body.as_deref().map(text)),
            ("status", Some(Toml::Integer(self.status.into()))),
            ("text", held),
            ("json", json),
        ])
    }

    fn check(&self, request: &SmokeRequest) {
        assert_eq!((&request.path, &request.body, request.status), (&self.path, &self.body, self.status));
        assert_eq!(request.method, METHODS[self.method.unwrap_or(0)]);
        let wanted = self.expect.as_ref().map(|expect| match expect {
            Wanted::Text(text) => SmokeExpect::Text(text.clone()),
            Wanted::Json(json) => SmokeExpect::Json(serde_json::to_value(json).expect("it has no dates and no floats")),
        });
        assert_eq!(request.expect, wanted);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(checked(&bytes).is_err());
    }

    #[test]
    fn what_looks_like_toml_is_judged_without_panic(lines in prop::collection::vec("(\\[{0,2}(name|variants|smoke|requests|aa|port|json|[.\"'=\\[\\]{},# 0-9é]){0,8}\\]{0,2}\r?\n)", 0..12)) {
        let _ = checked(lines.concat().as_bytes());
    }

    #[test]
    fn a_right_file_with_a_few_bytes_changed_is_judged_without_panic(edits in prop::collection::vec((0..RIGHT.len(), any::<u8>(), 0..3_u8), 1..4)) {
        let mut bytes = RIGHT.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.min(bytes.len() - 1);
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let _ = checked(&bytes);
    }

    #[test]
    fn a_right_file_with_lines_moved_is_judged_without_panic(order in prop::collection::vec(0_usize..18, 0..24)) {
        let lines: Vec<&str> = RIGHT.lines().collect();
        let text: String = order.into_iter().flat_map(|n| [lines[n % lines.len()], "\n"]).collect();
        let _ = checked(text.as_bytes());
    }

    #[test]
    fn a_right_file_means_what_it_says(sketch in sketch()) {
        let text = sketch.toml();
        let scenario = checked(text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        sketch.check(&scenario);
    }
}

#[test]
fn the_right_file_is_right() {
    checked(RIGHT.as_bytes()).expect("it is what the properties above start from");
}

#[test]
fn depth_and_width_beyond_reason_are_refused_in_bounded_time() {
    let n = 100_000;
    let texts = [
        "a.".repeat(n) + "b = 1",
        "[".repeat(n),
        "a=".to_owned() + &"[".repeat(n),
        "a=".to_owned() + &"{a=".repeat(n),
        "[[a]]\n".repeat(n),
        "a={".to_owned() + &"b=1,".repeat(n) + "}",
        "[variants]\n".to_owned() + &(0..n / 2).flat_map(|n| ["v".to_owned(), n.to_string(), " = {}\n".to_owned()]).collect::<String>(),
        "smoke.json = ".to_owned() + &"[".repeat(n) + &"]".repeat(n),
        "[a ".to_owned() + &"\"\\q\".".repeat(n),
    ];
    for text in texts {
        let problems = checked(text.as_bytes()).expect_err("nobody means this");
        assert!(problems.0.len() <= 51 && problems.render(false).len() < 1 << 20);
    }
}
