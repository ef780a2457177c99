//! Reading files and folders into one history.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::super::store::{RUN_FILE, TRIALS_FILE};
use super::super::{Record, RecordError, RunState, Warning};
use super::gather::Gathered;
use super::line::{HistoryLine, lines};
use super::{HISTORY_FILE, History, HistoryError};

/// The longest line that is read and written, bytes, its line break among them: a run of 5,000 variants takes about 1 MB.
pub(super) const LINE_LIMIT: u64 = 4 << 20;
/// The longest file that is read and written, bytes: more than any history that fits a repository, some 50 million observations.
pub(super) const FILE_LIMIT: u64 = 1 << 30;

impl History {
    /// Reads everything in `places`: histories, folders of runs, and folders that hold either. A run that is there more than once is
    /// taken once. A last line that was cut off while it was written, and a run that has not come to its end, are left out with a
    /// warning; everything else that cannot be believed is told at once.
    pub fn read(places: &[PathBuf]) -> Result<Self, HistoryError> {
        let mut gathered = Gathered::default();
        for place in places {
            read_place(place, &mut gathered)?;
        }
        let history = gathered.finish()?;
        if history.series.is_empty() {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            return Err(HistoryError::Empty { places: places.join(", ") });
        }
        Ok(history)
    }

    /// A history out of records in memory, by the same rules.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Self, HistoryError> {
        let mut gathered = Gathered::default();
        for record in records {
            gathered.begin(Path::new(&record.run.run_id));
            gathered.record(lines(record));
        }
        gathered.finish()
    }

    /// Reads the lines of a history from `source`; `name` is what its lines are told by.
    pub fn from_lines(name: &Path, source: impl Read) -> Result<Self, HistoryError> {
        let mut gathered = Gathered::default();
        gathered.begin(name);
        read_lines(name, source, &mut gathered)?;
        gathered.finish()
    }
}

fn read_place(place: &Path, gathered: &mut Gathered) -> Result<(), HistoryError> {
    if !place.is_dir() {
        return read_file(place, gathered);
    }
    if Record::lies_in(place) || Record::lies_in_part_in(place) {
        read_run(place, gathered);
        return Ok(());
    }
    let mut entries = fs::read_dir(place)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>())
        .map_err(RecordError::io("read", place))?;
    entries.sort();
    for part in entries.iter().filter(|path| Record::lies_in_part_in(path)) {
        gathered.begin(part);
        gathered.warn(0, "left out: of run.json and trials.jsonl one is not there; restore it, or remove the folder");
    }
    let mut runs = entries.iter().filter(|path| Record::lies_in(path)).peekable();
    let file = place.join(HISTORY_FILE);
    if runs.peek().is_none() && !file.is_file() {
        return Err(HistoryError::Nothing { path: place.to_owned() });
    }
    runs.for_each(|run| read_run(run, gathered));
    if file.is_file() { read_file(&file, gathered) } else { Ok(()) }
}

fn read_run(folder: &Path, gathered: &mut Gathered) {
    gathered.begin(folder);
    match Record::read(folder) {
        Ok(record) if record.run.state != RunState::Complete => gathered.warn(0, "left out: the run has not come to its end"),
        Ok(record) => {
            record.warnings.iter().for_each(|Warning { message }| gathered.warn(0, message));
            gathered.record(lines(&record));
        }
        Err(error) => gathered.problem(0, &chain(&error)),
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |e| e.source()).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Refuses a file of a run's record, whose folder is meant.
pub(super) fn no_part_of_a_run(path: &Path) -> Result<(), HistoryError> {
    if !path.file_name().is_some_and(|name| name == RUN_FILE || name == TRIALS_FILE) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Err(HistoryError::PartOfARun { path: path.to_owned(), folder: folder.to_owned() })
}

pub(super) fn read_file(path: &Path, gathered: &mut Gathered) -> Result<(), HistoryError> {
    gathered.begin(path);
    no_part_of_a_run(path)?;
    let file = File::open(path).map_err(RecordError::io("open", path))?;
    read_lines(path, file, gathered)
}

/// Reads the lines of the present file.
pub(super) fn read_lines(path: &Path, source: impl Read, gathered: &mut Gathered) -> Result<(), HistoryError> {
    let mut reader = BufReader::with_capacity(1 << 16, source.take(FILE_LIMIT + 1));
    let (mut line, mut number, mut all) = (Vec::new(), 0, 0_u64);
    loop {
        line.clear();
        reader.by_ref().take(LINE_LIMIT + 1).read_until(b'\n', &mut line).map_err(RecordError::io("read", path))?;
        (number, all) = (number + 1, all + line.len() as u64);
        if line.is_empty() {
            return Ok(());
        }
        if line.len() as u64 > LINE_LIMIT || all > FILE_LIMIT {
            let (what, limit) = if all > FILE_LIMIT { ("file", FILE_LIMIT) } else { ("line", LINE_LIMIT) };
            gathered.problem(number, &format!("the {what} is longer than {limit} bytes, and none that loadline writes is"));
            return Ok(());
        }
        read_line(&line, number, gathered);
    }
}

fn read_line(line: &[u8], number: usize, gathered: &mut Gathered) {
    if line.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    match serde_json::from_slice::<HistoryLine>(line) {
        Ok(line) => gathered.take(number, line),
        // Only the last line can lack its line break.
        Err(error) if !line.ends_with(b"\n") && is_torn(line, &error) => {
            gathered.warn(number, "the last line was cut off while it was written, and is left out");
        }
        Err(_) if is_conflict(line) => {
            gathered
                .problem(number, "git left a conflict; take the lines of both sides, and set `merge=union` in .gitattributes for the file");
        }
        Err(error) => gathered.problem(number, &format!("is no line of a history: {error}")),
    }
}

/// Whether a line that ends the file is the beginning of one that loadline writes: anything else was not cut off by it, and is kept.
pub(super) fn is_torn(line: &[u8], error: &serde_json::Error) -> bool {
    let begins = |head: &[u8]| line.starts_with(head) || head.starts_with(line);
    error.is_eof() && (begins(b"{\"run\":") || begins(b"{\"series\":"))
}

/// Whether git marked a conflict with this line.
fn is_conflict(line: &[u8]) -> bool {
    [b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||"].iter().any(|mark| line.starts_with(*mark))
}
