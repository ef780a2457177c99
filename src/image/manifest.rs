//! Manifests and indexes: OCI image spec 1.1 and Docker image manifest version 2, schema 2.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Digest, ImageError};

/// The most that is read of a manifest: 4 MiB, what registries accept (OCI distribution spec 1.1, "Pushing Manifests").
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// More layers or entries than any engine can use; Docker stops at 127.
const MAX_ENTRIES: usize = 2_000;

/// RFC 6838 §4.2: a type and a subtype of at most 127 characters each.
const MAX_MEDIA_TYPE: usize = 255;

/// A reference to a blob or a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What it is; printable ASCII.
    pub media_type: String,
    /// Hash of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
}

/// An image manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What the manifest says it is; OCI manifests may leave it out.
    pub media_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
}

/// An OCI index or a Docker manifest list: manifests for several platforms, or one and its attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// What the index says it is; OCI indexes may leave it out.
    pub media_type: Option<String>,
    /// The manifests it names.
    pub manifests: Vec<Descriptor>,
}

/// Whatever a registry keeps under a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyManifest {
    /// One image.
    Image(Manifest),
    /// Several.
    Index(Index),
}

impl Manifest {
    /// Reads an image manifest; an index or a manifest of schema 1 is an error that says so.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        match AnyManifest::parse(bytes)? {
            AnyManifest::Image(manifest) => Ok(manifest),
            AnyManifest::Index(index) => Err(ImageError::Index { manifests: index.manifests.len() }),
        }
    }
}

impl AnyManifest {
    /// Reads a manifest or an index, told apart by what is in it. A document that is both is refused, since its readers
    /// would disagree on what it means.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let length = bytes.len() as u64;
        if length > MAX_MANIFEST_BYTES {
            return Err(ImageError::TooLarge { what: "manifest", bytes: length, limit: MAX_MANIFEST_BYTES });
        }
        let raw: RawManifest = serde_json::from_slice(bytes).map_err(|source| ImageError::Malformed { what: "manifest", source })?;
        raw.check_schema()?;
        let media_type = raw.media_type.map(media_type).transpose()?;
        match (raw.config, raw.layers, raw.manifests) {
            (Some(config), Some(layers), None) => {
                Ok(Self::Image(Manifest { media_type, config: config.check()?, layers: check_all(layers)? }))
            }
            (None, None, Some(manifests)) => Ok(Self::Index(Index { media_type, manifests: check_all(manifests)? })),
            _ => Err(invalid("has neither a config and layers, nor manifests alone")),
        }
    }

    /// What the document says it is.
    pub fn media_type(&self) -> Option<&str> {
        match self {
            Self::Image(manifest) => manifest.media_type.as_deref(),
            Self::Index(index) => index.media_type.as_deref(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    schema_version: u64,
    media_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    fs_layers: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    media_type: String,
    digest: Digest,
    size: u64,
}

impl RawManifest {
    fn check_schema(&self) -> Result<(), ImageError> {
        match self.schema_version {
            2 if self.fs_layers.is_none() => Ok(()),
            1 | 2 => Err(ImageError::SchemaOne),
            other => Err(invalid(format!("has schemaVersion {other} where 2 belongs"))),
        }
    }
}

impl RawDescriptor {
    fn check(self) -> Result<Descriptor, ImageError> {
        Ok(Descriptor { media_type: media_type(self.media_type)?, digest: self.digest, size: self.size })
    }
}

fn check_all(raw: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, ImageError> {
    if raw.len() > MAX_ENTRIES {
        return Err(invalid(format!("has {} entries and no more than {MAX_ENTRIES} are read", raw.len())));
    }
    raw.into_iter().map(RawDescriptor::check).collect()
}

/// Media types end up in headers and tables, so that nothing but printable ASCII passes.
fn media_type(text: String) -> Result<String, ImageError> {
    let printable = !text.is_empty() && text.len() <= MAX_MEDIA_TYPE && text.bytes().all(|byte| byte.is_ascii_graphic());
    if printable { Ok(text) } else { Err(invalid("has a media type that is none")) }
}

fn invalid(why: impl Into<String>) -> ImageError {
    ImageError::Invalid { what: "manifest", why: why.into() }
}
