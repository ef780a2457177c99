//! The program through its binary: in a plain environment, watched while it runs, with a limit on its time.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A program that has not ended by then hangs. A machine without base images builds them in this time.
const LIMIT: Duration = Duration::from_mins(40);

/// What this environment holds that would change what is printed or which engine is asked.
const STRANGERS: [&str; 10] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "SUDO_UID",
];

/// A call of the program that can still be changed.
pub(crate) struct Loadline(Command);

impl Loadline {
    /// `loadline ARGUMENTS…`, with nothing on its standard input.
    pub(crate) fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadline"));
        command.args(arguments);
        Self(plain(command))
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// With the words of another program before it, which becomes it.
    pub(crate) fn under(self, wrapper: &[&str]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(self.0.get_program()).args(self.0.get_args());
        Self(plain(command))
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ended {
        self.start().wait()
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.0.spawn().expect("the program starts");
        let stdout = Heard::listen(child.stdout.take().expect("it is piped"));
        let stderr = Heard::listen(child.stderr.take().expect("it is piped"));
        let peak = Arc::new(AtomicU64::new(0));
        let watcher = watch_memory(child.id(), Arc::clone(&peak));
        Running { child, stdout, stderr, peak, watcher: Some(watcher), begun: Instant::now() }
    }
}

fn plain(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    for name in STRANGERS {
        command.env_remove(name);
    }
    command
}

/// The program while it runs. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    peak: Arc<AtomicU64>,
    watcher: Option<JoinHandle<()>>,
    begun: Instant,
}

impl Running {
    /// Waits until `text` is in what it printed on either stream. Fails when it ends before.
    pub(crate) fn until_it_says(&mut self, text: &str) {
        while !self.said(text) {
            let ended = self.ended();
            // What it said last may arrive after its end was seen.
            std::thread::sleep(Duration::from_millis(5));
            assert!(ended.is_none() || self.said(text), "it never said {text:?}:\n{}\n{}", self.stdout.text(), self.stderr.text());
        }
    }

    fn said(&self, text: &str) -> bool {
        self.stdout.text().contains(text) || self.stderr.text().contains(text)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("the signal is sent");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if let Some(watcher) = self.watcher.take() {
            watcher.join().expect("the watcher has ended");
        }
        Ended { status, stdout: self.stdout.finish(), stderr: self.stderr.finish(), peak: self.peak.load(Ordering::Relaxed) }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        let ended = self.child.try_wait().expect("the program can be waited for");
        assert!(ended.is_some() || self.begun.elapsed() < LIMIT, "it hangs:\n{}\n{}", self.stdout.text(), self.stderr.text());
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program after its end.
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The most memory that it ever held, bytes: `VmHWM` of proc(5), last read at most 20 ms before its end.
    pub(crate) peak: u64,
}

impl Ended {
    /// Fails with all that was printed unless it ended with this code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{:?}\nstdout:\n{}\nstderr:\n{}", self.status, self.stdout, self.stderr);
        self
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Fails unless every one of `parts` was said on standard error.
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not said:\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        }
        self
    }
}

/// What comes out of a pipe, as it comes.
struct Heard {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Heard {
    fn listen(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut lines = BufReader::new(pipe);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                kept.lock().expect("no reader panics").push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Self { text, reader }
    }

    fn text(&self) -> String {
        self.text.lock().expect("no reader panics").clone()
    }

    fn finish(&mut self) -> String {
        // A process that outlives the program may hold its pipe; what it says then is nobody's concern.
        let until = Instant::now() + Duration::from_secs(5);
        while !self.reader.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.text()
    }
}

/// Keeps the high-water mark of a process's memory until it has ended.
fn watch_memory(pid: u32, peak: Arc<AtomicU64>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        while let Some(bytes) = high_water_mark(pid) {
            peak.fetch_max(bytes, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(20));
        }
    })
}

/// `None` when the process has ended: a zombie has no memory.
fn high_water_mark(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
