//! Untrusted text made fit to print and to keep: lines, names and messages.

use std::collections::VecDeque;

use super::super::engine::LogLine;

/// Longest line that is kept, bytes of UTF-8.
pub(super) const LINE_LIMIT: usize = 4 * 1024;

/// Marks a line or a message that was cut.
const CUT: char = '…';

/// Where a terminal's escape sequence (ECMA-48) stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// After ESC, and after the intermediate bytes that may follow it.
    Started,
    /// After `ESC [`: parameters up to a final byte.
    Control,
    /// After `ESC ]`, `ESC P`, `ESC X`, `ESC ^`, `ESC _`: a string up to BEL or `ESC \`.
    Text,
    /// After an ESC inside such a string.
    TextEnding,
}

/// Splits a stream of bytes into printable lines, each at most [`LINE_LIMIT`] long, whatever the stream holds.
///
/// Escape sequences and control characters are dropped. A carriage return starts the line over, as on a terminal: what a
/// progress meter overwrites is not kept.
#[derive(Debug, Default)]
pub(super) struct Lines {
    escape: Escape,
    line: Vec<u8>,
    cut: bool,
    returned: bool,
}

impl Lines {
    /// Takes the next bytes and hands on each line that they complete.
    pub(super) fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(String)) {
        for &byte in bytes {
            if byte == b'\n' {
                emit(self.take());
            } else if let Some(byte) = self.printable(byte) {
                self.append(byte);
            }
        }
    }

    /// The last line, where it did not end in a line feed.
    pub(super) fn finish(mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        self.escape = Escape::None;
        self.returned = false;
        let text = clip(printable(&String::from_utf8_lossy(&self.line)), LINE_LIMIT, self.cut);
        self.cut = false;
        self.line.clear();
        text
    }

    fn append(&mut self, byte: u8) {
        if self.returned {
            self.line.clear();
            (self.returned, self.cut) = (false, false);
        }
        if self.line.len() < LINE_LIMIT {
            self.line.push(byte);
        } else {
            self.cut = true;
        }
    }

    /// The byte, unless it belongs to an escape sequence or is a carriage return.
    fn printable(&mut self, byte: u8) -> Option<u8> {
        let (next, kept) = match (self.escape, byte) {
            (Escape::None | Escape::Started | Escape::Control, 0x1b) | (Escape::Started, 0x20..=0x2f) => (Escape::Started, None),
            (Escape::None, _) => (Escape::None, Some(byte)),
            (Escape::Text | Escape::TextEnding, 0x1b) => (Escape::TextEnding, None),
            (Escape::Text, 0x07) | (Escape::TextEnding, b'\\') => (Escape::None, None),
            (Escape::Text | Escape::TextEnding, _) | (Escape::Started, b']' | b'P' | b'X' | b'^' | b'_') => (Escape::Text, None),
            (Escape::Started, b'[') | (Escape::Control, 0x20..=0x3f) => (Escape::Control, None),
            (Escape::Started | Escape::Control, _) => (Escape::None, None),
        };
        self.escape = next;
        if kept == Some(b'\r') {
            self.returned = true;
            return None;
        }
        kept
    }
}

/// The text without control characters (a tab becomes a space) and without the marks that reorder text on a screen.
fn printable(text: &str) -> String {
    let reorders = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|&c| !c.is_control() && !reorders(c)).collect()
}

/// Cuts at a character's boundary so that text and mark fit `limit`; `cut` says that some was lost before.
fn clip(mut text: String, limit: usize, cut: bool) -> String {
    if text.len() <= limit && !cut {
        return text;
    }
    let fitting = text.floor_char_boundary(limit - CUT.len_utf8());
    text.truncate(fitting);
    text.push(CUT);
    text
}

/// A name on one printable line.
pub(super) fn name(text: &str) -> String {
    one_line(text)
}

/// What `BuildKit` and gRPC put before the message of the one that failed.
const WRAPPING: [&str; 5] = [
    "failed to solve with frontend dockerfile.v0: ",
    "failed to solve: ",
    "failed to create LLB definition: ",
    "rpc error: code = Unknown desc = ",
    "rpc error: code = InvalidArgument desc = ",
];

/// What a Go stack trace, or the paragraph behind the message, begins with.
const BEHIND: [&str; 6] = ["\n\n", "\r\n\r\n", "\ngoroutine ", "\ngithub.com/", "\n\tgithub.com/", "\nruntime."];

/// The engine's message, fit for one paragraph: the wrapping of `BuildKit` and `gRPC` removed, nothing after the first empty line
/// or the start of a Go stack trace, on one line.
pub(super) fn message(text: &str) -> String {
    let text = text.trim_start();
    let end = BEHIND.iter().filter_map(|mark| text.find(mark)).min();
    let mut rest = &text[..end.unwrap_or(text.len())];
    while let Some(inner) = WRAPPING.iter().find_map(|wrap| rest.strip_prefix(wrap)) {
        rest = inner;
    }
    let line = one_line(rest);
    if line.is_empty() { "the engine gave no message".to_owned() } else { line }
}

/// All lines joined by spaces, without escape sequences, bounded.
fn one_line(text: &str) -> String {
    let mut joined = String::new();
    let mut add = |line: String| {
        if joined.len() <= LINE_LIMIT {
            let separated = !joined.is_empty() && !line.trim().is_empty();
            joined.push_str(if separated { " " } else { "" });
            joined.push_str(line.trim());
        }
    };
    let mut lines = Lines::default();
    lines.push(text.as_bytes(), &mut add);
    if let Some(last) = lines.finish() {
        add(last);
    }
    clip(joined, LINE_LIMIT, false)
}

/// Whether a message says that a disk is full (`ENOSPC`).
pub(super) fn says_disk_full(text: &str) -> bool {
    text.to_ascii_lowercase().contains("no space left on device")
}

/// The last lines of a log, bounded in number and in bytes.
#[derive(Debug)]
pub(super) struct Tail {
    lines: VecDeque<LogLine>,
    bytes: usize,
    dropped: usize,
    most_lines: usize,
    most_bytes: usize,
}

impl Tail {
    /// Keeps at most `most_lines` lines of together `most_bytes` bytes.
    pub(super) const fn new(most_lines: usize, most_bytes: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, dropped: 0, most_lines, most_bytes }
    }

    /// Adds a line and drops the oldest ones above the bounds.
    pub(super) fn push(&mut self, line: LogLine) {
        self.bytes += line.step.len() + line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > self.most_lines || self.bytes > self.most_bytes {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.step.len() + oldest.text.len();
            self.dropped += 1;
        }
    }

    /// What is kept, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter()
    }

    /// The kept lines; where some were dropped, the first line says how many.
    pub(super) fn into_lines(self) -> Vec<LogLine> {
        let note =
            (self.dropped > 0).then(|| LogLine { step: String::new(), text: format!("({} earlier lines are not kept)", self.dropped) });
        note.into_iter().chain(self.lines).collect()
    }
}

#[cfg(test)]
mod tests;
