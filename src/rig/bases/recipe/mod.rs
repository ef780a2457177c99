//! The table of stand-ins: for each published tag, how it is made again and how near that comes. One file per family.

mod buildpack;
mod debian;
mod golang;
mod java;
mod nginx;
mod node;
mod python;
mod small;

use std::sync::LazyLock;

use crate::units;

/// How a published base image is made again from packages, and how far the result may be from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// The published name: `golang:1.23`.
    pub name: &'static str,
    /// The recipes whose images it is built on, nearest last.
    pub parents: &'static [&'static str],
    /// How it is made.
    pub method: Method,
    /// Platforms it can be made for: `linux/amd64`.
    pub platforms: &'static [&'static str],
    /// The image it stands in for.
    pub published: Published,
    /// Largest distance of the stand-in's compressed size from the published one, percent.
    pub limit_percent: f64,
    /// What is not as in the published image, each a sentence fragment.
    pub differs: &'static [&'static str],
    /// The commands by which a Dockerfile installs packages in it: `apt-get`.
    pub package_managers: &'static [&'static str],
    /// What is looked up inside for the record: a word, and the file whose first line holds its version.
    pub versions: &'static [(&'static str, &'static str)],
}

/// How a stand-in is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// A Debian root file system from the packages of a suite, by mmdebstrap.
    DebianRoot {
        /// `bookworm`.
        suite: &'static str,
        /// Packages beyond the minimal set.
        include: &'static [&'static str],
        /// Shell script run as `hook.sh setup ROOT` and `hook.sh customize ROOT`.
        hook: &'static str,
        /// Modification times after this one are set to it, seconds since 1970.
        epoch: u64,
        /// Dockerfile lines for the image's configuration.
        changes: &'static [&'static str],
    },
    /// A Dockerfile without a context, which makes a root file system anew in one layer: compressed as published roots are.
    SlimRoot(&'static str),
    /// A Dockerfile without a context.
    Dockerfile(&'static str),
}

impl Recipe {
    /// How near an image of `bytes` compressed bytes comes: `302.1 MB, 0.996 of the published 303.3 MB`.
    pub fn nearness(&self, bytes: u64) -> String {
        let ratio = bytes as f64 / self.published.bytes as f64;
        let far = if (ratio - 1.0).abs() * 100.0 > self.limit_percent { ", beyond its limit" } else { "" };
        format!("{}, {ratio:.3} of the published {}{far}", units::bytes(bytes), units::bytes(self.published.bytes))
    }
}

impl Method {
    /// The texts that decide what is made; a change of any of them makes another image.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::DebianRoot { suite, include, hook, epoch, changes } => {
                vec![(*suite).to_owned(), include.join(","), (*hook).to_owned(), epoch.to_string(), changes.join("\n")]
            }
            Self::SlimRoot(text) | Self::Dockerfile(text) => vec![(*text).to_owned()],
        }
    }
}

/// A published image, as its compressed size was read on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Σ compressed layers for linux/amd64, without configuration, manifest and attestations.
    pub bytes: u64,
    /// The day its newest layer was made: `2025-04-28`.
    pub date: &'static str,
    /// The version behind the tag on that day.
    pub version: &'static str,
}

/// Packages as of the day of the build: said of every recipe that installs any.
const NEWER_PACKAGES: &str = "packages are of the day it was built, not of the published date";
const EXTRA_CERTIFICATES: &str = "carries this machine's extra CA certificates, if there are any";
const DEBIAN_VERSION: (&str, &str) = ("debian", "etc/debian_version");
/// What every recipe has that this machine's package archives can serve.
const PLATFORMS: &[&str] = &["linux/amd64"];
/// What installs packages in a Debian image.
const APT: &[&str] = &["apt-get", "apt"];

/// Families in the order of the table; within a family, and between them, parents stand before what is built on them.
static RECIPES: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
    let families = [
        debian::RECIPES,
        buildpack::RECIPES,
        golang::RECIPES,
        node::RECIPES,
        python::RECIPES,
        java::RECIPES,
        nginx::RECIPES,
        small::RECIPES,
        node::ON_ALPINE,
    ];
    families.concat()
});

/// All recipes; parents stand before what is built on them.
pub fn recipes() -> &'static [Recipe] {
    &RECIPES
}
