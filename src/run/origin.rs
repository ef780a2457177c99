//! Where the layers of a weighed image come from: the base image below, the instructions above it.
//!
//! Nothing is guessed: an engine that does not have the base by its name, or has another one, and a history that does not say
//! what the Dockerfile says, leave the field empty.

use crate::dockerfile::{Dockerfile, HistoryLine};
use crate::image::{Digest, Weighed, Weighing};
use crate::rig::Engine;

use super::failure::dockerfile_name;
use super::stop::Stop;
use super::trial::TrialRunner;

/// The most of a Dockerfile that is read, in bytes; the parser takes no more.
const MAX_DOCKERFILE: u64 = 1 << 20;

/// The sizes of an image with all lines of its history, those without a layer too.
#[derive(Debug)]
pub(super) struct Scaled {
    pub(super) weighing: Weighing,
    pub(super) history: Vec<HistoryLine>,
}

impl From<Weighed> for Scaled {
    fn from(Weighed { image, weighing, .. }: Weighed) -> Self {
        Self { weighing, history: image.config.history }
    }
}

impl<E: Engine> TrialRunner<'_, E> {
    /// The weighing with its base and the lines of the Dockerfile.
    pub(super) async fn traced(&self, scaled: Scaled) -> Result<Weighing, Stop> {
        let Scaled { mut weighing, history } = scaled;
        let Some(file) = self.dockerfile() else { return Ok(weighing) };
        self.split(&file, &mut weighing).await?;
        let name = dockerfile_name(self.variant, &self.scenario.root);
        let (target, args) = (self.variant.target.as_deref(), &self.variant.build_args);
        let lines = file.layer_lines(&name, target, args, &history, weighing.layers.len());
        // What is the base's was made by no line of this file.
        let below = weighing.base.as_ref().map_or(0, |base| base.layers);
        for (layer, line) in weighing.layers.iter_mut().zip(lines).skip(below) {
            layer.dockerfile_line = line;
        }
        // The base's digest says which files its layers have.
        weighing.layers.iter_mut().take(below).for_each(|layer| layer.biggest.clear());
        Ok(weighing)
    }

    /// Splits the image at what its final stage starts from, where the engine has that image.
    async fn split(&self, file: &Dockerfile, weighing: &mut Weighing) -> Result<(), Stop> {
        match file.base(self.variant.target.as_deref(), &self.variant.build_args) {
            Ok(Some(reference)) => {
                let look = self.bench.builder.inspect(&reference);
                let Some(base) = self.guard("the inspection of the base", self.limits.call, look).await?? else { return Ok(()) };
                let diff_ids: Result<Vec<Digest>, _> = base.diff_ids.iter().map(|id| id.parse()).collect();
                if let Ok(diff_ids) = diff_ids {
                    weighing.split(&reference, &diff_ids);
                }
            }
            Ok(None) => {
                weighing.split("scratch", &[]);
            }
            // It was built, so the builder knows more than this file says.
            Err(_) => {}
        }
        Ok(())
    }

    /// The name of the image that the final stage stands on; `None` where it starts from scratch or the file does not tell.
    pub(super) fn base_reference(&self) -> Option<String> {
        self.dockerfile()?.base(self.variant.target.as_deref(), &self.variant.build_args).ok().flatten()
    }

    /// The variant's Dockerfile as the build read it; `None` where it cannot be read any more.
    fn dockerfile(&self) -> Option<Dockerfile> {
        use std::io::Read;
        let file = std::fs::File::open(&self.variant.dockerfile).ok()?;
        let mut text = String::new();
        file.take(MAX_DOCKERFILE).read_to_string(&mut text).ok()?;
        Dockerfile::parse(&text).ok()
    }
}
