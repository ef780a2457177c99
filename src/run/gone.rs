//! What a run cannot go on without, and its last words.

use std::net::SocketAddr;
use std::path::Path;

use crate::record::LAST_LINES;
use crate::rig::{EngineError, private};

use super::stop::chain;

/// How many of a private engine's last lines are kept.
const LOG_LINES: usize = 20;

/// What went away in the middle of a run, so that no further trial could run.
#[derive(Debug, thiserror::Error)]
pub enum Gone {
    /// A private engine. Its log goes with it, so that its end is quoted here.
    #[error("a private engine went away during {cause}; run again, and if it stays see why it ended{LAST_LINES}its log:\n{log}")]
    Private {
        /// What was under way, and how the connection ended.
        cause: String,
        /// The last lines of its log, indented.
        log: String,
    },
    /// The user's own engine.
    #[error(transparent)]
    Host(EngineError),
    /// Loadline's own registry.
    #[error("the registry at {address} stopped during {action}; run again, and report this if it stays")]
    Registry {
        /// Where it listened.
        address: SocketAddr,
        /// `the push`, `the pull`.
        action: &'static str,
    },
    /// The shaped link before it.
    #[error("the link at {address} stopped during {action}; run again, and report this if it stays")]
    Link {
        /// Where it listened.
        address: SocketAddr,
        /// `the push`, `the pull`.
        action: &'static str,
    },
    /// The proxy through which builds fetch.
    #[error("the build proxy at {address} stopped during a build; run again, and report this if it stays")]
    Proxy {
        /// Where it listened.
        address: SocketAddr,
    },
}

impl Gone {
    /// What an engine's fatal error means, on a bench of private engines or on the user's own.
    pub(super) fn engine(error: EngineError, private: bool) -> Self {
        match error {
            EngineError::Lost { endpoint, action, log, source } if private => {
                let lines = private::log_tail(Path::new(&log), LOG_LINES);
                Self::Private { cause: format!("{action} at {endpoint} ({})", chain(source.as_ref())), log: lines }
            }
            error => Self::Host(error),
        }
    }

    /// Whether it was an engine.
    pub const fn is_engine(&self) -> bool {
        matches!(self, Self::Private { .. } | Self::Host(_))
    }

    /// In two words: `the engine`, `the registry`, `the link`, `the build proxy`.
    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Private { .. } | Self::Host(_) => "the engine",
            Self::Registry { .. } => "the registry",
            Self::Link { .. } => "the link",
            Self::Proxy { .. } => "the build proxy",
        }
    }
}
