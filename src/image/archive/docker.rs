//! `docker save` archives, of every engine that writes them: Docker with both stores, podman, buildx, containerd.
//!
//! `manifest.json` names the configuration and the layers, and nothing else is believed: not the names of files, not where they are,
//! not `LayerSources`. Every layer is plain, gzip or zstd, told from its first bytes. There is no manifest that a registry would
//! have, so the stored bytes are not hashed.
//!
//! [`DockerArchive::trusting`] takes the archive's word for what its layers hash to, and reads their headers.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::headers;
use super::packed::{Packed, Span, Unfit};
use super::saved::Saved;
use crate::image::export::Exported;
use crate::image::inflate::{MAX_UNCOMPRESSED, compression_of};
use crate::image::reading::{Stored, metered};
use crate::image::{Digest, ImageConfig, ImageError, LayerFacts, LayerName, LayerSource, MAX_CONFIG_BYTES, Repack};

/// The most that may follow the end of a tar before nobody looks any more.
const MOST_TRAILING: u64 = 64 << 20;

/// One image of an archive.
#[derive(Debug)]
pub struct DockerArchive(Form);

#[derive(Debug)]
enum Form {
    Sought {
        packed: Packed,
        config: Vec<u8>,
        layers: Vec<Span>,
        /// What the headers of all layers tell, where nothing else is read.
        trusted: Option<Vec<LayerFacts>>,
    },
    Streamed(Box<Exported>),
}

impl DockerArchive {
    /// Finds the image that `reference` names in the archive at `path` (a tag, or digits of an id), or the only one. `-` is the
    /// standard input. What cannot be sought, or is compressed with gzip as a whole, is read from front to back here.
    pub fn open(path: &Path, reference: Option<&str>) -> Result<Self, ImageError> {
        let failed = |source| ImageError::Archive { what: "a docker archive", path: path.to_owned(), source };
        let tell = |error| if let ImageError::Export(source) = error { failed(source) } else { error };
        if path == Path::new("-") {
            return Self::streamed(io::stdin().lock(), reference).map_err(tell);
        }
        let kind = path.metadata().map_err(failed)?;
        if kind.is_dir() {
            return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; an OCI layout is named oci:")));
        }
        let file = File::open(path).map_err(failed)?;
        if kind.is_file() { Self::of_file(file, reference).map_err(tell) } else { Self::streamed(file, reference).map_err(tell) }
    }

    fn of_file(file: File, reference: Option<&str>) -> Result<Self, ImageError> {
        let mut start = [0; 4];
        let count = file.read_at(&mut start, 0).map_err(ImageError::Export)?;
        match compression_of(&start[..count]) {
            Some("gzip") => Self::streamed(file, reference),
            Some(name) => {
                let why = format!("it is compressed with {name} as a whole; unpack it with `{name} -d` first");
                Err(ImageError::Export(io::Error::new(io::ErrorKind::Unsupported, why)))
            }
            None => Self::sought(file, reference),
        }
    }

    /// An archive that passes once, compressed or not.
    pub(in crate::image) fn streamed(mut source: impl Read, reference: Option<&str>) -> Result<Self, ImageError> {
        let mut start = Vec::new();
        source.by_ref().take(4).read_to_end(&mut start).map_err(ImageError::Export)?;
        let gzip = compression_of(&start) == Some("gzip");
        let source = io::Cursor::new(start).chain(source);
        let exported = if gzip {
            let mut inflated = MultiGzDecoder::new(io::BufReader::with_capacity(1 << 17, source)).take(MAX_UNCOMPRESSED);
            let exported = Exported::select(&mut inflated, Repack::No, reference)?;
            // The checksum stands at the end.
            io::copy(&mut inflated.take(MOST_TRAILING), &mut io::sink()).map_err(ImageError::Export)?;
            exported
        } else {
            Exported::select(source, Repack::No, reference)?
        };
        Ok(Self(Form::Streamed(Box::new(exported))))
    }

    fn sought(file: File, reference: Option<&str>) -> Result<Self, ImageError> {
        let packed = Packed::index(file).map_err(|unfit| match unfit {
            Unfit::Io(source) => ImageError::Export(source),
            Unfit::Image(error) => error,
        })?;
        if packed.find("manifest.json").is_none() && packed.find("oci-layout").is_some() {
            let why = "it is an OCI layout and no docker archive; type oci-archive: before its path";
            return Err(ImageError::Export(io::Error::new(io::ErrorKind::Unsupported, why)));
        }
        let image = Saved::choose(&document(&packed, "manifest.json")?, reference)?;
        let config = document(&packed, &image.config)?;
        image.check(&config)?;
        let layers = image.layers.iter().map(|name| packed.find(name).ok_or(name));
        let (layers, lacking): (Vec<_>, Vec<_>) = layers.partition(Result::is_ok);
        if !lacking.is_empty() {
            let lacking = lacking.into_iter().filter_map(Result::err);
            return Err(ImageError::Mismatch(lacking.map(|name| format!("the archive lacks the layer {}", name.escape_debug())).collect()));
        }
        Ok(Self(Form::Sought { packed, config, layers: layers.into_iter().flatten().collect(), trusted: None }))
    }

    /// The same image with the archive's word for what its layers hash to: headers are read, and contents that may be there more
    /// than once. Where a layer is compressed, or the archive cannot be sought, everything is read and hashed as always.
    ///
    /// # Errors
    ///
    /// A layer cannot be read. One that is cut or broken is told when it is asked for.
    pub fn trusting(mut self) -> Result<Self, ImageError> {
        if let Form::Sought { packed, config, layers, trusted } = &mut self.0 {
            let diff_ids = ImageConfig::parse(config)?.diff_ids;
            let named: Vec<(Digest, Span)> = diff_ids.into_iter().zip(layers.iter().copied()).collect();
            for (digest, span) in &named {
                // The contents of one that is compressed could be those of another.
                if !packed.is_plain(*span).map_err(|source| ImageError::Read { digest: *digest, source })? {
                    return Ok(self);
                }
            }
            *trusted = Some(headers::layers(packed, &named)?);
        }
        Ok(self)
    }

    /// Whether the archive's word is taken for what its layers hash to.
    pub const fn is_trusted(&self) -> bool {
        matches!(&self.0, Form::Sought { trusted: Some(_), .. })
    }

    /// Whether the archive passed once, from front to back: it came through a pipe, or is compressed as a whole.
    pub const fn is_streamed(&self) -> bool {
        matches!(&self.0, Form::Streamed(_))
    }
}

fn document(packed: &Packed, name: &str) -> Result<Vec<u8>, ImageError> {
    let lacks = || ImageError::Invalid { what: "archive", why: format!("lacks {}", name.escape_debug()) };
    let span = packed.find(name).ok_or_else(lacks)?;
    if span.size > MAX_CONFIG_BYTES {
        return Err(ImageError::TooLarge { what: "configuration", bytes: span.size, limit: MAX_CONFIG_BYTES });
    }
    packed.read(span).map_err(ImageError::Export)
}

impl LayerSource for DockerArchive {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(None)
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        match &self.0 {
            Form::Sought { config, .. } => Ok(config.clone()),
            Form::Streamed(exported) => exported.config(named),
        }
    }

    fn load(&self, layer: &LayerName) -> u64 {
        match &self.0 {
            Form::Streamed(_) => 0,
            Form::Sought { layers, .. } => layers.get(layer.number).map_or(0, |span| span.size),
        }
    }

    fn fits(&self, layer: &LayerName, tar: u64) -> bool {
        match &self.0 {
            Form::Streamed(exported) => exported.fits(layer, tar),
            Form::Sought { packed, layers, .. } => {
                layers.get(layer.number).is_some_and(|span| packed.holds_tar(*span, tar).unwrap_or(false))
            }
        }
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let (packed, layers, trusted) = match &self.0 {
            Form::Streamed(exported) => return exported.layer(layer),
            Form::Sought { packed, layers, trusted, .. } => (packed, layers, trusted),
        };
        let digest = layer.diff_id;
        if let Some(trusted) = trusted {
            return trusted.get(layer.number).cloned().ok_or(ImageError::Missing { digest });
        }
        let span = *layers.get(layer.number).ok_or(ImageError::Missing { digest })?;
        let blob = metered(packed.open(span), Stored::Ignored, MAX_UNCOMPRESSED).map_err(|source| ImageError::Read { digest, source })?;
        let facts = blob.facts.map_err(|fault| ImageError::Blob { digest, fault })?;
        Ok(LayerFacts { stored: None, ..LayerFacts::from(facts) })
    }
}
