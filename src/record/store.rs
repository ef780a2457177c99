//! A record while it is written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::check::{check_outcome, check_run};
use super::files::{create_folders, give, replace_file, sync_folder};
use super::{Owner, RecordError, RunRecord, Trial, TrialOutcome};

pub(super) const RUN_FILE: &str = "run.json";
pub(super) const TRIALS_FILE: &str = "trials.jsonl";
const LOG_FOLDER: &str = "log";

/// Writes a record while a run goes on. Owns the run's folder from its creation on, or from the moment at which it was taken again:
/// a lock on `trials.jsonl`, which ends with the process, keeps every other process from writing.
///
/// Everything it creates belongs to the caller of `sudo`, where there is one. What a call has written when it returns
/// outlives a crash of the machine.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    trials: File,
    owner: Option<Owner>,
}

impl Store {
    /// Takes `folder`, which is new or empty, for a run. Of two processes that try, one gets it.
    pub fn create(folder: &Path) -> Result<Self, RecordError> {
        Self::create_for(folder, Owner::caller())
    }

    /// Whether [`create`](Self::create) would take `folder` as it is now. Creates nothing.
    pub fn check(folder: &Path) -> Result<(), RecordError> {
        if !folder.exists() {
            return Ok(());
        }
        if !folder.is_dir() {
            return Err(RecordError::NotAFolder { path: folder.to_owned() });
        }
        let mut entries = fs::read_dir(folder).map_err(RecordError::io("read", folder))?;
        if entries.next().is_some() { Err(RecordError::NotEmpty { path: folder.to_owned() }) } else { Ok(()) }
    }

    /// Takes the first free `<date>-<n>` below `results`, which is created where missing. Two processes never get the
    /// same one.
    pub fn allocate(results: &Path, date: Date) -> Result<Self, RecordError> {
        let owner = Owner::caller();
        create_folders(results, owner)?;
        for n in 1..=9_999_u32 {
            let folder = results.join(format!("{date}-{n}"));
            match fs::create_dir(&folder) {
                Ok(()) => {
                    give(&folder, owner)?;
                    return Self::create_for(&folder, owner);
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(RecordError::io("create", folder)(e)),
            }
        }
        Err(RecordError::NoFreeName { path: results.to_owned(), date: date.to_string() })
    }

    fn create_for(folder: &Path, owner: Option<Owner>) -> Result<Self, RecordError> {
        Self::check(folder)?;
        create_folders(folder, owner)?;
        // `create_new` decides between two processes that both found the folder empty.
        let path = folder.join(TRIALS_FILE);
        let trials = match OpenOptions::new().append(true).create_new(true).open(&path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(RecordError::NotEmpty { path: folder.to_owned() }),
            other => other.map_err(RecordError::io("create", &path))?,
        };
        // A file system that knows no locks can still take a new record: nobody else can have it.
        if let Err(TryLockError::WouldBlock) = trials.try_lock() {
            return Err(RecordError::Busy { path: folder.to_owned() });
        }
        give(&path, owner)?;
        create_folders(&folder.join(LOG_FOLDER), owner)?;
        sync_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), trials, owner })
    }

    /// Takes the folder of a run that was stopped or cut off, to go on with it. Changes nothing.
    pub fn reopen(folder: &Path) -> Result<Self, RecordError> {
        let path = folder.join(TRIALS_FILE);
        let trials = match OpenOptions::new().read(true).append(true).open(&path) {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(RecordError::NotARun { path: folder.to_owned() });
            }
            other => other.map_err(RecordError::io("open", &path))?,
        };
        match trials.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), trials, owner: Owner::caller() }),
            Err(TryLockError::WouldBlock) => Err(RecordError::Busy { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(RecordError::io("lock", path)(source)),
        }
    }

    /// Cuts away a last line of `trials.jsonl` that was cut off while it was written, so that the next one begins a line of its own;
    /// whether there was one. A last outcome that lacks its line break alone is kept.
    pub fn mend(&mut self) -> Result<bool, RecordError> {
        let path = self.folder.join(TRIALS_FILE);
        let bytes = fs::read(&path).map_err(RecordError::io("read", &path))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let rest = &bytes[whole..];
        let torn = serde_json::from_slice::<TrialOutcome>(rest).is_err() && !rest.is_empty();
        let mended = match (torn, rest.is_empty()) {
            (true, _) => self.trials.set_len(whole as u64),
            (false, false) => self.trials.write_all(b"\n"),
            (false, true) => Ok(()),
        };
        mended.and_then(|()| self.trials.sync_all()).map_err(RecordError::io("mend", path))?;
        Ok(torn)
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder's own name, which is the run's id.
    pub fn run_id(&self) -> String {
        // A folder such as `.` has no name of its own before its path is resolved.
        let resolved = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        resolved.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Writes or replaces `run.json`.
    pub fn write_run(&self, run: &RunRecord) -> Result<(), RecordError> {
        let path = self.folder.join(RUN_FILE);
        if let Err(problem) = check_run(run) {
            return Err(RecordError::BadRun { path, problem });
        }
        let mut bytes = serde_json::to_vec_pretty(run).map_err(|source| RecordError::Encode { path: path.clone(), source })?;
        bytes.push(b'\n');
        replace_file(&path, &bytes, self.owner)
    }

    /// Appends one outcome to `trials.jsonl` and syncs it. An outcome that a reader would refuse is refused here.
    pub fn append(&mut self, outcome: &TrialOutcome) -> Result<(), RecordError> {
        check_outcome(outcome).map_err(|problem| RecordError::BadOutcome { subject: outcome.trial.to_string(), problem })?;
        let path = self.folder.join(TRIALS_FILE);
        let mut line = serde_json::to_vec(outcome).map_err(|source| RecordError::Encode { path: path.clone(), source })?;
        line.push(b'\n');
        self.trials.write_all(&line).and_then(|()| self.trials.sync_data()).map_err(RecordError::io("write", path))
    }

    /// Opens the log of a trial's block for appending. Its name for [`TrialOutcome::log`] is [`Store::log_name`].
    pub fn log(&self, trial: &Trial) -> Result<File, RecordError> {
        let path = self.folder.join(Self::log_name(trial));
        let file = OpenOptions::new().append(true).create(true).open(&path).map_err(RecordError::io("create", &path))?;
        give(&path, self.owner)?;
        Ok(file)
    }

    /// The log's path relative to the run's folder: `log/<scenario>--<variant>--<iteration>.log`. Two dashes, because
    /// names may have single ones: `a-b` with `c` and `a` with `b-c` keep apart.
    pub fn log_name(trial: &Trial) -> String {
        format!("{LOG_FOLDER}/{}--{}--{}.log", file_part(&trial.scenario), file_part(&trial.variant), trial.iteration)
    }

    /// Writes the last `run.json` and closes the record.
    pub fn finish(self, run: &RunRecord) -> Result<(), RecordError> {
        self.trials.sync_all().map_err(RecordError::io("sync", self.folder.join(TRIALS_FILE)))?;
        self.write_run(run)
    }
}

impl Drop for Store {
    /// A child that is just being started has the file open too, until it becomes another program: closing would not be enough.
    fn drop(&mut self) {
        // Where the file system knows no locks there is none to give up.
        let _ = self.trials.unlock();
    }
}

/// `name` as a part of a file name: no separator, no leading dot, at most 80 characters.
fn file_part(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let part: String = name.chars().map(safe).take(80).collect();
    if part.starts_with('.') || part.is_empty() { format!("_{part}") } else { part }
}

#[cfg(test)]
mod tests;
