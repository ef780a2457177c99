//! The sources of an image: the one place where they are chosen.
//!
//! Each arm of [`open`] ends in an [`Opened`]; nothing else in the command knows which source it reads.

use std::fs::File;
use std::path::Path;

use crate::cli::{Exit, Failure, plain};
use crate::image::{
    self, Cached, Digest, DigestError, DockerArchive, Exported, ImageConfig, ImageError, LayerCache, LayerFacts, LayerName, LayerSource,
    Layout, OciArchive, Repack, Select,
};
use crate::report::{ReadHow, SourceKind, SourceReport};
use crate::rig::classic::ClassicImage;
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::remote::{LoginPlace, RemoteError, RemoteImage};
use crate::rig::{Engine, EngineError, EngineInfo, ImageInfo};

use super::super::runtime;
use super::place::{Place, Stored};

/// What of an image is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Which platform, where there are several.
    pub platform: Option<String>,
    /// What is known of layers; `None` reads every byte.
    pub cache: Option<LayerCache>,
    /// Whether every byte is hashed, also where an engine's store vouches for it.
    pub verify: bool,
    /// Whether an archive's word is taken for what its layers hash to.
    pub trust: bool,
}

impl Wanted {
    /// How many layers were known so far.
    pub(super) fn known(&self) -> usize {
        self.cache.as_ref().map_or(0, LayerCache::hits)
    }
}

/// An image that can be read.
pub(super) struct Opened<'a> {
    /// Its documents and layers.
    pub source: Source<'a>,
    /// Where it is.
    pub facts: SourceReport,
    /// What of the arguments had no effect, in a sentence.
    pub note: Option<&'static str>,
}

/// Any source.
pub(super) struct Source<'a>(Box<dyn LayerSource + 'a>);

impl LayerSource for Source<'_> {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        self.0.manifest()
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        self.0.config(named)
    }

    fn load(&self, layer: &LayerName) -> u64 {
        self.0.load(layer)
    }

    fn fits(&self, layer: &LayerName, tar: u64) -> bool {
        self.0.fits(layer, tar)
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        self.0.layer(layer)
    }
}

impl<'a> Source<'a> {
    /// A source whose layers need not be read where they are known.
    fn cached(source: impl LayerSource + 'a, wanted: &'a Wanted) -> Self {
        match &wanted.cache {
            Some(cache) => Self(Box::new(Cached { source, cache })),
            None => Self(Box::new(source)),
        }
    }
}

/// Opens the image at `place`.
pub(super) fn open<'a>(place: &Place, wanted: &'a Wanted) -> Result<Opened<'a>, Failure> {
    let select = |stored: &Stored| Select { reference: stored.reference.clone(), platform: wanted.platform.clone() };
    match place {
        Place::Engine(name) => engine(name, wanted.verify),
        Place::Registry(name) => registry(place, name, wanted),
        Place::DockerArchive(stored) => on_disk(place, SourceKind::DockerArchive, stored, wanted, |stored| {
            let archive = DockerArchive::open(&stored.path, stored.reference.as_deref())?;
            let archive = if wanted.trust { archive.trusting()? } else { archive };
            let read = if archive.is_trusted() { ReadHow::Headers } else { ReadHow::EveryByte };
            let note = wanted.trust.then(|| without_effect(&archive, &stored.path)).flatten();
            Ok((archive, read, note))
        }),
        Place::Oci(stored) => {
            on_disk(place, SourceKind::Oci, stored, wanted, |stored| read_whole(Layout::open(&stored.path, &select(stored))))
        }
        Place::OciArchive(stored) => {
            on_disk(place, SourceKind::OciArchive, stored, wanted, |stored| read_whole(OciArchive::open(&stored.path, &select(stored))))
        }
    }
}

/// An image in a file or folder, which `read` knows how to read. One that is not there is a mistake of the user's, one that cannot be
/// read is the image's.
fn on_disk<'a, S: LayerSource + 'a>(
    place: &Place,
    kind: SourceKind,
    stored: &Stored,
    wanted: &'a Wanted,
    read: impl FnOnce(&Stored) -> Result<(S, ReadHow, Option<&'static str>), ImageError>,
) -> Result<Opened<'a>, Failure> {
    let piped = kind == SourceKind::DockerArchive && stored.path == Path::new("-");
    if !piped && let Err(error) = File::open(&stored.path) {
        return Err(Failure::new(Exit::Usage, format!("cannot open {place}: {error}; check the path")));
    }
    if kind != SourceKind::Oci && stored.path.is_dir() {
        return Err(Failure::new(Exit::Usage, format!("{place} is a folder and not an archive; name the file, or type oci:DIR")));
    }
    let (source, read, note) =
        read(stored).map_err(|error| if is_choice(&error) { asked_for(place, error) } else { broken(place, error) })?;
    let path = stored.path.to_string_lossy().into_owned();
    let facts = SourceReport { kind, place: path, store: None, reported_size: None, read, known_layers: 0 };
    Ok(Opened { source: Source::cached(source, wanted), facts, note })
}

/// A source that reads every byte of its layers.
fn read_whole<S>(source: Result<S, ImageError>) -> Result<(S, ReadHow, Option<&'static str>), ImageError> {
    source.map(|source| (source, ReadHow::EveryByte, None))
}

/// Why `--no-verify` changed nothing about how this archive was read; `None` where it did.
fn without_effect(archive: &DockerArchive, path: &Path) -> Option<&'static str> {
    if archive.is_trusted() {
        None
    } else if !archive.is_streamed() {
        Some("--no-verify has no effect: a layer in the archive is compressed, so every byte is read and hashed")
    } else if path.is_file() {
        Some("--no-verify has no effect: the archive is compressed as a whole, so every byte is read and hashed; unpack it first")
    } else {
        Some("--no-verify has no effect: the archive comes through a pipe, so every byte is read and hashed; write it to a file first")
    }
}

/// Whether the user asked for something that is not there, or for nothing where there are several.
const fn is_choice(error: &ImageError) -> bool {
    matches!(error, ImageError::Choice { .. })
}

fn asked_for(place: &Place, error: ImageError) -> Failure {
    let how = match (place, &error) {
        (_, ImageError::Choice { candidates, .. }) if candidates.is_empty() => String::new(),
        (Place::Registry(_) | Place::Engine(_), _) => String::new(),
        (Place::DockerArchive(_), _) => format!("; type it behind the path, {place}:NAME"),
        (Place::Oci(_) | Place::OciArchive(_), _) => format!("; type it behind the path, {place}:NAME, or its platform behind --platform"),
    };
    let cause = Failure::new(Exit::Usage, error).chain();
    Failure::new(Exit::Usage, format!("cannot weigh {place}: {cause}{how}"))
}

/// The `diff_id`s of the image at `place`, lowest first: no layer is read where that can be avoided.
pub(super) fn diff_ids(place: &Place, wanted: &Wanted) -> Result<Vec<Digest>, Failure> {
    if let Place::Engine(name) = place {
        let inspected = runtime()?.block_on(async { inspected(name).await.map(|(_, _, image)| image) })?;
        let read: Result<_, DigestError> = inspected.diff_ids.iter().map(|id| id.parse()).collect();
        return read.map_err(|error| broken(place, error.into()));
    }
    let Opened { source, .. } = open(place, wanted)?;
    let named = |bytes: &Vec<u8>| image::Manifest::parse(bytes).map(|manifest| manifest.config.digest);
    let config = source.manifest().and_then(|manifest| manifest.as_ref().map(named).transpose());
    let config = config.and_then(|named| source.config(named.as_ref())).and_then(|bytes| ImageConfig::parse(&bytes));
    Ok(config.map_err(|error| broken(place, error))?.diff_ids)
}

/// An engine's image: read in its store where that is possible, else exported as it streams by.
fn engine(name: &str, verify: bool) -> Result<Opened<'static>, Failure> {
    let place = Place::Engine(name.to_owned());
    let (docker, info, inspected) = runtime()?.block_on(inspected(name))?;
    let facts = SourceReport {
        kind: SourceKind::Engine,
        place: docker.endpoint().to_owned(),
        store: Some(store(&info)),
        reported_size: Some(inspected.reported_size),
        read: ReadHow::StoreIndex,
        known_layers: 0,
    };
    if let Some(image) = in_its_store(&docker, &info, &inspected) {
        agree(&place, &image, &inspected)?;
        if !verify {
            return Ok(Opened { source: Source(Box::new(image)), facts, note: None });
        }
        let image = image.verifying().map_err(|error| Failure::new(Exit::Incomplete, error))?;
        return Ok(Opened { source: Source(Box::new(image)), facts: SourceReport { read: ReadHow::EveryByte, ..facts }, note: None });
    }
    let exported = runtime()?.block_on(docker.export(&inspected.id, |archive| Exported::read(archive, Repack::No)));
    let image = exported.map_err(|e| Failure::new(Exit::Engine, e))?.map_err(|error| broken(&place, error))?;
    agree(&place, &image, &inspected)?;
    Ok(Opened { source: Source(Box::new(image)), facts: SourceReport { read: ReadHow::EveryByte, ..facts }, note: None })
}

/// The image where a classic store on this machine has it. Whatever stands in the way, the engine can still export it.
fn in_its_store(docker: &Docker, info: &EngineInfo, inspected: &ImageInfo) -> Option<ClassicImage> {
    if docker.is_remote() || info.containerd_store {
        return None;
    }
    ClassicImage::open(Path::new(&info.data_root), &inspected.id.parse().ok()?).ok()
}

/// An image in a registry, with the login that docker has for it. Its blobs stream by.
fn registry<'a>(place: &Place, name: &str, wanted: &'a Wanted) -> Result<Opened<'a>, Failure> {
    let opened = runtime()?.block_on(RemoteImage::open(name, wanted.platform.as_deref(), &LoginPlace::of_process()));
    let image = opened.map_err(|error| remote(place, error))?;
    let facts = SourceReport {
        kind: SourceKind::Registry,
        place: name.to_owned(),
        store: None,
        reported_size: None,
        read: ReadHow::EveryByte,
        known_layers: 0,
    };
    Ok(Opened { source: Source::cached(image, wanted), facts, note: None })
}

/// A name that is none is the user's mistake, an image that is none the image's; for the rest a registry is needed.
fn remote(place: &Place, error: RemoteError) -> Failure {
    match error {
        RemoteError::Image(error) if is_choice(&error) => asked_for(place, error),
        RemoteError::Image(error) => broken(place, error),
        error @ (RemoteError::Name(_) | RemoteError::NoImage { .. }) => Failure::new(Exit::Usage, error),
        error => Failure::new(Exit::Engine, error),
    }
}

fn store(info: &EngineInfo) -> String {
    format!("{}{}", info.store, if info.containerd_store { ", containerd" } else { "" })
}

/// The engine that `run --engine host` takes, and what it says of the image.
pub(super) async fn inspected(name: &str) -> Result<(Docker, EngineInfo, ImageInfo), Failure> {
    let docker = Docker::connect(&Endpoint::Environment).await.map_err(unreachable)?;
    let info = docker.info().await.map_err(|e| Failure::new(Exit::Engine, e))?;
    if let Some(image) = docker.inspect(name).await.map_err(|e| Failure::new(Exit::Engine, e))? {
        return Ok((docker, info, image));
    }
    let endpoint = docker.endpoint();
    let text = format!("the engine at {endpoint} has no image {}; pull it, or weigh docker-archive:PATH", plain::line(name));
    Err(Failure::new(Exit::Usage, text))
}

/// A run can choose another engine; a weighing can do without one.
fn unreachable(error: EngineError) -> Failure {
    match error {
        EngineError::Unreachable { endpoint, .. } => {
            let text = format!("no engine answers at {endpoint}; start it, or weigh a file that `docker save` wrote: docker-archive:PATH");
            Failure::new(Exit::Engine, text)
        }
        other => Failure::new(Exit::Engine, other),
    }
}

/// The engine's two answers are about one image.
fn agree(place: &Place, image: &impl LayerSource, inspected: &ImageInfo) -> Result<(), Failure> {
    let config = image.config(None).and_then(|bytes| ImageConfig::parse(&bytes)).map_err(|error| broken(place, error))?;
    let exported: Vec<String> = config.diff_ids.iter().map(ToString::to_string).collect();
    if exported == inspected.diff_ids {
        return Ok(());
    }
    let said = format!("the engine's inspection names {} layers, and its store or export others", inspected.diff_ids.len());
    Err(broken(place, ImageError::Mismatch(vec![said])))
}

/// An image that disagrees with itself or cannot be read has no numbers, which is what exit 3 is about.
pub(super) fn broken(place: &Place, error: ImageError) -> Failure {
    let cause = Failure::new(Exit::Incomplete, error).chain();
    Failure::new(Exit::Incomplete, format!("cannot weigh {place}: {cause}"))
}
