//! The one door to stdout and stderr: stdout is data, stderr is talk.
//!
//! Talk repeats what others wrote, so that nothing but text, line ends and colours gets through here, and no command to the runner of a CI
//! system. Data for people is freed of such commands by [`for_people`]; data for programs is theirs to read.
//! Colour is used on a terminal unless `NO_COLOR` is set. A reader that closes the pipe early is success.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::plain;

/// Writes data to stdout. A closed pipe is success; any other failure is returned.
pub(super) fn data(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Whether a runner reads along that takes lines for commands: GitHub's and Azure's say so.
static RUNNER_READS: LazyLock<bool> =
    LazyLock::new(|| ["GITHUB_ACTIONS", "TF_BUILD"].into_iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())));

/// Text that people read as it may be written into a log: no word of a build or an image in it is a command to a CI system.
pub(super) fn for_people(text: String) -> String {
    if *RUNNER_READS { plain::without_commands(&text) } else { text }
}

/// Whether the last line of the terminal behind stderr is a live one, which the next line of talk takes the place of.
static LIVE: AtomicBool = AtomicBool::new(false);

/// Carriage return, and erase the line (ECMA-48, EL).
const ERASE: &str = "\r\x1b[2K";

/// Says whether a live line is being drawn on stderr.
pub(super) fn live(drawn: bool) {
    LIVE.store(drawn, Ordering::Relaxed);
}

/// Writes a line of talk to stderr. Talk that nobody can read is dropped.
pub(super) fn talk(line: &str) {
    // Held from here to the end, so that nothing is drawn between erasing and writing.
    let mut err = anstream::stderr().lock();
    if LIVE.load(Ordering::Relaxed) {
        // Past the filter for colours: `NO_COLOR` says nothing about the cursor.
        drop(io::stderr().write_all(ERASE.as_bytes()));
    }
    drop(writeln!(err, "{}", for_people(plain::paragraph(line))));
}

/// Whether stdout takes colour.
pub(super) fn colour() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Whether stdout is read by a person.
pub(super) fn data_on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether stderr takes colour.
pub(super) fn talk_colour() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Whether progress may be drawn with bars: stderr is a terminal that moves its cursor.
pub(super) fn bars() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The width for tables: `COLUMNS` where set, else the terminal's, else 100 columns.
pub(super) fn width() -> u16 {
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).or_else(terminal_width).filter(|w| *w >= 40).unwrap_or(100)
}

/// The columns of the terminal that talk goes to; `None` where it goes elsewhere or says nothing of its width.
pub(super) fn talk_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(io::stderr()).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

fn terminal_width() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col)
}
