//! Manifests, configurations and the weighing of images, from sources that tell the truth and from sources that lie.

use std::collections::BTreeMap;

use loadline::image::{
    AnyManifest, BlobMeter, Digest, ImageConfig, ImageError, LayerFacts, LayerName, LayerSource, MAX_MANIFEST_BYTES, Manifest, Weighed,
    weigh,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::layers::layer;

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// An image in memory, whose parts can be exchanged one by one.
#[derive(Clone, Debug)]
struct Source {
    manifest: Value,
    config: Vec<u8>,
    layers: BTreeMap<Digest, Vec<u8>>,
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len()})
}

impl Source {
    /// An image whose layers are stored as plain tars.
    fn new(layers: &[Vec<u8>]) -> Self {
        let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": DOCKER,
            "config": descriptor("application/vnd.docker.container.image.v1+json", &config),
            "layers": layers.iter().map(|layer| descriptor(LAYER, layer)).collect::<Vec<_>>(),
        });
        Self { manifest, config, layers: layers.iter().map(|layer| (Digest::of(layer), layer.clone())).collect() }
    }

    /// Exchanges the configuration, and what the manifest says of it.
    fn with_config(mut self, config: &Value) -> Self {
        self.config = config.to_string().into_bytes();
        self.manifest["config"] = descriptor("application/vnd.docker.container.image.v1+json", &self.config);
        self
    }
}

impl LayerSource for Source {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(Some(self.manifest.to_string().into_bytes()))
    }

    fn config(&self, _: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let digest = layer.stored.as_ref().expect("there is a manifest").digest;
        let mut meter = BlobMeter::default();
        meter.update(self.layers.get(&digest).ok_or(ImageError::Missing { digest })?);
        meter.finish().map(LayerFacts::from)
    }
}

fn disagreements(source: &Source) -> Vec<String> {
    match weigh(source) {
        Err(ImageError::Mismatch(wrong)) => wrong,
        other => panic!("an image that contradicts itself, not {other:?}"),
    }
}

fn config_with(diff_ids: &[Digest], history: &Value) -> Value {
    json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history})
}

#[test]
fn all_disagreements_are_told_together() {
    let mut source = Source::new(&[layer(b"one"), layer(b"two")]);
    let (two, replaced) = (layer(b"two").len(), Digest::of(&layer(b"two")));
    source.layers.insert(replaced, b"TWO!".to_vec());
    source.manifest["config"]["size"] = json!(1);
    let wrong = disagreements(&source);
    assert_eq!(wrong.len(), 4, "{wrong:#?}");
    assert!(wrong[0].starts_with("config: the manifest says 1 B"), "{wrong:#?}");
    assert!(wrong[1].starts_with(&format!("layer 2: the manifest says {replaced}")), "{wrong:#?}");
    assert!(wrong[2].starts_with(&format!("layer 2: the manifest says {two} B and there are 4 B")), "{wrong:#?}");
    assert!(wrong[3].starts_with(&format!("layer 2: the configuration says {replaced}")), "{wrong:#?}");
}

#[test]
fn a_layer_that_the_configuration_does_not_know_is_a_disagreement() {
    let layers = [layer(b"one"), layer(b"two")];
    let source = Source::new(&layers).with_config(&config_with(&[Digest::of(&layers[0])], &json!([])));
    assert_eq!(disagreements(&source), ["the manifest has 2 layers and the configuration 1"]);
}

#[test]
fn a_configuration_that_is_another_is_told_as_such_even_if_it_is_none() {
    let mut source = Source::new(&[layer(b"one")]);
    source.config = b"not even JSON".to_vec();
    let wrong = disagreements(&source);
    assert!(wrong[0].contains(&Digest::of(b"not even JSON").to_string()), "{wrong:?}");
}

#[test]
fn a_missing_layer_is_an_error_of_its_own() {
    let mut source = Source::new(&[layer(b"one")]);
    source.layers.clear();
    let error = weigh(&source).expect_err("nothing to weigh");
    assert!(matches!(error, ImageError::Missing { digest } if digest == Digest::of(&layer(b"one"))), "{error}");
}

#[test]
fn history_names_the_step_of_each_layer_and_skips_those_without_one() {
    let layers = [layer(b"one"), layer(b"two")];
    let ids = layers.each_ref().map(|layer| Digest::of(layer));
    let history = json!([{"created_by": "ADD rootfs"}, {"created_by": "ENV A=b", "empty_layer": true}, {"comment": "silent"}]);
    let Weighed { weighing, .. } = weigh(&Source::new(&layers).with_config(&config_with(&ids, &history))).expect("sound");
    let told: Vec<_> = weighing.layers.iter().map(|layer| layer.created_by.as_deref()).collect();
    assert_eq!(told, [Some("ADD rootfs"), None]);
}

#[test]
fn history_that_does_not_match_the_layers_tells_nothing() {
    let layers = [layer(b"one"), layer(b"two")];
    let ids = layers.each_ref().map(|layer| Digest::of(layer));
    for history in [json!([{"created_by": "only one"}]), json!(null), json!([])] {
        let config = ImageConfig::parse(config_with(&ids, &history).to_string().as_bytes()).expect("sound");
        assert_eq!(config.created_by, [None, None]);
    }
}

#[test]
fn media_types_are_kept_as_the_manifest_says_them() {
    let mut source = Source::new(&[layer(b"one")]);
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    source.manifest["layers"][0]["mediaType"] = json!(zstd);
    let manifest = Manifest::parse(&source.manifest().expect("bytes").expect("there is one")).expect("sound");
    assert_eq!((manifest.media_type.as_deref(), manifest.layers[0].media_type.as_str()), (Some(DOCKER), zstd));
    let Weighed { weighing, .. } = weigh(&source).expect("what the bytes are is seen from the bytes");
    assert_eq!(weighing.layers[0].media_type.as_deref(), Some(zstd));
}

#[test]
fn an_oci_manifest_may_leave_its_media_type_out() {
    let mut source = Source::new(&[]);
    source.manifest.as_object_mut().expect("an object").remove("mediaType");
    assert_eq!(Manifest::parse(&source.manifest().expect("bytes").expect("there is one")).expect("sound").media_type, None);
}

#[test]
fn an_index_is_told_apart_from_an_image() {
    let entry = descriptor(DOCKER, b"child");
    let list = json!({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json", "manifests": [entry]});
    let bytes = list.to_string().into_bytes();
    assert!(matches!(AnyManifest::parse(&bytes), Ok(AnyManifest::Index(index)) if index.manifests[0].digest == Digest::of(b"child")));
    let error = Manifest::parse(&bytes).expect_err("no image");
    insta::assert_snapshot!(error, @"this is an index of 1 manifests, not an image; name one of them by its digest");
}

#[test]
fn a_document_that_is_both_an_image_and_an_index_is_refused() {
    let mut source = Source::new(&[layer(b"one")]);
    source.manifest["manifests"] = json!([]);
    assert!(matches!(Manifest::parse(&source.manifest().expect("bytes").expect("there is one")), Err(ImageError::Invalid { .. })));
}

#[test]
fn a_manifest_of_schema_one_is_named_with_the_cure() {
    let bytes = json!({"schemaVersion": 1, "name": "library/golang", "fsLayers": [{"blobSum": Digest::of(b"")}]}).to_string();
    let error = Manifest::parse(bytes.as_bytes()).expect_err("states no sizes");
    insta::assert_snapshot!(error, @"the manifest is of Docker schema 1, which states no sizes; push the image with Docker 1.10 or newer");
}

#[test]
fn manifests_that_break_a_rule_are_refused() {
    let sound = Source::new(&[layer(b"one")]).manifest;
    let breaks: [(&str, Value); 8] = [
        ("/schemaVersion", json!(3)),
        ("/layers/0/size", json!(-1)),
        ("/layers/0/size", json!(1.5)),
        ("/layers/0/size", json!("3")),
        ("/layers/0/digest", json!("sha256:AB")),
        ("/layers/0/mediaType", json!("a\u{1b}[31m")),
        ("/config", json!(null)),
        ("/layers", json!(vec![&sound["layers"][0]; 2001])),
    ];
    for (pointer, value) in breaks {
        let mut broken = sound.clone();
        *broken.pointer_mut(pointer).expect("a part of the manifest") = value;
        assert!(Manifest::parse(broken.to_string().as_bytes()).is_err(), "{pointer}");
    }
    let large = vec![b' '; usize::try_from(MAX_MANIFEST_BYTES).expect("fits") + 1];
    assert!(matches!(Manifest::parse(&large), Err(ImageError::TooLarge { .. })));
}

#[test]
fn configurations_that_break_a_rule_are_refused() {
    let sound = config_with(&[], &json!([]));
    for (key, value) in [("os", json!("lin\u{1b}ux")), ("architecture", json!("")), ("rootfs", json!({"type": "squashfs", "diff_ids": []}))]
    {
        let mut broken = sound.clone();
        broken[key] = value;
        assert!(ImageConfig::parse(broken.to_string().as_bytes()).is_err(), "{key}");
    }
    let null = json!({"os": "linux", "architecture": "arm64", "rootfs": {"type": "layers", "diff_ids": null}});
    let empty = ImageConfig::parse(null.to_string().as_bytes()).expect("an image without layers");
    assert_eq!((empty.platform.as_str(), empty.diff_ids.len()), ("linux/arm64", 0));
}

/// JSON that looks like a manifest or a configuration in places.
fn near_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|n| json!(n)),
        Just(json!(2)),
        Just(json!(Digest::of(b""))),
        "\\PC{0,8}".prop_map(|text| json!(text)),
    ];
    let key = prop::sample::select(vec![
        "schemaVersion",
        "mediaType",
        "config",
        "layers",
        "manifests",
        "fsLayers",
        "digest",
        "size",
        "rootfs",
        "type",
        "diff_ids",
        "history",
        "os",
        "architecture",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_sizes_are_the_sums_of_what_was_counted(layers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let layers: Vec<Vec<u8>> = layers.iter().map(|content| layer(content)).collect();
        let source = Source::new(&layers);
        let Weighed { image, weighing, .. } = weigh(&source).expect("sound");
        let total: u64 = layers.iter().map(|layer| layer.len() as u64).sum();
        prop_assert_eq!((weighing.layer_transfer_size.expect("there is a manifest"), weighing.uncompressed_size), (total, total));
        prop_assert_eq!(weighing.config_size, source.config.len() as u64);
        prop_assert_eq!(weighing.manifest_size.expect("there is a manifest"), source.manifest.to_string().len() as u64);
        prop_assert_eq!(weighing.transfer_size.expect("there is a manifest"), total + weighing.config_size + weighing.manifest_size.expect("there is a manifest"));
        prop_assert_eq!(weighing.layers.iter().filter_map(|layer| layer.compressed).sum::<u64>(), weighing.layer_transfer_size.expect("there is a manifest"));
        prop_assert_eq!((image.layers.len(), image.config.platform.as_str()), (layers.len(), "linux/amd64"));
        prop_assert_eq!(weighing.digest, Some(Digest::of(source.manifest.to_string().as_bytes()).to_string()));
    }

    #[test]
    fn a_lie_about_any_size_or_digest_is_never_a_number(
        at in any::<prop::sample::Index>(),
        size in prop::option::of(any::<u64>()),
        layers in prop::collection::vec(prop::collection::vec(b'a'..=b'z', 1..50), 1..4),
    ) {
        let layers: Vec<Vec<u8>> = layers.iter().map(|content| layer(content)).collect();
        let mut source = Source::new(&layers);
        let number = at.index(layers.len());
        match size {
            Some(size) if size != layers[number].len() as u64 => source.manifest["layers"][number]["size"] = json!(size),
            _ => { source.layers.insert(Digest::of(&layers[number]), layer(b"SOMETHING ELSE")); }
        }
        prop_assert!(matches!(weigh(&source), Err(ImageError::Mismatch(_))));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), value in near_json()) {
        for bytes in [&bytes[..], value.to_string().as_bytes()] {
            let _ = AnyManifest::parse(bytes);
            let _ = ImageConfig::parse(bytes);
        }
    }
}
