//! Sizes of an image on an engine that does not reach the registry: computed from the engine's export.

use crate::image::{self, Exported, Repack};
use crate::rig::{Engine, ImageInfo};

use super::origin::Scaled;
use super::stop::{Stop, chain, invalid};
use super::trial::{Draft, TrialRunner};

/// Why a host engine gives no time of a pull.
pub(super) const NO_PULL: &str =
    "pull-time is not measured: a cold pull needs a second engine that has none of the layers; --engine private has one";

impl<E: Engine> TrialRunner<'_, E> {
    /// Weighs the built image from its export, and says what cannot be measured without the registry.
    pub(super) async fn compute(&self, built: &ImageInfo, why: &str, draft: &mut Draft) -> Result<(), Stop> {
        draft.warn(format!(
            "push-time and pull-time are not available, and transfer-size is computed (D2-computed): the engine does not reach loadline's \
             registry ({why}); --engine private measures them"
        ));
        self.phase("export");
        let export = self.bench.builder.export(&built.id, |archive| Exported::read(archive, Repack::Gzip));
        let work = async {
            let exported = self.guard("the export", self.limits.transfer, export).await??;
            self.traced(weighed(&exported.map_err(|e| invalid(chain(&e)))?, built)?).await
        };
        let weighing = self.emitter.watch().overhead("weighing", work).await?;
        draft.numbers.computed(&weighing);
        draft.weighing = Some(weighing);
        Ok(())
    }
}

/// The sizes of an export that has the layers of the image that was built.
fn weighed(exported: &Exported, built: &ImageInfo) -> Result<Scaled, Stop> {
    let scaled = Scaled::from(image::weigh(exported).map_err(|e| invalid(chain(&e)))?);
    let layers: Vec<&str> = scaled.weighing.layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    if layers != built.diff_ids {
        return Err(invalid(format!("the engine says the image has layers {:?}, but it exported {layers:?}", built.diff_ids)));
    }
    Ok(scaled)
}
