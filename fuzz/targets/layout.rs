//! The documents of an OCI layout: whatever they say, a manifest that is chosen is one that an index names for the platform.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use loadline::image::{Digest, Layout, LayerSource as _, Select, choose};

/// The index, the name that is asked for, and a blob, each ended by a zero.
fuzz_target!(|data: &[u8]| {
    let mut parts = data.split(|&byte| byte == 0);
    let (index, name, blob) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if let Ok(chosen) = choose(index, "linux/amd64") {
        assert!(String::from_utf8_lossy(index).contains(&chosen.digest.hex()) || index.contains(&b'\\'));
    }
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let blobs = folder.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a folder is made");
    // The index is a blob too, so that it can be nested; and the digest of the blob can be written as a word.
    let digest = Digest::of(blob).to_string();
    let text = String::from_utf8_lossy(index).replace("BLOB", &digest).replace("SIZE", &blob.len().to_string());
    fs::write(folder.path().join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file is written");
    fs::write(folder.path().join("index.json"), &text).expect("a file is written");
    fs::write(blobs.join(Digest::of(blob).hex()), blob).expect("a file is written");
    let reference = (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned());
    for platform in [None, Some("linux/amd64".to_owned())] {
        if let Ok(layout) = Layout::open(folder.path(), &Select { reference: reference.clone(), platform }) {
            let manifest = layout.manifest().expect("it was read").expect("a layout has manifests");
            assert_eq!(manifest, blob, "there is no other");
        }
    }
});
