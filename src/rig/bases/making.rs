//! Making one stand-in in the engine, and taking it into the cache.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::cache::{Cache, Entry};
use super::debian;
use super::intake::Label;
use super::layer::Level;
use super::progress::Teller;
use super::recipe::{Method, Recipe};
use super::standin::{Workshop, blocking};
use super::{BaseError, BaseSetKind};
use crate::dockerfile::Context;
use crate::rig::{BuildFailure, BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, ProgressSink, RunNetwork};

/// Lines of a failed build's output that are quoted.
const QUOTED_LINES: usize = 6;

/// Where stand-ins are made, of what, and who is told.
#[derive(Debug)]
pub(super) struct Site<'a, E> {
    pub(super) engine: &'a E,
    pub(super) cache: &'a Cache,
    pub(super) workshop: &'a Workshop,
    pub(super) sink: &'a ProgressSink,
}

impl<E> Clone for Site<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Site<'_, E> {}

impl<E: Engine> Site<'_, E> {
    /// Makes the image of `recipe`, whose parents are in the engine. The inner error says in words why its Dockerfile failed.
    pub(super) async fn build(self, recipe: &'static Recipe) -> Result<Result<(), String>, BaseError> {
        let teller = Teller::new(self.sink, recipe.name);
        let place = self.cache.workplace()?;
        match &recipe.method {
            Method::DebianRoot { changes, .. } => self.root(recipe, changes, place.path(), &teller).await.map(Ok),
            Method::SlimRoot(text) | Method::Dockerfile(text) => self.dockerfile(recipe, text, place.path(), &teller).await,
        }
    }

    async fn root(self, recipe: &Recipe, changes: &[&str], place: &Path, teller: &Teller) -> Result<(), BaseError> {
        let step = teller.step("make the root file system from packages");
        let Workshop { tools, certificates, .. } = self.workshop;
        let tar = debian::make_root(tools, recipe, certificates, place, teller).await?;
        drop(step);
        let changes: Vec<String> = changes.iter().map(|&line| line.to_owned()).collect();
        Ok(self.engine.import(&tar, recipe.name, &changes).await?)
    }

    async fn dockerfile(self, recipe: &Recipe, text: &str, place: &Path, teller: &Teller) -> Result<Result<(), String>, BaseError> {
        let dockerfile = place.join("Dockerfile");
        std::fs::write(&dockerfile, text).map_err(BaseError::cache("write", &dockerfile))?;
        let request = request(recipe, Context::plan(place, &dockerfile)?);
        Ok(match self.engine.build(request, &teller.sink()).await? {
            BuildOutcome::Built(_) => Ok(()),
            BuildOutcome::Failed(failure) => Err(reason(recipe, &failure)),
        })
    }

    /// Takes the image of `recipe` out of the engine into the cache.
    pub(super) async fn store(self, recipe: &'static Recipe) -> Result<Entry, BaseError> {
        let teller = Teller::new(self.sink, recipe.name);
        let step = teller.step("put into the cache");
        let place = self.cache.workplace()?;
        let archive = place.path().join("saved.tar");
        self.engine.save(&[recipe.name.to_owned()], &archive).await.map_err(BaseError::writing)?;
        let (cache, key, platform) = (self.cache.clone(), self.workshop.key(recipe), self.workshop.platform.clone());
        let store = move || {
            let (reference, set, level, wanted) = (recipe.name, BaseSetKind::StandIn, level(&recipe.method), recipe.versions);
            let label = Label { key: &key, reference, set, digest: None, platform: &platform, level, wanted };
            cache.store(&archive, &label)
        };
        let entry = blocking(store).await??;
        drop(step);
        drop(teller.step(&recipe.nearness(entry.compressed())));
        Ok(entry)
    }
}

const fn level(method: &Method) -> Level {
    match method {
        Method::DebianRoot { .. } | Method::SlimRoot(_) => Level::DebianRoot,
        Method::Dockerfile(_) => Level::Pushed,
    }
}

fn request(recipe: &Recipe, context: Context) -> BuildRequest {
    BuildRequest {
        context: Arc::new(context),
        builder: BuilderVersion::BuildKit,
        target: None,
        build_args: BTreeMap::new(),
        platform: None,
        tag: recipe.name.to_owned(),
        cache: CacheUse::UseCache,
        network: RunNetwork::Host,
        labels: BTreeMap::new(),
    }
}

/// What failed, and the lines that say why.
fn reason(recipe: &Recipe, failure: &BuildFailure) -> String {
    let step = failure.step.as_deref().unwrap_or("build");
    let excerpt = failure.excerpt();
    let hint = excerpt.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    let log = excerpt.lines[..excerpt.lines.len().min(QUOTED_LINES)].join(" | ");
    let separator = if log.is_empty() { "" } else { ": " };
    format!("the stand-in for {} could not be built: {step}: {}{separator}{log}{hint}", recipe.name, failure.message)
}
