//! Which one of several images is meant: by name, by digest, by platform.
//!
//! An index is a list of manifests for several platforms, of attestations about them, and of further indexes (OCI image spec 1.1,
//! image-index.md). Attestations and other artifacts are told apart and never chosen. There is no first that wins: where not
//! exactly one manifest fits, the error lists what there is.

use std::collections::HashMap;
use std::env::consts;

use serde::Deserialize;

use super::{Descriptor, Digest, ImageError, MAX_MANIFEST_BYTES};

/// More entries than any index has.
const MAX_ENTRIES: usize = 2_000;

/// Says that an entry of an index is about another one, as `BuildKit` marks its attestations.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// More bytes than a name has: the distribution specification leaves 255 for repository and host, and 128 for a tag.
const LONGEST_NAME: usize = 1024;

/// What an image is called in a layout: a tag (OCI image spec 1.1, annotations.md), and the whole name as containerd writes it.
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

/// Which image of several is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// Its tag, its name or its digest; the only one there is where this is absent.
    pub reference: Option<String>,
    /// `os/architecture` or `os/architecture/variant`; where this is absent, the only one there is, else this machine's.
    pub platform: Option<String>,
}

/// The manifest for `platform` (`os/architecture[/variant]`) that `index` names, or the one that it names without saying for what.
/// It may be an index in its turn.
pub fn choose(index: &[u8], platform: &str) -> Result<Descriptor, ImageError> {
    one(&entries(index)?, Some(platform))?.descriptor()
}

/// The platform whose images this machine runs: `linux/amd64`.
pub fn native_platform() -> String {
    format!("linux/{}", architecture(consts::ARCH))
}

/// An entry of an index.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
    annotations: Option<HashMap<String, String>>,
    artifact_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIndex {
    schema_version: u64,
    manifests: Option<Vec<Entry>>,
}

/// What an index names, in its order.
pub(super) fn entries(index: &[u8]) -> Result<Vec<Entry>, ImageError> {
    let invalid = |why: String| ImageError::Invalid { what: "index", why };
    let bytes = index.len() as u64;
    if bytes > MAX_MANIFEST_BYTES {
        return Err(ImageError::TooLarge { what: "index", bytes, limit: MAX_MANIFEST_BYTES });
    }
    let raw: RawIndex = serde_json::from_slice(index).map_err(|source| ImageError::Malformed { what: "index", source })?;
    if raw.schema_version != 2 {
        return Err(invalid(format!("has schemaVersion {} where 2 belongs", raw.schema_version)));
    }
    let entries = raw.manifests.unwrap_or_default();
    if entries.len() > MAX_ENTRIES {
        return Err(invalid(format!("has {} entries and no more than {MAX_ENTRIES} are read", entries.len())));
    }
    Ok(entries)
}

/// The image for `platform` among `entries`; without one, the only image there is, else the one for this machine.
pub(super) fn one<'a>(entries: &'a [Entry], platform: Option<&str>) -> Result<&'a Entry, ImageError> {
    let mut images: Vec<&Entry> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.is_image()) {
        if !images.iter().any(|known| known.digest == entry.digest && known.platform == entry.platform) {
            images.push(entry);
        }
    }
    if let ([only], None) = (images.as_slice(), platform) {
        return Ok(only);
    }
    let wanted = platform.map_or_else(native_platform, str::to_owned);
    let choice = |subject| ImageError::Choice { subject, candidates: images.iter().map(|image| image.shown()).collect() };
    let Some(platform) = Platform::parse(&wanted) else {
        return Err(choice(format!("'{}' is no platform such as linux/amd64", wanted.escape_debug())));
    };
    let fitting: Vec<&Entry> = images.iter().copied().filter(|image| image.is_for(&platform)).collect();
    match (fitting.as_slice(), images.as_slice()) {
        ([only], _) => Ok(only),
        // One that does not say for what it is; its configuration does.
        ([], [only]) if only.platform.is_none() => Ok(only),
        ([], several) if !several.is_empty() && several.iter().all(|image| !image.has_platform()) => {
            Err(choice(format!("there are {} images, and none says here for which platform it is", several.len())))
        }
        ([], _) => Err(choice(format!("there is no image for {}", wanted.escape_debug()))),
        _ => Err(choice(format!("there are {} images for {}", fitting.len(), wanted.escape_debug()))),
    }
}

impl Entry {
    /// Whether it is neither an attestation nor another artifact.
    fn is_image(&self) -> bool {
        let unknown = self.platform.as_ref().is_some_and(|platform| platform.os == "unknown" && platform.architecture == "unknown");
        let about = self.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(REFERENCE_TYPE));
        !unknown && !about && self.artifact_type.is_none()
    }

    /// Whether it says that it is an index.
    pub(super) fn is_index(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json"
        )
    }

    /// Whether it says for which platform it is.
    pub(super) const fn has_platform(&self) -> bool {
        self.platform.is_some()
    }

    /// Whether `reference` is its tag, its name or its digest.
    pub(super) fn is_called(&self, reference: &str) -> bool {
        self.digest == reference || self.names().any(|name| name == reference || same_name(reference, name))
    }

    /// The same, with the names of the index that led to it where it has none of its own. What is longer than a name can be is none:
    /// every image of an index gets a copy.
    pub(super) fn named_as(mut self, index: &Self) -> Self {
        if self.names().next().is_none() {
            let name = |key: &str| index.annotations.as_ref()?.get(key).filter(|name| name.len() <= LONGEST_NAME).cloned();
            let names = NAMES.iter().filter_map(|key| Some(((*key).to_owned(), name(key)?)));
            self.annotations.get_or_insert_default().extend(names);
        }
        self
    }

    /// Where it is, in the only algorithm that is read here.
    pub(super) fn descriptor(&self) -> Result<Descriptor, ImageError> {
        let digest: Digest = self.digest.parse()?;
        let media_type = if self.media_type.bytes().all(|byte| byte.is_ascii_graphic()) { self.media_type.clone() } else { String::new() };
        Ok(Descriptor { media_type, digest, size: self.size })
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        NAMES.iter().filter_map(|key| self.annotations.as_ref()?.get(*key))
    }

    fn is_for(&self, wanted: &Platform) -> bool {
        self.platform.as_ref().is_some_and(|has| {
            let (has, wanted) = (has.normal(), wanted.normal());
            has.os == wanted.os && has.architecture == wanted.architecture && (wanted.variant.is_none() || wanted.variant == has.variant)
        })
    }

    /// How a user would ask for it, beside what it is; not fit for a terminal.
    pub(super) fn shown(&self) -> String {
        let names: Vec<&str> = self.names().map(String::as_str).collect();
        let name = names.last().copied().unwrap_or(&self.digest);
        match &self.platform {
            Some(Platform { os, architecture, variant: Some(variant) }) => format!("{name} ({os}/{architecture}/{variant})"),
            Some(Platform { os, architecture, variant: None }) => format!("{name} ({os}/{architecture})"),
            None => name.to_owned(),
        }
    }
}

impl Platform {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_owned);
        let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
        let whole = !os.is_empty() && !architecture.is_empty() && parts.next().is_none();
        whole.then_some(Self { os, architecture, variant })
    }

    /// In one spelling: arm64 is v8 of itself, and an empty variant is none.
    fn normal(&self) -> Self {
        let architecture = architecture(&self.architecture.to_ascii_lowercase()).to_owned();
        let plain = |variant: &str| variant.is_empty() || (architecture == "arm64" && variant == "v8");
        let variant = self.variant.as_deref().map(str::to_ascii_lowercase).filter(|variant| !plain(variant));
        Self { os: self.os.to_ascii_lowercase(), variant, architecture }
    }
}

/// Whether an image whose configuration says `has` (`os/architecture`) is one for `wanted`, as far as a configuration tells.
pub(super) fn fits(has: &str, wanted: &str) -> bool {
    let normal = |text| Platform::parse(text).map(|platform| platform.normal());
    normal(has).zip(normal(wanted)).is_some_and(|(has, wanted)| has.os == wanted.os && has.architecture == wanted.architecture)
}

/// An architecture's name in Go's words, which images use.
fn architecture(name: &str) -> &str {
    match name {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "x86" | "i386" | "i686" => "386",
        "powerpc64" | "ppc64el" => "ppc64le",
        "loongarch64" => "loong64",
        other => other,
    }
}

/// Whether two names of an image mean the same, as docker completes names: `golang` is `docker.io/library/golang:latest`.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    completed(one) == completed(other)
}

fn completed(name: &str) -> String {
    let name = name.strip_prefix("index.docker.io/").or_else(|| name.strip_prefix("docker.io/")).unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let tagged = name.contains('@') || name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if tagged { name.to_owned() } else { format!("{name}:latest") }
}

#[cfg(test)]
mod tests;
