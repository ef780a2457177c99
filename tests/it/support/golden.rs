//! Images made of a few lines: their layers as tars, as a `docker save` archive, or with a manifest as a registry has one.

use loadline::image::{BlobMeter, Digest, ImageError, LayerFacts, LayerName, LayerSource, Weighed, weigh};
use serde_json::json;

/// An image in the making.
pub(crate) struct Golden {
    layers: Vec<Vec<u8>>,
    history: Option<Vec<serde_json::Value>>,
    labels: serde_json::Value,
    manifest: bool,
}

/// A layer in the making.
pub(crate) struct Layer(tar::Builder<Vec<u8>>);

impl Golden {
    pub(crate) fn new() -> Self {
        Self { layers: Vec::new(), history: Some(Vec::new()), labels: json!({}), manifest: true }
    }

    /// With a layer on top that `instruction` made.
    pub(crate) fn layer(mut self, instruction: &str, fill: impl FnOnce(Layer) -> Layer) -> Self {
        let layer = fill(Layer(tar::Builder::new(Vec::new())));
        self.layers.push(layer.0.into_inner().expect("the tar is complete"));
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
        let mut archive = Layer(tar::Builder::new(Vec::new()));
        for (name, layer) in names.iter().zip(&self.layers) {
            archive = archive.file(name, layer);
        }
        let archive =
            archive.file("config.json", &self.config()).file("manifest.json", &serde_json::to_vec(&index).expect("it is written"));
        archive.0.into_inner().expect("the tar is complete")
    }

    pub(crate) fn weighed(&self) -> Weighed {
        weigh(self).expect("it agrees with itself")
    }
}

impl LayerSource for Golden {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        let blob = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "size": bytes.len(), "digest": Digest::of(bytes).to_string() });
        let layer = |tar: &Vec<u8>| blob("application/vnd.oci.image.layer.v1.tar", tar);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob("application/vnd.oci.image.config.v1+json", &self.config()),
            "layers": self.layers.iter().map(layer).collect::<Vec<_>>(),
        });
        Ok(self.manifest.then(|| serde_json::to_vec(&manifest).expect("it is written")))
    }

    fn config(&self, _named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(Self::config(self))
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let mut meter = BlobMeter::default();
        meter.update(&self.layers[layer.number]);
        let facts = LayerFacts::from(meter.read_out().facts.expect("a plain tar"));
        Ok(LayerFacts { stored: facts.stored.filter(|_| self.manifest), ..facts })
    }
}

impl Layer {
    /// A file of any bytes in its name, mode 0644.
    pub(crate) fn file(self, path: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        self.mode(path, bytes, 0o644)
    }

    pub(crate) fn mode(mut self, path: impl AsRef<[u8]>, bytes: &[u8], mode: u32) -> Self {
        self.entry(tar::EntryType::Regular, path.as_ref(), bytes, b"", mode);
        self
    }

    /// A file of so many bytes that no other seed gives.
    pub(crate) fn fill(self, path: &str, bytes: usize, seed: u64) -> Self {
        let mut content = vec![0; bytes];
        fastrand::Rng::with_seed(seed).fill(&mut content);
        self.file(path, &content)
    }

    pub(crate) fn symlink(mut self, path: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Symlink, path.as_bytes(), b"", target.as_bytes(), 0o777);
        self
    }

    pub(crate) fn hard_link(mut self, path: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Link, path.as_bytes(), b"", target.as_bytes(), 0o644);
        self
    }

    /// Takes a path of lower layers away.
    pub(crate) fn remove(self, path: &str) -> Self {
        let name = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(name, b"")
    }

    /// Names go straight into the header, which holds any 100 bytes.
    fn entry(&mut self, kind: tar::EntryType, path: &[u8], bytes: &[u8], link: &[u8], mode: u32) {
        let mut header = tar::Header::new_gnu();
        let raw = header.as_gnu_mut().expect("a GNU header");
        raw.name[..path.len()].copy_from_slice(path);
        raw.linkname[..link.len()].copy_from_slice(link);
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        self.0.append(&header, bytes).expect("an entry is packed");
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
            layer.remove("var/lib/apt/lists/trixie_main_Packages").remove("var/cache/apt/archives")
        })
        .layer("RUN /bin/sh -c strip /app/server # buildkit", |layer| layer.fill("app/server", 1_704_960, 23))
        .metadata("CMD [\"/app/server\"]")
}
