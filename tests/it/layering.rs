//! Holds the rooms to their directions: who may use whom, which crate lives where, and the shape of every source file.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use regex::Captures;
use source::{Source, closing, library, pattern, root, sources};

/// Which rooms each room may use. `DESIGN.md` has the same table.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("units", &[]),
    ("measure", &["units"]),
    ("budget", &["units", "measure"]),
    ("stats", &["units"]),
    ("dockerfile", &["units"]),
    ("image", &["units", "measure", "dockerfile"]),
    ("scenario", &["units", "measure", "budget", "dockerfile"]),
    ("rig", &["units", "image", "dockerfile"]),
    ("record", &["units", "measure", "budget", "dockerfile", "image"]),
    ("run", &["units", "measure", "budget", "stats", "dockerfile", "image", "scenario", "rig", "record"]),
    ("judge", &["units", "measure", "budget", "stats", "dockerfile", "image", "record", "scenario"]),
    ("report", &["units", "measure", "budget", "stats", "image", "record", "judge"]),
    ("cli", &["units", "measure", "budget", "stats", "dockerfile", "image", "scenario", "rig", "record", "run", "judge", "report"]),
];

/// Heavy crates and the only places that may name them.
const AT_HOME: [(&str, &[&str]); 14] = [
    ("bollard", &["src/rig/docker"]),
    ("rustls", &["src/rig/docker"]),
    ("tokio_rustls", &["src/rig/docker"]),
    ("axum", &["src/rig/registry"]),
    ("clap", &["src/cli"]),
    ("clap_complete", &["src/cli"]),
    ("clap_mangen", &["src/cli"]),
    ("indicatif", &["src/cli"]),
    ("plotters", &["src/report/chart"]),
    ("comfy_table", &["src/report", "src/cli"]),
    ("hyper", &["src/run/http.rs", "src/rig/exchange.rs", "src/rig/docker", "src/rig/proxy", "src/rig/registry", "src/rig/remote"]),
    (
        "hyper_util",
        &["src/run/http.rs", "src/rig/exchange.rs", "src/rig/docker", "src/rig/proxy", "src/rig/registry", "src/rig/remote/http.rs"],
    ),
    ("hyper::client", &["src/run/http.rs", "src/rig/exchange.rs", "src/rig/docker", "src/rig/proxy/forward.rs", "src/rig/remote/http.rs"]),
    ("hyper_util::client", &["src/run/http.rs", "src/rig/docker", "src/rig/proxy"]),
];

/// Macros that have no place in the library, and what to do instead.
const UNWANTED: [(&str, &str); 7] = [
    ("println", "write to the stream that the command was given"),
    ("print", "write to the stream that the command was given"),
    ("eprintln", "write to the stream that the command was given"),
    ("eprint", "write to the stream that the command was given"),
    ("todo", "write it"),
    ("unimplemented", "write it"),
    ("dbg", "remove it"),
];

const LINES_OF_A_FILE: usize = 500;
const LINES_OF_MAIN: usize = 19;

/// Fails with all problems at once, one a line.
fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{}",
        problems.iter().fold(String::new(), |mut all, problem| {
            writeln!(all, "\n  {problem}").expect("a string takes any text");
            all
        })
    );
}

/// A problem at a place in a file.
fn at(source: &Source, place: usize, problem: &str) -> String {
    format!("{}:{}: {problem}", source.path, source.line(place))
}

fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    MAY_USE.iter().map(|(room, others)| (*room, others.iter().copied().collect())).collect()
}

#[test]
fn every_room_uses_only_the_rooms_that_it_may() {
    let allowed = allowed();
    let mut problems = Vec::new();
    for source in library() {
        let Some(&room) = source.modules().first() else { continue };
        let may = allowed.get(room).unwrap_or_else(|| panic!("{}: the room {room} is not in the table", source.path));
        for (place, name) in source.root_names() {
            if name != room && allowed.contains_key(name.as_str()) && !may.contains(name.as_str()) {
                problems.push(at(source, place, &format!("{room} may not use {name}")));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_table_names_the_rooms_that_exist() {
    let room = pattern(r"(?m)^pub mod (\w+);");
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("the library has a root");
    let rooms: BTreeSet<&str> = room.captures_iter(&library).map(|found| found.extract::<1>().1[0]).collect();
    assert_eq!(rooms, allowed().into_keys().collect());
}

#[test]
fn no_room_uses_itself_by_way_of_others() {
    let allowed = allowed();
    for (room, others) in &allowed {
        let mut reached = others.clone();
        while let Some(more) = reached.iter().flat_map(|other| &allowed[other]).find(|other| !reached.contains(*other)).copied() {
            reached.insert(more);
        }
        assert!(!reached.contains(room), "{room} reaches itself");
    }
}

#[test]
fn the_design_page_has_the_same_table() {
    let path = root().join("DESIGN.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(design_table(&text), allowed().into_iter().map(|(room, may)| (room.to_owned(), owned(&may))).collect());
}

fn owned(names: &BTreeSet<&str>) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The rows below `| room | may use |`: a cell lists rooms, or says `nothing` or `everything`; brackets hold remarks.
fn design_table(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let remark = pattern(r"\([^)]*\)|`");
    let plain = remark.replace_all(text, "");
    let rows =
        plain.lines().map(str::trim).skip_while(|line| *line != "| room | may use |").skip(2).take_while(|line| line.starts_with('|'));
    let every = |room: &str| MAY_USE.iter().map(|(name, _)| (*name).to_owned()).filter(|name| name != room).collect();
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let names =
            |cell: &str| cell.split(',').map(|name| name.trim().to_owned()).filter(|name| name != "nothing").collect::<BTreeSet<_>>();
        for room in names(cells[0]) {
            let may = if cells[1] == "everything" { every(&room) } else { names(cells[1]) };
            table.insert(room, may);
        }
    }
    table
}

#[test]
fn a_design_table_is_read_with_its_remarks() {
    let text = "# x\n\n| room | may use |\n|---|---|\n| `a` | nothing |\n| b, c | a, `b` (for d) |\n\n| e | f |\n";
    let table = design_table(text);
    assert_eq!(table.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(table["a"].is_empty());
    assert_eq!(table["c"].iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn every_heavy_crate_stays_in_its_place() {
    let mut problems = Vec::new();
    for (name, homes) in AT_HOME {
        let named = pattern(&format!(r"\b{name}\s*::|\b(?:use|extern crate)\s+{name}\b"));
        for source in library().iter().filter(|source| !homes.iter().any(|home| source.path.starts_with(home))) {
            let found = named.find(&source.code);
            problems.extend(found.map(|found| at(source, found.start(), &format!("{name} is used only in {}", homes.join(" and ")))));
        }
    }
    assert_none(&problems);
}

#[test]
fn every_request_is_sent_where_no_sender_outlives_its_connection() {
    let sent = pattern(r"\.(?:try_)?send_request\s*\(");
    let others = library().iter().filter(|source| source.path != "src/rig/exchange.rs");
    let problems =
        others.flat_map(|source| sent.find_iter(&source.code).map(|found| at(source, found.start(), "send it by rig::exchange")));
    assert_none(&problems.collect::<Vec<_>>());
}

#[test]
fn the_library_neither_prints_nor_is_unfinished() {
    let mut problems = Vec::new();
    for (name, cure) in UNWANTED {
        let called = pattern(&format!(r"\b{name}\s*!"));
        for source in library() {
            problems.extend(called.find_iter(&source.code).map(|found| at(source, found.start(), &format!("`{name}!`; {cure}"))));
        }
    }
    assert_none(&problems);
}

#[test]
fn every_exception_from_a_lint_is_expected_with_a_reason() {
    let exception = pattern(r"#!?\[\s*(?:allow\b|expect\b[^\]]*\])");
    let mut problems = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().filter(|folder| root().join(folder).exists()).flat_map(sources) {
        for found in exception.find_iter(&source.code) {
            if !found.as_str().contains("reason") {
                problems.push(at(&source, found.start(), "use `#[expect(lint, reason = \"…\")]`"));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut problems = Vec::new();
    for source in library() {
        let lines = source.text.lines().count();
        // A module's tests in a file beside it are for that module.
        if !source.text.starts_with("//! ") && !source.path.ends_with("tests.rs") {
            problems.push(at(source, 0, "a file begins with `//!` and its responsibility"));
        }
        if lines > LINES_OF_A_FILE {
            problems.push(at(source, 0, &format!("{lines} lines; split it by concern, {LINES_OF_A_FILE} at most")));
        }
    }
    assert_none(&problems);
}

#[test]
fn main_is_thin() {
    let main = library().iter().find(|source| source.path == "src/main.rs").expect("the binary has a root");
    let lines = main.text.lines().count();
    assert!(lines <= LINES_OF_MAIN, "src/main.rs has {lines} lines, {LINES_OF_MAIN} at most");
    let other = pattern(r"\bloadline\s*::\s*(\w+)");
    for found in other.captures_iter(&main.code) {
        assert_eq!(&found[1], "cli", "src/main.rs goes through cli");
    }
}

/// A test function: its name, and where its attributes and its body begin and the body ends.
struct TestFunction {
    name: String,
    start: usize,
    body: usize,
    end: usize,
}

fn tests_in(code: &str) -> Vec<TestFunction> {
    let test = pattern(r"#\[(?:tokio\s*::\s*)?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async\s+)?fn\s+(?<name>\w+)[^{]*(?<brace>\{)");
    let function = |found: Captures<'_>| {
        let (start, brace) = (found.get(0).expect("the whole match").start(), found.name("brace").expect("it is in every match").start());
        TestFunction { name: found["name"].to_owned(), start, body: brace + 1, end: closing(code, brace).unwrap_or(code.len()) }
    };
    test.captures_iter(code).map(function).collect()
}

/// A test function that other tests run in a process of its own says so where it is ignored.
const HELPER: &str = "other tests start it";

#[test]
fn every_live_test_asks_whether_it_can_run_and_gives_its_own_name() {
    let mut problems = Vec::new();
    for source in sources("tests/it/live") {
        let inner = source.path.trim_start_matches("tests/it/").trim_end_matches(".rs").trim_end_matches("/mod");
        let module = inner.replace('/', "::");
        for test in tests_in(&source.code).iter().filter(|test| !source.text[test.start..test.body].contains(HELPER)) {
            let body = &source.text[test.body..test.end];
            // The path before the name may be put in when the test runs; `scripts/test.sh` knows a skip that no test has the name of.
            let asks =
                ["live_or_skip(", "live_with(", "engine_root_or_skip("].iter().any(|asks| source.code[test.body..test.end].contains(asks));
            if !body.contains(&format!("{}\"", test.name)) || !asks {
                let first = format!("if !support::live_or_skip(\"{module}::{}\") {{ return; }}", test.name);
                problems.push(at(&source, test.body, &format!("begin with `{first}`")));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn test_functions_are_found_whatever_stands_around_them() {
    let code =
        "#[test]\nfn a() { if x { 1; } }\n#[tokio::test(flavor = \"x\")]\n#[ignore = \"long\"]\nasync fn b() -> R<()> { }\nfn helper() { }";
    let found: Vec<(String, &str)> = tests_in(code).into_iter().map(|test| (test.name, &code[test.body..test.end])).collect();
    assert_eq!(found, [("a".to_owned(), " if x { 1; } "), ("b".to_owned(), " ")]);
}
