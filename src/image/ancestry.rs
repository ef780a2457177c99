//! What an image says about the image that it was built on. Nothing is looked up: it is a name, and may be wrong.

use std::collections::HashMap;

use serde::Deserialize;

/// OCI image spec 1.1, annotations.md.
const NAME: &str = "org.opencontainers.image.base.name";
/// The same.
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// A base image as an image names it; not fit for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedBase {
    /// `docker.io/library/debian:trixie-slim`.
    pub name: Option<String>,
    /// Digest of its manifest.
    pub digest: Option<String>,
}

/// The base image that annotations of the manifest name, else labels of the configuration. What cannot be read names none.
pub fn named_base(manifest: Option<&[u8]>, config: &[u8]) -> Option<NamedBase> {
    let annotations = manifest.and_then(|bytes| serde_json::from_slice::<Annotated>(bytes).ok()).and_then(|read| read.annotations);
    let labels = || serde_json::from_slice::<Configured>(config).ok().and_then(|read| read.config).and_then(|config| config.labels);
    annotations.and_then(named).or_else(|| labels().and_then(named))
}

fn named(mut texts: HashMap<String, String>) -> Option<NamedBase> {
    let found = NamedBase { name: texts.remove(NAME), digest: texts.remove(DIGEST) };
    (found.name.is_some() || found.digest.is_some()).then_some(found)
}

#[derive(Deserialize)]
struct Annotated {
    annotations: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Configured {
    config: Option<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    #[serde(rename = "Labels")]
    labels: Option<HashMap<String, String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_goes_before_a_label_and_garbage_names_none() {
        let manifest = br#"{"annotations":{"org.opencontainers.image.base.name":"a:1"}}"#;
        let config = br#"{"config":{"Labels":{"org.opencontainers.image.base.name":"b:1","org.opencontainers.image.base.digest":"d"}}}"#;
        let name = |manifest: Option<&[u8]>, config: &[u8]| named_base(manifest, config).and_then(|base| base.name);
        assert_eq!(name(Some(manifest), config).as_deref(), Some("a:1"));
        assert_eq!(name(Some(b"{}"), config).as_deref(), Some("b:1"));
        assert_eq!(named_base(None, config).and_then(|base| base.digest).as_deref(), Some("d"));
        assert_eq!(named_base(Some(b"["), br#"{"config":null}"#), None);
    }
}
