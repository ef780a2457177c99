//! What a Dockerfile says, and what its build is given: stages and their graph, steps with lines, `FROM` references,
//! `.dockerignore`, and the build context as a reproducible tar.
//!
//! Owns no state and talks to no engine. Reads files of the context only when a [`Context`] is planned or written.

mod announce;
mod context;
mod expand;
mod graph;
mod heredoc;
mod ignore;
mod layers;
mod packages;
mod parse;
mod variables;
mod vertex;

pub use announce::{Announced, HealthUrl};
pub use context::{BuilderKind, Context, ContextEntry, ContextError, EntryKind, Unreadable};
pub use ignore::{Ignore, IgnoreError};
pub use layers::{HistoryLine, Line};
pub use packages::{PackageManager, PackageManagerCall};
pub use parse::{BaseReference, Dockerfile, DockerfileError, Stage, Step, StepKind, VariantKind};
pub use variables::{NamedBy, Variable};
