//! The trials after a block's cold one: the same image once more, the image after an edit, and both without a cache, pushed and pulled
//! as an update.
//!
//! Before each the registry and the engine that pulls have the cold image and nothing newer: what moves is what an update costs. The bytes
//! are computed from the two manifests (D10, `docs/sizes.md`), and the push and the pull must have moved exactly them.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::{Update, Weighing, update};
use crate::measure::Measure;
use crate::record::{DeltaForm, DeltaLayer, DeltaRecord, Status};
use crate::rig::{Engine, ImageInfo, Solve};

use super::super::stop::{Stop, chain, invalid, timed_out};
use super::super::{bench, cache_state, transfer};
use super::{Build, Built, Draft, Made, TrialRunner};

impl<E: Engine> TrialRunner<'_, E> {
    /// Nothing has changed: the same layers come out, and they are proven already.
    pub(super) async fn warm(&self, made: &Made, draft: &mut Draft) -> Result<Status, Stop> {
        let Built::Image(solve) = self.build(draft).await? else { return Err(unexpected()) };
        // A base that could not change ends up here, too.
        cache_state::check(Build::Warm(made), &solve.vertices).map_err(invalid)?;
        let image = self.inspect(&solve).await?;
        if image.diff_ids != made.diff_ids {
            return Err(invalid("nothing had changed, but the build made other layers from its cache"));
        }
        draft.numbers.build(&solve);
        self.update(&solve, &image, made, draft).await?;
        Ok(made.status.clone())
    }

    /// The app was changed: the new image is proven like the first.
    pub(super) async fn edited(&self, made: &Made, draft: &mut Draft) -> Result<Status, Stop> {
        let Built::Image(solve) = self.build(draft).await? else { return Err(unexpected()) };
        self.moved_on(&solve, made, draft).await
    }

    /// What a build that came out made is proven, and moved where it has figures.
    pub(super) async fn moved_on(&self, solve: &Solve, made: &Made, draft: &mut Draft) -> Result<Status, Stop> {
        let image = self.inspect(solve).await?;
        draft.numbers.build(solve);
        let status = self.prove(solve, draft).await?;
        if status.has_numbers() {
            self.update(solve, &image, made, draft).await?;
        }
        Ok(status)
    }

    /// As on a machine that has the base images and nothing else, caches of `RUN --mount` included. The new image is proven like the first,
    /// since its layers need not be the same.
    pub(super) async fn clean(&self, made: &Made, draft: &mut Draft) -> Result<Status, Stop> {
        self.reset_builder().await?;
        self.edited(made, draft).await
    }

    /// Pushes and pulls the new image where the old one is. Only loadline's own registry counts what moves.
    async fn update(&self, solve: &Solve, image: &ImageInfo, made: &Made, draft: &mut Draft) -> Result<(), Stop> {
        let (Some(old), None, None) = (&made.weighing, &self.bench.named, &self.bench.unreachable) else { return Ok(()) };
        let moved = self.move_update(old, solve, image, draft).await;
        let taken_back = self.emitter.watch().overhead("back to the cold image", self.take_back()).await;
        moved.and(taken_back)
    }

    /// Leaves the registry and the engine that pulls with the cold image alone: what an update shares with the one before it
    /// would not move otherwise. Also after an update that failed half way, and not given up when the user stops the run.
    async fn take_back(&self) -> Result<(), Stop> {
        if self.goes_with_its_engine() {
            return Ok(());
        }
        self.bench.registry.keep_tag(&self.repository(), bench::TAG).map_err(|error| invalid(chain(&error)))?;
        let Some(puller) = &self.bench.puller else { return Ok(()) };
        let removal = tokio::time::timeout(self.limits.call, puller.remove_image(&self.pushed())).await;
        Ok(removal.map_err(|_| timed_out("the removal of the update", self.limits.call))??)
    }

    async fn move_update(&self, old: &Weighing, solve: &Solve, image: &ImageInfo, draft: &mut Draft) -> Result<(), Stop> {
        let reference = self.pushed();
        self.guard("the tag", self.limits.call, self.bench.builder.tag(&solve.image_id, &reference)).await??;
        self.phase("push");
        let push = transfer::send(&self.bench.builder, self.bench.way(), &reference, self.emitter);
        let pushed = self.counted(async { self.guard("the push", self.limits.transfer, push).await? }).await?;
        self.moved(Measure::PushTime, &pushed, draft);
        let work = async {
            let scaled = transfer::weigh(&self.bench.registry, &self.repository(), &self.pushed_tag(), image, &pushed.record)?;
            self.traced(scaled).await
        };
        let new = self.emitter.watch().overhead("weighing", work).await?;
        self.compressed(&new, draft)?;
        let change = update(old, &new).ok_or_else(|| invalid("the registry has no manifest of the image"))?;
        exactly("push", &pushed.record.blobs, &wanted(&change, &new, DeltaForm::Blob))?;
        draft.numbers.delta(change.blob, change.chain);
        draft.push = Some(pushed.record);
        let pulled = self.pull_update(&reference, &change, &new, draft).await?;
        draft.delta = Some(recorded(&change, &new, pulled));
        Ok(())
    }

    /// Pulls onto the engine that has the old image; the form in which that engine fetched.
    async fn pull_update(&self, reference: &str, change: &Update, new: &Weighing, draft: &mut Draft) -> Result<Option<DeltaForm>, Stop> {
        let Some(puller) = &self.bench.puller else { return Ok(None) };
        self.phase("pull");
        let info = self.emitter.watch().overhead("inspect", self.guard("the engine's word", self.limits.call, puller.info())).await??;
        let form = if info.containerd_store { DeltaForm::Blob } else { DeltaForm::Chain };
        let pull = transfer::fetch(puller, self.bench.way(), reference, new, self.emitter);
        let fetched = self.counted(async { self.guard("the pull", self.limits.transfer, pull).await? }).await?;
        exactly("pull", &fetched.record.blobs, &wanted(change, new, form))?;
        self.moved(Measure::PullTime, &fetched, draft);
        draft.pull = Some(fetched.record);
        Ok(Some(form))
    }
}

/// The blobs that an update moves in one form: digest to bytes.
fn wanted(change: &Update, new: &Weighing, form: DeltaForm) -> BTreeMap<String, u64> {
    let config = new.image_id.iter().filter(|_| change.config > 0).map(|id| (id.clone(), change.config));
    let moves = |(blob, chain): &(bool, bool)| if form == DeltaForm::Blob { *blob } else { *chain };
    let layers = new.layers.iter().zip(&change.layers).filter(|(_, layer)| moves(layer));
    layers.filter_map(|(layer, _)| Some((layer.digest.clone()?, layer.compressed?))).chain(config).collect()
}

/// What crossed the registry must be what the manifests say: otherwise the time means something else.
fn exactly(direction: &str, moved: &BTreeMap<String, u64>, wanted: &BTreeMap<String, u64>) -> Result<(), Stop> {
    if moved == wanted {
        return Ok(());
    }
    let digests: BTreeSet<&String> = moved.keys().chain(wanted.keys()).filter(|digest| moved.get(*digest) != wanted.get(*digest)).collect();
    let bytes = |of: &BTreeMap<String, u64>| crate::units::bytes(of.values().sum());
    let names: Vec<&str> = digests.into_iter().map(String::as_str).collect();
    Err(invalid(format!(
        "the {direction} of the update moved {}, but by the two manifests it is {}; the blobs that differ: {}",
        bytes(moved),
        bytes(wanted),
        names.join(", ")
    )))
}

fn recorded(change: &Update, new: &Weighing, pulled: Option<DeltaForm>) -> DeltaRecord {
    let base = new.base.as_ref().map(|base| base.layers);
    let layer = |(number, (layer, (blob, chain))): (usize, (&crate::image::LayerWeight, &(bool, bool)))| DeltaLayer {
        bytes: layer.compressed.unwrap_or(0),
        base: base.map(|base| number < base),
        dockerfile_line: layer.dockerfile_line.clone(),
        blob: *blob,
        chain: *chain,
    };
    let layers = new.layers.iter().zip(&change.layers).enumerate().map(layer).collect();
    DeltaRecord { blob: change.blob, chain: change.chain, pulled, layers }
}

/// Variants that are meant to fail have no trial after the cold one.
pub(super) fn unexpected() -> Stop {
    invalid("the build failed as expected, but its cold build did not")
}
