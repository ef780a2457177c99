//! Files a user wrote, and places in them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::problem::{Excerpt, Place, Problem, Spot};

/// Nobody writes a scenario file or a Dockerfile of more than 1 MiB by hand.
const LARGEST: u64 = 1 << 20;

/// The text of a file and where its lines begin.
pub(super) struct SourceFile {
    path: PathBuf,
    text: String,
    /// Byte offsets; the first is 0, ascending.
    starts: Vec<usize>,
}

impl SourceFile {
    /// Reads the file at `path`, which is shown as `shown`. Refuses what is no regular file, larger than 1 MiB or not UTF-8.
    pub(super) fn read(path: &Path, shown: &Path) -> Result<Self, Problem> {
        let bytes = read_bounded(path, shown)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(shown, text)),
            Err(error) => Err(not_utf8(shown, error.as_bytes(), error.utf8_error().valid_up_to())),
        }
    }

    pub(super) fn new(shown: &Path, text: String) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path: shown.to_owned(), text, starts }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The place of `span`, of which only the part on its first line is marked. A span beyond the end is the end.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let start = floor(&self.text, span.start);
        let line = self.starts.partition_point(|&begin| begin <= start);
        let begin = self.starts[line - 1];
        let content = self.line_text(line);
        let from = (start - begin).min(content.len());
        let to = floor(content, span.end.saturating_sub(begin)).max(from);
        let spot = Spot {
            line,
            column: content[..from].chars().count() + 1,
            span: begin + from..begin + to,
            excerpt: Excerpt::of(content, from..to),
        };
        Place { path: self.path.clone(), spot: Some(Box::new(spot)) }
    }

    /// The place of a whole line without its indentation; lines count from 1, and one beyond the end is the last.
    pub(super) fn line_place(&self, line: usize) -> Place {
        let line = line.clamp(1, self.starts.len());
        let content = self.line_text(line);
        let begin = self.starts[line - 1];
        let indent = content.len() - content.trim_start().len();
        self.place(begin + indent..begin + content.trim_end().len().max(indent))
    }

    /// The line a byte is on, from 1.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&begin| begin <= offset)
    }

    /// The lines from this one on, without their ends.
    pub(super) fn lines_from(&self, line: usize) -> impl Iterator<Item = &str> {
        (line..=self.starts.len()).map(|line| self.line_text(line))
    }

    fn line_text(&self, line: usize) -> &str {
        let end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        self.text[self.starts[line - 1]..end].trim_end_matches('\r')
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

fn read_bounded(path: &Path, shown: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: io::Error| Problem::error(format!("cannot read the file: {error}"), cure_for(&error)).at(Place::file(shown));
    // Opening a named pipe would wait for a writer, so its kind is asked first.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Problem::error("this is not a file", "put a regular file there").at(Place::file(shown)));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::error("the file is larger than 1 MiB", "keep it below; it is written by hand").at(Place::file(shown)));
    }
    Ok(bytes)
}

fn cure_for(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "create it, or name another path",
        io::ErrorKind::PermissionDenied => "make it readable for the user who runs loadline",
        _ => "check the file system it lies on",
    }
}

fn not_utf8(shown: &Path, bytes: &[u8], valid: usize) -> Problem {
    let line = bytes[..valid].split(|&byte| byte == b'\n').count();
    let begin = bytes[..valid].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let end = bytes[valid..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| valid + at);
    let before = String::from_utf8_lossy(&bytes[begin..valid]);
    let after = String::from_utf8_lossy(&bytes[valid..end]);
    let mark = before.len()..before.len() + after.chars().next().map_or(0, char::len_utf8);
    let excerpt = Excerpt::of(&format!("{before}{after}"), mark);
    let spot = Spot { line, column: before.chars().count() + 1, span: valid..valid + 1, excerpt };
    let place = Place { path: shown.to_owned(), spot: Some(Box::new(spot)) };
    Problem::error(format!("the byte 0x{:02x} is not UTF-8 text", bytes[valid]), "save the file as UTF-8").at(place)
}
