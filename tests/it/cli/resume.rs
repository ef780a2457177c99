//! `run --resume`, `run --shard` and `merge`: what is refused before anything is started, and records put together.

use std::time::Duration;

use loadline::record::{Record, RunRecord, RunState, Shard, SmokeRecord, Store};
use loadline::run::smoke_record;
use loadline::scenario::{SmokeCheck, SmokeRequest};

use super::host_run::{INFO, engine, engine_that_says, failing};
use super::refusals::library;
use super::{Desk, Ran, ran, scenario};
use crate::support::records::{SMALL, go_api, measured, planned};
use crate::wire::docker::daemon::{Answer, Daemon};

fn write(desk: &Desk, folder: &str, record: &Record) {
    let mut store = Store::create(&desk.path().join(folder)).expect("the folder is new");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
}

/// A record of the library's one scenario, stopped before its end, as this version of the program writes it.
fn stopped(change: impl Fn(&mut RunRecord)) -> Record {
    let mut run = go_api().run;
    run.tool_version = env!("CARGO_PKG_VERSION").into();
    run.state = RunState::Interrupted;
    run.receipt.scenarios_commit = None;
    run.receipt.scenarios_dirty = None;
    run.settings.scenarios = vec!["tiny".to_owned()];
    run.settings.engine = "host".into();
    let mut variant = planned("tiny", "small");
    (variant.language, variant.kind) = ("none".to_owned(), "single-stage".to_owned());
    variant.dockerfile = "Dockerfile".into();
    variant.bases = Vec::new();
    run.plan = vec![variant];
    run.conditions.bases.clear();
    run.conditions.base_set = loadline::record::BaseSet::Engine;
    change(&mut run);
    Record::new(run, Vec::new()).expect("a believable record")
}

#[test]
fn beside_resume_every_other_setting_is_refused_by_its_name() {
    let desk = library();
    write(&desk, "run", &stopped(|_| {}));
    for (wrong, name) in [
        (&["go-api"][..], "[SCENARIO|PATH]"),
        (&["--variant", "x"], "--variant <GLOB>"),
        (&["--engine", "host"], "--engine <ENGINE>"),
        (&["--store", "containerd"], "--store <STORE>"),
        (&["--bases", "hub"], "--bases <BASES>"),
        (&["--locked"], "--locked"),
        (&["--registry", "a/b"], "--registry"),
        (&["--builds", "cold"], "--builds <BUILDS>"),
        (&["--trials", "5"], "--trials <N>"),
        (&["--quick"], "--quick"),
        (&["--time-limit", "1h"], "--time-limit <DURATION>"),
        (&["--precision", "5%"], "--precision <PERCENT>"),
        (&["--warm-up", "1"], "--warm-up <N>"),
        (&["--starts", "1"], "--starts <N>"),
        (&["--build-timeout", "1h"], "--build-timeout <DURATION>"),
        (&["--transfer-timeout", "1h"], "--transfer-timeout <DURATION>"),
        (&["--seed", "1"], "--seed <N>"),
        (&["--out", "x"], "--out <DIR>"),
        (&["--allow-skips"], "--allow-skips"),
        (&["--seed", "1", "--shard", "1/2"], "--shard <K/N>"),
    ] {
        let text = desk.run(&[&["run", "--resume", "run"][..], wrong].concat()).refusal(2);
        assert!(text.contains("--resume <RUN>' cannot be used with") && text.contains(name), "{wrong:?}: {text}");
    }
}

#[test]
fn what_is_no_run_or_is_being_written_cannot_be_gone_on_with() {
    let desk = library();
    let text = desk.run(&["run", "--resume", "nowhere"]).refusal(5);
    assert_eq!(text, "error: nowhere is not a run's folder: it has no run.json; name the folder that a run wrote\n");
    write(&desk, "run", &stopped(|_| {}));
    let writer = Store::reopen(&desk.path().join("run")).expect("it is free");
    let text = desk.run(&["run", "--resume", "run"]).refusal(5);
    assert_eq!(text, "error: run is being written by another process; wait for its end, or stop it\n");
    drop(writer);
    let text = desk.run(&["run", "--resume", "run"]).err;
    assert!(text.contains("no engine answers at unix:///nowhere/docker.sock"), "its settings are taken: {text}");
}

#[test]
fn a_run_of_other_scenarios_is_not_gone_on_with_and_all_that_differs_is_told() {
    let desk = library();
    let record = stopped(|run| {
        run.tool_version = "0.0.1".to_owned();
        run.plan[0].dockerfile = "other.Dockerfile".to_owned();
        run.receipt.scenarios_commit = Some("3fe16e5".to_owned());
        run.smoke_checks = Some([("tiny".to_owned(), smoke_check("sha256:1"))].into());
    });
    write(&desk, "run", &record);
    let before = std::fs::read(desk.path().join("run/run.json")).expect("it is there");
    let text = desk.run(&["run", "--resume", "run"]).refusal(5);
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"), @"
    error: the run in run cannot be gone on with: its figures would not belong together
      the version of loadline was 0.0.1 and is VERSION
      the variants, their Dockerfiles, base images or edits are not those of the plan in run.json
      the smoke checks are not those of run.json
      the commit of the scenarios was 3fe16e5 and is none
    measure anew
    ");
    assert_eq!(std::fs::read(desk.path().join("run/run.json")).expect("it is there"), before, "it is left alone");
}

fn smoke_check(digest: &str) -> SmokeRecord {
    SmokeRecord { requests: vec!["GET /: 200".to_owned()], digest: digest.to_owned() }
}

#[test]
fn a_run_is_gone_on_with_under_the_smoke_check_that_it_had() {
    let desk = library();
    desk.write("scenarios/tiny/scenario.toml", &scenario("tiny", "\n[smoke]\nport = 80\n"));
    let ready = SmokeRequest { method: "GET".to_owned(), path: "/".to_owned(), body: None, status: 200, expect: None };
    let (timeout, requests, env, command) = (Duration::from_secs(30), Vec::new(), [].into(), None);
    let same = smoke_record(&SmokeCheck { port: 80, timeout, ready, requests, env, command });
    let of = |check| Some([("tiny".to_owned(), check)].into());
    let checks = [(None, false), (Some([].into()), true), (of(smoke_check("sha256:1")), true), (of(same), false)];
    for (at, (checks, is_refused)) in checks.into_iter().enumerate() {
        let folder = format!("run-{at}");
        write(&desk, &folder, &stopped(|run| run.smoke_checks.clone_from(&checks)));
        let text = desk.run(&["run", "--resume", &folder]).err;
        assert_eq!(text.contains("the smoke checks are not those of run.json"), is_refused, "{checks:?}: {text}");
    }
}

#[test]
fn a_setting_of_another_version_is_refused_by_its_name() {
    let desk = library();
    write(&desk, "run", &stopped(|run| run.settings.builds.push("lukewarm".to_owned())));
    let text = desk.run(&["run", "--resume", "run"]).refusal(5);
    assert!(text.contains("the setting builds = lukewarm, which this version of loadline does not know"), "{text}");
    write(&desk, "other", &stopped(|run| run.settings.store = Some("lukewarm".to_owned())));
    let text = desk.run(&["run", "--resume", "other"]).refusal(5);
    assert!(text.contains("the setting store = lukewarm, which this version of loadline does not know"), "{text}");
}

#[test]
fn a_run_that_has_everything_is_reported_again_without_an_engine() {
    let desk = library();
    let whole = stopped(|run| run.state = RunState::Incomplete);
    let trials = (1..=3).map(|iteration| measured("tiny", "small", iteration, SMALL)).collect();
    write(&desk, "run", &Record::new(whole.run, trials).expect("a believable record"));
    let ran = desk.run(&["run", "--resume", "run"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("tiny") && ran.err.contains("nothing is left to measure"), "{}\n{}", ran.out, ran.err);
    let record = Record::read(&desk.path().join("run")).expect("it reads");
    assert_eq!((record.run.state, record.trials.len()), (RunState::Complete, 3));
}

#[test]
fn a_part_that_there_cannot_be_is_refused() {
    let desk = library();
    desk.write("scenarios/other/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    desk.write("scenarios/other/scenario.toml", &scenario("other", "\n[smoke]\nskip = \"it has no server\"\n"));
    for (wrong, why) in [
        (&["--shard", "1/2"][..], "--seed <N>"),
        (&["--seed", "1", "--shard", "3/2"], "a part is K/N with K from 1 to N"),
        (&["--seed", "1", "--shard", "0/2"], "a part is K/N"),
        (&["--seed", "1", "--shard", "3/3"], "there are 2 scenarios; take at most as many parts"),
    ] {
        let text = desk.run(&[&["run", "--engine", "host"][..], wrong].concat()).refusal(2);
        assert!(text.contains(why), "{wrong:?}: {text}");
    }
}

/// A run on a scripted engine whose only variant does not build, twice; the program and what it wrote.
async fn on(engine: &Daemon, desk: &Desk, arguments: &[&str]) -> Ran {
    let mut command = desk.command(&[&["run"], arguments].concat());
    command.env("DOCKER_HOST", format!("unix://{}", engine.socket().display()));
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    ran(&output, desk.path())
}

/// A build that says something and fails.
fn talking() -> Answer {
    Answer::ok(
        "{\"stream\":\"Step 1/2 : FROM scratch\\n\"}\n{\"stream\":\"smoke in the room\\n\"}\n{\"errorDetail\":{\"message\":\"disk on fire\"},\"error\":\"disk on fire\"}\n",
    )
}

const TWICE: [&str; 8] = ["--engine", "host", "--trials", "2", "--builds", "cold", "--out", "run"];

fn lines(desk: &Desk) -> Vec<String> {
    let text = std::fs::read_to_string(desk.path().join("run/trials.jsonl")).expect("it is there");
    text.lines().map(str::to_owned).collect()
}

/// As if the machine had stopped while the last line was written.
fn cut(desk: &Desk) {
    let path = desk.path().join("run/trials.jsonl");
    let bytes = std::fs::read(&path).expect("it is there");
    std::fs::write(&path, &bytes[..bytes.len() - 20]).expect("it is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_another_engine_a_run_is_not_gone_on_with_and_its_record_is_left_alone() {
    let desk = library();
    on(&engine(failing()), &desk, &TWICE).await;
    cut(&desk);
    let before = lines(&desk);
    let newer = engine_that_says(failing(), &INFO.replace("20.10.24", "28.5.2"));
    let text = on(&newer, &desk, &["--resume", "run"]).await;
    assert_eq!((text.code, text.out.as_str()), (Some(5), ""), "{text:?}");
    assert!(
        text.err.contains(
            "the engine version was 20.10.24 and is 28.5.2
"
        ),
        "{}",
        text.err
    );
    assert!(newer.seen("POST /build").is_empty(), "nothing is measured");
    assert_eq!(lines(&desk), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_has_every_trial_once_when_it_was_gone_on_with() {
    let desk = library();
    desk.write("scenarios/tiny/scenario.toml", &scenario("tiny", "builder = \"classic\"\n\n[smoke]\nskip = \"it has no server\"\n"));
    on(&engine(talking()), &desk, &TWICE).await;
    let whole = lines(&desk);
    let host = Record::read(&desk.path().join("run")).expect("it reads").run.conditions.host;
    cut(&desk);
    let again = engine(talking());
    let text = on(&again, &desk, &["--resume", "run"]).await;
    if host == "unknown" {
        return assert!(text.code == Some(5) && text.err.contains("it is another machine, or one that cannot be told"), "{text:?}");
    }
    assert_eq!(text.code, Some(3), "it was the build that failed: {text:?}");
    assert_eq!(again.seen("POST /build").len(), 1);
    assert_eq!((lines(&desk).len(), &lines(&desk)[0]), (2, &whole[0]));
    let record = Record::read(&desk.path().join("run")).expect("it reads");
    assert_eq!((record.trials.len(), record.run.state, record.run.resumed[0].after_trials), (2, RunState::Complete, 1));
    assert_eq!(record.run.noise.len(), 2, "each part has a probe before it");
    assert!(record.trials.iter().all(|outcome| outcome.noise.is_some()) && text.out.contains("\nNoise of the machine: "), "{}", text.out);
    assert!(record.run.overhead.kinds.contains_key("noise probe"), "{:?}", record.run.overhead);
    let log = std::fs::read_to_string(desk.path().join("run/log/tiny--small--2.log")).expect("the block has a log");
    let (before, after) = log.split_once("\nloadline: the run goes on at ").expect("it says from where on");
    assert!(
        before.contains("smoke in the room") && after.contains("the block is built again\n") && after.contains("smoke in the room"),
        "{log}"
    );
    assert!(!std::fs::read_to_string(desk.path().join("run/log/tiny--small--1.log")).expect("a log").contains("goes on"));
    assert!(record.run.receipt.command.contains(&"--trials".to_owned()), "the first command stays");
    assert!(record.run.warnings.iter().any(|w| w.message.contains("cut off while it wrote an outcome")), "{:?}", record.run.warnings);
}

/// A shard of a run of two scenarios, with a log.
fn shard(desk: &Desk, number: u32) {
    let shard = Shard { number, of: 2, scenarios: vec!["a".to_owned(), "b".to_owned()] };
    let app = if number == 1 { "a" } else { "b" };
    let mut run = go_api().run;
    run.plan = vec![planned(app, "multi")];
    run.settings.shard = Some(shard);
    run.settings.trials = 1;
    let folder = format!("part-{number}");
    run.run_id.clone_from(&folder);
    let mut outcome = measured(app, "multi", 1, SMALL);
    outcome.log = Some(Store::log_name(&outcome.trial));
    write(desk, &folder, &Record::new(run, vec![outcome]).expect("a believable record"));
    desk.write(&format!("{folder}/log/{app}--multi--1.log"), &format!("built {app}\n"));
}

#[test]
fn shards_are_put_together_into_a_record_with_logs_and_a_report() {
    let desk = Desk::new();
    (1..=2).for_each(|number| shard(&desk, number));
    let ran = desk.run(&["merge", "part-2", "part-1", "--out", "whole"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("2 scenarios") && ran.out.contains("│ b        ┆ multi") && ran.err.contains("report: whole/report.md"),
        "{}",
        ran.out
    );
    let read = |path: &str| std::fs::read_to_string(desk.path().join("whole").join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert_eq!((read("log/a--multi--1.log"), read("log/b--multi--1.log")), ("built a\n".to_owned(), "built b\n".to_owned()));
    assert!(read("report.md").contains("part-1 on 0123456789ab") && !read("observations.csv").is_empty());
    let record = Record::read(&desk.path().join("whole")).expect("it reads");
    assert_eq!((record.run.run_id.as_str(), record.trials.len(), record.run.settings.shard), ("whole", 2, None));
    let text = desk.run(&["run", "--resume", "whole"]).refusal(5);
    assert!(text.contains("whole was put together from several runs"), "{text}");
}

#[test]
fn what_is_not_one_run_is_not_put_together_and_nothing_is_written() {
    let desk = Desk::new();
    shard(&desk, 1);
    let text = desk.run(&["merge", "part-1", "part-1", "--out", "whole"]).refusal(5);
    insta::assert_snapshot!(text, @"
    error: these are not the shards of one run:
      part-1 and part-1 are both shard 1/2: the same trials would be there twice
      shard 2/2 is missing
    ");
    assert!(!desk.path().join("whole").exists());
    let text = desk.run(&["merge", "part-1", "nowhere", "--out", "whole"]).refusal(5);
    assert!(text.contains("nowhere is not a run's folder"), "{text}");
    let text = desk.run(&["merge", "part-1", "--out", "part-1"]).refusal(2);
    assert!(text.contains("part-1 is not empty"), "{text}");
    assert!(desk.run(&["merge", "part-1"]).refusal(2).contains("--out <DIR>"));
}
