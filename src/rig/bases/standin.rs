//! Stand-ins: taken from the cache, or made by their recipes, put into the cache and loaded from there.
//!
//! What an engine built is never what it runs with: it is saved, removed with its build cache, and loaded again, so that the
//! first run after a build sees the very image, with the very reported size, that every later run sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::cache::{Cache, Entry, Lookup};
use super::certificates::Certificates;
use super::debian::{self, Tools};
use super::intake::Label;
use super::layer::{Level, hex};
use super::progress::Teller;
use super::recipe::{Method, Recipe};
use super::{BaseError, BaseSetKind, ProvidedBase};
use crate::dockerfile::Context;
use crate::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, Progress, ProgressSink, RunNetwork};

/// Lines of a failed build's output that are quoted.
const QUOTED_LINES: usize = 5;
/// Whatever changes how recipes are carried out changes this word, and with it every key.
const METHOD_VERSION: &str = "loadline stand-in 1";

/// What stand-ins are made with and from.
#[derive(Debug)]
pub(super) struct Workshop {
    pub(super) recipes: &'static [Recipe],
    pub(super) tools: Tools,
    pub(super) certificates: Certificates,
    pub(super) platform: String,
}

impl Workshop {
    /// The recipe for a name in its shown form, or why there is none.
    pub(super) fn recipe(&self, name: &str) -> Result<&'static Recipe, String> {
        let recipe = self.recipes.iter().find(|recipe| recipe.name == name);
        let recipe = recipe.ok_or_else(|| format!("there is no stand-in for {name}; it can only be had from a registry (--bases hub)"))?;
        if recipe.platforms.contains(&self.platform.as_str()) {
            return Ok(recipe);
        }
        Err(format!("the stand-in for {name} is made for {} only, not for {}", recipe.platforms.join(", "), self.platform))
    }

    fn parents(&self, recipe: &Recipe) -> impl Iterator<Item = &'static Recipe> {
        recipe.parents.iter().filter_map(|name| self.recipes.iter().find(|recipe| recipe.name == *name))
    }

    /// The cache key: everything that decides what is made, hashed.
    pub(super) fn key(&self, recipe: &Recipe) -> String {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(bytes);
        };
        for text in [METHOD_VERSION, recipe.name, &self.platform] {
            field(text.as_bytes());
        }
        recipe.method.texts().iter().for_each(|text| field(text.as_bytes()));
        self.parents(recipe).for_each(|parent| field(self.key(parent).as_bytes()));
        self.certificates.iter().for_each(|(name, bytes)| {
            field(name.as_bytes());
            field(bytes);
        });
        hex(hash.finalize().as_ref())
    }
}

/// One call's work on stand-ins.
pub(super) struct StandIns<'a, E> {
    pub(super) engine: &'a E,
    pub(super) cache: &'a Cache,
    pub(super) workshop: &'a Workshop,
    pub(super) sink: &'a ProgressSink,
    /// In the engine now, with whether it came from the cache.
    present: BTreeMap<&'static str, Entry>,
    built: BTreeSet<&'static str>,
    failed: BTreeMap<&'static str, String>,
    pub(super) warnings: Vec<String>,
}

impl<'a, E: Engine> StandIns<'a, E> {
    pub(super) fn new(engine: &'a E, cache: &'a Cache, workshop: &'a Workshop, sink: &'a ProgressSink) -> Self {
        let (present, built, failed) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { engine, cache, workshop, sink, present, built, failed, warnings: Vec::new() }
    }

    /// Brings the `wanted` stand-ins into the engine. An image that could not be built is `Err` with the reason in words.
    pub(super) async fn provide(
        &mut self,
        wanted: &BTreeSet<&'static str>,
    ) -> Result<BTreeMap<&'static str, Result<ProvidedBase, String>>, BaseError> {
        let recipes: Vec<_> = self.workshop.recipes.iter().filter(|recipe| wanted.contains(recipe.name)).collect();
        for recipe in &recipes {
            self.ensure(recipe).await?;
        }
        if !self.built.is_empty() {
            self.load_what_was_built(wanted).await?;
        }
        let mut provided = BTreeMap::new();
        for recipe in recipes {
            let outcome = match self.failed.get(recipe.name) {
                Some(reason) => Err(reason.clone()),
                None => Ok(self.provided(recipe).await?),
            };
            provided.insert(recipe.name, outcome);
        }
        Ok(provided)
    }

    /// Loads a stand-in from the cache, or makes it; afterwards it is in `present` or in `failed`.
    async fn ensure(&mut self, recipe: &'static Recipe) -> Result<(), BaseError> {
        if self.present.contains_key(recipe.name) || self.failed.contains_key(recipe.name) || self.load(recipe).await? {
            return Ok(());
        }
        for parent in self.workshop.parents(recipe) {
            Box::pin(self.ensure(parent)).await?;
            if let Some(reason) = self.failed.get(parent.name) {
                self.failed.insert(recipe.name, reason.clone());
                return Ok(());
            }
        }
        self.make(recipe).await
    }

    /// Whether the stand-in was in the cache, whole, and is in the engine now.
    async fn load(&mut self, recipe: &'static Recipe) -> Result<bool, BaseError> {
        let key = self.workshop.key(recipe);
        let damage = match self.cache.lookup(&key) {
            Lookup::Absent => return Ok(false),
            Lookup::Broken(damage) => damage,
            Lookup::Found(entry) => match self.load_entry(recipe, *entry).await? {
                Ok(()) => return Ok(true),
                Err(damage) => damage,
            },
        };
        self.warn(format!("the cached stand-in for {} is not usable ({damage}); it is built again", recipe.name));
        let cache = self.cache.clone();
        blocking(move || cache.discard(&key)).await?;
        Ok(false)
    }

    async fn load_entry(&mut self, recipe: &'static Recipe, entry: Entry) -> Result<Result<(), String>, BaseError> {
        let _step = Teller::new(self.sink, recipe.name).step("load from the cache");
        let (cache, place) = (self.cache.clone(), self.cache.workplace()?);
        let archive = place.path().join("load.tar");
        let (path, copy) = (archive.clone(), entry.clone());
        if let Err(damage) = blocking(move || cache.assemble(&copy, &path)).await?? {
            return Ok(Err(damage));
        }
        self.engine.load(&archive).await?;
        self.present.insert(recipe.name, entry);
        Ok(Ok(()))
    }

    async fn make(&mut self, recipe: &'static Recipe) -> Result<(), BaseError> {
        let teller = Teller::new(self.sink, recipe.name);
        let place = self.cache.workplace()?;
        match &recipe.method {
            Method::DebianRoot { changes, .. } => {
                let step = teller.step("make the root file system from packages");
                let Workshop { tools, certificates, .. } = self.workshop;
                let tar = debian::make_root(tools, recipe, certificates, place.path(), &teller).await?;
                drop(step);
                let changes: Vec<String> = changes.iter().map(|&line| line.to_owned()).collect();
                self.engine.import(&tar, recipe.name, &changes).await?;
            }
            Method::SlimRoot(text) | Method::Dockerfile(text) => {
                if let Err(reason) = self.build(recipe, text, &teller).await? {
                    self.failed.insert(recipe.name, format!("the stand-in for {} could not be built: {reason}", recipe.name));
                    return Ok(());
                }
            }
        }
        self.built.insert(recipe.name);
        let entry = self.store(recipe, &place, &teller).await?;
        self.present.insert(recipe.name, entry);
        Ok(())
    }

    async fn build(&self, recipe: &Recipe, text: &str, teller: &Teller) -> Result<Result<(), String>, BaseError> {
        let place = self.cache.workplace()?;
        let dockerfile = place.path().join("Dockerfile");
        std::fs::write(&dockerfile, text).map_err(BaseError::cache("write", &dockerfile))?;
        let request = BuildRequest {
            context: Arc::new(Context::plan(place.path(), &dockerfile)?),
            builder: BuilderVersion::BuildKit,
            target: None,
            build_args: BTreeMap::new(),
            platform: None,
            tag: recipe.name.to_owned(),
            cache: CacheUse::UseCache,
            network: RunNetwork::Host,
            labels: BTreeMap::new(),
        };
        Ok(match self.engine.build(request, &teller.sink()).await? {
            BuildOutcome::Built(_) => Ok(()),
            BuildOutcome::Failed(failure) => {
                let log = failure.last_lines(QUOTED_LINES).join(" | ");
                Err(format!(
                    "{}: {}{}{log}",
                    failure.step.as_deref().unwrap_or("build"),
                    failure.message,
                    if log.is_empty() { "" } else { ": " }
                ))
            }
        })
    }

    async fn store(&self, recipe: &'static Recipe, place: &tempfile::TempDir, teller: &Teller) -> Result<Entry, BaseError> {
        let _step = teller.step("put into the cache");
        let archive = place.path().join("saved.tar");
        self.engine.save(&[recipe.name.to_owned()], &archive).await?;
        let (cache, key, platform) = (self.cache.clone(), self.workshop.key(recipe), self.workshop.platform.clone());
        let store = move || {
            let level = match recipe.method {
                Method::DebianRoot { .. } | Method::SlimRoot(_) => Level::DebianRoot,
                Method::Dockerfile(_) => Level::Pushed,
            };
            let (reference, set, wanted) = (recipe.name, BaseSetKind::StandIn, recipe.versions);
            let label = Label { key: &key, reference, set, digest: None, platform: &platform, level, wanted };
            cache.store(&archive, &label)
        };
        blocking(store).await?
    }

    /// Removes all that building left in the engine and loads the `wanted` ones from the cache.
    async fn load_what_was_built(&mut self, wanted: &BTreeSet<&'static str>) -> Result<(), BaseError> {
        let gone: Vec<_> = self.present.keys().copied().filter(|name| self.built.contains(name) || !wanted.contains(name)).collect();
        for name in gone.iter().rev() {
            self.engine.remove_image(name).await?;
        }
        let keep: Vec<String> = self.workshop.recipes.iter().map(|recipe| recipe.name.to_owned()).collect();
        self.engine.prune(&keep).await?;
        for name in gone {
            let entry = self.present.remove(name);
            let recipe = self.workshop.recipes.iter().find(|recipe| recipe.name == name);
            if let (Some(entry), Some(recipe), true) = (entry, recipe, wanted.contains(name)) {
                let loaded = self.load_entry(recipe, entry).await?;
                loaded.map_err(|reason| BaseError::Archive { name: name.to_owned(), reason })?;
            }
        }
        Ok(())
    }

    async fn provided(&self, recipe: &'static Recipe) -> Result<ProvidedBase, BaseError> {
        let unusable = |reason: &str| BaseError::Archive { name: recipe.name.to_owned(), reason: reason.to_owned() };
        let entry = self.present.get(recipe.name).ok_or_else(|| unusable("it did not reach the engine"))?;
        let found = self.engine.inspect(recipe.name).await?.ok_or_else(|| unusable("the engine does not have it after loading"))?;
        let expected: Vec<&str> = entry.layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        if found.diff_ids != expected {
            return Err(unusable("the engine has other layers under its name"));
        }
        Ok(ProvidedBase {
            digest: found.id,
            uncompressed_size: Some(entry.uncompressed()),
            compressed_size: Some(entry.compressed()),
            differs: recipe.differs.to_vec(),
            package_managers: Some(recipe.package_managers),
            versions: entry.versions.clone(),
            from_cache: !self.built.contains(recipe.name),
        })
    }

    fn warn(&mut self, message: String) {
        self.sink.send(Progress::Log(crate::rig::LogLine { step: "base images".to_owned(), text: message.clone() }));
        self.warnings.push(message);
    }
}

/// Runs file work on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BaseError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        let source = std::io::Error::other(e);
        BaseError::Cache { action: "work in", path: std::path::PathBuf::from("the cache"), source }
    })
}
