//! A record's two files: the first line is `run.json`, the rest is `trials.jsonl`. What is believed is written back the same.
#![no_main]

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use loadline::record::{Record, RunRecord, TrialOutcome};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A run's folder; it stays for the whole run, and `scripts/fuzz.sh` removes it.
static FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| tempfile::Builder::new().prefix("fuzz-record-").tempdir().expect("a temporary folder").keep());

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (run, trials) = data.split_at(end);
    let trials = trials.strip_prefix(b"\n").unwrap_or(trials);
    fs::write(FOLDER.join("run.json"), run).expect("the file is written");
    fs::write(FOLDER.join("trials.jsonl"), trials).expect("the file is written");
    if let Ok(record) = Record::read(&FOLDER) {
        let again = Record::new(record.run.clone(), record.trials.clone()).expect("it was believed before");
        assert_eq!((&again.run, &again.trials), (&record.run, &record.trials));
        let _ = record.series();
    }
    survives::<RunRecord>(run);
    for line in trials.split(|byte| *byte == b'\n') {
        survives::<TrialOutcome>(line);
    }
});

/// What was read is the same after it was written and read again.
fn survives<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &[u8]) {
    let Ok(first) = serde_json::from_slice::<T>(json) else { return };
    let written = serde_json::to_vec(&first).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&written).expect("what was written can be read"), first);
}
