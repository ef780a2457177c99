//! Images made of a few [`layers`](super::layers): as a `docker save` archive, or with a manifest as a registry has one, sound or
//! with parts exchanged.

use loadline::image::{BlobMeter, Digest, ImageError, LayerFacts, LayerName, LayerSource, Weighed, weigh};
use serde_json::json;

use super::layers::Layer;

/// An image in the making.
pub(crate) struct Golden {
    layers: Vec<Vec<u8>>,
    /// What each layer is stored as.
    blobs: Vec<Vec<u8>>,
    history: Option<Vec<serde_json::Value>>,
    labels: serde_json::Value,
    manifest: bool,
    /// The most that a layer may inflate to, and how many bytes of it come at once.
    limit: u64,
    piece: usize,
}

impl Golden {
    pub(crate) fn new() -> Self {
        let (layers, blobs, history, labels) = (Vec::new(), Vec::new(), Some(Vec::new()), json!({}));
        Self { layers, blobs, history, labels, manifest: true, limit: 1 << 30, piece: usize::MAX }
    }

    /// An image of layers that are there, sound or not, which says neither where they come from nor how they are stored.
    pub(crate) fn of(tars: &[Vec<u8>]) -> Self {
        Self { layers: tars.to_vec(), blobs: tars.to_vec(), ..Self::new().without_history().without_manifest() }
    }

    /// With a layer on top that `instruction` made.
    pub(crate) fn layer(mut self, instruction: &str, fill: impl FnOnce(Layer) -> Layer) -> Self {
        self.layers.push(fill(Layer::gnu()).end());
        self.blobs.extend(self.layers.last().cloned());
        if let Some(history) = &mut self.history {
            history.push(json!({ "created_by": instruction }));
        }
        self
    }

    /// With an instruction that makes no layer.
    pub(crate) fn metadata(mut self, instruction: &str) -> Self {
        if let Some(history) = &mut self.history {
            history.push(json!({ "created_by": instruction, "empty_layer": true }));
        }
        self
    }

    pub(crate) fn label(mut self, name: &str, value: &str) -> Self {
        self.labels[name] = value.into();
        self
    }

    pub(crate) fn without_history(self) -> Self {
        Self { history: None, ..self }
    }

    pub(crate) fn without_manifest(self) -> Self {
        Self { manifest: false, ..self }
    }

    /// With layers stored as `store` makes them.
    pub(crate) fn stored(self, store: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        self.stored_each(store)
    }

    /// With layers stored as `store` makes them, which is asked lowest first.
    pub(crate) fn stored_each(mut self, store: impl FnMut(&[u8]) -> Vec<u8>) -> Self {
        self.blobs = self.layers.iter().map(Vec::as_slice).map(store).collect();
        self
    }

    /// With layers that may inflate to no more than so many bytes.
    pub(crate) fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// With layers that come so many bytes at a time.
    pub(crate) fn in_pieces(self, piece: usize) -> Self {
        Self { piece, ..self }
    }

    fn config(&self) -> Vec<u8> {
        let ids: Vec<String> = self.layers.iter().map(|tar| Digest::of(tar).to_string()).collect();
        let mut config = json!({
            "os": "linux", "architecture": "amd64", "rootfs": { "type": "layers", "diff_ids": ids }, "config": { "Labels": self.labels },
        });
        if let Some(history) = &self.history {
            config["history"] = history.clone().into();
        }
        serde_json::to_vec(&config).expect("it is written")
    }

    /// What `docker save` would write.
    pub(crate) fn archive(&self) -> Vec<u8> {
        let names: Vec<String> = (0..self.layers.len()).map(|number| format!("{number}/layer.tar")).collect();
        let index = json!([{ "Config": "config.json", "RepoTags": ["shop:1"], "Layers": names }]);
        let archive = names.iter().zip(&self.blobs).fold(Layer::gnu(), |archive, (name, layer)| archive.file(name, layer));
        archive.file("config.json", &self.config()).file("manifest.json", index.to_string().as_bytes()).end()
    }

    pub(crate) fn weighed(&self) -> Weighed {
        weigh(self).expect("it agrees with itself")
    }
}

impl LayerSource for Golden {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        let blob = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "size": bytes.len(), "digest": Digest::of(bytes).to_string() });
        let layer = |stored: &Vec<u8>| blob("application/vnd.oci.image.layer.v1.tar", stored);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob("application/vnd.oci.image.config.v1+json", &self.config()),
            "layers": self.blobs.iter().map(layer).collect::<Vec<_>>(),
        });
        Ok(self.manifest.then(|| serde_json::to_vec(&manifest).expect("it is written")))
    }

    fn config(&self, _named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(Self::config(self))
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let mut meter = BlobMeter::with_limit(self.limit);
        self.blobs[layer.number].chunks(self.piece).for_each(|piece| meter.update(piece));
        let facts = LayerFacts::from(meter.finish()?);
        Ok(LayerFacts { stored: facts.stored.filter(|_| self.manifest), ..facts })
    }
}

impl Layer {
    /// A file of so many bytes that no other seed gives.
    pub(crate) fn fill(self, path: &str, bytes: usize, seed: u64) -> Self {
        let mut content = vec![0; bytes];
        fastrand::Rng::with_seed(seed).fill(&mut content);
        self.file(path, &content)
    }
}

/// Two layers as base images have them.
pub(crate) fn base() -> Golden {
    Golden::new()
        .layer("# debian.sh --arch 'amd64' out/ 'trixie' '@1757289600'", |layer| {
            layer
                .fill("usr/lib/x86_64-linux-gnu/libc.so.6", 2_003_408, 1)
                .fill("usr/lib/x86_64-linux-gnu/libcrypto.so.3", 4_713_752, 2)
                .fill("usr/bin/bash", 1_298_416, 3)
                .fill("usr/share/doc/bash/changelog.gz", 104_332, 4)
                .symlink("bin", "usr/bin")
                .symlink("lib", "usr/lib")
        })
        .metadata("/bin/sh -c #(nop)  CMD [\"bash\"]")
        .layer("RUN /bin/sh -c apt-get install -y --no-install-recommends ca-certificates # buildkit", |layer| {
            layer.fill("etc/ssl/certs/ca-certificates.crt", 219_342, 5).fill("var/lib/dpkg/status", 92_018, 6)
        })
}

/// An app on that base, with what makes images big: caches that are deleted too late, a file that is changed, a copy.
pub(crate) fn shop() -> Golden {
    base()
        .metadata("WORKDIR /app")
        .layer("RUN |1 VERSION=1 /bin/sh -c apt-get update && apt-get install -y build-essential # buildkit", |layer| {
            layer
                .fill("usr/bin/x86_64-linux-gnu-gcc-14", 1_187_000, 10)
                .fill("usr/libexec/gcc/x86_64-linux-gnu/14/cc1", 6_902_112, 11)
                .fill("var/lib/apt/lists/trixie_main_Packages", 3_310_044, 12)
                .fill("var/cache/apt/archives/gcc-14.deb", 1_904_120, 13)
                .fill("var/lib/dpkg/status", 131_900, 14)
        })
        .layer("COPY . /app # buildkit", |layer| {
            layer
                .fill("app/server", 2_412_544, 20)
                .fill("app/node_modules/left-pad/dist/bundle.js", 640_000, 21)
                .fill("app/node_modules/right-pad/dist/bundle.js", 640_000, 21)
                .fill("app/config.json", 512, 22)
        })
        .layer("RUN /bin/sh -c rm -rf /var/lib/apt/lists/* /var/cache/apt/archives # buildkit", |layer| {
            layer.whiteout("var/lib/apt/lists/trixie_main_Packages").whiteout("var/cache/apt/archives")
        })
        .layer("RUN /bin/sh -c strip /app/server # buildkit", |layer| layer.fill("app/server", 1_704_960, 23))
        .metadata("CMD [\"/app/server\"]")
}
