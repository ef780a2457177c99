//! Push, weighing and pull by way of a registry that the user names. Its traffic is not counted here: what was moved is what the
//! engines say, and what is stored is what the manifest in that registry says.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::image::{self, Digest, Exported, Manifest, Pushed, Repack, Weighing};
use crate::measure::Measure;
use crate::rig::remote::{LoginPlace, RegistryName, Remote, RemoteError};
use crate::rig::{Engine, EngineError, ImageInfo, ProgressSink, Solve, Transfer};

use super::bench::TAG;
use super::computed::NO_PULL;
use super::origin::Scaled;
use super::stop::{Stop, chain, invalid};
use super::trial::{Draft, TrialRunner};

/// The most characters of a run's name that go into a repository's.
const LONGEST_RUN: usize = 40;

/// Where a classic store notes which registry has which layer. Without the notes an engine sends every layer.
const NOTES: &str = "image/overlay2/distribution/v2metadata-by-diffid/sha256";

/// A registry that the user names, while it is measured with.
#[derive(Debug)]
pub struct Named {
    remote: Remote,
    /// A word of this process's own: two runs of one name on two machines share no repository.
    word: String,
    /// The folder of the private builder's notes.
    notes: Option<PathBuf>,
    left: Mutex<Left>,
}

#[derive(Debug, Default)]
struct Left {
    removed: usize,
    staying: Vec<String>,
    why: Option<String>,
}

impl Named {
    /// Asks the registry whether it allows what a run needs, with the login of this process's user.
    pub(super) async fn open(name: RegistryName) -> Result<Self, RemoteError> {
        let remote = Remote::open(name, &LoginPlace::of_process()).await?;
        let word = format!("{:08x}", fastrand::u32(..));
        Ok(Self { remote, word, notes: None, left: Mutex::default() })
    }

    /// The registry.
    pub const fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The same with the data root of a private builder, so that it forgets between trials what the registry has.
    pub(super) fn with_builder(self, data_root: &Path) -> Self {
        Self { notes: Some(data_root.join(NOTES)), ..self }
    }

    /// A repository without the host: a new one for each trial, since a registry takes no layer twice.
    pub(super) fn repository(&self, run_id: &str, scenario: &str, variant: &str, iteration: u32) -> String {
        let run = short(run_id);
        self.remote.name().repository(&format!("loadline-{run}-{}-{scenario}-{variant}-{iteration}", self.word))
    }

    pub(super) fn reference(&self, repository: &str) -> String {
        format!("{}/{repository}:{TAG}", self.remote.name().host())
    }

    /// Lets the builder forget which registry has which layer.
    pub(super) fn forget_notes(&self) -> std::io::Result<()> {
        let Some(notes) = &self.notes else { return Ok(()) };
        let entries = match std::fs::read_dir(notes) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    /// Removes what a trial pushed, where the registry allows it, and keeps the name where it does not.
    async fn remove(&self, repository: &str, digest: &Digest) {
        let removed = self.remote.delete(repository, digest).await;
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match removed {
            Ok(()) => left.removed += 1,
            Err(error) => {
                left.staying.push(self.reference(repository));
                left.why.get_or_insert_with(|| error.to_string());
            }
        }
    }

    fn stays(&self, repository: &str) {
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        left.staying.push(self.reference(repository));
    }

    /// What is in the registry at the end of a run, a sentence each.
    pub fn what_stays(&self) -> Vec<String> {
        let left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut told = Vec::new();
        if left.removed > 0 {
            told.push(format!(
                "{} removed from {}; their layers go when that registry next collects its garbage",
                crate::units::count(left.removed, "pushed image"),
                self.remote.name()
            ));
        }
        if !left.staying.is_empty() {
            let why = left.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            told.push(format!("left in the registry, wholly or in part{why}; remove them there: {}", left.staying.join(", ")));
        }
        told
    }
}

/// A run's name as a part of a repository's: what is not allowed there becomes a dash, and of a long one the last parts are kept.
fn short(run_id: &str) -> String {
    let plain: String = run_id.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    while parts.iter().map(|part| part.len() + 1).sum::<usize>() > LONGEST_RUN {
        parts.remove(0);
    }
    if parts.is_empty() { "run".to_owned() } else { parts.join("-") }
}

impl<E: Engine> TrialRunner<'_, E> {
    /// Push, weighing and pull by way of `named`.
    pub(super) async fn transfer_named(&self, named: &Named, solve: &Solve, built: &ImageInfo, draft: &mut Draft) -> Result<(), Stop> {
        let repository = named.repository(self.run_id, &self.scenario.name, &self.variant.name, self.block.iteration);
        let reference = named.reference(&repository);
        self.guard("the tag", self.limits.call, self.bench.builder.tag(&solve.image_id, &reference)).await??;
        let digest = match self.push_named(&reference, draft).await {
            Ok(digest) => digest,
            Err(stop) => {
                // Nobody knows how much of it arrived.
                named.stays(&repository);
                return Err(stop);
            }
        };
        let measured = self.weigh_and_pull(named, &repository, &digest, built, draft).await;
        // Not given up when the user stops the run: the name would be lost.
        let removal = tokio::time::timeout(self.limits.call, named.remove(&repository, &digest));
        if self.emitter.watch().overhead("removal from the registry", removal).await.is_err() {
            named.stays(&repository);
        }
        measured
    }

    async fn weigh_and_pull(
        &self,
        named: &Named,
        repository: &str,
        digest: &Digest,
        built: &ImageInfo,
        draft: &mut Draft,
    ) -> Result<(), Stop> {
        let work = self.weigh_named(named, repository, digest, built, draft);
        let weighing = self.emitter.watch().overhead("weighing", work).await?;
        draft.numbers.weighing(&weighing);
        self.pull_named(&named.reference(repository), digest, draft).await?;
        draft.weighing = Some(weighing);
        draft.warn(format!(
            "the bytes that crossed the link are not counted: {} is not loadline's own registry",
            named.remote.name().host()
        ));
        Ok(())
    }

    async fn push_named(&self, reference: &str, draft: &mut Draft) -> Result<Digest, Stop> {
        self.phase("push");
        let silent = ProgressSink::none();
        let push = self.bench.builder.push(reference, &silent);
        let transfer = self.counted(async { Ok(self.guard("the push", self.limits.transfer, push).await??) }).await?;
        self.timed(Measure::PushTime, &transfer, draft);
        let missing = || EngineError::Incomplete { action: format!("push of {reference}"), missing: "the manifest's digest" };
        let digest = transfer.digest.as_deref().ok_or_else(missing)?;
        digest.parse().map_err(|_| invalid(format!("the engine says it pushed {digest:?}, which is no digest")))
    }

    async fn pull_named(&self, reference: &str, pushed: &Digest, draft: &mut Draft) -> Result<(), Stop> {
        let Some(puller) = &self.bench.puller else {
            if !self.bench.isolated {
                draft.warn(NO_PULL);
            }
            return Ok(());
        };
        self.phase("pull");
        let silent = ProgressSink::none();
        let pull = puller.pull(reference, &silent);
        let transfer = self.counted(async { Ok(self.guard("the pull", self.limits.transfer, pull).await??) }).await?;
        let got = transfer.digest.clone().unwrap_or_default();
        if got != pushed.to_string() {
            return Err(invalid(format!("{pushed} was pushed, but the pull got {got:?}")));
        }
        self.timed(Measure::PullTime, &transfer, draft);
        Ok(())
    }

    /// A time counts only where the engine moved every layer.
    fn timed(&self, measure: Measure, transfer: &Transfer, draft: &mut Draft) {
        self.emitter.watch().measured(transfer.seconds);
        if transfer.already_present == 0 {
            draft.numbers.transfer(measure, transfer);
            return;
        }
        let (layers, was) = if transfer.already_present == 1 {
            ("1 layer".to_owned(), "was")
        } else {
            (format!("{} layers", transfer.already_present), "were")
        };
        draft.warn(format!("{} is not recorded: {layers} {was} there already, so that it was not cold", measure.id()));
    }

    /// The manifest in the registry with the contents of the engine's export, held against the image that was built.
    async fn weigh_named(
        &self,
        named: &Named,
        repository: &str,
        digest: &Digest,
        built: &ImageInfo,
        draft: &mut Draft,
    ) -> Result<Weighing, Stop> {
        let manifest = self.guard("the manifest", self.limits.call, named.remote.manifest(repository, digest)).await?;
        let manifest = manifest.map_err(|error| invalid(chain(&error)))?.to_vec();
        let untold = self.check_sizes(named, repository, &manifest).await?;
        if untold > 0 {
            let blobs = crate::units::count(untold, "blob");
            draft.warn(format!(
                "the registry does not say itself how many bytes {blobs} of the image have: the manifest's word stands alone"
            ));
        }
        let export = self.bench.builder.export(&built.id, |archive| Exported::read(archive, Repack::Gzip));
        let exported = self.guard("the export", self.limits.transfer, export).await??;
        let exported = exported.map_err(|error| invalid(chain(&error)))?;
        let source = Pushed::new(manifest, &exported).map_err(|error| invalid(chain(&error)))?;
        let scaled = Scaled::from(image::weigh(&source).map_err(|error| invalid(chain(&error)))?);
        let layers: Vec<&str> = scaled.weighing.layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        if layers == built.diff_ids {
            self.traced(scaled).await
        } else {
            Err(invalid(format!("the engine says the image has layers {:?}, but it exported {layers:?}", built.diff_ids)))
        }
    }

    /// Every blob of the manifest is there and has the length that the manifest states; gives the number of those of which the
    /// registry does not tell.
    async fn check_sizes(&self, named: &Named, repository: &str, manifest: &[u8]) -> Result<usize, Stop> {
        let manifest = Manifest::parse(manifest).map_err(|error| invalid(chain(&error)))?;
        let mut untold = 0;
        for blob in manifest.layers.iter().chain([&manifest.config]) {
            let told = self.guard("the question for a blob", self.limits.call, named.remote.blob_size(repository, &blob.digest)).await?;
            match told.map_err(|error| invalid(chain(&error)))? {
                Some(bytes) if bytes != blob.size => {
                    let reason =
                        format!("the manifest says that {} has {} bytes, but the registry has {bytes} of it", blob.digest, blob.size);
                    return Err(invalid(reason));
                }
                Some(_) => {}
                None => untold += 1,
            }
        }
        Ok(untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_runs_name_is_what_tells_it_from_others() {
        assert_eq!(short("2026-11-21-3"), "2026-11-21-3");
        assert_eq!(short("My Run_of: ä"), "my-run-of");
        assert_eq!(short("ä/.."), "run");
        let long = format!("{}-2026-1", "x".repeat(60));
        assert_eq!(short(&long), "2026-1");
        assert!(short(&"y".repeat(99)).len() <= LONGEST_RUN);
    }
}
