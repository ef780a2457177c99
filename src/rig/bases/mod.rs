//! Base sets: published images by pulling, or stand-ins built from packages; cached outside the repository.
//!
//! A Dockerfile is measured as it stands, so what its `FROM` names must be in the engine under that name. [`provide`] brings
//! it there: from the registry (*hub*), held against `bases.lock`, or made again after the published recipe (*stand-in*).
//! One call decides for all references together; nothing is ever mixed or swapped silently.
//!
//! Owned state: the cache folder ([`cache_folder`]) and `bases.lock`. A stand-in carries this machine's extra CA
//! certificates, so that package managers work in it, and so must never leave the machine: it is given its published name in
//! private engines only, and pushed to nothing but loadline's own registry on the loopback address.

mod cache;
mod certificates;
mod debian;
mod error;
mod hold;
mod hub;
mod intake;
mod lanes;
mod layer;
mod listing;
mod loading;
mod lockfile;
mod making;
mod mirror;
mod owner;
mod place;
mod progress;
mod prune;
mod recipe;
mod reference;
mod saved;
mod standin;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use error::BaseError;
pub use layer::COMPRESSOR;
pub use listing::{PAGE_BEGIN, PAGE_END, all_but, common, csv, json, markdown, own};
pub use lockfile::LockFile;
pub use mirror::BaseMirror;
pub use place::{cache_bytes, cache_folder};
pub use prune::{Pruned, prune};
pub use recipe::{Method, Published, Recipe, recipes};
pub use status::{BaseStatus, CachedBase, Listing, list};

use self::cache::Cache;
use self::certificates::Certificates;
use self::debian::Tools;
use self::hold::hold;
use self::hub::{Found, Hub};
use self::making::Site;
use self::owner::Owner;
use self::reference::Reference;
use self::standin::{StandIns, Workshop};
use super::{Engine, EngineInfo, Progress, ProgressSink};
use crate::units;

/// Which base set a run shall use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BaseChoice {
    /// Published images if every reference resolves, else stand-ins for all.
    #[default]
    Auto,
    /// Published images.
    Hub,
    /// Stand-ins.
    StandIn,
}

impl BaseChoice {
    /// Every choice, in the order in which help lists them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Hub, Self::StandIn];

    /// The word for it: `auto`, `hub`, `stand-in`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Hub => "hub",
            Self::StandIn => "stand-in",
        }
    }
}

/// Which base set was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseSetKind {
    /// Published images.
    Hub,
    /// Stand-ins.
    StandIn,
}

/// What a plan needs.
#[derive(Clone, Debug)]
pub struct BaseRequest<'a> {
    /// What the plan's `FROM` lines name, build arguments substituted; `scratch` is passed over.
    pub references: &'a [String],
    /// Which base set.
    pub choice: BaseChoice,
    /// Whether published digests must agree with `bases.lock`, which is then not written.
    pub locked: bool,
    /// `bases.lock`.
    pub lock_path: PathBuf,
    /// The cache's folder, such as [`cache_folder`] gives.
    pub cache: PathBuf,
}

/// What was brought into the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Provided {
    /// The one base set of all images.
    pub set: BaseSetKind,
    /// Why this set, in words.
    pub reason: String,
    /// By reference, as the request wrote it.
    pub images: BTreeMap<String, ProvidedBase>,
    /// References that could not be provided, and why: their variants cannot be built.
    pub missing: BTreeMap<String, String>,
    /// What a reader of the figures must know. The sink was told of each when it was found.
    pub warnings: Vec<String>,
    /// Where the time went, for stand-ins.
    pub spent: Spent,
}

/// Stand-ins that were made and loaded, those counted that only others are made on, and the wall time of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many were made, and put into the cache.
    pub made: usize,
    /// Wall time of making them, two at once.
    pub making: Duration,
    /// How many the cache had already.
    pub loaded: usize,
    /// Wall time of loading from the cache, those that were just made as well.
    pub loading: Duration,
}

/// One base image in the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvidedBase {
    /// Manifest digest (hub) or digest of the configuration (stand-in), which is the same in every store.
    pub digest: String,
    /// Σ bytes of its layers' tars (D3).
    pub uncompressed_size: Option<u64>,
    /// Σ bytes of its layers under [`COMPRESSOR`]: an estimate of what a registry would hold.
    pub compressed_size: Option<u64>,
    /// What is not as in the published image; empty for a published one.
    pub differs: Vec<&'static str>,
    /// The package managers that a stand-in has; `None` for a published image, which is not looked into.
    pub package_managers: Option<&'static [&'static str]>,
    /// Versions found inside a stand-in.
    pub versions: BTreeMap<String, String>,
    /// Whether it came from the cache.
    pub from_cache: bool,
}

/// What is in the way of building stand-ins on this machine; `None` when nothing is. A private engine is needed besides.
pub fn obstacle() -> Option<BaseError> {
    debian::check(&Tools::default()).err()
}

/// Whether there is a recipe for what `reference` names, on whatever platform. One that names a digest has none.
pub fn has_stand_in(reference: &str) -> bool {
    let Ok(reference) = Reference::parse(reference) else { return false };
    reference.digest().is_none() && recipes().iter().any(|recipe| recipe.name == reference.to_string())
}

/// Brings the base images of a plan into `engine` under the names that the plan uses.
///
/// Stand-ins need a private engine, freshly started: after building any, everything but stand-ins is pruned from it.
/// A reference that cannot be had is reported in [`Provided::missing`]; an error means that none can.
pub async fn provide<E: Engine>(engine: &E, request: &BaseRequest<'_>, sink: &ProgressSink) -> Result<Provided, BaseError> {
    let maker = Maker { tools: Tools::default(), recipes: recipes(), certificates: Certificates::of_machine()?, owner: Owner::of_caller() };
    provide_with(engine, request, sink, maker).await
}

/// What a machine makes stand-ins with; tests bring their own.
struct Maker {
    tools: Tools,
    recipes: &'static [Recipe],
    certificates: Certificates,
    owner: Option<Owner>,
}

/// A reference as the request wrote it, and what it means.
type Wanted = BTreeMap<String, Result<Reference, String>>;

async fn provide_with<E: Engine>(engine: &E, request: &BaseRequest<'_>, sink: &ProgressSink, maker: Maker) -> Result<Provided, BaseError> {
    let wanted: Wanted =
        request.references.iter().filter(|text| *text != "scratch").map(|text| (text.clone(), Reference::parse(text))).collect();
    let info = engine.info().await?;
    let decision = decide(engine, request, &wanted).await?;
    if wanted.is_empty() {
        return Ok(Provided::empty(decision.set, decision.reason));
    }
    let cache = Cache::at(&request.cache, maker.owner);
    cache.create()?;
    let held = hold(&cache, sink).await?;
    cache.sweep();
    let provided = match decision.set {
        BaseSetKind::Hub => from_hub(engine, request, sink, &cache, &info, &wanted, decision, maker.owner).await,
        BaseSetKind::StandIn => {
            let Maker { tools, recipes, certificates, .. } = maker;
            let workshop = Workshop { recipes, tools, certificates, platform: info.platform };
            stand_ins(engine, sink, &cache, &workshop, &wanted, decision).await
        }
    };
    drop(held);
    provided
}

/// Which set, why, and what was looked up on the way.
struct Decision {
    set: BaseSetKind,
    reason: String,
    found: BTreeMap<Reference, Found>,
}

async fn decide(engine: &impl Engine, request: &BaseRequest<'_>, wanted: &Wanted) -> Result<Decision, BaseError> {
    let mut decision = Decision { set: BaseSetKind::Hub, reason: "chosen by --bases".to_owned(), found: BTreeMap::new() };
    if request.choice == BaseChoice::StandIn {
        decision.set = BaseSetKind::StandIn;
    } else {
        let obstacle = look_up_all(engine, request.choice, wanted, &mut decision.found).await?;
        if request.choice == BaseChoice::Auto {
            (decision.set, decision.reason) = match obstacle {
                Some(obstacle) => (BaseSetKind::StandIn, obstacle),
                None if wanted.is_empty() => (BaseSetKind::Hub, "the plan needs no base image".to_owned()),
                None => (BaseSetKind::Hub, "every base image of the plan resolves".to_owned()),
            };
        }
    }
    if request.locked && decision.set == BaseSetKind::StandIn {
        return Err(BaseError::LockedStandIn { why: decision.reason });
    }
    Ok(decision)
}

/// Looks up every reference; with `auto`, the first that does not resolve ends the search and is the answer.
async fn look_up_all(
    engine: &impl Engine,
    choice: BaseChoice,
    wanted: &Wanted,
    found: &mut BTreeMap<Reference, Found>,
) -> Result<Option<String>, BaseError> {
    for reference in wanted.values().flatten() {
        let answer = hub::look_up(engine, reference).await?;
        let obstacle = match &answer {
            Found::At(_) => None,
            Found::No(why) => Some(format!("{reference} does not resolve ({why})")),
            Found::Unasked => Some(format!("this engine cannot tell whether {reference} resolves")),
        };
        found.insert(reference.clone(), answer);
        if choice == BaseChoice::Auto && obstacle.is_some() {
            return Ok(obstacle);
        }
    }
    Ok(None)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one call, taken apart once")]
async fn from_hub<E: Engine>(
    engine: &E,
    request: &BaseRequest<'_>,
    sink: &ProgressSink,
    cache: &Cache,
    info: &EngineInfo,
    wanted: &Wanted,
    decision: Decision,
    owner: Option<Owner>,
) -> Result<Provided, BaseError> {
    let lock = LockFile::read(&request.lock_path)?;
    let mut hub = Hub { engine, cache, sink, platform: &info.platform, keeps_blobs: info.containerd_store, lock, warnings: Vec::new() };
    if request.locked {
        let problems: Vec<_> = decision.found.iter().filter_map(|(reference, found)| hub.problem(reference, found)).collect();
        if !problems.is_empty() {
            return Err(BaseError::Locked { path: request.lock_path.clone(), problems });
        }
    }
    let mut provided = Provided::empty(decision.set, decision.reason);
    let mut digests = BTreeMap::new();
    for (text, reference) in wanted {
        let outcome = match reference {
            Err(reason) => Err(reason.clone()),
            Ok(reference) => match &decision.found[reference] {
                Found::No(why) => Err(format!("{reference} does not resolve ({why})")),
                found => survivable(hub.provide(reference, found).await)?.inspect(|base| {
                    digests.insert(reference.clone(), base.digest.clone());
                }),
            },
        };
        provided.put(text, outcome);
    }
    if !request.locked {
        hub.write_lock(&digests, &request.lock_path, owner)?;
    }
    hub.warnings.iter().for_each(|warning| sink.send(Progress::Warning(warning.clone())));
    provided.warnings = hub.warnings;
    Ok(provided)
}

/// An engine that refuses one image can still have the others; everything else ends the call.
fn survivable(outcome: Result<ProvidedBase, BaseError>) -> Result<Result<ProvidedBase, String>, BaseError> {
    match outcome {
        Ok(base) => Ok(Ok(base)),
        Err(BaseError::Engine(error @ super::EngineError::Refused { .. })) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

async fn stand_ins<E: Engine>(
    engine: &E,
    sink: &ProgressSink,
    cache: &Cache,
    workshop: &Workshop,
    wanted: &Wanted,
    decision: Decision,
) -> Result<Provided, BaseError> {
    let recipe_of = |reference: &Result<Reference, String>| -> Result<&'static str, String> {
        let reference = reference.as_ref().map_err(Clone::clone)?;
        match reference.digest() {
            Some(_) => {
                Err(format!("{reference} names a digest, which no stand-in can have; it can only be had from a registry (--bases hub)"))
            }
            None => Ok(workshop.recipe(&reference.to_string())?.name),
        }
    };
    let recipes: BTreeMap<&String, _> = wanted.iter().map(|(text, reference)| (text, recipe_of(reference))).collect();
    let names: BTreeSet<&'static str> = recipes.values().flatten().copied().collect();
    let mut work = StandIns::new(Site { engine, cache, workshop, sink });
    let made = work.provide(&names).await?;
    let mut provided = Provided::empty(decision.set, decision.reason);
    for (text, recipe) in recipes {
        provided.put(text, recipe.and_then(|name| made[name].clone()));
    }
    (provided.warnings, provided.spent) = (work.warnings, work.spent);
    Ok(provided)
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (made, loaded) = (units::count(self.made, "stand-in"), self.loaded);
        let [making, loading] = [self.making, self.loading].map(|time| units::seconds(time.as_secs_f64()));
        if self.made > 0 {
            return write!(f, "{made} built in {making}, {loaded} taken from the cache; loading took {loading}");
        }
        write!(f, "{} taken from the cache in {loading}", units::count(loaded, "stand-in"))
    }
}

impl Provided {
    fn empty(set: BaseSetKind, reason: String) -> Self {
        Self { set, reason, images: BTreeMap::new(), missing: BTreeMap::new(), warnings: Vec::new(), spent: Spent::default() }
    }

    fn put(&mut self, reference: &str, outcome: Result<ProvidedBase, String>) {
        match outcome {
            Ok(base) => drop(self.images.insert(reference.to_owned(), base)),
            Err(why) => drop(self.missing.insert(reference.to_owned(), why)),
        }
    }
}
