//! Exit codes: one enum, one page (`docs/exit-codes.md`), one meaning for each number.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// A limit does not hold, on complete data.
    Verdict,
    /// The command line, a scenario or another file of the user's is wrong, or stdout takes no more.
    Usage,
    /// Some variant was not built, not verified or skipped.
    Incomplete,
    /// An engine or a registry cannot be reached or went away.
    Engine,
    /// A record is missing, incompatible or not comparable.
    Record,
    /// A fault of loadline's own.
    Internal,
    /// Stopped by the user.
    Interrupted,
}

impl Exit {
    /// Every way to end, by number.
    pub const ALL: [Self; 8] =
        [Self::Ok, Self::Verdict, Self::Usage, Self::Incomplete, Self::Engine, Self::Record, Self::Internal, Self::Interrupted];

    /// The number that the operating system sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Verdict => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Engine => 4,
            Self::Record => 5,
            Self::Internal => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error with the exit code that it means.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What is said about it, with its sources.
    pub error: Box<dyn std::error::Error + Send + Sync>,
    /// Whether the text is laid out for a terminal already and says itself that it is an error.
    rendered: bool,
}

impl Failure {
    /// An error of the given kind.
    pub fn new(exit: Exit, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), rendered: false }
    }

    /// Problems as they are shown on a terminal, each with its own `error:`.
    pub fn rendered(exit: Exit, text: &str) -> Self {
        Self { exit, error: text.trim_end().into(), rendered: true }
    }

    /// What the program says last.
    pub fn last_words(&self) -> String {
        if self.rendered { self.chain() } else { format!("error: {}", self.chain()) }
    }

    /// The error and its sources, one line each; a source whose text its parent already carries is left out.
    pub fn chain(&self) -> String {
        let mut text = self.error.to_string();
        let mut source = self.error.source();
        while let Some(error) = source {
            let line = error.to_string();
            if !text.contains(&line) {
                text.push_str("\n  because: ");
                text.push_str(&line);
            }
            source = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_has_a_number_of_its_own() {
        assert!(Exit::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
    }

    #[test]
    fn a_chain_says_each_cause_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read x: {source}")]
        struct Outer {
            source: std::io::Error,
        }
        let failure = Failure::new(Exit::Usage, Outer { source: std::io::Error::other("it is a folder") });
        assert_eq!(failure.chain(), "cannot read x: it is a folder");
    }
}
