//! Image configurations: OCI image spec 1.1, config.md, which Docker's form agrees with.

use serde::Deserialize;

use super::{Digest, ImageError};
use crate::dockerfile::HistoryLine;

/// The most that is read of a configuration: 16 MiB, far beyond what the history of 127 layers takes.
pub const MAX_CONFIG_BYTES: u64 = 16 << 20;

/// An image configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageConfig {
    /// `os/architecture`.
    pub platform: String,
    /// One for each layer, lowest first.
    pub diff_ids: Vec<Digest>,
    /// `created_by` of every history line that made a layer, lowest first, exactly as the image says it: not fit for a
    /// terminal. As many as `diff_ids`; `None` where history does not tell, and all `None` where its lines do not match the layers.
    pub created_by: Vec<Option<String>>,
    /// All history lines, lowest first, those without a layer too.
    pub history: Vec<HistoryLine>,
}

#[derive(Deserialize)]
struct RawConfig {
    os: String,
    architecture: String,
    rootfs: RawRootfs,
    #[serde(default)]
    history: Option<Vec<RawHistory>>,
}

#[derive(Deserialize)]
struct RawRootfs {
    #[serde(rename = "type")]
    kind: String,
    // Go writes an absent list as null: an image without layers has one.
    diff_ids: Option<Vec<Digest>>,
}

#[derive(Deserialize)]
struct RawHistory {
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

impl ImageConfig {
    /// Reads a configuration.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let length = bytes.len() as u64;
        if length > MAX_CONFIG_BYTES {
            return Err(ImageError::TooLarge { what: "configuration", bytes: length, limit: MAX_CONFIG_BYTES });
        }
        let raw: RawConfig = serde_json::from_slice(bytes).map_err(|source| ImageError::Malformed { what: "configuration", source })?;
        if raw.rootfs.kind != "layers" {
            let why = format!("has a root file system of type '{}' where 'layers' belongs", raw.rootfs.kind.escape_debug());
            return Err(ImageError::Invalid { what: "configuration", why });
        }
        let diff_ids = raw.rootfs.diff_ids.unwrap_or_default();
        let line = |line: RawHistory| HistoryLine { created_by: line.created_by, empty: line.empty_layer };
        let history: Vec<HistoryLine> = raw.history.unwrap_or_default().into_iter().map(line).collect();
        let created_by = created_by(&history, diff_ids.len());
        Ok(Self { platform: platform(&raw.os, &raw.architecture)?, diff_ids, created_by, history })
    }
}

/// Both are words of the Go tool chain (`GOOS`, `GOARCH`); they end up in tables.
fn platform(os: &str, architecture: &str) -> Result<String, ImageError> {
    let word = |text: &str| !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if word(os) && word(architecture) {
        return Ok(format!("{os}/{architecture}"));
    }
    Err(ImageError::Invalid { what: "configuration", why: "names no platform".to_owned() })
}

fn created_by(history: &[HistoryLine], layers: usize) -> Vec<Option<String>> {
    let told: Vec<_> = history.iter().filter(|line| !line.empty).map(|line| line.created_by.clone()).collect();
    if told.len() == layers { told } else { vec![None; layers] }
}
