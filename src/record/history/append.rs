//! Adding runs to a history's file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::super::files::{give, sync_folder};
use super::super::{Owner, Record, RecordError, RunState};
use super::HistoryError;
use super::gather::Gathered;
use super::line::{HistoryLine, HistoryRun, HistorySeries, lines};
use super::read::{is_torn, read_lines};

/// How often another process that adds is waited for, and for how long each time.
const PATIENCE: (u32, Duration) = (50, Duration::from_millis(100));

/// What became of a run that was to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It was added with so many series.
    New {
        /// The run's id.
        run_id: String,
        /// How many series.
        series: usize,
    },
    /// It was there in part, because adding it was cut off; so many series were added.
    Completed {
        /// The run's id.
        run_id: String,
        /// How many series.
        series: usize,
    },
    /// It was there with everything; nothing was changed.
    Known {
        /// The run's id.
        run_id: String,
    },
}

/// Adds the runs in `folders` to the history at `path`, which is created where missing. One process adds at a time. What is there is
/// never changed, but for the rest of a last line that was cut off, which is removed. The file is read first, and nothing is added to
/// one that cannot be believed, nor a run that contradicts it.
pub fn append_to_history(path: &Path, folders: &[PathBuf]) -> Result<Vec<Added>, HistoryError> {
    let runs = folders.iter().map(|folder| ended(folder)).collect::<Result<Vec<_>, _>>()?;
    let mut file = open(path)?;
    lock(&file, path)?;
    let mut gathered = Gathered::default();
    gathered.begin(path);
    read_lines(path, &file, &mut gathered)?;
    let (mut text, mut added) = (Vec::new(), Vec::new());
    for ((run, series), folder) in runs.into_iter().zip(folders) {
        added.push(missing(&gathered, &run, &series, path, &mut text)?);
        gathered.begin(folder);
        gathered.record((run, series));
    }
    gathered.finish()?;
    if !text.is_empty() {
        mend(&mut file).and_then(|()| file.write_all(&text)).and_then(|()| file.sync_all()).map_err(RecordError::io("write", path))?;
    }
    Ok(added)
}

/// The lines of a run that nobody will change any more.
fn ended(folder: &Path) -> Result<(HistoryRun, Vec<HistorySeries>), HistoryError> {
    let record = Record::read(folder)?;
    if record.run.state != RunState::Complete {
        return Err(HistoryError::NotEnded { path: folder.to_owned() });
    }
    Ok(lines(&record))
}

/// Puts into `text` the lines of a run that the history lacks.
fn missing(known: &Gathered, run: &HistoryRun, series: &[HistorySeries], path: &Path, text: &mut Vec<u8>) -> Result<Added, HistoryError> {
    let run_id = run.run_id.clone();
    if known.has_whole(run) {
        return Ok(Added::Known { run_id });
    }
    let there = known.has_run(run);
    let line = (!there).then(|| HistoryLine::Run(Box::new(run.clone())));
    let new: Vec<HistoryLine> = series.iter().filter(|s| !known.has_series(s)).cloned().map(HistoryLine::Series).collect();
    let series = new.len();
    for line in line.into_iter().chain(new) {
        serde_json::to_writer(&mut *text, &line).map_err(|source| RecordError::Encode { path: path.to_owned(), source })?;
        text.push(b'\n');
    }
    Ok(if there { Added::Completed { run_id, series } } else { Added::New { run_id, series } })
}

fn open(path: &Path) -> Result<File, HistoryError> {
    let is_new = !path.exists();
    let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(RecordError::io("open", path))?;
    if is_new {
        give(path, Owner::caller())?;
        sync_folder(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    }
    Ok(file)
}

/// Waits a while for another process that adds. The lock ends with the file.
fn lock(file: &File, path: &Path) -> Result<(), HistoryError> {
    for _ in 0..PATIENCE.0 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => sleep(PATIENCE.1),
            Err(TryLockError::Error(source)) => return Err(RecordError::io("lock", path)(source).into()),
            Ok(()) => return Ok(()),
        }
    }
    Err(RecordError::Busy { path: path.to_owned() }.into())
}

/// Ends the last line: one that is whole gets its line break, the rest of one that was cut off is removed.
fn mend(file: &mut File) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let rest = &bytes[whole..];
    match serde_json::from_slice::<HistoryLine>(rest) {
        _ if rest.is_empty() => Ok(()),
        Err(error) if is_torn(rest, &error) => file.set_len(whole as u64),
        // A rest that is neither was refused when the file was read.
        _ => file.write_all(b"\n"),
    }
}
