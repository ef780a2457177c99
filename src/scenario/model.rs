//! The checked form of a `scenario.toml`: what the rest of the program works with.
//!
//! Invariants: names are unique within a scenario and safe as parts of image names; every Dockerfile exists and parses;
//! the smoke port is not zero.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::budget::Budget;
use crate::dockerfile::VariantKind;

/// An app with its variants.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Unique among the scenarios of a run; lower-case letters, digits and single dashes.
    pub name: String,
    /// What the app is written in; decides nothing, groups tables.
    pub language: Language,
    /// The folder that holds the app: the build context, absolute.
    pub root: PathBuf,
    /// In the order of the file; at least one.
    pub variants: Vec<Variant>,
    /// How to prove that a variant works.
    pub smoke: Smoke,
    /// Changes after which every variant is built once more, in the order of the file.
    pub edits: Vec<Edit>,
    /// What figures of the variants may be at most, in the order of the file.
    pub budgets: Vec<Budget>,
    /// Whether there was a `scenario.toml` or the folder was taken as it is.
    pub from_file: bool,
}

/// The language of an app, as tables group it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(pub String);

/// One Dockerfile + target + build args.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Unique within the scenario; the same alphabet as scenario names.
    pub name: String,
    /// Single-stage or multi-stage, derived from the Dockerfile, never typed in.
    pub kind: VariantKind,
    /// The Dockerfile, absolute.
    pub dockerfile: PathBuf,
    /// `--target`; `None` is the last stage.
    pub target: Option<String>,
    /// `--build-arg`s.
    pub build_args: BTreeMap<String, String>,
    /// Which of the engine's two builders.
    pub builder: Builder,
    /// What is meant to happen.
    pub expect: Expectation,
}

impl Variant {
    /// The Dockerfile's path relative to the context root, for messages and build requests.
    pub fn dockerfile_in<'a>(&'a self, root: &Path) -> &'a Path {
        self.dockerfile.strip_prefix(root).unwrap_or(&self.dockerfile)
    }
}

/// A change to the app after which it is built once more, with everything before it in the builder's cache. It is made to what is
/// sent to the builder, never to the files on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Unique within the scenario; the same alphabet as scenario names.
    pub name: String,
    /// What is changed.
    pub change: Change,
}

/// What an edit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// One text in one file.
    Text {
        /// Relative to the app's folder.
        file: PathBuf,
        /// What is there exactly once.
        find: String,
        /// What takes its place.
        replace: String,
    },
    /// Whole files.
    Folder {
        /// The folder that holds them, absolute. It is no part of any build context.
        path: PathBuf,
        /// Relative to that folder and to the app's; sorted.
        files: Vec<PathBuf>,
    },
}

/// The builder inside the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builder {
    /// `BuildKit` (`version=2`).
    #[default]
    BuildKit,
    /// The classic builder (`version=1`).
    Classic,
}

/// What a variant is meant to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expectation {
    /// Build and pass its smoke check.
    #[default]
    Success,
    /// Fail to build.
    BuildFailure,
    /// Build, then fail its smoke check.
    SmokeFailure,
}

/// Whether and how a scenario proves that its variants work.
#[derive(Clone, Debug, PartialEq)]
pub enum Smoke {
    /// By these requests.
    Check(SmokeCheck),
    /// Not, and the scenario says why: numbers are `Unverified`, but were meant to be.
    Waived {
        /// In the user's words; never empty.
        reason: String,
    },
    /// Nothing was said: numbers are `Unverified`.
    Unsaid,
}

impl Smoke {
    /// The check, if there is one.
    pub fn check(&self) -> Option<&SmokeCheck> {
        match self {
            Self::Check(check) => Some(check),
            Self::Waived { .. } | Self::Unsaid => None,
        }
    }
}

/// Requests from outside that a working container answers.
#[derive(Clone, Debug, PartialEq)]
pub struct SmokeCheck {
    /// The port inside the container; not 0.
    pub port: u16,
    /// How long from the container's start until the first good answer to `ready`.
    pub timeout: Duration,
    /// Sent again and again until it is answered as wanted or `timeout` is over: the app is then ready.
    pub ready: SmokeRequest,
    /// Sent once each, in this order, after `ready` was answered; each must be answered as wanted.
    pub requests: Vec<SmokeRequest>,
    /// Environment variables of the container, beside those of the image.
    pub env: BTreeMap<String, String>,
    /// What the container runs instead of the image's `CMD`; never empty.
    pub command: Option<Vec<String>>,
}

/// One request and the answer a working app gives.
#[derive(Clone, Debug, PartialEq)]
pub struct SmokeRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, starting with `/`; printable ASCII without spaces.
    pub path: String,
    /// Request body, sent as `application/json` when it parses as JSON.
    pub body: Option<String>,
    /// The status a working app answers with; 200 to 599.
    pub status: u16,
    /// What the answer's body must hold, if anything.
    pub expect: Option<SmokeExpect>,
}

/// What an answer's body must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum SmokeExpect {
    /// This text, anywhere.
    Text(String),
    /// This JSON value: objects may have more keys, everything else is equal.
    Json(serde_json::Value),
}
