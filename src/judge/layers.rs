//! Whether building a variant again gives the same layers.

use crate::record::{Record, TrialOutcome};

/// What the trials of a variant say about its layers. Contents are compared by `diff_id`, so no compressor is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layers {
    /// All trials gave the same ones.
    Same,
    /// Some differ: the instructions that made them, as the image's history has them.
    Differ {
        /// In the order of the layers; empty where the history says nothing or the number of layers differs.
        created_by: Vec<String>,
    },
    /// There are not two weighed images to compare.
    Unknown,
}

/// Compares the layers of all weighed images of a variant.
pub fn layers(record: &Record, scenario: &str, variant: &str) -> Layers {
    let counts = |o: &&TrialOutcome| o.status.has_numbers() && !o.trial.warmup;
    let trials = record.trials.iter().filter(|o| o.trial.scenario == scenario && o.trial.variant == variant).filter(counts);
    let mut weighed = trials.filter_map(|o| o.weighing.as_ref()).map(|w| w.layers.as_slice());
    let Some(first) = weighed.next() else { return Layers::Unknown };
    let others: Vec<_> = weighed.collect();
    let same = |place: usize| others.iter().all(|o| o.get(place).map(|l| &l.diff_id) == first.get(place).map(|l| &l.diff_id));
    let differing: Vec<_> = first.iter().enumerate().filter(|(place, _)| !same(*place)).map(|(_, layer)| layer).collect();
    if others.is_empty() {
        Layers::Unknown
    } else if differing.is_empty() && others.iter().all(|o| o.len() == first.len()) {
        Layers::Same
    } else {
        Layers::Differ { created_by: differing.iter().filter_map(|l| l.created_by.clone()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a layer holds, and the instruction that made it.
    type Layer = (&'static str, &'static str);

    /// A record with one trial for each list of layers.
    fn record(trials: &[&[Layer]]) -> Record {
        let text = include_str!("../../results/published/2026-11-21-go-api/run.json");
        let mut record = Record::new(serde_json::from_str(text).expect("a record"), Vec::new()).expect("a record");
        let line = include_str!("../../results/published/2026-11-21-go-api/trials.jsonl").lines().next().expect("a trial");
        let trial: TrialOutcome = serde_json::from_str(line).expect("a trial");
        record.trials = trials.iter().map(|layers| with(trial.clone(), layers)).collect();
        record
    }

    fn with(mut trial: TrialOutcome, layers: &[Layer]) -> TrialOutcome {
        let weighing = trial.weighing.as_mut().expect("it was weighed");
        weighing.layers.truncate(layers.len());
        for (layer, (content, instruction)) in weighing.layers.iter_mut().zip(layers) {
            (*content).clone_into(&mut layer.diff_id);
            layer.created_by = Some((*instruction).to_owned());
        }
        trial
    }

    fn judged(trials: &[&[Layer]]) -> Layers {
        layers(&record(trials), "go-api", "single")
    }

    #[test]
    fn equal_contents_are_the_same_layers() {
        let image = [("a", "COPY . ."), ("b", "RUN make")];
        assert_eq!(judged(&[&image, &image]), Layers::Same);
    }

    #[test]
    fn one_image_says_nothing() {
        assert_eq!(judged(&[&[("a", "COPY . .")]]), Layers::Unknown);
        assert_eq!(judged(&[]), Layers::Unknown);
    }

    #[test]
    fn a_layer_that_changes_is_named_by_its_instruction() {
        let one = [("a", "COPY . ."), ("b", "RUN make")];
        let two = [("a", "COPY . ."), ("c", "RUN make")];
        assert_eq!(judged(&[&one, &two]), Layers::Differ { created_by: vec!["RUN make".to_owned()] });
    }

    #[test]
    fn a_layer_more_is_a_difference() {
        let one = [("a", "COPY . .")];
        let two = [("a", "COPY . ."), ("b", "RUN make")];
        assert_eq!(judged(&[&one, &two]), Layers::Differ { created_by: Vec::new() });
    }
}
