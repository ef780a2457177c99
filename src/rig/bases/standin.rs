//! Stand-ins: taken from the cache, or made by their recipes, put into the cache and loaded from there.
//!
//! What an engine built is never what it runs with: it is saved, removed with its build cache, and loaded again, so that the
//! first run after a build sees the very image, with the very reported size, that every later run sees.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::cache::{Entry, Lookup};
use super::certificates::Certificates;
use super::debian::Tools;
use super::lanes::{self, Made};
use super::layer::hex;
use super::loading::{self, Cached};
use super::making::Site;
use super::recipe::Recipe;
use super::{BaseError, ProvidedBase, Spent, recipes};
use crate::rig::{Engine, Progress};

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
    /// All recipes on this machine, for its own platform.
    pub(super) fn of_machine() -> Result<Self, BaseError> {
        let platform = format!("{}/{}", std::env::consts::OS, architecture(std::env::consts::ARCH));
        Ok(Self { recipes: recipes(), tools: Tools::default(), certificates: Certificates::of_machine()?, platform })
    }

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

/// Rust's name of an architecture as an engine writes it.
const fn architecture(rust: &'static str) -> &'static str {
    match rust.as_bytes() {
        b"x86_64" => "amd64",
        b"aarch64" => "arm64",
        _ => rust,
    }
}

/// One call's work on stand-ins.
pub(super) struct StandIns<'a, E> {
    site: Site<'a, E>,
    /// In the engine, loaded from the cache.
    present: BTreeMap<&'static str, Entry>,
    /// Made by this call, and how.
    made: Made,
    /// In the cache, but not as they were put there.
    damaged: BTreeSet<&'static str>,
    /// Where the time went.
    pub(super) spent: Spent,
    pub(super) warnings: Vec<String>,
}

/// What becomes of the recipes that are needed.
#[derive(Default)]
struct Survey {
    load: Vec<Cached>,
    make: Vec<&'static Recipe>,
}

impl<'a, E: Engine> StandIns<'a, E> {
    pub(super) fn new(site: Site<'a, E>) -> Self {
        let (present, made, damaged) = (BTreeMap::new(), Made::default(), BTreeSet::new());
        Self { site, present, made, damaged, spent: Spent::default(), warnings: Vec::new() }
    }

    /// Brings the `wanted` stand-ins into the engine. An image that could not be built is `Err` with the reason in words.
    pub(super) async fn provide(
        &mut self,
        wanted: &BTreeSet<&'static str>,
    ) -> Result<BTreeMap<&'static str, Result<ProvidedBase, String>>, BaseError> {
        let orders = self.load_what_is_cached(wanted).await?;
        if !orders.is_empty() {
            self.can_make(&orders).await?;
            let began = Instant::now();
            self.made = lanes::make_all(self.site, &orders).await?;
            self.spent.making = began.elapsed();
            self.spent.made = self.made.entries.len();
            self.load_what_was_made(wanted).await?;
        }
        let mut provided = BTreeMap::new();
        for recipe in self.site.workshop.recipes.iter().filter(|recipe| wanted.contains(recipe.name)) {
            let outcome = match self.made.failed.get(recipe.name) {
                Some(reason) => Err(reason.clone()),
                None => Ok(self.provided(recipe).await?),
            };
            provided.insert(recipe.name, outcome);
        }
        Ok(provided)
    }

    /// Recipes are carried out where an image is made on the parents that it names, and on no others.
    async fn can_make(&self, orders: &[&'static Recipe]) -> Result<(), BaseError> {
        if self.site.engine.info().await?.containerd_store {
            return Err(BaseError::NotMadeHere { names: orders.iter().map(|recipe| recipe.name).collect() });
        }
        Ok(())
    }

    /// Loads what the cache has of the `wanted` ones and of the parents that others are made on. Gives what is to be made.
    /// A damaged image is noticed only while it is loaded, and its parents may then be needed as well: so it is looked again.
    async fn load_what_is_cached(&mut self, wanted: &BTreeSet<&'static str>) -> Result<Vec<&'static Recipe>, BaseError> {
        loop {
            let survey = self.survey(wanted).await?;
            if survey.load.is_empty() {
                self.spent.loaded = self.present.len();
                return Ok(survey.make);
            }
            for (name, damage) in self.load(survey.load).await? {
                self.damaged(name, &damage).await?;
            }
        }
    }

    /// Looks from the children to the parents, which are needed only where a child is to be made.
    async fn survey(&mut self, wanted: &BTreeSet<&'static str>) -> Result<Survey, BaseError> {
        let (mut needed, mut survey) = (wanted.clone(), Survey::default());
        for recipe in self.site.workshop.recipes.iter().rev() {
            if !needed.contains(recipe.name) || self.present.contains_key(recipe.name) {
                continue;
            }
            if let Some(entry) = self.cached(recipe).await? {
                survey.load.push((recipe.name, entry));
            } else {
                needed.extend(self.site.workshop.parents(recipe).map(|parent| parent.name));
                survey.make.push(recipe);
            }
        }
        survey.load.reverse();
        survey.make.reverse();
        Ok(survey)
    }

    async fn cached(&mut self, recipe: &'static Recipe) -> Result<Option<Entry>, BaseError> {
        if self.damaged.contains(recipe.name) {
            return Ok(None);
        }
        match self.site.cache.lookup(&self.site.workshop.key(recipe)) {
            Lookup::Absent => Ok(None),
            Lookup::Found(entry) => Ok(Some(*entry)),
            Lookup::Broken(damage) => self.damaged(recipe.name, &damage).await.map(|()| None),
        }
    }

    /// Says that a cached stand-in cannot be used, and forgets it.
    async fn damaged(&mut self, name: &'static str, damage: &str) -> Result<(), BaseError> {
        self.warn(format!("the cached stand-in for {name} is not usable ({damage}); it is built again"));
        self.damaged.insert(name);
        let (cache, key) = (self.site.cache.clone(), self.site.workshop.recipe(name).map(|recipe| self.site.workshop.key(recipe)));
        blocking(move || key.iter().for_each(|key| cache.discard(key))).await
    }

    /// Loads images from the cache and gives those that do not verify, with the damage.
    async fn load(&mut self, images: Vec<Cached>) -> Result<Vec<(&'static str, String)>, BaseError> {
        let began = Instant::now();
        let mut damaged = Vec::new();
        for (name, outcome) in loading::load_all(self.site, images).await? {
            match outcome {
                Ok(entry) => drop(self.present.insert(name, entry)),
                Err(damage) => damaged.push((name, damage)),
            }
        }
        self.spent.loading += began.elapsed();
        Ok(damaged)
    }

    /// Removes all that making left in the engine and loads the `wanted` ones from the cache.
    async fn load_what_was_made(&mut self, wanted: &BTreeSet<&'static str>) -> Result<(), BaseError> {
        let Site { engine, workshop, .. } = self.site;
        let in_engine = |name| self.present.contains_key(name) && !wanted.contains(name) || self.made.entries.contains_key(name);
        for recipe in workshop.recipes.iter().rev().filter(|recipe| in_engine(recipe.name)) {
            engine.remove_image(recipe.name).await?;
        }
        let keep: Vec<String> = workshop.recipes.iter().map(|recipe| recipe.name.to_owned()).collect();
        engine.prune(&keep).await?;
        self.present.retain(|name, _| wanted.contains(name));
        let made = self.made.entries.iter().filter(|(name, _)| wanted.contains(*name));
        let made = made.map(|(name, entry)| (*name, entry.clone())).collect();
        match self.load(made).await?.pop() {
            None => Ok(()),
            Some((name, reason)) => Err(BaseError::Archive { name: name.to_owned(), reason }),
        }
    }

    async fn provided(&self, recipe: &'static Recipe) -> Result<ProvidedBase, BaseError> {
        let unusable = |reason: &str| BaseError::Archive { name: recipe.name.to_owned(), reason: reason.to_owned() };
        let entry = self.present.get(recipe.name).ok_or_else(|| unusable("it did not reach the engine"))?;
        let found = self.site.engine.inspect(recipe.name).await?.ok_or_else(|| unusable("the engine does not have it after loading"))?;
        let expected: Vec<&str> = entry.layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        if found.diff_ids != expected {
            return Err(unusable("the engine has other layers under its name"));
        }
        Ok(ProvidedBase {
            digest: entry.image_id.clone(),
            uncompressed_size: Some(entry.uncompressed()),
            compressed_size: Some(entry.compressed()),
            differs: recipe.differs.to_vec(),
            package_managers: Some(recipe.package_managers),
            versions: entry.versions.clone(),
            from_cache: !self.made.entries.contains_key(recipe.name),
        })
    }

    fn warn(&mut self, message: String) {
        self.site.sink.send(Progress::Warning(message.clone()));
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
