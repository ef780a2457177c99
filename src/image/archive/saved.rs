//! `manifest.json` of a `docker save` archive: which images are in it, and which files they are made of.

use serde::{Deserialize, Deserializer};

use crate::image::select::same_name;
use crate::image::{Digest, ImageConfig, ImageError};

/// One image of the archive. Names are those of members.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::image) struct Saved {
    pub(in crate::image) config: String,
    #[serde(default, deserialize_with = "or_empty")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(in crate::image) layers: Vec<String>,
}

/// Go writes an absent list as null.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Saved {
    /// The image that `reference` names in `index`, the bytes of `manifest.json`; the only one where it names none.
    pub(in crate::image) fn choose(index: &[u8], reference: Option<&str>) -> Result<Self, ImageError> {
        let images: Vec<Self> =
            serde_json::from_slice(index).map_err(|source| ImageError::Malformed { what: "index of the export", source })?;
        let mut fitting: Vec<&Self> = images.iter().filter(|image| reference.is_none_or(|name| image.is(name))).collect();
        fitting.dedup_by(|a, b| a.config == b.config && a.layers == b.layers);
        let [image] = fitting.as_slice() else {
            let subject = match reference {
                Some(name) => format!("the archive has {} images that '{}' names", fitting.len(), name.escape_debug()),
                None => format!("the archive holds {} images instead of one", images.len()),
            };
            return Err(ImageError::Choice { subject, candidates: images.iter().map(Self::shown).collect() });
        };
        Ok((*image).clone())
    }

    /// Whether `reference` is one of its tags, or the first twelve or more digits of its id.
    fn is(&self, reference: &str) -> bool {
        let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
        let id = hex.len() >= 12 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) && self.id().starts_with(hex);
        id || self.repo_tags.iter().any(|tag| same_name(reference, tag))
    }

    /// Every engine calls the configuration's file after its digest.
    fn id(&self) -> &str {
        let file = self.config.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".json").unwrap_or(file)
    }

    fn shown(&self) -> String {
        if self.repo_tags.is_empty() { self.id().chars().take(64).collect() } else { self.repo_tags.join(" = ") }
    }

    /// That the image has as many layers as its configuration names, which is an error of its own where it parses.
    pub(in crate::image) fn check(&self, config: &[u8]) -> Result<(), ImageError> {
        let (here, there) = (self.layers.len(), ImageConfig::parse(config)?.diff_ids.len());
        if here == there {
            return Ok(());
        }
        let id = Digest::of(config);
        Err(ImageError::Mismatch(vec![format!("the archive has {here} layers and the configuration {id} names {there}")]))
    }
}
