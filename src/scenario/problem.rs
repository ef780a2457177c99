//! Problems in what a user wrote, each with its place and its cure.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can run.
    Error,
    /// Worth a look.
    Warning,
}

/// One problem, pointing at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What the user can do about it; may have several lines.
    pub cure: String,
    /// Where; `None` for what was said on the command line.
    pub place: Option<Place>,
    /// Other places that belong to it.
    pub related: Vec<Related>,
}

/// A file, and a spot in it where one is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file or folder as the user would name it.
    pub path: PathBuf,
    /// Where in the file.
    pub spot: Option<Box<Spot>>,
}

/// A stretch of one line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Bytes of the file; never beyond its end.
    pub span: Range<usize>,
    /// What to show of the line; `None` where it is too long to find anything in it.
    pub excerpt: Option<Excerpt>,
}

/// A line with a mark in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line without its end.
    pub text: String,
    /// The marked part of `text`, in bytes, on character boundaries.
    pub mark: Range<usize>,
}

/// A second place of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// What is there.
    pub label: String,
    /// Where.
    pub place: Place,
}

impl Problem {
    /// An error without a place.
    pub fn error(message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), cure: cure.into(), place: None, related: Vec::new() }
    }

    /// A warning without a place.
    pub fn warning(message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message, cure) }
    }

    /// The same, at `place`.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same, with one more place that belongs to it.
    #[must_use]
    pub fn with(mut self, label: impl Into<String>, place: Place) -> Self {
        self.related.push(Related { label: label.into(), place });
        self
    }
}

impl Excerpt {
    /// In bytes. A longer line is usually written by a program.
    const LONGEST_LINE: usize = 2_000;

    /// The line if it is short enough to be shown.
    pub(super) fn of(text: &str, mark: Range<usize>) -> Option<Self> {
        (text.len() <= Self::LONGEST_LINE).then(|| Self { text: text.to_owned(), mark })
    }
}

impl Place {
    /// A whole file or folder.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), spot: None }
    }
}

/// All problems of all files, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether at least one keeps everything from running.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All problems for a terminal, each with its source line, the mark under it and the cure, an empty line between
    /// them, ended by a line end; with ANSI styles when `color`. Control characters of the files are shown, never sent.
    pub fn render(&self, color: bool) -> String {
        super::render::render(&self.0, color)
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Problems {}
