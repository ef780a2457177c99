//! Why an image grew: the base image or the app, which layers, which files.

mod align;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::dockerfile::Line;
use crate::image::{LayerFile, LayerWeight, Weighing};
use crate::measure::Measure;
use crate::record::{PlannedVariant, Record, TrialOutcome};
use align::{Pair, aligned};

/// How an image differs from the baseline's, in D3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Growth {
    /// All of it, bytes; less than 0 where the image shrank.
    pub total: i64,
    /// The base image's part, bytes; absent where the base of either image is not known.
    pub base: Option<i64>,
    /// The app's part, bytes; absent with `base`.
    pub app: Option<i64>,
    /// Base images of the run that are others than before, by reference: of another digest, or under a name that was no base.
    pub moved_bases: Vec<String>,
    /// Layers above the base that differ, the one that grew most first; all layers that differ where a base is not known. Together they
    /// are `app`, or where that is absent `total`.
    pub layers: Vec<LayerGrowth>,
    /// Files of these layers that differ, the one that grew most first. Records keep the biggest files of a layer only, and none before
    /// format 1.5: nothing is said of files beside such a record.
    pub files: Vec<FileGrowth>,
}

/// One layer in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LayerGrowth {
    /// The instruction that made it, where the image's history agrees with the Dockerfile.
    pub dockerfile_line: Option<Line>,
    /// The history line that made it, where history tells.
    pub created_by: Option<String>,
    /// Tar bytes in the baseline; absent for a new layer.
    pub before: Option<u64>,
    /// Tar bytes in the run; absent for a layer that is gone.
    pub after: Option<u64>,
}

/// One file in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileGrowth {
    /// Its path from the root, with a `/` in front.
    pub path: String,
    /// Bytes in the baseline; absent where no layer that differs lists it there: it is new, or was too small to be listed.
    pub before: Option<u64>,
    /// Bytes in the run; absent where no layer that differs lists it any more.
    pub after: Option<u64>,
    /// The instruction whose layer has it, where known.
    pub dockerfile_line: Option<Line>,
}

impl Growth {
    /// Whether there is anything to tell.
    pub const fn is_any(&self) -> bool {
        self.total != 0 || !self.layers.is_empty() || !self.moved_bases.is_empty()
    }

    /// What of it explains a change of `measure`: layers of another size, of a number of layers those that are new or gone. A layer that was
    /// only built anew explains neither.
    #[must_use]
    pub fn of(mut self, measure: Measure) -> Self {
        let counted = measure == Measure::LayerCount;
        self.layers.retain(|layer| layer.is_new_or_gone() || (!counted && layer.bytes() != 0));
        if counted {
            self.files.clear();
        }
        self
    }
}

impl LayerGrowth {
    /// Whether only one of the images has it.
    pub const fn is_new_or_gone(&self) -> bool {
        self.before.is_none() || self.after.is_none()
    }

    /// Bytes more than in the baseline.
    pub fn bytes(&self) -> i64 {
        more(self.before.unwrap_or(0), self.after.unwrap_or(0))
    }

    fn of(pair: Pair<'_>) -> Self {
        let known = pair.after.or(pair.before);
        Self {
            dockerfile_line: known.and_then(|layer| layer.dockerfile_line.clone()),
            created_by: known.and_then(|layer| layer.created_by.clone()),
            before: pair.before.map(|layer| layer.uncompressed),
            after: pair.after.map(|layer| layer.uncompressed),
        }
    }
}

impl FileGrowth {
    /// Bytes more than in the baseline, where what is not listed counts as nothing.
    pub fn bytes(&self) -> i64 {
        more(self.before.unwrap_or(0), self.after.unwrap_or(0))
    }
}

/// Why the image of a variant is another size in `run` than in `baseline`; `None` where one of them has no weighed image of it.
///
/// Of several trials the cold one counts whose D3 is the median, of two middle ones the smaller, of equal ones the first. Layers are
/// matched in order: equal contents first of all, else equal instructions. A file is told where the lists of both records suffice to
/// say that its size differs.
pub fn growth(baseline: &Record, run: &Record, scenario: &str, variant: &str) -> Option<Growth> {
    let growth = between(weighed(baseline, scenario, variant)?, weighed(run, scenario, variant)?);
    let are_listed = [baseline, run].iter().all(|record| record.run.format_version.lists_files());
    let files = if are_listed { growth.files } else { Vec::new() };
    Some(Growth { moved_bases: moved_bases(baseline, run, scenario, variant), files, ..growth })
}

/// The image of a variant that stands for all its cold ones.
pub(super) fn weighed<'a>(record: &'a Record, scenario: &str, variant: &str) -> Option<&'a Weighing> {
    let counts = |o: &&TrialOutcome| {
        let trial = &o.trial;
        (trial.scenario.as_str(), trial.variant.as_str(), trial.cache_state.as_str()) == (scenario, variant, "cold")
            && o.status.has_numbers()
            && !trial.warmup
    };
    let images = record.trials.iter().filter(counts).filter_map(|o| Some((o.trial.iteration, o.weighing.as_ref()?)));
    let mut images: Vec<(u32, &Weighing)> = images.collect();
    images.sort_by_key(|(iteration, image)| (image.uncompressed_size, *iteration));
    let middle = images.get(images.len().checked_sub(1)? / 2)?.1.uncompressed_size;
    images.into_iter().map(|(_, image)| image).find(|image| image.uncompressed_size == middle)
}

/// How `after` differs from `before`, the digests of bases apart.
pub(super) fn between(before: &Weighing, after: &Weighing) -> Growth {
    let total = more(before.uncompressed_size, after.uncompressed_size);
    let bases = before.base.as_ref().zip(after.base.as_ref());
    let base = bases.map(|(before, after)| more(before.uncompressed_size, after.uncompressed_size));
    let (below, above) = bases.map_or((0, 0), |(before, after)| (before.layers, after.layers));
    let pairs: Vec<Pair<'_>> = aligned(app_layers(before, below), app_layers(after, above)).into_iter().filter(Pair::differs).collect();
    let mut layers: Vec<LayerGrowth> = pairs.iter().map(|pair| LayerGrowth::of(*pair)).collect();
    layers.sort_by_key(|layer| Reverse(layer.bytes()));
    Growth { total, base, app: base.map(|base| total.saturating_sub(base)), moved_bases: Vec::new(), layers, files: files(&pairs) }
}

fn app_layers(image: &Weighing, base: usize) -> &[LayerWeight] {
    image.layers.get(base..).unwrap_or_default()
}

/// The files of layers that differ whose size differs. A list leaves out what is small: where a file is listed on one side alone, it is
/// told only if it is bigger than anything that the other side's lists leave out.
fn files(pairs: &[Pair<'_>]) -> Vec<FileGrowth> {
    let (before, after) = (Listed::of(pairs.iter().filter_map(|p| p.before)), Listed::of(pairs.iter().filter_map(|p| p.after)));
    let mut paths: Vec<&str> = before.files.keys().chain(after.files.keys()).copied().collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files: Vec<FileGrowth> = paths.into_iter().filter_map(|path| file(path, &before, &after)).collect();
    files.sort_by_key(|file| Reverse(file.bytes()));
    files
}

fn file(path: &str, before: &Listed<'_>, after: &Listed<'_>) -> Option<FileGrowth> {
    let (old, new) = (before.files.get(path), after.files.get(path));
    let tells = match (old, new) {
        (Some((old, _)), Some((new, _))) => old != new,
        (Some((old, _)), None) => *old > after.bound,
        (None, Some((new, _))) => *new > before.bound,
        (None, None) => false,
    };
    let line = new.or(old)?.1.dockerfile_line.clone();
    let size = |found: Option<&(u64, &LayerWeight)>| found.map(|(size, _)| *size);
    tells.then(|| FileGrowth { path: path.to_owned(), before: size(old), after: size(new), dockerfile_line: line })
}

/// The files that some layers of an image list.
struct Listed<'a> {
    /// Size and layer by path.
    files: BTreeMap<&'a str, (u64, &'a LayerWeight)>,
    /// No file that is not listed has more bytes.
    bound: u64,
}

impl<'a> Listed<'a> {
    fn of(layers: impl Iterator<Item = &'a LayerWeight>) -> Self {
        let mut listed = Self { files: BTreeMap::new(), bound: 0 };
        for layer in layers {
            listed.bound = listed.bound.max(LayerFile::bound(&layer.biggest));
            // What is in one file system has one size at a path; of a record that says otherwise the first counts.
            for found in &layer.biggest {
                listed.files.entry(&found.path).or_insert((found.size, layer));
            }
        }
        listed
    }
}

/// The bases of a variant that are others than before: of another digest, or under a name that was none of its bases.
fn moved_bases(baseline: &Record, run: &Record, scenario: &str, variant: &str) -> Vec<String> {
    let planned = |record: &Record| -> Vec<String> {
        let is_it = |p: &&PlannedVariant| p.scenario == scenario && p.variant == variant;
        record.run.plan.iter().find(is_it).map(|p| p.bases.clone()).unwrap_or_default()
    };
    let had = planned(baseline);
    let moved = |name: &String| {
        let (old, new) = (baseline.run.conditions.bases.get(name), run.run.conditions.bases.get(name));
        !had.contains(name) || old.zip(new).is_some_and(|(old, new)| old.digest != new.digest)
    };
    planned(run).into_iter().filter(moved).collect()
}

/// `after − before`, as far as that can be written.
fn more(before: u64, after: u64) -> i64 {
    let difference = i128::from(after) - i128::from(before);
    i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests;
