//! One JSON event a line on stdout.

use std::io;

use crate::run::Event;

use super::{View, printer};

/// Writes every event as it comes, until one cannot be written: events with a gap between them would be no account of the run.
pub(super) struct JsonLines<W> {
    write: W,
    failed: Option<io::Error>,
}

impl<W: FnMut(&str) -> io::Result<()> + Send> JsonLines<W> {
    /// Writes lines with `write`.
    pub(super) const fn new(write: W) -> Self {
        Self { write, failed: None }
    }
}

impl<W: FnMut(&str) -> io::Result<()> + Send> View for JsonLines<W> {
    fn show(&mut self, event: &Event) {
        if self.failed.is_some() {
            return;
        }
        match line(event) {
            Ok(line) => self.failed = (self.write)(&line).err(),
            Err(error) => printer::talk(&format!("an event could not be written as JSON: {error}")),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

/// The event in one line, ended by a line feed. JSON escapes control characters, so that no text can end a line early.
fn line(event: &Event) -> serde_json::Result<String> {
    serde_json::to_string(event).map(|line| line + "\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::EventKind;

    #[test]
    fn events_end_where_one_cannot_be_written_and_the_reason_is_kept() {
        let mut room = 1;
        let mut written = String::new();
        let mut view = JsonLines::new(|line: &str| {
            room -= 1;
            written.push_str(line);
            if room < 0 { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
        });
        for step in ["first", "second", "third"] {
            view.show(&Event { at: 0.0, kind: EventKind::StepStarted { name: step.to_owned() } });
        }
        assert_eq!(view.close().expect_err("there is no room").kind(), io::ErrorKind::StorageFull);
        drop(view);
        assert!(written.contains("second") && !written.contains("third"), "{written}");
    }

    proptest! {
        #[test]
        fn whatever_a_step_prints_is_one_line_that_reads_back(at in 0.0..1e6_f64, name in any::<String>(), text in any::<String>()) {
            for kind in [EventKind::StepStarted { name: name.clone() }, EventKind::Log { step: name.clone(), line: text.clone() }] {
                let event = Event { at, kind };
                let line = line(&event).expect("an event is JSON");
                prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
                prop_assert_eq!(serde_json::from_str::<Event>(&line).expect("it reads"), event);
            }
        }
    }
}
