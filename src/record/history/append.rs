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
use super::read::{FILE_LIMIT, LINE_LIMIT, is_torn, no_part_of_a_run, read_lines};

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
/// never changed, but for the rest of a last line that was cut off, which is removed. `lacks` says in words which trials the
/// record of a run that came to its end has not, and such a run is refused as one is whose record ends within a line. The file is read first, and nothing is added to
/// one that cannot be believed, nor a run that contradicts it, nor what could not be read back.
pub fn append_to_history(path: &Path, folders: &[PathBuf], lacks: impl Fn(&Record) -> Option<String>) -> Result<Vec<Added>, HistoryError> {
    let runs = folders.iter().map(|folder| Ended::read(folder, path, &lacks)).collect::<Result<Vec<_>, _>>()?;
    let mut file = open(path)?;
    lock(&file, path)?;
    let mut gathered = Gathered::default();
    gathered.begin(path);
    read_lines(path, &file, &mut gathered)?;
    let (mut text, mut added) = (Vec::new(), Vec::new());
    for (run, folder) in runs.into_iter().zip(folders) {
        added.push(run.missing(&gathered, &mut text));
        gathered.begin(folder);
        gathered.record((run.run, run.series));
    }
    gathered.finish()?;
    fits(&file, path, &text)?;
    if !text.is_empty() {
        mend(&mut file).and_then(|()| file.write_all(&text)).and_then(|()| file.sync_all()).map_err(RecordError::io("write", path))?;
    }
    Ok(added)
}

/// A run that nobody will change any more.
struct Ended {
    run: HistoryRun,
    series: Vec<HistorySeries>,
    /// The line of the run, then those of the series, as they are written.
    lines: Vec<Vec<u8>>,
}

impl Ended {
    fn read(folder: &Path, path: &Path, lacks: impl Fn(&Record) -> Option<String>) -> Result<Self, HistoryError> {
        let record = Record::read(folder)?;
        if record.run.state != RunState::Complete {
            return Err(HistoryError::NotEnded { path: folder.to_owned() });
        }
        // Lines that are there are never changed, so nothing is added that a restored record would contradict.
        let torn = record.warnings.first().map(|torn| torn.message.clone());
        if let Some(lacks) = torn.or_else(|| lacks(&record)) {
            return Err(HistoryError::Damaged { path: folder.to_owned(), lacks });
        }
        let (run, series) = lines(&record);
        let first = HistoryLine::Run(Box::new(run.clone()));
        let all = std::iter::once(first).chain(series.iter().cloned().map(HistoryLine::Series));
        let lines = all.map(|line| written(&line, folder, path)).collect::<Result<_, _>>()?;
        Ok(Self { run, series, lines })
    }

    /// Puts into `text` the lines that the history lacks.
    fn missing(&self, known: &Gathered, text: &mut Vec<u8>) -> Added {
        let run_id = self.run.run_id.clone();
        if known.has_whole(&self.run) {
            return Added::Known { run_id };
        }
        let there = known.has_run(&self.run);
        let is_new = std::iter::once(!there).chain(self.series.iter().map(|series| !known.has_series(series)));
        let new: Vec<&Vec<u8>> = self.lines.iter().zip(is_new).filter(|(_, is_new)| *is_new).map(|(line, _)| line).collect();
        text.extend(new.iter().copied().flatten());
        let series = new.len() - usize::from(!there);
        if there { Added::Completed { run_id, series } } else { Added::New { run_id, series } }
    }
}

/// A line with its line break, if it can be read back.
fn written(line: &HistoryLine, folder: &Path, path: &Path) -> Result<Vec<u8>, HistoryError> {
    let mut text = serde_json::to_vec(line).map_err(|source| RecordError::Encode { path: path.to_owned(), source })?;
    text.push(b'\n');
    if text.len() as u64 > LINE_LIMIT {
        let (run, bytes) = (folder.to_owned(), text.len());
        return Err(HistoryError::LongLine { run, path: path.to_owned(), bytes, limit: LINE_LIMIT });
    }
    Ok(text)
}

/// Refuses what would make the file longer than it is read.
fn fits(file: &File, path: &Path, text: &[u8]) -> Result<(), HistoryError> {
    let length = file.metadata().map_err(RecordError::io("read", path))?.len();
    // One for the line break that a last line may lack.
    if !text.is_empty() && length + 1 + text.len() as u64 > FILE_LIMIT {
        return Err(HistoryError::LongFile { path: path.to_owned(), limit: FILE_LIMIT });
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, HistoryError> {
    let is_new = !path.exists();
    no_part_of_a_run(path)?;
    if !is_new && !path.is_file() {
        return Err(HistoryError::NotAFile { path: path.to_owned() });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(HistoryError::NoFolder { path: path.to_owned(), folder: folder.to_owned() });
    }
    let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(RecordError::io("open", path))?;
    if is_new {
        give(path, Owner::caller())?;
        sync_folder(folder)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_not_made_longer_than_it_is_read() {
        // A hole: it takes no room on the disk.
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(FILE_LIMIT - 10).expect("a length");
        let fits = |text: &[u8]| fits(file.as_file(), file.path(), text);
        assert!(fits(b"").is_ok() && fits(b"123456789").is_ok());
        let refused = fits(b"1234567890").expect_err("it is refused").to_string();
        assert!(refused.contains("longer than the 1073741824 bytes") && refused.contains("add to another file"), "{refused}");
    }
}
