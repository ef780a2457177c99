//! Where an engine's things are and who owns them: an id, the folders and names made from it, the owner's record.
//!
//! Everything an engine makes carries its id: `/run/loadline/<id>`, `/var/lib/loadline/<id>`, bridge `ll<id>`, cgroup
//! folders `loadline-<id>`. An engine is *live* while its owner holds the lock on its owner file; the kernel releases
//! that lock when the owner dies, however it dies. Making and removing folders happens under one lock on `/run/loadline`.

use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::PrivateError;

/// The two folders below which all engines of this machine live.
#[derive(Clone, Debug)]
pub(super) struct Roots {
    /// Sockets, locks and logs.
    pub(super) run: PathBuf,
    /// Data roots on disk.
    pub(super) disk: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { run: "/run/loadline".into(), disk: "/var/lib/loadline".into() }
    }
}

/// The names of one engine's things.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) roots: Roots,
    pub(super) id: String,
}

impl Place {
    /// The place of a new engine, under a random id of eight hexadecimal digits.
    pub(super) fn new(roots: Roots) -> Self {
        Self { roots, id: format!("{:08x}", fastrand::u32(..)) }
    }

    /// Whether `name` can be an engine's id.
    pub(super) fn is_id(name: &str) -> bool {
        name.len() == 8 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    }

    pub(super) fn state(&self) -> PathBuf {
        self.roots.run.join(&self.id)
    }

    pub(super) fn disk(&self) -> PathBuf {
        self.roots.disk.join(&self.id)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.state().join("docker.sock")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.state().join("log")
    }

    /// Mounted in the engine's namespace only; outside it is an empty folder.
    pub(super) fn work(&self) -> PathBuf {
        self.state().join("ns")
    }

    /// Ten characters: the kernel allows fifteen.
    pub(super) fn bridge(&self) -> String {
        format!("ll{}", self.id)
    }

    pub(super) fn cgroup(&self) -> String {
        format!("loadline-{}", self.id)
    }

    fn owner_file(&self) -> PathBuf {
        self.state().join("owner")
    }

    /// Makes the state folder and claims it for this process. The answer holds the lock: keep it as long as the engine.
    pub(super) fn claim(&self) -> Result<Claim, PrivateError> {
        let state = self.state();
        make_folder(&state)?;
        let path = self.owner_file();
        let file = OpenOptions::new().create_new(true).read(true).append(true).open(&path);
        let file = file.map_err(PrivateError::file("make", &path))?;
        // Somebody who looks whether it is live holds it for a moment.
        file.lock().map_err(PrivateError::file("lock", &path))?;
        let mut claim = Claim { file, path, more: Vec::new() };
        claim.note("owner", &Process::this().to_string())?;
        Ok(claim)
    }

    /// What is written about the engine's owner; an engine without a readable record has none.
    pub(super) fn record(&self) -> Record {
        let mut text = String::new();
        let read = File::open(self.owner_file()).and_then(|file| file.take(64 * 1024).read_to_string(&mut text));
        if read.is_ok() { Record::parse(&text) } else { Record::default() }
    }

    /// Whether somebody still owns this engine: its lock is held, or its owner, another process than this one, still runs.
    pub(super) fn is_live(&self) -> bool {
        is_locked(&self.owner_file())
            || is_locked(&self.disk())
            || self.record().owner.is_some_and(|owner| owner != Process::this() && owner.runs())
    }

    /// Whether nobody owns this engine, after waiting for the tools of an owner that is gone: they end by themselves.
    pub(super) fn is_dead_by_now(&self) -> bool {
        let until = Instant::now() + LAST_TOOLS;
        loop {
            if !self.is_live() {
                return true;
            }
            let gone = self.record().owner.is_some_and(|owner| !owner.runs());
            if !gone || Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How long the tools of a killed owner may take to end. An owner in another PID namespace looks gone all the time.
const LAST_TOOLS: Duration = Duration::from_secs(2);

/// A claimed state folder: the lock that says "live", and the record in the same file.
#[derive(Debug)]
pub(super) struct Claim {
    file: File,
    path: PathBuf,
    more: Vec<File>,
}

impl Claim {
    /// Writes one `key value` line.
    pub(super) fn note(&mut self, key: &str, value: &str) -> Result<(), PrivateError> {
        writeln!(self.file, "{key} {value}").map_err(PrivateError::file("write", &self.path))
    }

    /// Claims a folder too: a data root on disk is known to be in use even where its state folder cannot be seen.
    pub(super) fn hold(&mut self, folder: &Path) -> Result<(), PrivateError> {
        let file = File::open(folder).map_err(PrivateError::file("open", folder))?;
        file.lock().map_err(PrivateError::file("lock", folder))?;
        self.more.push(file);
        Ok(())
    }

    /// The same lock for a child process: it is released when both have ended.
    pub(super) fn share(&self) -> Result<Stdio, PrivateError> {
        self.file.try_clone().map(Stdio::from).map_err(PrivateError::file("share", &self.path))
    }
}

/// Whether somebody holds the exclusive lock on `path`.
fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// What an owner file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The loadline process.
    pub(super) owner: Option<Process>,
    /// The process that carries the namespace.
    pub(super) cage: Option<Process>,
    /// The data root in a folder of the user's choice.
    pub(super) data: Option<PathBuf>,
    /// Whether that folder was not there before.
    pub(super) made_parent: bool,
}

impl Record {
    fn parse(text: &str) -> Self {
        let mut record = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            match key {
                "owner" => record.owner = Process::parse(value),
                "cage" => record.cage = Process::parse(value),
                "data" => record.data = Some(PathBuf::from(value)),
                "made-parent" => record.made_parent = value == "yes",
                _ => {}
            }
        }
        record
    }
}

/// A process that cannot be mistaken for a later one with the same number: pid, start time and boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// Field 22 of `/proc/<pid>/stat` (proc(5)), in clock ticks since the boot.
    started: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    boot: String,
}

impl Process {
    /// The calling process.
    pub(super) fn this() -> Self {
        let pid = std::process::id();
        Self::of(pid).unwrap_or(Self { pid, started: 0, boot: boot() })
    }

    /// The process that has this number now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Self { pid, started: start_time(&stat)?, boot: boot() })
    }

    /// Whether it still runs; a zombie has ended.
    pub(super) fn runs(&self) -> bool {
        let zombie = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).is_ok_and(|stat| state(&stat) == Some('Z'));
        !zombie && Self::of(self.pid).is_some_and(|now| now == *self)
    }

    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let (pid, started, boot) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.to_owned());
        Some(Self { pid, started, boot })
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.pid, self.started, self.boot)
    }
}

fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// The fields after the command's name, which is in parentheses and may itself hold spaces and parentheses.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

fn start_time(stat: &str) -> Option<u64> {
    // The first field after the name is number 3.
    after_name(stat).nth(22 - 3)?.parse().ok()
}

fn state(stat: &str) -> Option<char> {
    after_name(stat).next()?.chars().next()
}

/// Makes `path` and its parents, visible to root only.
pub(super) fn make_folder(path: &Path) -> Result<(), PrivateError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(PrivateError::file("make folder", path))
}

/// Holds the lock under which engines are made and removed; released on drop.
///
/// The lock is on `/run/loadline` itself, which goes when the last engine goes: a lock on a folder that has been
/// removed meanwhile protects nothing, so it is taken again on the one that is there now.
pub(super) fn lock(roots: &Roots) -> Result<File, PrivateError> {
    loop {
        make_folder(&roots.run)?;
        let Ok(dir) = File::open(&roots.run) else { continue };
        dir.lock().map_err(PrivateError::file("lock", &roots.run))?;
        let held = dir.metadata().map_err(PrivateError::file("look at", &roots.run))?;
        if std::fs::metadata(&roots.run).is_ok_and(|now| (now.dev(), now.ino()) == (held.dev(), held.ino())) {
            return Ok(dir);
        }
    }
}

/// The most characters of a log's line that are shown.
const LONGEST_LINE: usize = 500;

/// The last `lines` lines of the file at `path`, indented, read from at most its last 64 KiB.
pub(super) fn tail(path: &Path, lines: usize) -> String {
    let text = read_end(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    for line in &all[all.len().saturating_sub(lines)..] {
        // What containers are called ends up here too: no control character reaches a terminal, no line floods it.
        let shown = line.chars().take(LONGEST_LINE).map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c });
        let _ = writeln!(out, "  {}", shown.collect::<String>());
    }
    out.trim_end_matches('\n').to_owned()
}

fn read_end(path: &Path) -> std::io::Result<String> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(64 * 1024);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[path = "place_tests.rs"]
pub(super) mod tests;
