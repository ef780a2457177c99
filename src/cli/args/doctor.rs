//! What can be typed after `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::rig::private::Store;

/// A format that `doctor` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "human")]
    pub(crate) format: DoctorFormat,
    /// Remove what dead runs left (root); without it nothing is changed
    #[arg(long)]
    pub(crate) clean: bool,
    /// Start a private engine for real, and remove it again (root)
    #[arg(long)]
    pub(crate) r#try: bool,
    /// The dockerd binary for the private engine
    #[arg(long, value_name = "PATH")]
    pub(crate) dockerd: Option<PathBuf>,
    /// A root file system with an engine of its own for the private engine, such as scripts/engine-root.sh makes
    #[arg(long, value_name = "DIR", conflicts_with = "dockerd")]
    pub(crate) engine_root: Option<PathBuf>,
    /// With --try: how that engine keeps images
    #[arg(long, value_enum, default_value = "classic", requires = "try")]
    pub(crate) store: StoreArg,
}

/// How an engine keeps images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreArg {
    /// Docker's own, with overlay2
    Classic,
    /// The one of containerd (Engine 24 or newer)
    Containerd,
}

impl StoreArg {
    /// As the rig takes it.
    pub(crate) const fn store(self) -> Store {
        match self {
            Self::Classic => Store::Classic,
            Self::Containerd => Store::Containerd,
        }
    }
}
