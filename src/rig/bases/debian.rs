//! A Debian root file system out of packages, by mmdebstrap.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::certificates::Certificates;
use super::recipe::{Method, Recipe};
use super::{BaseError, progress::Teller};

/// Where Debian and Ubuntu keep the keys of package archives.
const KEYRINGS: &str = "/usr/share/keyrings";
/// Program folders that are missing from the path of some users, and that package tools need.
const SYSTEM_FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Memory that must be available before the root is unpacked there, kB. It needs about 400 MB.
const ENOUGH_MEMORY: u64 = 2_000_000;
/// Lines of output that are quoted when it fails.
const QUOTED_LINES: usize = 8;
/// Variables of the caller that the tools get: how a machine reaches its package archive.
const PASSED_ON: [&str; 11] = [
    "HOME",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
];
/// Longest line that is read.
const LONGEST_LINE: usize = 4096;

/// First process of the namespace in which the root is made. Its standard input is a pipe that only loadline holds: when it
/// closes, by intent or because loadline died, this shell ends, and with it every process and mount of the namespace.
const FIRST_PROCESS: &str = r#"
exec 3<&0 </dev/null
if [ -n "$LOADLINE_TMPFS" ]; then mount -n -t tmpfs -o mode=0711 loadline "$TMPDIR" || exit 1; fi
"$@" 3<&- &
work=$!
{ read -r _ <&3 || :; kill -9 "$work"; } &
exec 3<&-
wait "$work"
"#;

/// The tools of this machine, replaceable in tests.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    /// The program's name or path.
    pub(super) mmdebstrap: OsString,
    /// Where the archive's keys are looked for.
    pub(super) keyrings: PathBuf,
    /// Whether it runs in a namespace of its own, from which nothing stays when loadline dies.
    pub(super) namespace: bool,
}

impl Default for Tools {
    fn default() -> Self {
        Self { mmdebstrap: "mmdebstrap".into(), keyrings: KEYRINGS.into(), namespace: rustix::process::geteuid().is_root() }
    }
}

/// Makes the root of `recipe` in `place` and gives the path of its tar.
pub(super) async fn make_root(
    tools: &Tools,
    recipe: &Recipe,
    certificates: &Certificates,
    place: &Path,
    teller: &Teller,
) -> Result<PathBuf, BaseError> {
    check(tools)?;
    let tar = place.join("root.tar");
    prepare(recipe, certificates, place).map_err(BaseError::cache("write", place))?;
    let out = File::create(&tar).map_err(BaseError::cache("create", &tar))?;
    let program = tools.mmdebstrap.to_string_lossy().into_owned();
    let mut child = command(tools, recipe, place).stdout(out).spawn().map_err(|source| tool(&program, source))?;
    // Held until the end: waiting would close it, and with it end the namespace.
    let hold = child.stdin.take();
    let last_lines = tell_lines(&mut child, teller).await;
    let status = child.wait().await.map_err(|source| tool(&program, source))?;
    drop(hold);
    let bytes = std::fs::metadata(&tar).map_err(BaseError::cache("read", &tar))?.len();
    if !status.success() && last_lines.iter().any(|line| line.contains("No space left on device")) {
        return Err(BaseError::full(&tar, None, std::io::ErrorKind::StorageFull.into()));
    }
    // mmdebstrap leaves an empty tar when it fails early: both are looked at.
    if !status.success() || bytes == 0 {
        return Err(BaseError::Root { name: recipe.name, program, status: status.to_string(), tail: last_lines.join(" | ") });
    }
    Ok(tar)
}

fn tool(program: &str, source: std::io::Error) -> BaseError {
    BaseError::Tool { program: program.to_owned(), package: "mmdebstrap", source }
}

/// Looks for everything that would fail late and obscurely.
pub(super) fn check(tools: &Tools) -> Result<(), BaseError> {
    let program = Path::new(&tools.mmdebstrap);
    let found = std::env::split_paths(&search_path()).any(|folder| folder.join(program).is_file());
    if !found {
        return Err(tool(&program.to_string_lossy(), std::io::ErrorKind::NotFound.into()));
    }
    let key = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("debian-archive-");
    let keys = std::fs::read_dir(&tools.keyrings).into_iter().flatten().filter_map(Result::ok).any(key);
    if keys { Ok(()) } else { Err(BaseError::Keyring { folder: tools.keyrings.clone() }) }
}

fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(SYSTEM_FOLDERS.iter().map(PathBuf::from));
    std::env::join_paths(all).unwrap_or_else(|_| SYSTEM_FOLDERS.join(":").into())
}

fn prepare(recipe: &Recipe, certificates: &Certificates, place: &Path) -> std::io::Result<()> {
    let Method::DebianRoot { hook, .. } = &recipe.method else { return Ok(()) };
    std::fs::write(place.join("hook.sh"), hook)?;
    ["certificates", "tmp"].into_iter().try_for_each(|name| std::fs::create_dir(place.join(name)))?;
    certificates.write(&place.join("certificates"))
}

fn command(tools: &Tools, recipe: &Recipe, place: &Path) -> Command {
    let mut command = if tools.namespace {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", FIRST_PROCESS, "sh"]);
        command.arg(&tools.mmdebstrap).arg("--mode=root");
        command
    } else {
        Command::new(&tools.mmdebstrap)
    };
    // Of the caller's variables only these: APT_CONFIG, TAR_OPTIONS or DPKG_ROOT, say, would make another root.
    command.env_clear().envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.args(arguments(recipe)).env("PATH", search_path()).env("LC_ALL", "C.UTF-8").env("TMPDIR", place.join("tmp"));
    command.env("LOADLINE_HOOK", place.join("hook.sh")).env("LOADLINE_CERTIFICATES", place.join("certificates"));
    command.env("LOADLINE_TMPFS", if memory_available() >= ENOUGH_MEMORY { "yes" } else { "" });
    if let Method::DebianRoot { epoch, .. } = &recipe.method {
        command.env("SOURCE_DATE_EPOCH", epoch.to_string());
    }
    // A group of its own: when it fails, mmdebstrap sends SIGHUP to its whole group, which would be loadline's.
    command.process_group(0).stdin(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn arguments(recipe: &Recipe) -> Vec<String> {
    let Method::DebianRoot { suite, include, .. } = &recipe.method else { return Vec::new() };
    vec![
        "--variant=minbase".to_owned(),
        "--format=tar".to_owned(),
        format!("--include={}", include.join(",")),
        // Without it, init-system-helpers pulls in usrmerge with the whole of perl, 40 MB that the published image has not.
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr".to_owned(),
        // Its own policy-rc.d, and the recipe's with it, would be removed at the end.
        "--skip=chroot/policy-rc.d".to_owned(),
        r#"--setup-hook=sh "$LOADLINE_HOOK" setup "$1""#.to_owned(),
        r#"--customize-hook=sh "$LOADLINE_HOOK" customize "$1""#.to_owned(),
        (*suite).to_owned(),
        "-".to_owned(),
    ]
}

/// `MemAvailable`, kB; 0 where the kernel does not tell.
fn memory_available() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Hands on what the program writes to its standard error until it closes, and gives the last lines.
async fn tell_lines(child: &mut Child, teller: &Teller) -> Vec<String> {
    let mut last: Vec<String> = Vec::new();
    let Some(stderr) = child.stderr.take() else { return last };
    let mut lines = BufReader::new(stderr);
    let mut bytes = Vec::new();
    while matches!(lines.read_until(b'\n', &mut bytes).await, Ok(1..)) {
        let shown = &bytes[bytes.len().saturating_sub(LONGEST_LINE)..];
        // A progress bar overwrites its line: what stands at the end is what counts.
        let text = String::from_utf8_lossy(shown).trim_end().rsplit('\r').next().unwrap_or_default().to_owned();
        teller.line(&text);
        if !text.is_empty() {
            last.push(text);
            last.drain(..last.len().saturating_sub(QUOTED_LINES));
        }
        bytes.clear();
    }
    last
}
