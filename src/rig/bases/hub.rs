//! Published images: looked up, held against `bases.lock`, pulled by digest, and kept in the cache by digest.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::cache::{Cache, Entry, Lookup};
use super::intake::Label;
use super::layer::{Level, digest_of};
use super::lockfile::LockFile;
use super::progress::Teller;
use super::reference::Reference;
use super::standin::blocking;
use super::{BaseError, BaseSetKind, ProvidedBase};
use crate::rig::{Engine, EngineError, ImageInfo, ProgressSink};

/// How long a registry may take to name one digest. An engine itself gives up on an unreachable one after 15 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a registry said of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The digest that it has now.
    At(String),
    /// It has none, or no registry answers; in words.
    No(String),
    /// This engine cannot ask without pulling.
    Unasked,
}

/// Asks for the digest of `reference`.
pub(super) async fn look_up(engine: &impl Engine, reference: &Reference) -> Result<Found, BaseError> {
    if let Some(digest) = reference.digest() {
        // The registry is asked all the same: a pinned digest may have been removed.
        return Ok(match ask(engine, &reference.at(digest)).await? {
            Found::At(_) => Found::At(digest.to_owned()),
            other => other,
        });
    }
    ask(engine, &reference.name()).await
}

async fn ask(engine: &impl Engine, name: &str) -> Result<Found, BaseError> {
    match tokio::time::timeout(PATIENCE, engine.resolve(name)).await {
        Ok(Ok(digest)) => Ok(Found::At(digest)),
        Ok(Err(EngineError::Unsupported { .. })) => Ok(Found::Unasked),
        Ok(Err(error)) if error.is_fatal() => Err(error.into()),
        Ok(Err(EngineError::Refused { message, .. })) => Ok(Found::No(format!("the engine says: {message}"))),
        Ok(Err(error)) => Ok(Found::No(error.to_string())),
        Err(_) => Ok(Found::No(format!("the registry of {name} did not answer within {} s", PATIENCE.as_secs()))),
    }
}

/// One call's work on published images.
pub(super) struct Hub<'a, E> {
    pub(super) engine: &'a E,
    pub(super) cache: &'a Cache,
    pub(super) sink: &'a ProgressSink,
    pub(super) platform: &'a str,
    /// Whether the engine keeps layers as they are stored, and so the manifest that names them.
    pub(super) keeps_blobs: bool,
    pub(super) lock: LockFile,
    pub(super) warnings: Vec<String>,
}

impl<E: Engine> Hub<'_, E> {
    /// What `--locked` has against `found`; nothing where they agree.
    pub(super) fn problem(&self, reference: &Reference, found: &Found) -> Option<String> {
        if reference.digest().is_some() {
            return None;
        }
        let locked = self.lock.get(reference, self.platform);
        match (locked, found) {
            (None, _) => Some(format!("{reference} for {} is not locked", self.platform)),
            (Some(locked), Found::At(now)) if locked != now => Some(format!("{reference} was locked as {locked} and is {now} now")),
            (Some(_), Found::Unasked) => Some(format!("this engine cannot tell which digest {reference} has now")),
            (Some(_), _) => None,
        }
    }

    /// Brings `reference` into the engine under its name.
    pub(super) async fn provide(&mut self, reference: &Reference, found: &Found) -> Result<ProvidedBase, BaseError> {
        let cached = match found {
            // The cache compresses anew: what comes out of it has another manifest than what the registry answers with at a build.
            Found::At(digest) if reference.digest().is_none() && !self.keeps_blobs => self.load(reference, digest).await?,
            _ => None,
        };
        match cached {
            Some(entry) => Ok(provided(entry.content_digest(), &entry, true)),
            None => self.pull(reference, found).await,
        }
    }

    /// Loads the image from the cache; an entry that does not verify is dropped and said.
    async fn load(&mut self, reference: &Reference, digest: &str) -> Result<Option<Entry>, BaseError> {
        let key = self.key(reference, digest);
        let damage = match self.cache.lookup(&key) {
            Lookup::Absent => return Ok(None),
            Lookup::Broken(damage) => damage,
            Lookup::Found(entry) => {
                let _step = Teller::new(self.sink, &reference.to_string()).step("load from the cache");
                let (cache, place, copy) = (self.cache.clone(), self.cache.workplace()?, entry.clone());
                let archive = place.path().join("load.tar");
                let path = archive.clone();
                match blocking(move || cache.assemble(&[*copy], &path)).await??.remove(0) {
                    None => {
                        self.engine.load(&archive).await?;
                        return Ok(Some(*entry));
                    }
                    Some(damage) => damage,
                }
            }
        };
        self.warnings.push(format!("the cached {reference} is not usable ({damage}); it is pulled again"));
        let cache = self.cache.clone();
        blocking(move || cache.discard(&key)).await?;
        Ok(None)
    }

    async fn pull(&self, reference: &Reference, found: &Found) -> Result<ProvidedBase, BaseError> {
        let teller = Teller::new(self.sink, &reference.to_string());
        let step = teller.step("pull");
        // By digest, so that a tag that moves in between cannot slip another image in.
        let source = if let Found::At(digest) = found { reference.at(digest) } else { reference.name() };
        let transfer = self.engine.pull(&source, &teller.sink()).await?;
        let name = reference.name();
        if name != source {
            self.engine.tag(&source, &name).await?;
        }
        drop(step);
        let missing = EngineError::Incomplete { action: format!("pull of {source}"), missing: "the image" };
        let image = self.engine.inspect(&name).await?.ok_or(missing)?;
        let digest = match found {
            Found::At(digest) => Some(digest.clone()),
            _ => transfer.digest.clone().or_else(|| repo_digest(&image, reference)),
        };
        let missing = EngineError::Incomplete { action: format!("pull of {source}"), missing: "a manifest digest" };
        let digest = digest.ok_or(missing)?;
        let entry = self.store(reference, &digest, &teller).await?;
        Ok(provided(&digest, &entry, false))
    }

    async fn store(&self, reference: &Reference, digest: &str, teller: &Teller) -> Result<Entry, BaseError> {
        let _step = teller.step("put into the cache");
        let place = self.cache.workplace()?;
        let archive = place.path().join("saved.tar");
        let name = reference.name();
        self.engine.save(std::slice::from_ref(&name), &archive).await.map_err(BaseError::writing)?;
        let (cache, key, platform) = (self.cache.clone(), self.key(reference, digest), self.platform.to_owned());
        let digest = digest.to_owned();
        let store = move || {
            let set = BaseSetKind::Hub;
            let (digest, level) = (Some(digest.as_str()), Level::Pushed);
            let label = Label { key: &key, reference: &name, set, digest, platform: &platform, level, wanted: &[] };
            cache.store(&archive, &label)
        };
        blocking(store).await?
    }

    fn key(&self, reference: &Reference, digest: &str) -> String {
        let text = format!("loadline hub 1\n{}\n{digest}\n{}", reference.name(), self.platform);
        digest_of(text.as_bytes()).trim_start_matches("sha256:").to_owned()
    }

    /// Takes the digests of `images` into the lock, warns of those that moved, and writes `path` if anything changed.
    pub(super) fn write_lock(
        &mut self,
        images: &BTreeMap<Reference, String>,
        path: &Path,
        owner: Option<super::owner::Owner>,
    ) -> Result<(), BaseError> {
        let before = self.lock.clone();
        for (reference, digest) in images.iter().filter(|(reference, _)| reference.digest().is_none()) {
            if let Some(old) = self.lock.set(reference, self.platform, digest) {
                let path = path.display();
                self.warnings.push(format!("{reference} moved from {old} to {digest}; {path} names the new digest now: commit it, or keep to the old one with --locked"));
            }
        }
        if self.lock == before { Ok(()) } else { self.lock.write(path, owner) }
    }
}

fn provided(digest: &str, entry: &Entry, from_cache: bool) -> ProvidedBase {
    ProvidedBase {
        digest: digest.to_owned(),
        uncompressed_size: Some(entry.uncompressed()),
        compressed_size: Some(entry.compressed()),
        differs: Vec::new(),
        package_managers: None,
        versions: BTreeMap::new(),
        from_cache,
    }
}

fn repo_digest(image: &ImageInfo, reference: &Reference) -> Option<String> {
    let parsed = image.repo_digests.iter().filter_map(|text| Reference::parse(text).ok());
    parsed.filter(|found| found.repository() == reference.repository()).find_map(|found| found.digest().map(str::to_owned))
}
