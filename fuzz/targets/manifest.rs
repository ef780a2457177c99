//! Documents from a registry: manifests, indexes, image configurations, digests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::image::{AnyManifest, Digest, ImageConfig, Manifest};

fuzz_target!(|data: &[u8]| {
    let image = Manifest::parse(data);
    match AnyManifest::parse(data) {
        Ok(AnyManifest::Image(manifest)) => assert_eq!(image.ok(), Some(manifest)),
        Ok(AnyManifest::Index(_)) | Err(_) => assert!(image.is_err()),
    }
    let _ = ImageConfig::parse(data);
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(digest) = text.parse::<Digest>() {
            assert_eq!(digest.to_string(), text);
        }
    }
});
