//! One JSON event a line on stdout.

use crate::run::Event;

use super::{View, printer};

/// Writes every event as it comes.
pub(super) struct JsonLines;

impl View for JsonLines {
    fn show(&mut self, event: &Event) {
        match line(event) {
            Ok(line) => drop(printer::data(&line)),
            Err(error) => printer::talk(&format!("an event could not be written as JSON: {error}")),
        }
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
