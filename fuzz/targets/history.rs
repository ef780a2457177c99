//! The lines of a history. What is believed is the same in any order, and with every line twice.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use loadline::judge::{TrendQuestion, trends};
use loadline::record::{History, HistoryLine};

fuzz_target!(|data: &[u8]| {
    let read = |bytes: &[u8]| History::from_lines(Path::new("history.jsonl"), bytes);
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(first) = serde_json::from_slice::<HistoryLine>(line) else { continue };
        let written = serde_json::to_vec(&first).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<HistoryLine>(&written).expect("what was written can be read"), first);
    }
    // What lies before the last line break has no line that was cut off.
    let end = data.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let Ok(history) = read(&data[..end]) else { return };
    let mut lines: Vec<&[u8]> = data[..end].split_inclusive(|byte| *byte == b'\n').collect();
    lines.extend_from_within(..);
    lines.reverse();
    let again = read(&lines.concat()).expect("it was believed before");
    assert_eq!((&again.runs, &again.series), (&history.runs, &history.series));
    let _ = trends(&history, &TrendQuestion::default(), |_| true);
});
