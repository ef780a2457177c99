//! `loadline.toml`: what it gives to which command, what goes before it, and what is refused.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use loadline::cli::workspace_keys;
use loadline::record::Record;

use super::check::{record, write as store};
use super::host_run::{engine, failing};
use super::refusals::{library, without_root};
use super::{Desk, Ran, ran};

/// Bad files: a name for each, and its text.
const BAD: [(&str, &str); 34] = [
    ("an unknown key", "scenarois = \"apps\"\n"),
    ("an unknown key like none", "[run]\ncolour = \"red\"\n"),
    ("an unknown table", "[rnu]\ntrials = 7\n"),
    ("a table of a command without one", "[merge]\nout = \"x\"\n"),
    ("an underscore", "[run]\ntime_limit = \"30m\"\n"),
    ("the same key twice", "[run]\ntrials = 7\ntrials = 8\n"),
    ("no TOML", "[run\ntrials = 7\n"),
    ("a text without quotes", "[run]\nlink = lan\n"),
    ("a table that is none", "run = 7\n"),
    ("a value that is a table", "[run.link]\nrate = 7\n"),
    ("a date", "[run]\ntime-limit = 2026-11-21\n"),
    ("an empty text", "[run]\nlink = \"\"\n"),
    ("a flag that is a text", "[run]\nlocked = \"yes\"\n"),
    ("a list for one value", "[run]\ntrials = [7]\n"),
    ("an empty list", "[run]\nbuilds = []\n"),
    ("a list with a flag", "[run]\nbuilds = [\"cold\", true]\n"),
    ("a word that is nearly one", "[run]\nbuilds = [\"cold\", \"wram\"]\n"),
    ("a word that is none", "[run]\nengine = \"podman\"\n"),
    ("too many trials", "[run]\ntrials = 1001\n"),
    ("trials by half", "[run]\ntrials = 2.5\n"),
    ("a time without a unit", "[run]\ntime-limit = 30\n"),
    ("a precision without its sign", "[run]\nprecision = 5\n"),
    ("a link that is none", "[run]\nlink = \"fast\"\n"),
    ("memory without a unit", "[run]\nmemory = 4\n"),
    ("no processors", "[run]\ncpus = 0\n"),
    ("a program", "[run]\ndockerd = \"./dockerd\"\n"),
    ("a root with programs", "[run]\nengine-root = \"rootfs\"\n"),
    ("somebody's registry", "[run]\nregistry = \"registry.example/theirs\"\n"),
    ("skips that are allowed", "[run]\nallow-skips = true\n"),
    ("the folder of one run", "[run]\nout = \"here\"\n"),
    ("the scenarios in a table", "[run]\nscenarios = \"apps\"\n"),
    ("budgets", "[check]\nbudgets = [\"mine.toml\"]\n"),
    ("a format of another command", "[report]\nformat = \"junit\"\n"),
    ("a limit without a unit", "[trend]\nlimit = [\"transfer-size=25\"]\n"),
];

#[test]
fn every_bad_file_is_refused_with_its_place_and_a_cure() {
    let desk = library();
    let mut told = String::new();
    for (name, text) in BAD {
        desk.write("loadline.toml", text);
        write!(told, "── {name}\n{}\n", desk.run(&["list"]).refusal(2)).expect("a text takes it");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let desk = library();
    desk.write("loadline.toml", "[run]\ntrails = 7\nengine = \"podman\"\n\n[check]\nstrict = 1\n");
    for command in [&["list"][..], &["run"], &["check", "run"], &["trend"], &["merge", "a", "--out", "b", "--config", "loadline.toml"]] {
        let text = desk.run(command).refusal(2);
        for place in ["loadline.toml:2:1", "loadline.toml:3:10", "loadline.toml:6:10"] {
            assert!(text.contains(place), "{command:?}: {place} is not in\n{text}");
        }
    }
}

#[test]
fn commands_that_take_nothing_from_a_file_do_not_read_it() {
    let desk = library();
    desk.write("loadline.toml", "trails = 7\n");
    for command in [&["completions", "bash"][..], &["man"], &["bases", "list"]] {
        desk.run(command).data();
    }
    let doctor = desk.run(&["doctor", "--dockerd", "/nowhere/dockerd"]);
    assert_eq!((doctor.code, doctor.err.as_str()), (Some(4), ""), "no engine can measure here: {}", doctor.out);
    assert!(doctor.out.contains("no  defaults          loadline.toml:1:1: unknown key 'trails'"), "{}", doctor.out);
    assert!(doctor.out.contains("→ correct it, or leave it out with --no-config"), "{}", doctor.out);
}

#[test]
fn doctor_says_which_file_counts_and_what_it_gives() {
    let desk = library();
    let row = |more: &[&str]| {
        let out = desk.run(&[&["doctor", "--dockerd", "/nowhere/dockerd"], more].concat()).out;
        let from = out.find("defaults  ").unwrap_or_else(|| panic!("{out}"));
        out[from..].split("\n\n").next().unwrap_or_default().replace(&" ".repeat(22), "").replacen("defaults          ", "", 1)
    };
    assert_eq!(row(&[]), "none: no loadline.toml is in this folder, or above it up to the root of the repository");
    desk.write(
        "loadline.toml",
        "scenarios = \"apps\"\n[run]\ntrials = 7\nlocked = true\nbuilds = [\"cold\", \"warm\"]\n[check]\nstrict = false\n",
    );
    let all = "scenarios = apps\nrun: trials = 7, locked = true, builds = cold warm";
    assert_eq!(row(&[]), format!("of loadline.toml\n{all}"));
    assert_eq!(row(&["--no-config"]), "none: --no-config");
    desk.write("other.toml", "[run]\ntrials = 9\n");
    assert_eq!(row(&["--config", "other.toml"]), "of other.toml\nrun: trials = 9");
}

#[test]
fn a_named_file_and_none_contradict_each_other_wherever_they_are_typed() {
    let desk = library();
    for line in [["--config", "x", "--no-config", "list"], ["--no-config", "list", "--config", "x"]] {
        assert!(desk.run(&line).refusal(2).contains("--config and --no-config contradict each other"));
    }
    assert!(desk.run(&["list", "--config", "nowhere.toml"]).refusal(2).contains("nowhere.toml"));
}

/// A desk with a scenario below `apps`, a file that says so, and no folder `scenarios`.
fn workspace(more: &str) -> Desk {
    let desk = library();
    std::fs::rename(desk.path().join("scenarios"), desk.path().join("apps")).expect("it is moved");
    desk.write("loadline.toml", &format!("scenarios = \"apps\"\nresults = \"measured\"\n{more}"));
    desk
}

#[test]
fn paths_of_the_file_are_from_its_folder_and_what_it_gives_is_said() {
    let desk = workspace("");
    std::fs::create_dir_all(desk.path().join(".git")).expect("a folder");
    std::fs::create_dir_all(desk.path().join("a/b")).expect("a folder");
    let output = desk.command(&["list"]).current_dir(desk.path().join("a/b")).output().expect("the program starts");
    let there = ran(&output, desk.path());
    assert!(there.code == Some(0) && there.out.starts_with("tiny/small\t"), "{there:?}");
    assert_eq!(there.err, "note: ../../loadline.toml gives scenarios = ../../apps\n");
    let typed = desk.run(&["list", "--scenarios", "apps"]);
    assert_eq!((typed.code, typed.err.as_str()), (Some(0), ""), "what is typed goes before it, and nothing was given: {typed:?}");
    let none = desk.run(&["list", "--no-config"]);
    assert!(none.code == Some(2) && none.err.contains("--> scenarios\n"), "{none:?}");
}

/// Runs the program on a scripted engine whose builds fail.
async fn on_host(desk: &Desk, line: &[&str]) -> Ran {
    let engine = engine(failing());
    let mut command = desk.command(line);
    command.env("DOCKER_HOST", format!("unix://{}", engine.socket().display()));
    finished(command, desk).await
}

async fn finished(mut command: Command, desk: &Desk) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    ran(&output, desk.path())
}

/// The record of the only run in a folder.
fn only_run(folder: &Path) -> Record {
    let mut runs = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let run = runs.next().expect("a run");
    assert_eq!(runs.next(), None, "one run");
    Record::read(&run).expect("it reads")
}

const RUN: &str = "[run]\nengine = \"host\"\ntrials = 2\nbuilds = [\"cold\"]\nstarts = 3\nbuild-timeout = \"20m\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_what_was_not_typed_and_records_it_as_if_it_had_been() {
    let desk = workspace(RUN);
    let ran = on_host(&desk, &["run", "--starts", "1", "--", "tiny"]).await;
    assert_eq!(ran.code, Some(3), "the build fails: {ran:?}");
    let given = "scenarios = apps, results = measured, engine = host, trials = 2, builds = cold, build-timeout = 20m";
    assert!(ran.err.starts_with(&format!("note: loadline.toml gives {given}\n")), "{}", ran.err);
    let run = only_run(&desk.path().join("measured")).run;
    assert_eq!((run.settings.trials, run.settings.starts, run.settings.build_timeout), (2, 1, Some(1200.0)));
    assert_eq!(run.settings.builds, ["cold"]);
    let rest = "--engine=host --trials=2 --builds=cold --build-timeout=20m --starts 1 -- tiny";
    assert_eq!(run.receipt.command[1..].join(" "), format!("run --scenarios=apps --results=measured {rest}"));
    assert_eq!(
        run.receipt.command_line(),
        format!("loadline run --scenarios=apps {rest}"),
        "where the record lies is no part of a repetition"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_gone_on_with_as_it_was_whatever_the_file_says_now() {
    let desk = workspace(&RUN.replace("trials = 2", "trials = 3\ntime-limit = \"1ms\""));
    let first = on_host(&desk, &["run"]).await;
    assert!(first.err.contains("ended by the time limit"), "{first:?}");
    let before = only_run(&desk.path().join("measured")).run;
    if before.conditions.host == "unknown" {
        return;
    }
    let more = "[run]\nengine = \"private\"\ntrials = 9\nbuilds = [\"cold\", \"warm\"]\nlink = \"lan\"\ndata-root = \"disk\"\n";
    desk.write("loadline.toml", &format!("scenarios = \"apps\"\n{more}"));
    let folder = format!("measured/{}", before.run_id);
    let second = on_host(&desk, &["run", "--resume", &folder]).await;
    assert!(second.err.starts_with("note: loadline.toml gives scenarios = apps, data-root = disk\n"), "{second:?}");
    let record = only_run(&desk.path().join("measured"));
    assert_eq!((record.run.settings, record.run.receipt), (before.settings, before.receipt));
    assert_eq!(record.trials.len(), 2, "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_same_words_without_the_file_is_the_same() {
    let desk = workspace(RUN);
    on_host(&desk, &["run"]).await;
    let with = only_run(&desk.path().join("measured")).run;
    std::fs::remove_file(desk.path().join("loadline.toml")).expect("it is removed");
    std::fs::rename(desk.path().join("measured"), desk.path().join("before")).expect("it is moved");
    let words: Vec<&str> = with.receipt.command[1..].iter().map(String::as_str).collect();
    on_host(&desk, &words).await;
    let without = only_run(&desk.path().join("measured")).run;
    assert_eq!((without.settings, without.receipt.command), (with.settings, with.receipt.command));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_leaves_no_room_for_defaults_that_contradict_it() {
    let more = "[run]\nengine = \"private\"\nbases = \"stand-in\"\ncpus = 0.5\ndata-root = \"disk\"\nbuilds = [\"cold\", \"edit\"]\ntrials = 3\nwarm-up = 1\nlink = \"lan\"\n";
    let desk = workspace(more);
    let ran = on_host(&desk, &["run", "--engine", "host", "--quick", "--link", "loopback", "--out", "run"]).await;
    assert_eq!(ran.code, Some(3), "the build fails: {ran:?}");
    assert!(ran.err.starts_with("note: loadline.toml gives scenarios = apps\n"), "{}", ran.err);
    let run = Record::read(&desk.path().join("run")).expect("it reads").run;
    assert_eq!((run.settings.engine.as_str(), run.settings.trials, run.settings.warm_up, run.settings.link), ("host", 1, 0, None));
    desk.write("loadline.toml", "scenarios = \"apps\"\n[run]\nengine = \"host\"\ntrials = 3\n");
    let text = without_root(&desk, &["run", "--bases", "hub"]).err;
    assert!(text.contains("gives scenarios = apps, trials = 3\n") && text.contains("a private engine needs root"), "{text}");
    let precise = on_host(&desk, &["run", "--precision", "5%", "--builds", "cold", "--out", "precise"]).await;
    assert_eq!(precise.code, Some(3), "the trials of the file are not the most of a precision: {precise:?}");
    assert_eq!(Record::read(&desk.path().join("precise")).expect("it reads").run.settings.trials, 30);
}

#[test]
fn where_things_of_a_private_engine_lie_asks_for_none() {
    let desk = workspace("[run]\ndata-root = \"disk\"\nregistry-mirror = \"http://127.0.0.1:1\"\n");
    let text = without_root(&desk, &["run"]).refusal(4);
    assert!(
        text.contains("no engine can measure here") && text.contains("\n  host engine: "),
        "the user's own engine is the second choice: {text}"
    );
    let text = without_root(&desk, &["run", "--data-root", "disk"]).refusal(4);
    assert!(
        text.ends_with("error: a private engine needs root; run it with sudo, or use `--engine host`\n"),
        "typed, it leaves none: {text}"
    );
}

#[test]
fn contradictions_of_a_file_are_told_below_what_it_gives() {
    let desk = workspace("[run]\nengine = \"host\"\nbases = \"hub\"\n");
    let text = desk.run(&["run"]).refusal(2);
    assert!(
        text.starts_with("note: loadline.toml gives scenarios = apps, results = measured, engine = host, bases = hub\nerror: "),
        "{text}"
    );
    assert!(text.contains("the host engine builds with its own base images"), "{text}");
}

#[test]
fn defaults_of_check_report_and_trend_are_those_of_their_tables() {
    let desk = Desk::new();
    store(&desk, "kept/run-1", &record());
    let mut earlier = record();
    "2026-11-29-1".clone_into(&mut earlier.run.run_id);
    store(&desk, "earlier", &earlier);
    desk.write(
        "loadline.toml",
        "results = \"kept\"\n[report]\nformat = \"markdown\"\n[check]\nbaseline = \"earlier\"\nformat = \"json\"\n[trend]\nall = true\nformat = \"csv\"\n",
    );
    assert!(desk.run(&["report", "kept/run-1"]).out.starts_with("# "), "Markdown");
    assert!(desk.run(&["report", "kept/run-1", "--format", "csv"]).out.starts_with("run,"), "as typed");
    let check = desk.run(&["check", "kept/run-1"]);
    assert_eq!(check.err, "note: loadline.toml gives baseline = earlier, format = json\n");
    assert!(check.code == Some(0) && check.out.starts_with('{'), "{check:?}");
    let alone = desk.run(&["check", "kept/run-1", "--no-config"]);
    assert_eq!(alone.code, Some(2), "without a baseline there is nothing to hold it to: {alone:?}");
    let trend = desk.run(&["trend"]);
    assert_eq!(trend.err, "note: loadline.toml gives results = kept, all = true, format = csv\n");
    assert!(trend.code == Some(0) && trend.out.starts_with("scenario,"), "{trend:?}");
}

#[test]
fn the_page_has_every_key_and_its_examples_are_taken() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/workspace.md")).expect("the page is there");
    let told: Vec<String> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned)).collect();
    assert_eq!(told, workspace_keys());
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty(), "the page shows a file");
    let desk = Desk::new();
    for block in blocks {
        desk.write("loadline.toml", block);
        desk.run(&["completions", "bash", "--config", "loadline.toml"]).data();
    }
}
