//! What can go wrong with a build context.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::dockerfile::IgnoreError;

/// Why a context could not be planned or written.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The root of the context is not a folder that can be read.
    #[error("cannot use {path} as a build context; name a folder that can be read")]
    Root {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The Dockerfile is missing, not a file, or too large.
    #[error("cannot read the Dockerfile {path}; name a file of at most 1 MiB that can be read")]
    Dockerfile {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// Paths of the context cannot be read; all of them.
    #[error(
        "cannot read {} of the build context: {}; make them readable (chmod u+r, for folders u+rx) or leave them out in .dockerignore",
        count(.0.len()),
        list(.0)
    )]
    Unreadable(Vec<Unreadable>),
    /// A file could not be read while it was sent.
    #[error("cannot read {path}; a build context must be readable as a whole, or leave the path out in .dockerignore")]
    Read {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// `.dockerignore` holds a pattern that is not understood.
    #[error("cannot use {path}; correct the pattern")]
    Ignore {
        /// Which file.
        path: PathBuf,
        /// Which line, and what is wrong.
        #[source]
        source: IgnoreError,
    },
    /// A file changed between planning and sending, or while it was sent.
    #[error(
        "{path} changed while the build context was sent (planned {planned} B, found {found}); stop what writes to it, or leave it out in .dockerignore"
    )]
    Changed {
        /// Which.
        path: PathBuf,
        /// Its size when the context was planned.
        planned: u64,
        /// What was found instead.
        found: String,
    },
    /// A file that is to be edited is not one of the context.
    #[error("the build context has no file {path}; name one that exists and that .dockerignore does not leave out")]
    NotInContext {
        /// Relative to the root.
        path: PathBuf,
    },
    /// The tar could not be handed on.
    #[error("the build context could not be sent; see what the engine says")]
    Write(#[source] io::Error),
}

/// A path that cannot be read, with the reason.
#[derive(Debug)]
pub struct Unreadable {
    /// Absolute.
    pub path: PathBuf,
    /// The operating system's error.
    pub source: io::Error,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.source)
    }
}

/// How many unreadable paths a message names.
const NAMED: usize = 10;

fn count(paths: usize) -> String {
    if paths == 1 { "a path".to_owned() } else { format!("{paths} paths") }
}

fn list(paths: &[Unreadable]) -> String {
    let mut names: Vec<String> = paths.iter().take(NAMED).map(ToString::to_string).collect();
    if paths.len() > NAMED {
        names.push(format!("and {} more", paths.len() - NAMED));
    }
    names.join(", ")
}
