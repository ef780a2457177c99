//! What a record says of starts, and what is not believed of them.

use loadline::measure::{Measure, Unit};
use loadline::record::{Observation, REPEATED, Record, RecordError, Start, Status, TrialOutcome};
use loadline::report::{ReportData, summary_csv};

use crate::support::records::{SMALL, go_api, measured};

/// Starts of these times, the first one the smoke check's, each with 1,024 bytes more than its place.
fn starts(times: &[f64]) -> Vec<Start> {
    let start = |(place, start_time): (usize, &f64)| Start {
        first: place == 0,
        start_time: *start_time,
        anonymous_memory: Some(1_024 * (place as u64 + 1)),
    };
    times.iter().enumerate().map(start).collect()
}

fn observed(measure: Measure, definition: Option<&str>, value: f64) -> Observation {
    let unit = if measure == Measure::StartTime { Unit::Seconds } else { Unit::Bytes };
    Observation { measure, definition: definition.map(str::to_owned), phase: None, value, unit }
}

/// A trial that was started three times after its smoke check.
fn started() -> TrialOutcome {
    let mut outcome = measured("go-api", "multi", 1, SMALL);
    outcome.starts = starts(&[2.0, 0.5, 0.7, 0.6]);
    outcome.observations.push(observed(Measure::StartTime, Some(REPEATED), 0.6));
    outcome.observations.push(observed(Measure::AnonymousMemory, Some(REPEATED), 3_072.0));
    outcome
}

fn record(outcome: TrialOutcome, asked: u32) -> Result<Record, RecordError> {
    let mut run = go_api().run;
    run.settings.starts = asked;
    Record::new(run, vec![outcome])
}

fn refusal(change: impl FnOnce(&mut TrialOutcome)) -> String {
    let mut outcome = started();
    change(&mut outcome);
    record(outcome, 3).expect_err("it is not believable").to_string()
}

#[test]
fn starts_read_back_as_they_were_written() {
    let record = record(started(), 3).expect("a believable record");
    let line = serde_json::to_string(&record.trials[0]).expect("JSON");
    assert!(line.contains(r#""starts":[{"first":true,"start_time":2.0,"anonymous_memory":1024},{"start_time":0.5,"#), "{line}");
    assert_eq!(serde_json::from_str::<TrialOutcome>(&line).expect("JSON"), record.trials[0]);
}

#[test]
fn a_figure_that_is_not_the_median_of_its_starts_is_refused() {
    let of_start_time = |outcome: &mut TrialOutcome, change: &dyn Fn(&mut Observation)| {
        change(outcome.observations.iter_mut().find(|o| o.measure == Measure::StartTime).expect("it is there"));
    };
    let wrong = "start-time is not the median of the starts";
    assert!(refusal(|o| of_start_time(o, &|o| o.value = 0.7)).contains(wrong));
    assert!(refusal(|o| of_start_time(o, &|o| o.definition = None)).contains(wrong));
    assert!(refusal(|o| o.observations.retain(|o| o.measure != Measure::StartTime)).contains(wrong));
    assert!(refusal(|o| o.starts[1].anonymous_memory = None).contains("anonymous-memory is not the median of the starts"));
}

#[test]
fn starts_that_nothing_can_have_made_are_refused() {
    for time in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refusal(|o| o.starts[2].start_time = time).contains("a start took a time that nothing takes"), "{time}");
    }
    assert!(refusal(|o| o.starts[2].first = true).contains("is the smoke check's"));
    assert!(refusal(|o| o.starts[0].first = false).contains("is the smoke check's"));
    let failed = Status::SmokeFailed { reason: "it ended".to_owned() };
    assert!(refusal(|o| (o.status, o.observations, o.weighing) = (failed, Vec::new(), None)).contains("that is smoke-failed has starts"));
}

#[test]
fn more_or_fewer_starts_than_were_asked_for_are_refused() {
    let fewer = record(started(), 4).expect_err("one is missing").to_string();
    assert!(fewer.contains("it was started 3 times after its smoke check, and run.json has 4 for it"), "{fewer}");
    assert!(record(started(), 0).is_err());
    assert!(record(measured("go-api", "multi", 1, SMALL), 3).is_err(), "a trial without starts did not make them");
}

#[test]
fn the_report_says_how_many_starts_a_figure_is_of() {
    let data = ReportData::new(&record(started(), 3).expect("a believable record"));
    let fact = data.conditions.iter().find(|fact| fact.name.starts_with("starts after")).expect("it is told");
    assert_eq!(fact.value, "3");
    let summary = summary_csv(&data).expect("CSV");
    assert!(summary.lines().any(|line| line.contains("start-time,repeated")), "{summary}");
}
