//! What the engine had before a run, so that what the run left can be told from it: build cache, base images, steps of the
//! classic builder.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::rig::docker::{CacheRecord, Docker};
use crate::rig::{Engine, EngineError};

/// Longest wait for the account of the build cache: an engine walks through all of it.
const USAGE: Duration = Duration::from_mins(2);

/// How much of a record's id names it. Ids are random and of 25 letters and digits, so that no other begins like it.
const ID_PREFIX: usize = 10;

/// What was there before a run.
#[derive(Clone, Debug)]
pub struct Before {
    /// Records of the build cache by id; the engine's words where it did not say.
    cache: Result<BTreeSet<String>, String>,
    /// By reference, whether the engine had the image.
    bases: BTreeMap<String, bool>,
    images: BTreeSet<String>,
}

/// What a run left that was not there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Of the build cache; the reason where the engine did not say.
    pub cache: Option<Result<CacheLeft, String>>,
    /// Every base image of the plan that was found, by reference.
    pub bases: BTreeMap<String, FoundBase>,
    /// Ids of images without a name that were not there before, such as steps of a classic build that failed.
    pub steps: Vec<String>,
}

/// Records of the build cache that were not there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheLeft {
    /// How many.
    pub records: u64,
    /// Their bytes on disk.
    pub bytes: u64,
    /// How many records of before are gone, because the engine keeps its cache within a limit.
    pub gone: u64,
    /// Removes these records and no others; absent where there is nothing to remove.
    pub command: Option<String>,
    /// The names, as users write them, of images that records among them were fetched for.
    fetched: BTreeSet<String>,
}

/// A base image as the builds of the run found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBase {
    /// Of its manifest where the engine has it from a registry, else its id.
    pub digest: String,
    /// Whether the engine fetched it during the run.
    pub pulled: bool,
    /// Whether it is there as an image. A builder may keep what it fetched in its build cache alone.
    pub image: bool,
}

impl Before {
    /// Looks at the engine before the first build; `references` are the base images of the plan.
    pub async fn look(engine: &Docker, references: &[String]) -> Result<Self, EngineError> {
        let mut bases = BTreeMap::new();
        for reference in references {
            bases.insert(reference.clone(), engine.inspect(reference).await?.is_some());
        }
        let images = engine.image_ids().await?.into_iter().collect();
        Ok(Self { cache: cache(engine).await.map(|records| records.into_iter().map(|record| record.id).collect()), bases, images })
    }

    /// What there is more than before. `used` are the digests that builders named with a base image.
    pub async fn after(&self, engine: &Docker, used: &BTreeMap<String, BTreeSet<String>>) -> Result<Left, EngineError> {
        let cache = match &self.cache {
            Ok(before) => cache(engine).await.map(|after| left(before, &after)),
            Err(why) => Err(why.clone()),
        };
        let fetched = cache.as_ref().map(|left| left.fetched.clone()).unwrap_or_default();
        let mut bases = BTreeMap::new();
        for (reference, there) in &self.bases {
            let named = used.get(&familiar(reference)).into_iter().flatten().next().cloned();
            if let Some((digest, image)) = found(engine, reference, named).await? {
                let pulled = !there && (image || fetched.contains(&familiar(reference)));
                bases.insert(reference.clone(), FoundBase { digest, pulled, image });
            }
        }
        Ok(Left { cache: Some(cache), bases, steps: self.unnamed(engine).await? })
    }

    async fn unnamed(&self, engine: &Docker) -> Result<Vec<String>, EngineError> {
        let mut unnamed = Vec::new();
        for id in engine.image_ids().await?.into_iter().filter(|id| !self.images.contains(id)) {
            let image = engine.inspect(&id).await?;
            unnamed.extend(image.filter(|image| image.repo_tags.is_empty() && image.repo_digests.is_empty()).map(|image| image.id));
        }
        Ok(unnamed)
    }
}

/// The digest of a base image, and whether it is there as an image; `None` where nothing tells.
async fn found(engine: &Docker, reference: &str, named: Option<String>) -> Result<Option<(String, bool)>, EngineError> {
    let image = engine.inspect(reference).await?;
    let of_image = image.as_ref().map(|image| {
        let digest =
            image.repo_digests.iter().filter_map(|name| name.split_once('@')).find(|(name, _)| familiar(reference).starts_with(name));
        digest.map_or_else(|| image.id.clone(), |(_, digest)| digest.to_owned())
    });
    Ok(named.or(of_image).map(|digest| (digest, image.is_some())))
}

async fn cache(engine: &Docker) -> Result<Vec<CacheRecord>, String> {
    let asked = tokio::time::timeout(USAGE, engine.build_cache()).await;
    asked.map_err(|_| format!("the engine did not say within {} s what its build cache holds", USAGE.as_secs()))?.map_err(|e| e.to_string())
}

fn left(before: &BTreeSet<String>, after: &[CacheRecord]) -> CacheLeft {
    let new: Vec<&CacheRecord> = after.iter().filter(|record| !before.contains(&record.id)).collect();
    let still: BTreeSet<&String> = after.iter().map(|record| &record.id).collect();
    let ids: Vec<&str> = new.iter().map(|record| record.id.get(..ID_PREFIX).unwrap_or(&record.id)).collect();
    let filter = || format!("docker builder prune --all --force --filter 'id=^({})'", ids.join("|"));
    CacheLeft {
        records: new.len() as u64,
        bytes: new.iter().map(|record| record.bytes).sum(),
        gone: before.iter().filter(|id| !still.contains(id)).count() as u64,
        command: (!ids.is_empty()).then(filter),
        fetched: new.iter().filter_map(|record| record.pulled_from.as_deref()).map(familiar).collect(),
    }
}

/// The digests that `BuildKit` put behind the names of base images in its steps: `[1/2] FROM docker.io/library/a:1@sha256:…`.
/// By the names as users write them, `a:1`.
pub fn named_in_steps<'a>(steps: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, BTreeSet<String>> {
    let mut named = BTreeMap::<String, BTreeSet<String>>::new();
    for step in steps {
        let Some(name) = step.strip_prefix("FROM ").or_else(|| Some(step.split_once("] FROM ")?.1)) else { continue };
        let Some((name, digest)) = name.split_whitespace().next().and_then(|name| name.split_once('@')) else { continue };
        if digest.parse::<crate::image::Digest>().is_ok() {
            named.entry(familiar(name)).or_default().insert(digest.to_owned());
        }
    }
    named
}

/// A name as users write it: without the default registry and its default folder, with a tag.
fn familiar(reference: &str) -> String {
    let name = reference.split('@').next().unwrap_or(reference);
    let short = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    let short = short.strip_prefix("library/").unwrap_or(short);
    if short.rsplit('/').next().is_some_and(|last| last.contains(':')) { short.to_owned() } else { format!("{short}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "sha256:505b969d000000000000000000000000000000000000000000000000000000aa";

    #[test]
    fn the_digest_of_a_base_is_read_from_the_steps_that_name_it() {
        let steps = [
            format!("[build 1/5] FROM docker.io/library/golang:1.23@{ID}"),
            format!("FROM docker.io/grafana/loki@{ID}"),
            "[2/2] RUN echo '[x] FROM a@b'".to_owned(),
            "[1/2] FROM docker.io/library/local:1".to_owned(),
            "Step 1/2 : FROM x".to_owned(),
        ];
        let named = named_in_steps(steps.iter().map(String::as_str));
        assert_eq!(named.keys().collect::<Vec<_>>(), ["golang:1.23", "grafana/loki:latest"]);
        assert_eq!(named["golang:1.23"].iter().collect::<Vec<_>>(), [ID]);
    }

    #[test]
    fn what_is_left_of_the_cache_are_the_new_records_and_the_command_names_no_other() {
        let record = |id: &str, bytes, from: Option<&str>| CacheRecord { id: id.to_owned(), bytes, pulled_from: from.map(str::to_owned) };
        let before = BTreeSet::from(["aaaaaaaaaaaaaaa".to_owned(), "bbbbbbbbbbbbbbb".to_owned()]);
        let after = [
            record("aaaaaaaaaaaaaaa", 6, Some("docker.io/library/old:1@sha256:00")),
            record("ccccccccccccccc", 100, Some("docker.io/library/golang:1.23@sha256:00")),
            record("ddddddddddddddd", 0, None),
        ];
        let left_over = left(&before, &after);
        assert_eq!((left_over.records, left_over.bytes, left_over.gone), (2, 100, 1));
        assert_eq!(left_over.fetched.iter().collect::<Vec<_>>(), ["golang:1.23"]);
        let command = left_over.command.expect("there is something to remove");
        assert_eq!(command, "docker builder prune --all --force --filter 'id=^(cccccccccc|dddddddddd)'");
        let all = after.iter().map(|record| record.id.clone()).collect();
        assert_eq!(left(&all, &after), CacheLeft::default());
    }
}
