//! ssh, started once for each connection: the far end of it is `docker system dial-stdio`, or a port there.
//!
//! The user's ssh settings count. ssh never asks anything: a prompt would hang a run, so that what needs one is an error
//! with its cure. A connection that is dropped kills its ssh, and an ssh whose standard input ends goes by itself, so that
//! none outlives this process.

use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::Trouble;
use crate::rig::docker::endpoint::SshAddress;
use crate::rig::docker::text;

/// What every ssh is told. Nothing is asked, no port is forwarded that the user's settings forward for other purposes, and
/// a command of the settings does not take the place of ours.
const OPTIONS: [&str; 9] =
    ["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none"];

/// How long an ssh whose connection has ended may take to end itself.
const WIND_DOWN: Duration = Duration::from_secs(5);

/// How long a broken connection explains the failure of a call.
const A_MOMENT: Duration = Duration::from_secs(10);

/// Most bytes of what ssh says that are kept.
const SAID: u64 = 16 * 1024;

/// The far end.
#[derive(Clone, Debug)]
pub(in crate::rig::docker) struct Ssh {
    address: Arc<SshAddress>,
    search_path: Option<Arc<str>>,
    /// Why the last connection to the engine that failed did so, and when. The client drops the cause of a stream that breaks.
    last: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Ssh {
    pub(super) fn new(address: SshAddress, search_path: Option<String>) -> Self {
        Self { address: Arc::new(address), search_path: search_path.map(Into::into), last: Arc::default() }
    }

    /// Why a connection to the engine broke a moment ago.
    pub(in crate::rig::docker) fn last_words(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(when, _)| when.elapsed() < A_MOMENT).map(|(_, why)| why.clone())
    }

    /// A connection to the engine there.
    pub(super) fn dial(&self) -> Result<SshStream, Trouble> {
        let mut command = self.command();
        let socket = self.address.socket.as_ref().map(|path| format!("--host={}", quoted(&format!("unix://{path}"))));
        command.arg("--").arg(&self.address.host).arg("docker").args(socket).args(["system", "dial-stdio"]);
        let (mut stream, last) = (self.start(command)?, self.last.clone());
        stream.end = stream.end.map(|end| -> Ending {
            Box::pin(async move {
                let trouble = end.await?;
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), trouble.to_string()));
                Some(trouble)
            })
        });
        Ok(stream)
    }

    /// A connection to a port of 127.0.0.1 there.
    pub(super) fn dial_port(&self, port: u16) -> Result<SshStream, Trouble> {
        let mut command = self.command();
        command.arg("-W").arg(format!("127.0.0.1:{port}")).arg("--").arg(&self.address.host);
        self.start(command)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("ssh");
        command.args(OPTIONS);
        if let Some(user) = &self.address.user {
            command.args(["-l", user]);
        }
        if let Some(port) = self.address.port {
            command.args(["-p", &port.to_string()]);
        }
        if let Some(path) = &self.search_path {
            command.env("PATH", &**path);
        }
        command
    }

    fn start(&self, mut command: Command) -> Result<SshStream, Trouble> {
        // A group of its own: Ctrl-C in a terminal is for us, and what we then remove is removed through these connections.
        command.process_group(0).kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Trouble::Known("there is no ssh program on the path; install openssh-client".to_owned()),
            _ => Trouble::Known(format!("ssh cannot be started ({error}); check the ssh program on the path")),
        })?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(Trouble::Known("ssh has no standard streams; start the program again".to_owned()));
        };
        let end = Box::pin(ended(child, tokio::spawn(listen(stderr)), self.address.host.clone()));
        Ok(SshStream { stdin, stdout, end: Some(end) })
    }
}

/// The path as one word of a POSIX shell: ssh hands its command to one.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// All that ssh says, its first bytes kept.
async fn listen(stderr: ChildStderr) -> String {
    let (mut stderr, mut kept) = (stderr, Vec::new());
    let _ = (&mut stderr).take(SAID).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).into_owned()
}

/// Waits for the end of ssh and says what went wrong, if anything did.
async fn ended(mut child: Child, said: tokio::task::JoinHandle<String>, host: String) -> Option<Trouble> {
    let Ok(status) = tokio::time::timeout(WIND_DOWN, child.wait()).await else {
        return Some(Trouble::Known(format!("ssh to {host} ended the connection and still runs; connect again")));
    };
    let said = tokio::time::timeout(WIND_DOWN, said).await.ok().and_then(Result::ok).unwrap_or_default();
    match status {
        Ok(status) if status.success() => None,
        Ok(status) => Some(Trouble::Known(explained(&host, &said, &status.to_string()))),
        Err(error) => Some(Trouble::Known(format!("ssh to {host} was lost ({error}); connect again"))),
    }
}

/// What ssh or the docker command there says, and what is to be done about it.
const CURES: [(&[&str], &str); 9] = [
    (
        &["REMOTE HOST IDENTIFICATION HAS CHANGED"],
        "its key is not the one known; if the host was set up anew, remove the old key with ssh-keygen -R and connect once by hand",
    ),
    (&["Host key verification failed", "No matching host key"], "its key is not known; connect once with ssh by hand and check the key"),
    (
        &["Permission denied (", "Too many authentication failures"],
        "it takes none of the keys; add yours with ssh-add or IdentityFile in ~/.ssh/config, because a password is never asked for",
    ),
    (&["docker: command not found", "docker: not found", "exec: \"docker\""], "there is no docker command on its path; install one there"),
    (
        &["is not a docker command", "unknown command"],
        "its docker command cannot do system dial-stdio; install Docker 18.09 or later there",
    ),
    (
        &["permission denied while trying to connect", "connect: permission denied"],
        "that user may not use the engine there; add it to the group docker",
    ),
    (
        &["Cannot connect to the Docker daemon", "failed to open the raw stream connection", "failed to connect to the docker API"],
        "no engine answers there; start it on that host, or name its socket as ssh://host/path",
    ),
    (&["Could not resolve hostname"], "its name has no address; check the name, or add it to ~/.ssh/config"),
    (
        &["Connection refused", "Connection timed out", "No route to host", "Network is unreachable"],
        "nothing answers ssh there; check host and port, and that sshd runs",
    ),
];

fn explained(host: &str, said: &str, status: &str) -> String {
    let cure = CURES.iter().find(|(marks, _)| marks.iter().any(|mark| said.contains(mark))).map(|(_, cure)| *cure);
    let said = shortened(said);
    let said = if said.is_empty() { format!("ssh ended with {status}") } else { said };
    let cure = cure.unwrap_or("try the same with ssh by hand");
    format!("ssh to {host} failed ({said}): {cure}")
}

/// The lines that say something, on one line, without the frame around a changed key.
fn shortened(said: &str) -> String {
    let telling = |line: &&str| !line.is_empty() && !line.contains('@') || line.contains("Permission denied");
    let lines = said.lines().map(str::trim).filter(telling).filter(|line| !line.starts_with("Warning: Permanently added"));
    let joined = lines.take(4).fold(String::new(), |mut all, line| {
        let _ = write!(all, "{}{line}", if all.is_empty() { "" } else { " " });
        all
    });
    let name = text::name(&joined);
    let end = name.floor_char_boundary(400);
    name[..end].trim_end_matches('.').to_owned()
}

/// The end of one ssh, and what went wrong with it.
type Ending = Pin<Box<dyn Future<Output = Option<Trouble>> + Send>>;

/// The standard streams of one ssh as a connection.
pub(super) struct SshStream {
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// The process, until it has ended.
    end: Option<Ending>,
}

impl SshStream {
    /// What went wrong, once ssh has ended.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(end) = &mut self.end else { return Poll::Ready(Ok(())) };
        let trouble = ready!(end.as_mut().poll(context));
        self.end = None;
        Poll::Ready(trouble.map_or(Ok(()), |trouble| Err(io::Error::other(trouble))))
    }
}

impl AsyncRead for SshStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stdout).poll_read(context, buffer));
        if read.is_ok() && buffer.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_end(context))?;
        Poll::Ready(read)
    }
}

impl AsyncWrite for SshStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stdin).poll_write(context, bytes));
        if written.is_err() {
            // Why the pipe is broken, only ssh can tell.
            ready!(self.poll_end(context))?;
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
