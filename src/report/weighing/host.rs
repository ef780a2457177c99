//! Facts about the host that an image is on: shown on request, never gated, never compared.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::data::SizeReport;
use crate::measure::HostFact;

/// What the image takes on this host, and beside what else is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostReport {
    /// Every fact by its id.
    pub facts: BTreeMap<HostFact, SizeReport>,
    /// The file system whose blocks the unpacked usage counts, where it is known.
    pub file_system: Option<String>,
}

impl HostReport {
    /// Adds a fact, or why it cannot be had.
    pub fn set(&mut self, fact: HostFact, found: Result<u64, String>) {
        let definition = Some(fact.definition().to_owned());
        let size = match found {
            Ok(value) => SizeReport::Known { value, unit: fact.unit(), definition },
            Err(unavailable) => SizeReport::Unavailable { unavailable, definition },
        };
        self.facts.insert(fact, size);
    }

    /// What a fact is, in a few words.
    pub(super) fn about(&self, fact: HostFact) -> String {
        match (fact, &self.file_system) {
            (HostFact::UnpackedUsage, Some(file_system)) => format!("{} on {file_system}", fact.about()),
            _ => fact.about().to_owned(),
        }
    }
}
