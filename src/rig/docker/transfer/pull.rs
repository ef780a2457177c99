//! What the lines of a pull say.

use std::collections::HashSet;

use crate::rig::engine::{Transfer, TransferPhase};

/// Most layers whose names are remembered: above what any engine takes (127), and a bound on what a lying one can make us keep.
const MOST_LAYERS: usize = 1024;

/// Reads the lines of one pull, each with its arrival time in seconds.
///
/// The classic store tells for each layer `Pulling fs layer`, `Downloading`, `Download complete`, `Extracting` and
/// `Pull complete`. The containerd store tells less, in ticks of 100 ms: phases that it does not tell are left out.
#[derive(Debug, Default)]
pub(super) struct PullReading {
    present: HashSet<String>,
    announced: Option<f64>,
    download: Span,
    extract: Span,
    digest: Option<String>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Span {
    from: Option<f64>,
    to: Option<f64>,
}

impl Span {
    fn begin(&mut self, at: f64) {
        self.from.get_or_insert(at);
    }

    fn phase(&self, name: &'static str) -> Option<TransferPhase> {
        let (from, to) = (self.from?, self.to?);
        (from <= to).then_some(TransferPhase { name, from, to })
    }
}

impl PullReading {
    pub(super) fn take(&mut self, at: f64, id: &str, status: &str) {
        match status {
            "Already exists" if self.present.len() < MOST_LAYERS => drop(self.present.insert(id.to_owned())),
            "Pulling fs layer" => drop(self.announced.get_or_insert(at)),
            "Downloading" => self.download.begin(at),
            "Download complete" => self.download.to = Some(at),
            "Extracting" => self.extract.begin(at),
            "Pull complete" => self.extract.to = Some(at),
            _ => self.take_text(status),
        }
    }

    fn take_text(&mut self, status: &str) {
        if let Some(digest) = status.strip_prefix("Digest: ").filter(|digest| is_digest(digest)) {
            self.digest = Some(digest.to_owned());
        }
        self.ended |= status.starts_with("Status: ");
    }

    /// The transfer; `None` when the engine's last line did not come.
    pub(super) fn finish(mut self, seconds: f64) -> Option<Transfer> {
        if !self.ended {
            return None;
        }
        // A layer of one packet can be complete before it is seen downloading: then the phase begins with the first layer.
        self.download.from = self.download.from.or(self.announced);
        let phases = [self.download.phase("download"), self.extract.phase("extract")];
        Some(Transfer { seconds, digest: self.digest, already_present: self.present.len(), phases: phases.into_iter().flatten().collect() })
    }
}

/// `sha256:` and 64 lower-case hexadecimal digits.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:505b969d000000000000000000000000000000000000000000000000505b969d";

    fn read(lines: &[(f64, &str, &str)]) -> Option<Transfer> {
        let mut reading = PullReading::default();
        for (at, id, status) in lines {
            reading.take(*at, id, status);
        }
        reading.finish(9.0)
    }

    fn ended(lines: &[(f64, &str, &str)]) -> Transfer {
        let digest = format!("Digest: {DIGEST}");
        let end = [(8.0, "", digest.as_str()), (8.0, "", "Status: Downloaded newer image for x:a")];
        read(&[lines, &end].concat()).expect("a pull")
    }

    #[test]
    fn download_ends_with_the_last_layer_and_extraction_begins_with_the_first() {
        let transfer = ended(&[
            (0.1, "a", "Pulling from x"),
            (0.2, "l1", "Pulling fs layer"),
            (0.2, "l2", "Waiting"),
            (0.3, "l1", "Downloading"),
            (0.5, "l2", "Downloading"),
            (0.6, "l1", "Verifying Checksum"),
            (0.7, "l1", "Download complete"),
            (0.8, "l1", "Extracting"),
            (1.5, "l2", "Download complete"),
            (2.0, "l1", "Pull complete"),
            (2.1, "l2", "Extracting"),
            (3.0, "l2", "Pull complete"),
        ]);
        let phases = [TransferPhase { name: "download", from: 0.3, to: 1.5 }, TransferPhase { name: "extract", from: 0.8, to: 3.0 }];
        assert_eq!(transfer.phases, phases);
        assert_eq!((transfer.digest.as_deref(), transfer.already_present), (Some(DIGEST), 0));
    }

    #[test]
    fn phases_that_the_engine_does_not_tell_are_left_out() {
        let transfer = ended(&[(0.2, "l1", "Pulling fs layer"), (0.4, "l1", "Download complete"), (1.0, "l1", "Pull complete")]);
        assert_eq!(transfer.phases, [TransferPhase { name: "download", from: 0.2, to: 0.4 }]);
        assert_eq!(ended(&[]).phases, []);
    }

    #[test]
    fn a_layer_that_exists_is_counted_once_however_often_it_is_told() {
        let transfer = ended(&[(0.1, "l1", "Already exists"), (0.2, "l1", "Already exists"), (0.3, "l2", "Already exists")]);
        assert_eq!(transfer.already_present, 2);
    }

    #[test]
    fn a_pull_without_its_last_line_is_none() {
        assert_eq!(read(&[(0.1, "l1", "Pull complete")]), None);
    }

    proptest! {
        #[test]
        fn phases_never_end_before_they_begin_in_a_stream_of_rising_times(statuses in proptest::collection::vec((0usize..3, 0usize..7), 0..60)) {
            let names = ["Pulling fs layer", "Downloading", "Download complete", "Extracting", "Pull complete", "Already exists", "Status: x"];
            let mut reading = PullReading::default();
            for (n, (layer, status)) in statuses.iter().enumerate() {
                reading.take(n as f64, &layer.to_string(), names[*status]);
            }
            reading.take(99.0, "", "Status: done");
            let transfer = reading.finish(100.0).expect("it ended");
            prop_assert!(transfer.already_present <= 3);
            prop_assert!(transfer.phases.iter().all(|phase| phase.from <= phase.to));
        }
    }
}
