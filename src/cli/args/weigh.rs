//! What can be typed after `weigh`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `weigh`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is typed or not")]
pub(crate) struct WeighArgs {
    /// Which image
    #[arg(
        value_name = "IMAGE",
        help = "A name or id that the engine knows, or engine:NAME, registry:REF, docker-archive:PATH[:NAME], oci:DIR[:NAME], oci-archive:PATH[:NAME]"
    )]
    pub(crate) image: String,
    /// Say how it differs from this image: sizes, files, and what an update moves
    #[arg(long, value_name = "IMAGE", conflicts_with = "files")]
    pub(crate) against: Option<String>,
    /// Split it at this base image
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<String>,
    /// Name the line of this Dockerfile behind every layer that it made
    #[arg(long, value_name = "DOCKERFILE")]
    pub(crate) file: Option<PathBuf>,
    /// The stage of --file that was built; the last one when not given
    #[arg(long, value_name = "STAGE", requires = "file")]
    pub(crate) target: Option<String>,
    /// Which platform of an image for several: linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    /// List every path of every layer instead: layer, bytes, kind, what became of it
    #[arg(long)]
    pub(crate) files: bool,
    /// Add what it takes on this host: disk blocks, archive, what other images here share
    #[arg(long, conflicts_with = "files")]
    pub(crate) host_facts: bool,
    /// Do not use what is known of layers from before
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Hash every byte: also of layers that are known from before, and of those that an engine's store vouches for
    #[arg(long)]
    pub(crate) verify: bool,
    /// Of a docker archive in a plain file with plain layers, take its word for what the layers hash to, and read headers alone
    #[arg(long, conflicts_with = "verify")]
    pub(crate) no_verify: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: WeighFormat,
}

/// A format that `weigh` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeighFormat {
    /// For people
    Terminal,
    /// For a comment on a change: totals first
    Markdown,
    /// One figure a row, in exact bytes
    Csv,
    /// Everything, as JSON
    Json,
}
