//! From what was measured to what is recorded.

use std::collections::HashMap;

use crate::image::Weighing;
use crate::measure::{Measure, Unit};
use crate::record::{LinkRecord, Observation, Start, Step, TransferRecord};
use crate::rig::{Solve, Transfer, Vertex};
use crate::stats;

/// The numbers of one trial while they come together.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    taken: Vec<Observation>,
    no_build_time: bool,
}

impl Numbers {
    /// The build's own numbers.
    pub(super) fn build(&mut self, solve: &Solve) {
        let timed = !self.no_build_time;
        if timed {
            self.seconds(Measure::BuildTime, None, solve.wall.as_secs_f64());
        }
        self.exact(Measure::ContextSize, solve.context_bytes);
        if let Some(upload) = upload_seconds(&solve.vertices).filter(|_| timed) {
            self.seconds(Measure::BuildTime, Some("context-upload"), upload);
        }
    }

    /// Leaves out how long the [`build`](Self::build) that follows took.
    pub(super) const fn take_no_build_time(&mut self) {
        self.no_build_time = true;
    }

    /// The sizes of an image that a registry received.
    pub(super) fn weighing(&mut self, weighing: &Weighing) {
        self.sizes(weighing, Measure::definition);
    }

    /// The sizes of an image as computed from the engine's export, under definitions of their own.
    pub(super) fn computed(&mut self, weighing: &Weighing) {
        self.sizes(weighing, Measure::computed_definition);
    }

    fn sizes(&mut self, weighing: &Weighing, definition: fn(Measure) -> Option<&'static str>) {
        let sizes = [
            (Measure::TransferSize, weighing.transfer_size),
            (Measure::LayerTransferSize, weighing.layer_transfer_size),
            (Measure::UncompressedSize, Some(weighing.uncompressed_size)),
            (Measure::LiveSize, weighing.live_size),
            (Measure::AppSize, weighing.base.as_ref().map(|base| base.app_size)),
            (Measure::ClassicSize, weighing.classic_size),
            (Measure::ClassicSizeBuilt, weighing.classic_size_built),
            (Measure::LayerCount, Some(weighing.layers.len() as u64)),
            (Measure::FileCount, weighing.file_count),
        ];
        for (measure, value) in sizes.into_iter().filter_map(|(measure, value)| Some((measure, value?))) {
            self.push(measure, definition(measure), None, value as f64, measure.unit());
        }
    }

    /// D10 in its two forms.
    pub(super) fn delta(&mut self, blob: u64, chain: u64) {
        let measure = Measure::DeltaTransferSize;
        for (definition, bytes) in [("D10-blob", blob), ("D10-chain", chain)] {
            self.push(measure, Some(definition), None, bytes as f64, measure.unit());
        }
    }

    /// What the engine said of the image.
    pub(super) fn reported(&mut self, bytes: u64) {
        self.exact(Measure::ReportedSize, bytes);
    }

    /// How long containers took to their first good answer, and what their processes had taken of memory by then: medians of the starts
    /// that count. Memory that is not known of each of them is not known.
    pub(super) fn started(&mut self, starts: &[Start]) {
        let (counted, definition) = Start::counted(starts);
        let times: Vec<f64> = counted.iter().map(|start| start.start_time).collect();
        let memory: Option<Vec<f64>> = counted.iter().map(|start| start.anonymous_memory.map(|bytes| bytes as f64)).collect();
        for (measure, values) in [(Measure::StartTime, Some(times)), (Measure::AnonymousMemory, memory)] {
            if let Some(median) = values.and_then(|values| stats::median(&values)) {
                self.push(measure, definition, None, median, measure.unit());
            }
        }
    }

    /// A push or a pull with its phases.
    pub(super) fn transfer(&mut self, measure: Measure, transfer: &Transfer) {
        self.seconds(measure, None, transfer.seconds);
        for phase in &transfer.phases {
            self.seconds(measure, Some(phase.name), phase.to - phase.from);
        }
    }

    /// The part of a push or a pull between the first and the last byte on the link.
    pub(super) fn link(&mut self, measure: Measure, link: &LinkRecord) {
        self.seconds(measure, Some("link"), link.seconds());
    }

    /// What the build downloaded, bytes.
    pub(super) fn downloaded(&mut self, bytes: u64) {
        self.exact(Measure::BuildDownload, bytes);
    }

    /// The finished list.
    pub(super) fn into_observations(self) -> Vec<Observation> {
        self.taken
    }

    fn exact(&mut self, measure: Measure, value: u64) {
        self.push(measure, measure.definition(), None, value as f64, measure.unit());
    }

    fn seconds(&mut self, measure: Measure, phase: Option<&str>, value: f64) {
        self.push(measure, measure.definition(), phase, value, Unit::Seconds);
    }

    fn push(&mut self, measure: Measure, definition: Option<&str>, phase: Option<&str>, value: f64, unit: Unit) {
        self.taken.push(Observation { measure, definition: definition.map(str::to_owned), phase: phase.map(str::to_owned), value, unit });
    }
}

/// The steps of a build as they are recorded: what they need is named by its place in the list. An input that the builder
/// never told of is left out.
pub(super) fn steps(vertices: &[Vertex]) -> Vec<Step> {
    let places: HashMap<&str, usize> = vertices.iter().enumerate().map(|(place, v)| (v.digest.as_str(), place)).collect();
    let told = |v: &Vertex| !v.digest.is_empty();
    let inputs = |v: &Vertex| v.inputs.iter().filter_map(|digest| places.get(digest.as_str()).copied()).collect();
    let step = |v: &Vertex| Step {
        name: v.name.clone(),
        cached: v.cached,
        started: v.started,
        completed: v.completed,
        error: v.error.clone(),
        digest: told(v).then(|| v.digest.clone()),
        inputs: told(v).then(|| inputs(v)),
    };
    vertices.iter().map(step).collect()
}

/// Seconds that `BuildKit` spent on taking in the context: the vertex that loads it, by the daemon's clock.
fn upload_seconds(vertices: &[Vertex]) -> Option<f64> {
    let load = vertices.iter().find(|v| v.name == "[internal] load remote build context")?;
    // A daemon's clock may be set back meanwhile; a phase of negative length says nothing.
    Some(load.completed? - load.started?).filter(|seconds| *seconds >= 0.0)
}

/// A transfer as the registry counted it, with the engine's wall time.
pub(super) fn transfer_record(
    transfer: &Transfer,
    digest: String,
    blobs: std::collections::BTreeMap<String, u64>,
    manifest_bytes: u64,
    active_seconds: Option<f64>,
) -> TransferRecord {
    TransferRecord {
        seconds: transfer.seconds,
        digest,
        blob_bytes: blobs.values().sum(),
        manifest_bytes,
        blobs,
        active_seconds,
        link: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(digest: &str, inputs: &[&str]) -> Vertex {
        let inputs = inputs.iter().map(|&i| i.to_owned()).collect();
        Vertex { digest: digest.to_owned(), name: digest.to_owned(), inputs, cached: false, started: None, completed: None, error: None }
    }

    /// Observations of these starts, as seconds and bytes with the definition.
    fn observed(starts: &[(f64, Option<u64>)]) -> Vec<(f64, Option<String>)> {
        let start = |(place, (start_time, anonymous_memory)): (usize, &(f64, Option<u64>))| Start {
            first: place == 0,
            start_time: *start_time,
            anonymous_memory: *anonymous_memory,
        };
        let mut numbers = Numbers::default();
        numbers.started(&starts.iter().enumerate().map(start).collect::<Vec<_>>());
        numbers.into_observations().into_iter().map(|o| (o.value, o.definition)).collect()
    }

    #[test]
    fn the_first_start_is_in_no_figure_where_there_are_later_ones() {
        let repeated = Some("repeated".to_owned());
        let starts = [(9.0, Some(9_216)), (0.5, Some(1_024)), (0.3, Some(2_048)), (0.7, Some(4_096))];
        assert_eq!(observed(&starts), [(0.5, repeated.clone()), (2_048.0, repeated)]);
        assert_eq!(observed(&starts[..1]), [(9.0, None), (9_216.0, None)]);
    }

    #[test]
    fn memory_that_is_not_known_of_each_start_is_not_known() {
        assert_eq!(observed(&[(9.0, Some(1)), (0.5, Some(1)), (0.3, None)]).len(), 1);
        assert!(observed(&[]).is_empty());
    }

    #[test]
    fn the_inputs_of_a_step_are_places_in_the_list_whatever_its_order() {
        let steps = steps(&[vertex("c", &["a", "b", "never told"]), vertex("b", &["a"]), vertex("a", &[])]);
        let inputs: Vec<_> = steps.into_iter().map(|step| step.inputs).collect();
        assert_eq!(inputs, [Some(vec![2, 1]), Some(vec![2]), Some(vec![])]);
    }

    #[test]
    fn the_classic_builder_tells_of_no_inputs() {
        let steps = steps(&[vertex("", &[]), vertex("", &[])]);
        assert!(steps.iter().all(|step| step.digest.is_none() && step.inputs.is_none()), "{steps:?}");
    }
}
