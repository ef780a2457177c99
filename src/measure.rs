//! What is measured: the name, unit and definition of every quantity.
//!
//! Every size in a table, a field, a flag or a chart is one of these and is printed with its name; there is no measure
//! called just "size". The definitions D1 to D10 are in `docs/sizes.md`.

mod host_fact;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use host_fact::HostFact;

/// A quantity that a trial can yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// D2: layer transfer size + config bytes + manifest bytes.
    TransferSize,
    /// D1: Σ `manifest.layers[].size`, one platform.
    LayerTransferSize,
    /// D3: Σ bytes of each layer's tar, what its `diff_id` hashes.
    UncompressedSize,
    /// D9: bytes of the regular files and symbolic link targets that are left once all layers are laid over each other.
    LiveSize,
    /// The part of D3 above the base image.
    AppSize,
    /// D4 as a classic store counts that pulled or loaded the image, computed from the layers.
    ClassicSize,
    /// D4 as a classic store counts that built the image, computed from the layers.
    ClassicSizeBuilt,
    /// What the engine's image inspection said, with the engine's store beside it.
    ReportedSize,
    /// Number of layers in the manifest.
    LayerCount,
    /// Paths in the final file system that are no folders.
    FileCount,
    /// D10: what a host that has the image before a change must fetch, the manifest apart; in two forms.
    DeltaTransferSize,
    /// Bytes of the tar sent to the builder after `.dockerignore`.
    ContextSize,
    /// Payload that servers sent to the build's RUN steps, as loadline's proxy counted it.
    BuildDownload,
    /// Wall time of the build call, context upload included.
    BuildTime,
    /// Wall time of the push call to an empty repository.
    PushTime,
    /// Wall time of the pull call on an engine that has none of the layers.
    PullTime,
    /// From before the container is asked for until its first good answer to the smoke check, which is asked for every 10 ms.
    StartTime,
    /// Σ `RssAnon` of the container's processes at that answer.
    AnonymousMemory,
}

/// The unit of a measure's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes; values are whole numbers.
    Bytes,
    /// Seconds on a monotonic clock.
    Seconds,
    /// A plain count.
    #[serde(rename = "1")]
    One,
}

impl Unit {
    /// The unit as written in CSV: `bytes`, `seconds`, `1`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
            Self::One => "1",
        }
    }
}

/// Whether repeating a trial can change a measure's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The same image gives the same value: compared as integers.
    Exact,
    /// Every trial gives another value: compared by interval against noise.
    Sampled,
}

impl Measure {
    /// All measures, in the order tables show them.
    pub const ALL: [Self; 18] = [
        Self::TransferSize,
        Self::LayerTransferSize,
        Self::UncompressedSize,
        Self::LiveSize,
        Self::AppSize,
        Self::ClassicSize,
        Self::ClassicSizeBuilt,
        Self::ReportedSize,
        Self::LayerCount,
        Self::FileCount,
        Self::DeltaTransferSize,
        Self::ContextSize,
        Self::BuildDownload,
        Self::BuildTime,
        Self::PushTime,
        Self::PullTime,
        Self::StartTime,
        Self::AnonymousMemory,
    ];

    /// What an image as a whole is weighed by, in the order tables show it: the first ten of [`Self::ALL`].
    pub const OF_AN_IMAGE: &'static [Self] = Self::ALL.split_at(10).0;

    /// The stable name: `transfer-size`. The same text serde writes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::TransferSize => "transfer-size",
            Self::LayerTransferSize => "layer-transfer-size",
            Self::UncompressedSize => "uncompressed-size",
            Self::LiveSize => "live-size",
            Self::AppSize => "app-size",
            Self::ClassicSize => "classic-size",
            Self::ClassicSizeBuilt => "classic-size-built",
            Self::ReportedSize => "reported-size",
            Self::LayerCount => "layer-count",
            Self::FileCount => "file-count",
            Self::DeltaTransferSize => "delta-transfer-size",
            Self::ContextSize => "context-size",
            Self::BuildDownload => "build-download",
            Self::BuildTime => "build-time",
            Self::PushTime => "push-time",
            Self::PullTime => "pull-time",
            Self::StartTime => "start-time",
            Self::AnonymousMemory => "anonymous-memory",
        }
    }

    /// The name for a table heading or a chart title, without the unit.
    pub const fn title(self) -> &'static str {
        match self {
            Self::TransferSize => "transfer size",
            Self::LayerTransferSize => "layer transfer size",
            Self::UncompressedSize => "uncompressed size",
            Self::LiveSize => "live size",
            Self::AppSize => "app size",
            Self::ClassicSize => "classic size",
            Self::ClassicSizeBuilt => "classic size as built",
            Self::ReportedSize => "reported size",
            Self::LayerCount => "layer count",
            Self::FileCount => "file count",
            Self::DeltaTransferSize => "delta transfer size",
            Self::ContextSize => "context size",
            Self::BuildDownload => "build download",
            Self::BuildTime => "build time",
            Self::PushTime => "push time",
            Self::PullTime => "pull time",
            Self::StartTime => "start time",
            Self::AnonymousMemory => "anonymous memory",
        }
    }

    /// The unit of the values.
    pub const fn unit(self) -> Unit {
        match self {
            Self::LayerCount | Self::FileCount => Unit::One,
            Self::BuildTime | Self::PushTime | Self::PullTime | Self::StartTime => Unit::Seconds,
            _ => Unit::Bytes,
        }
    }

    /// Whether values are exact or sampled.
    pub const fn kind(self) -> Kind {
        match (self, self.unit()) {
            (Self::BuildDownload | Self::AnonymousMemory, _) | (_, Unit::Seconds) => Kind::Sampled,
            (_, Unit::Bytes | Unit::One) => Kind::Exact,
        }
    }

    /// The size definition's number in `docs/sizes.md`, where the measure is one of those.
    pub const fn definition(self) -> Option<&'static str> {
        match self {
            Self::LayerTransferSize => Some("D1"),
            Self::TransferSize => Some("D2"),
            Self::UncompressedSize => Some("D3"),
            Self::ClassicSize => Some("D4"),
            Self::ClassicSizeBuilt => Some("D4-built"),
            Self::LiveSize => Some("D9"),
            _ => None,
        }
    }

    /// The measure that people may mean by `text`, which is no measure's name: one by its definition, or `layers`.
    pub fn meant(text: &str) -> Option<Self> {
        let is = |measure: &Self| measure.definition().is_some_and(|known| known.eq_ignore_ascii_case(text));
        if text == "layers" { Some(Self::LayerCount) } else { Self::ALL.into_iter().find(is) }
    }

    /// The definition that a size computed from an engine's export follows, where another compressor than the engine's
    /// makes it another number. Never compared with a pushed one.
    pub const fn computed_definition(self) -> Option<&'static str> {
        match self {
            Self::LayerTransferSize => Some("D1-computed"),
            Self::TransferSize => Some("D2-computed"),
            _ => self.definition(),
        }
    }

    /// What the measure is, in one sentence for a legend.
    pub const fn about(self) -> &'static str {
        match self {
            Self::TransferSize => "compressed layers + config + manifest: what a first pull moves",
            Self::LayerTransferSize => "compressed layers alone, as registries list them",
            Self::UncompressedSize => "bytes of the layers' tar streams: the same on every engine",
            Self::LiveSize => "files that are left once upper layers have deleted or replaced what is below",
            Self::AppSize => "the part of the uncompressed size above the base image",
            Self::ClassicSize => "files of every layer, symbolic links by their targets: `docker images` of a classic store that pulled it",
            Self::ClassicSizeBuilt => "files of every layer without symbolic links: `docker images` of the classic store that built it",
            Self::ReportedSize => "what the engine says; depends on its store",
            Self::LayerCount => "layers in the manifest",
            Self::FileCount => "paths in the final file system that are no folders",
            Self::DeltaTransferSize => "what a host with the image before a change must fetch, the manifest apart",
            Self::ContextSize => "tar sent to the builder after .dockerignore",
            Self::BuildDownload => "what servers sent to the build's RUN steps, TLS and HTTP included",
            Self::BuildTime => "wall time of the build call",
            Self::PushTime => "wall time of a push: cold to an empty registry, else of what it lacks",
            Self::PullTime => "wall time of a pull: cold onto an engine without any of the layers, else of what it lacks",
            Self::StartTime => "from before the container is asked for until its first good answer; asked every 10 ms",
            Self::AnonymousMemory => "memory of the container's processes at that answer that no file backs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_what_serde_writes() {
        for measure in Measure::ALL {
            let written = serde_json::to_value(measure).expect("a unit variant serialises");
            assert_eq!(written, measure.id());
        }
    }

    #[test]
    fn only_sizes_that_depend_on_the_compressor_have_a_definition_of_their_own_when_computed() {
        let differ: Vec<&str> = Measure::ALL.into_iter().filter(|m| m.computed_definition() != m.definition()).map(Measure::id).collect();
        assert_eq!(differ, ["transfer-size", "layer-transfer-size"]);
    }

    #[test]
    fn an_image_is_weighed_by_all_that_comes_before_what_is_measured_of_a_build() {
        assert_eq!(Measure::OF_AN_IMAGE.last(), Some(&Measure::FileCount));
        assert_eq!(Measure::ALL[Measure::OF_AN_IMAGE.len()], Measure::DeltaTransferSize);
    }

    #[test]
    fn no_measure_is_called_just_size() {
        assert!(Measure::ALL.iter().all(|m| m.title() != "size" && m.id() != "size"));
    }
}
