//! What the lines of a push say.

use crate::rig::engine::Transfer;

/// Reads the lines of one push. The client drops their layer ids, so that layers cannot be told apart.
#[derive(Debug, Default)]
pub(super) struct PushReading {
    digest: Option<String>,
    already_present: usize,
}

impl PushReading {
    pub(super) fn take(&mut self, status: &str) {
        if status == "Layer already exists" || status.starts_with("Mounted from ") {
            self.already_present += 1;
        }
        if let Some(digest) = pushed_digest(status) {
            self.digest = Some(digest.to_owned());
        }
    }

    /// The transfer; `None` when no digest came, which means that no manifest was pushed.
    pub(super) fn finish(self, seconds: f64) -> Option<Transfer> {
        let digest = Some(self.digest?);
        Some(Transfer { seconds, digest, already_present: self.already_present, phases: Vec::new() })
    }
}

/// `<tag>: digest: sha256:<64 hex> size: <bytes>`.
fn pushed_digest(status: &str) -> Option<&str> {
    let (_, rest) = status.split_once(": digest: ")?;
    let (digest, size) = rest.split_once(" size: ")?;
    (super::pull::is_digest(digest) && size.parse::<u64>().is_ok()).then_some(digest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:505b969d000000000000000000000000000000000000000000000000505b969d";

    fn read(lines: &[&str]) -> Option<Transfer> {
        let mut reading = PushReading::default();
        for line in lines {
            reading.take(line);
        }
        reading.finish(1.5)
    }

    #[test]
    fn the_last_line_names_the_manifest() {
        let line = format!("a: digest: {DIGEST} size: 528");
        let transfer =
            read(&["The push refers to repository [127.0.0.1:5000/x]", "Preparing", "Pushing", "Pushed", &line]).expect("a push");
        assert_eq!((transfer.digest.as_deref(), transfer.already_present, transfer.seconds), (Some(DIGEST), 0, 1.5));
    }

    #[test]
    fn layers_that_need_not_move_are_counted() {
        let line = format!("a: digest: {DIGEST} size: 528");
        let transfer = read(&["Layer already exists", "Mounted from other/x", "Pushed", &line]).expect("a push");
        assert_eq!(transfer.already_present, 2);
    }

    #[test]
    fn a_push_without_a_digest_is_none() {
        assert_eq!(read(&["Pushed", "a: digest: sha256:12 size: 528", "a: digest: none"]), None);
    }

    proptest! {
        #[test]
        fn any_status_is_read_without_panic(status in "\\PC{0,60}|a: digest: \\PC{0,40} size: \\PC{0,5}") {
            let _ = read(&[&status]);
        }
    }
}
