//! Records that say what no run says: each is refused with a message of its own.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use loadline::budget::{Budget, Limit};
use loadline::measure::Measure;
use loadline::record::{Record, Store};
use serde_json::{Value, json};

use crate::support::chain;
use crate::support::records::go_api;

/// A record with a budget of two limits.
fn record() -> Record {
    let mut record = go_api();
    let measure = Measure::TransferSize;
    record.run.budgets = vec![Budget {
        scenario: "go-api".to_owned(),
        name: "size".to_owned(),
        variants: vec!["multi".to_owned()],
        measure,
        definition: None,
        cache_state: "cold".to_owned(),
        edit: None,
        link: None,
        limits: vec![Limit::max(measure, "25 MB").expect("a limit"), Limit::max_ratio(measure, "single", "20 %").expect("a limit")],
        reason: Some("nodes are small".to_owned()),
        place: None,
    }];
    record
}

/// What is said of a record whose `run.json` was changed so.
fn of_run(change: impl Fn(&mut Value)) -> String {
    refusal(|folder| {
        let path = folder.join("run.json");
        let mut run = serde_json::from_str(&fs::read_to_string(&path).expect("text")).expect("JSON");
        change(&mut run);
        fs::write(&path, run.to_string()).expect("written");
    })
}

/// What is said of a record with `from` in its first trial replaced by `to`.
fn of_trial(from: &str, to: &str) -> String {
    refusal(|folder| {
        let path = folder.join("trials.jsonl");
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.contains(from), "there is no {from}");
        fs::write(&path, text.replacen(from, to, 1)).expect("written");
    })
}

fn refusal(damage: impl Fn(&Path)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let record = record();
    let mut store = Store::create(folder.path()).expect("it is empty");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("it is believable"));
    store.finish(&record.run).expect("run.json is written");
    assert_eq!(Record::read(folder.path()).expect("it reads"), record);
    damage(folder.path());
    chain(&Record::read(folder.path()).expect_err("it is refused")).replace(&folder.path().display().to_string(), "DIR")
}

/// Sets a field of the record's budget.
fn of_budget(field: &str, value: &Value) -> String {
    of_run(|run| run["budgets"][0][field] = value.clone())
}

/// Sets a field of the budget's first limit.
fn of_limit(field: &str, value: &Value) -> String {
    of_run(|run| run["budgets"][0]["limits"][0][field] = value.clone())
}

#[test]
fn every_broken_record_is_refused_with_a_message_of_its_own() {
    let twice = |run: &mut Value| {
        let budget = run["budgets"][0].clone();
        run["budgets"].as_array_mut().expect("a list").push(budget);
    };
    let cases = [
        ("budget of no scenario", of_budget("scenario", &json!("other"))),
        ("budget of no variant", of_budget("variants", &json!([]))),
        ("budget of an unknown variant", of_budget("variants", &json!(["distroless"]))),
        ("budget of a variant twice", of_budget("variants", &json!(["multi", "multi"]))),
        ("budget of an unknown measure", of_budget("measure", &json!("weight"))),
        ("budget in no cache state", of_budget("cache_state", &json!("lukewarm"))),
        ("budget on what a state lacks", of_budget("cache_state", &json!("warm"))),
        ("budget after an edit of nothing", of_budget("edit", &json!("source"))),
        ("budget with a definition too many", of_budget("definition", &json!("chain"))),
        ("budget over no link", of_budget("link", &json!("fast"))),
        ("budget without limits", of_budget("limits", &json!([]))),
        ("budget with a hostile reason", of_budget("reason", &json!("a\u{1b}[2Jb"))),
        ("budget there twice", of_run(twice)),
        ("limit of no number", of_limit("value", &Value::Null)),
        ("limit of another number", of_limit("value", &json!(250_000_000.0))),
        ("limit in another unit", of_limit("written", &json!("25 s"))),
        ("limit of no kind", of_limit("kind", &json!("min"))),
        ("limit against no variant", of_run(|run| run["budgets"][0]["limits"][1]["to"] = json!("distroless"))),
        ("limit there twice", of_run(|run| run["budgets"][0]["limits"][1] = run["budgets"][0]["limits"][0].clone())),
        ("plan with a variant twice", of_run(|run| run["plan"][1]["variant"] = json!("single"))),
        ("time that nothing takes", of_run(|run| run["overhead"]["wall"] = json!(-1.0))),
        ("shard that is none", of_run(|run| run["settings"]["shard"] = json!({"number": 3, "of": 2, "scenarios": ["go-api"]}))),
        ("newer format", of_run(|run| run["format_version"]["major"] = json!(2))),
        ("no format", of_run(|run| run["format_version"] = json!("1.5"))),
        ("size of nothing", of_trial("\"value\":303281114,", "\"value\":0.0,")),
        ("size of half a byte", of_trial("\"value\":303281114,", "\"value\":303281114.5,")),
        ("size that was not weighed", of_trial("\"value\":303281114,", "\"value\":303281115.0,")),
        ("numbers without an image", of_trial("\"status\":\"measured\"", "\"status\":\"build-failed\",\"reason\":\"no\"")),
        ("trial there twice", of_trial("\"iteration\":1", "\"iteration\":2")),
        ("trial that nobody planned", of_trial("\"variant\":\"single\"", "\"variant\":\"other\"")),
        ("trial after the last one", of_run(|run| run["settings"]["trials"] = json!(1))),
        ("line that is none", of_trial("{\"trial\"", "{\"trail\"")),
    ];
    let mut told = String::new();
    for (name, message) in &cases {
        writeln!(told, "{name}\n  {}", message.replace('\n', "\n  ")).expect("a string takes any text");
    }
    let mut messages: Vec<&String> = cases.iter().map(|(_, message)| message).collect();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), cases.len(), "each has a message of its own:\n{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_run_of_some_variants_keeps_the_budgets_of_all_of_them() {
    let mut record = record();
    record.run.plan.retain(|planned| planned.variant == "multi");
    record.trials.retain(|outcome| outcome.trial.variant == "multi");
    assert!(Record::new(record.run.clone(), record.trials.clone()).is_err(), "single is not known");
    record.run.settings.variants = vec!["multi".to_owned()];
    Record::new(record.run, record.trials).expect("it was left out by name");
}
