//! A cold push and a cold pull, each checked against the registry's own count.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use crate::image::{self, Weighing};
use crate::record::TransferRecord;
use crate::rig::registry::{BlobTransfer, ManifestTransfer, Registry};
use crate::rig::{Engine, EngineError, ImageInfo, ProgressSink, Transfer};

use super::bench::TAG;
use super::origin::Scaled;
use super::stop::{Stop, chain, invalid};
use super::way::Way;
use super::{Emitter, EventKind};

/// Time between two looks at how far a transfer is: often enough to be watched, too seldom to be seen in its time.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// A transfer by the engine's clock and by the registry's count.
#[derive(Debug)]
pub(super) struct Moved {
    /// As the engine reported it.
    pub transfer: Transfer,
    /// As it is recorded.
    pub record: TransferRecord,
    /// What a reader must know of it.
    pub warnings: Vec<String>,
}

/// Pushes `reference` and counts what arrived. A push that left layers out was not cold and is refused.
pub(super) async fn push(engine: &impl Engine, way: Way<'_>, reference: &str, emitter: &Emitter) -> Result<Moved, Stop> {
    let moved = send(engine, way, reference, emitter).await?;
    match moved.transfer.already_present {
        0 => Ok(moved),
        count => Err(invalid(format!("the push was to be cold, but {count} layers were not sent"))),
    }
}

/// Pushes `reference` and counts what arrived, with whatever the registry has already left out.
pub(super) async fn send(engine: &impl Engine, way: Way<'_>, reference: &str, emitter: &Emitter) -> Result<Moved, Stop> {
    let mark = way.mark();
    let silent = ProgressSink::none();
    let told = tell(emitter, "push", None, || way.moved_since(&mark).uploaded);
    let transfer = way.carry("the push", &mark, engine.push(reference, &silent), told).await?;
    let crossed = way.since(&mark);
    let traffic = &crossed.traffic;
    whole("push", traffic.unfinished.uploaded)?;
    let digest = transfer.digest.clone().ok_or_else(|| incomplete("push", reference))?;
    let record = record(&transfer, digest, &traffic.uploads, manifest_bytes(&traffic.manifest_uploads));
    crossed.moved("push", transfer, record)
}

/// Pulls `reference` and checks that every blob of the weighed image crossed the registry once, whole.
pub(super) async fn pull(
    engine: &impl Engine,
    way: Way<'_>,
    reference: &str,
    weighing: &Weighing,
    emitter: &Emitter,
) -> Result<Moved, Stop> {
    let moved = fetch(engine, way, reference, weighing, emitter).await?;
    cold("pull", weighing, &moved.record.blobs)?;
    Ok(moved)
}

/// Pulls `reference`, with whatever the engine has already left out.
pub(super) async fn fetch(
    engine: &impl Engine,
    way: Way<'_>,
    reference: &str,
    weighing: &Weighing,
    emitter: &Emitter,
) -> Result<Moved, Stop> {
    let mark = way.mark();
    let silent = ProgressSink::none();
    let total = weighing.layer_transfer_size.unwrap_or(0) + weighing.config_size;
    let told = tell(emitter, "pull", Some(total), || way.moved_since(&mark).downloaded);
    let transfer = way.carry("the pull", &mark, engine.pull(reference, &silent), told).await?;
    let crossed = way.since(&mark);
    let traffic = &crossed.traffic;
    let record = record(&transfer, stored(weighing).to_owned(), &traffic.downloads, manifest_bytes(&traffic.manifest_downloads));
    let digest = transfer.digest.as_ref().ok_or_else(|| incomplete("pull", reference))?;
    if digest != stored(weighing) {
        return Err(invalid(format!("{} was pushed, but the pull got {digest}", stored(weighing))));
    }
    whole("pull", traffic.unfinished.downloaded)?;
    crossed.moved("pull", transfer, record)
}

/// Tells how many bytes crossed the registry whenever more did, and never ends. Engines tell bytes too, but before they are
/// compressed, and the client drops which layer they belong to.
async fn tell(emitter: &Emitter, direction: &str, total: Option<u64>, moved: impl Fn() -> u64) -> Infallible {
    let mut said = 0;
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        let bytes = moved();
        if bytes > said {
            said = bytes;
            emitter.send(EventKind::TransferProgress { direction: direction.to_owned(), bytes, total });
        }
    }
}

/// Weighs what a cold push brought.
pub(super) fn weigh_cold(registry: &Registry, repository: &str, built: &ImageInfo, pushed: &TransferRecord) -> Result<Scaled, Stop> {
    let scaled = weigh(registry, repository, TAG, built, pushed)?;
    cold("push", &scaled.weighing, &pushed.blobs)?;
    Ok(scaled)
}

/// Weighs what the registry holds under `repository` and `tag`, and holds it against the image that was built and the push
/// that brought it.
pub(super) fn weigh(registry: &Registry, repository: &str, tag: &str, built: &ImageInfo, pushed: &TransferRecord) -> Result<Scaled, Stop> {
    let source = registry.image(repository, tag).map_err(|e| invalid(chain(&e)))?;
    let scaled = Scaled::from(image::weigh(&source).map_err(|e| invalid(chain(&e)))?);
    let weighing = &scaled.weighing;
    let layers: Vec<&str> = weighing.layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    if layers != built.diff_ids {
        return Err(invalid(format!("the engine says the image has layers {:?}, but it pushed {layers:?}", built.diff_ids)));
    }
    if pushed.digest != stored(weighing) {
        return Err(invalid(format!("the engine says it pushed {}, but the registry got {}", pushed.digest, stored(weighing))));
    }
    Ok(scaled)
}

/// A transfer that was cut and begun again took longer than its bytes: its time means something else.
fn whole(direction: &str, unfinished: u64) -> Result<(), Stop> {
    match unfinished {
        0 => Ok(()),
        bytes => Err(invalid(format!("the {direction} was cut and begun again: {bytes} bytes crossed the registry for nothing"))),
    }
}

/// The manifest's digest: whatever went through a registry has one.
fn stored(weighing: &Weighing) -> &str {
    weighing.digest.as_deref().unwrap_or_default()
}

/// A transfer is cold when every layer crossed the registry whole.
fn cold(direction: &str, weighing: &Weighing, blobs: &BTreeMap<String, u64>) -> Result<(), Stop> {
    let missing = not_moved(weighing, blobs);
    if missing.is_empty() {
        return Ok(());
    }
    Err(invalid(format!("the {direction} was to be cold, but these layers did not cross the registry whole: {}", missing.join(", "))))
}

/// Distinct layers of `weighing` whose bytes did not cross in full.
fn not_moved(weighing: &Weighing, blobs: &BTreeMap<String, u64>) -> Vec<String> {
    let layers: BTreeSet<(&str, u64)> =
        weighing.layers.iter().filter_map(|layer| Some((layer.digest.as_deref()?, layer.compressed?))).collect();
    layers.into_iter().filter(|(digest, size)| blobs.get(*digest) != Some(size)).map(|(digest, _)| digest.to_owned()).collect()
}

fn record(transfer: &Transfer, digest: String, blobs: &[BlobTransfer], manifest_bytes: u64) -> TransferRecord {
    let mut by_digest = BTreeMap::new();
    for blob in blobs {
        *by_digest.entry(blob.digest.to_string()).or_default() += blob.bytes;
    }
    super::outcome::transfer_record(transfer, digest, by_digest, manifest_bytes, BlobTransfer::active(blobs).map(|d| d.as_secs_f64()))
}

fn manifest_bytes(manifests: &[ManifestTransfer]) -> u64 {
    manifests.iter().map(|manifest| manifest.bytes).sum()
}

fn incomplete(action: &str, reference: &str) -> EngineError {
    EngineError::Incomplete { action: format!("{action} of {reference}"), missing: "the manifest's digest" }
}
