//! Facts about the host that an image is on: a type of their own, so that nothing can gate on one or compare it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unit;

/// What an image takes on one host: D5 to D8. The same image has other ones on another host, or tomorrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostFact {
    /// D5: Σ `st_blocks` × 512 of all that is unpacked, folders included, a hard link's target once.
    UnpackedUsage,
    /// D6: stored blobs and unpacked snapshots of all platforms in a containerd store.
    DiskUsage,
    /// D7: bytes of the archive that `docker save` writes.
    ArchiveSize,
    /// D8: bytes of the layers that other local images have too, as the store counts a layer.
    SharedSize,
    /// D8: bytes of the layers that no other local image has.
    UniqueSize,
    /// D8: local images with at least the lowest layer in common.
    SharingImages,
}

impl HostFact {
    /// All facts, in the order tables show them.
    pub const ALL: [Self; 6] =
        [Self::UnpackedUsage, Self::DiskUsage, Self::ArchiveSize, Self::SharedSize, Self::UniqueSize, Self::SharingImages];

    /// The stable name: `unpacked-usage`. The same text serde writes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::UnpackedUsage => "unpacked-usage",
            Self::DiskUsage => "disk-usage",
            Self::ArchiveSize => "archive-size",
            Self::SharedSize => "shared-size",
            Self::UniqueSize => "unique-size",
            Self::SharingImages => "sharing-images",
        }
    }

    /// The name for a table, without the unit.
    pub const fn title(self) -> &'static str {
        match self {
            Self::UnpackedUsage => "unpacked usage",
            Self::DiskUsage => "disk usage",
            Self::ArchiveSize => "archive size",
            Self::SharedSize => "shared size",
            Self::UniqueSize => "unique size",
            Self::SharingImages => "sharing images",
        }
    }

    /// The unit of the values.
    pub const fn unit(self) -> Unit {
        match self {
            Self::SharingImages => Unit::One,
            _ => Unit::Bytes,
        }
    }

    /// The definition's number in `docs/sizes.md`.
    pub const fn definition(self) -> &'static str {
        match self {
            Self::UnpackedUsage => "D5",
            Self::DiskUsage => "D6",
            Self::ArchiveSize => "D7",
            Self::SharedSize | Self::UniqueSize | Self::SharingImages => "D8",
        }
    }

    /// What the fact is, in a few words for a legend.
    pub const fn about(self) -> &'static str {
        match self {
            Self::UnpackedUsage => "disk blocks of the unpacked layers",
            Self::DiskUsage => "stored blobs and unpacked layers",
            Self::ArchiveSize => "what `docker save` writes",
            Self::SharedSize => "in layers that other images here have too",
            Self::UniqueSize => "in layers that no other image here has",
            Self::SharingImages => "other images here with the same lowest layers",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;

    #[test]
    fn the_id_is_what_serde_writes() {
        for fact in HostFact::ALL {
            assert_eq!(serde_json::to_value(fact).expect("a unit variant serialises"), fact.id());
        }
    }

    #[test]
    fn no_fact_about_a_host_shares_its_name_or_definition_with_a_measure_of_an_image() {
        for fact in HostFact::ALL {
            let same = |measure: &Measure| measure.id() == fact.id() || measure.definition() == Some(fact.definition());
            assert!(!Measure::ALL.iter().any(same), "{}", fact.id());
        }
    }
}
