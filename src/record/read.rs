//! A whole record, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use serde::Deserialize;

use super::check::{check_outcome, check_planned, check_run};
use super::store::{RUN_FILE, TRIALS_FILE};
use super::{FORMAT_VERSION, FormatVersion, RecordError, RunRecord, Trial, TrialOutcome, Warning};

/// More than any run writes: a plan of 10,000 variants takes about 4 MB.
const RUN_LIMIT: u64 = 64 << 20;
/// More than any trial writes: a build of 1,000 steps and layers takes about 1 MB.
const LINE_LIMIT: u64 = 16 << 20;

/// A whole record: what a run planned and what came of it.
///
/// Invariants of one that was read: every trial is in the plan and there once, every number is one that its measure can
/// have, and no trial without a measured image has numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The contents of `run.json`.
    pub run: RunRecord,
    /// The lines of `trials.jsonl` that count: of each trial the last one.
    pub trials: Vec<TrialOutcome>,
    /// What a reader must know about the files themselves.
    pub warnings: Vec<Warning>,
}

impl Record {
    /// A record as it stands in memory, by the same rules as one that is read.
    pub fn new(run: RunRecord, trials: Vec<TrialOutcome>) -> Result<Self, RecordError> {
        let believable = check_run(&run).map_err(|problem| (None, problem)).and_then(|()| believed(&run, trials));
        let trials = believable.map_err(|(line, problem)| {
            let path = if line.is_some() { TRIALS_FILE } else { RUN_FILE }.into();
            RecordError::Unbelievable { path, line, problem }
        })?;
        Ok(Self { run, trials, warnings: Vec::new() })
    }

    /// Whether `folder` holds a record, whole or not: the two files that every run begins with.
    pub fn lies_in(folder: &Path) -> bool {
        folder.join(RUN_FILE).is_file() && folder.join(TRIALS_FILE).is_file()
    }

    /// Whether a folder has one of the two files of a record, so that the other was lost.
    pub(super) fn lies_in_part_in(folder: &Path) -> bool {
        folder.join(RUN_FILE).is_file() != folder.join(TRIALS_FILE).is_file()
    }

    /// Reads the record of a run's folder. A last line that was cut off while it was written is left out with a warning.
    pub fn read(folder: &Path) -> Result<Self, RecordError> {
        let run = read_run(folder)?;
        let path = folder.join(TRIALS_FILE);
        let (trials, warnings) = read_trials(&path)?;
        let trials = believed(&run, trials).map_err(|(line, problem)| RecordError::Unbelievable { path, line, problem })?;
        Ok(Self { run, trials, warnings })
    }
}

/// A problem with the number of its line.
type LineProblem = (Option<usize>, String);

/// The outcome of each trial that stays. A later line about a trial takes the place of an earlier one that is not
/// [final](TrialOutcome::is_final), and of no other; so does a rule that left the trial's block out later.
fn believed(run: &RunRecord, trials: Vec<TrialOutcome>) -> Result<Vec<TrialOutcome>, LineProblem> {
    let mut last = BTreeMap::<&Trial, usize>::new();
    for (index, outcome) in trials.iter().enumerate() {
        let at_line = |problem| (Some(index + 1), problem);
        check_outcome(outcome).and_then(|()| check_planned(outcome, run)).map_err(at_line)?;
        if last.insert(&outcome.trial, index).is_some_and(|before| trials[before].is_final()) {
            return Err(at_line(format!("{} is there twice", outcome.trial)));
        }
    }
    let stays: BTreeSet<usize> =
        last.into_values().filter(|index| trials[*index].is_final() || !run.leaves_out(&trials[*index].trial)).collect();
    Ok(trials.into_iter().enumerate().filter(|(index, _)| stays.contains(index)).map(|(_, outcome)| outcome).collect())
}

/// The part of `run.json` that every version of the format has.
#[derive(Deserialize)]
struct Versioned {
    format_version: FormatVersion,
}

fn read_run(folder: &Path) -> Result<RunRecord, RecordError> {
    let path = folder.join(RUN_FILE);
    let file = match File::open(&path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(RecordError::NotARun { path: folder.to_owned() });
        }
        other => other.map_err(RecordError::io("open", &path))?,
    };
    let mut bytes = Vec::new();
    file.take(RUN_LIMIT + 1).read_to_end(&mut bytes).map_err(RecordError::io("read", &path))?;
    if bytes.len() as u64 > RUN_LIMIT {
        return Err(RecordError::TooLong { path, limit: RUN_LIMIT });
    }
    let bad = |source| RecordError::NotARecord { path: path.clone(), source };
    let found = serde_json::from_slice::<Versioned>(&bytes).map_err(bad)?.format_version;
    if found.major > FORMAT_VERSION.major {
        return Err(RecordError::NewerFormat { path, found, supported: FORMAT_VERSION });
    }
    let run = serde_json::from_slice(&bytes).map_err(bad)?;
    check_run(&run).map_err(|problem| RecordError::Unbelievable { path, line: None, problem })?;
    Ok(run)
}

fn read_trials(path: &Path) -> Result<(Vec<TrialOutcome>, Vec<Warning>), RecordError> {
    let mut reader = BufReader::new(File::open(path).map_err(RecordError::io("open", path))?);
    let mut trials = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.by_ref().take(LINE_LIMIT + 1).read_until(b'\n', &mut line).map_err(RecordError::io("read", path))?;
        if line.is_empty() {
            return Ok((trials, Vec::new()));
        }
        if line.len() as u64 > LINE_LIMIT {
            return Err(RecordError::TooLong { path: path.to_owned(), limit: LINE_LIMIT });
        }
        let number = trials.len() + 1;
        match serde_json::from_slice(&line) {
            Ok(outcome) => trials.push(outcome),
            // Only the last line can lack its line break, and only when it was cut off.
            Err(_) if !line.ends_with(b"\n") => return Ok((trials, vec![torn(number)])),
            Err(source) => return Err(RecordError::BadLine { path: path.to_owned(), line: number, source }),
        }
    }
}

fn torn(line: usize) -> Warning {
    let message = format!("{TRIALS_FILE} ends within line {line}: the run was cut off while it wrote that trial, which is left out");
    Warning { message }
}
