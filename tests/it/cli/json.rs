//! `--message-format json`: events for programs.

use loadline::run::{Event, event_schema};

use super::{Desk, host_run, refusals};
use crate::support::checked_in;

/// Every line as an event; what it was read from and what it would be written as are the same.
fn events(text: &str) -> Vec<serde_json::Value> {
    let event = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let event: Event = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(serde_json::to_value(&event).expect("JSON"), value);
        value
    };
    text.lines().map(event).collect()
}

#[test]
fn the_schema_of_events_checked_in_is_that_of_the_type() {
    checked_in(
        "schemas/doctor.schema.json",
        &(serde_json::to_string_pretty(&loadline::cli::doctor_schema()).expect("a schema is JSON") + "\n"),
    );
    checked_in(
        "schemas/list.schema.json",
        &(serde_json::to_string_pretty(&loadline::cli::list_schema()).expect("a schema is JSON") + "\n"),
    );
    checked_in("schemas/event.schema.json", &(serde_json::to_string_pretty(&event_schema()).expect("a schema is JSON") + "\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stdout_holds_events_alone_from_the_first_to_the_last() {
    let desk = refusals::library();
    let ran = host_run::run(&desk, host_run::failing(), &["--message-format", "json"]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let events = events(&ran.out);
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    for name in ["preparing", "run-started", "trial-started", "phase", "trial-finished", "run-finished"] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    let outcome = events.iter().find(|event| event["event"] == "trial-finished").expect("an outcome");
    assert_eq!(
        outcome["outcome"]["status"]["status"].as_str().or(outcome["outcome"]["status"].as_str()),
        Some("build-failed"),
        "{outcome}"
    );
    assert!(events.windows(2).all(|pair| pair[0]["at"].as_f64() <= pair[1]["at"].as_f64()), "{}", ran.out);
}

#[test]
fn a_run_without_an_engine_has_its_error_on_stderr() {
    let desk: Desk = refusals::library();
    let ran = desk.run(&["run", "--engine", "host", "--message-format", "json"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(events(&ran.out).len(), ran.out.lines().count());
    assert!(ran.err.starts_with("error: no engine answers"), "{}", ran.err);
}
