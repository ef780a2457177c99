//! Extended headers, which speak about the entry that follows: pax, GNU's long names, and global ones.

use super::header::{Flag, Header};
use super::pax::Records;
use super::{TarKind, until_nul};

/// What extended headers say about the next entry.
#[derive(Debug, Default)]
pub(super) struct Extended {
    /// GNU's long names; empty where there are none.
    name: Vec<u8>,
    link: Vec<u8>,
    pub(super) pax: Records,
}

impl Extended {
    /// Takes a complete extended header, and leaves room for the next one.
    pub(super) fn take(&mut self, flag: Flag, text: &mut Vec<u8>) -> Result<(), String> {
        match flag {
            Flag::LongName => until_nul(text).clone_into(&mut self.name),
            Flag::LongLink => until_nul(text).clone_into(&mut self.link),
            Flag::Extended => self.pax.parse(text)?,
            // Engines read a global header and let nothing follow from it; what came before it is lost.
            _ => {
                self.pax.parse(text)?;
                self.clear();
            }
        }
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.link.clear();
        self.pax.clear();
    }

    /// The path, where an extended header says it: GNU's word goes before pax's.
    pub(super) fn path(&self) -> Option<&[u8]> {
        Some(self.name.as_slice()).filter(|name| !name.is_empty()).or_else(|| self.pax.path())
    }

    pub(super) fn link(&self) -> Option<&[u8]> {
        Some(self.link.as_slice()).filter(|link| !link.is_empty()).or_else(|| self.pax.link())
    }

    /// Bytes of content in the stream. The header's own word has to be some even where pax goes before it.
    pub(super) fn stored(&self, header: &Header<'_>, kind: TarKind) -> Result<u64, String> {
        let said = self.pax.size()?;
        let own = if header.flag.has_content() { header.size()? } else { 0 };
        if kind != TarKind::File {
            return Ok(0);
        }
        said.map_or(Ok(own), |said| u64::try_from(said).map_err(|_| format!("an entry has {said} B")))
    }
}
