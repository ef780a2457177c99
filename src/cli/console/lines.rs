//! Plain lines on stderr, for pipes, logs and dumb terminals.

use crate::cli::plain;
use crate::run::{Event, EventKind};

use super::wording::{self, Clock};
use super::{View, printer};

/// Seconds between two lines about the same transfer.
const TRANSFER_EVERY: f64 = 5.0;

/// Columns of a line where there is no terminal to ask.
const COLUMNS: usize = 120;

/// One line for each thing worth a line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    clock: Clock,
    transfer_said: f64,
}

impl View for Lines {
    fn show(&mut self, event: &Event) {
        let time = format!("[{:>7.1} s] ", event.at);
        let columns = printer::talk_width().unwrap_or(COLUMNS).min(COLUMNS).saturating_sub(time.len());
        if let Some(text) = self.text(event, columns) {
            printer::talk(&format!("{time}{text}"));
        }
    }
}

impl Lines {
    /// The line about an event. Steps are cut to `columns`; what a user must read whole is not.
    fn text(&mut self, event: &Event, columns: usize) -> Option<String> {
        match &event.kind {
            EventKind::RunStarted { run_id, trials } => Some(wording::run_started(run_id, *trials)),
            EventKind::Preparing { what } => Some(plain::fit(what, columns)),
            EventKind::EngineChosen { engine, reason } => Some(wording::engine(engine, reason)),
            EventKind::BaseSet { set, reason } => Some(wording::base_set(set, reason)),
            EventKind::SizeSoFar { trial, reported_size, build_seconds, to_be_verified } => {
                wording::size_so_far(trial, *reported_size, *build_seconds, *to_be_verified)
            }
            EventKind::TrialStarted { trial, number, of } => {
                self.clock.trial_started(event.at, *of);
                Some(format!("trial {number} of {of}: {}{}", wording::trial(trial), self.left(event.at)))
            }
            EventKind::Phase { phase } => Some(format!("  {}", wording::phase(phase))),
            EventKind::StepCompleted { name, cached } => Some(step(name, *cached, columns)),
            EventKind::TransferProgress { direction, bytes, total } => self.transfer(event.at, direction, *bytes, *total),
            EventKind::TrialFinished { outcome } => {
                self.clock.trial_finished(event.at);
                Some(wording::outcome(outcome))
            }
            EventKind::Stopped { stopped } => Some(wording::stopped(stopped)),
            EventKind::Warning { message } => Some(wording::warning(message)),
            EventKind::StepStarted { .. } | EventKind::Log { .. } | EventKind::RunFinished { .. } => None,
        }
    }

    fn left(&self, at: f64) -> String {
        self.clock.left(at).map_or_else(String::new, |left| format!(", about {} left", wording::about(left)))
    }

    fn transfer(&mut self, at: f64, direction: &str, bytes: u64, total: Option<u64>) -> Option<String> {
        if at - self.transfer_said < TRANSFER_EVERY {
            return None;
        }
        self.transfer_said = at;
        Some(format!("    {}", wording::transfer(direction, bytes, total)))
    }
}

fn step(name: &str, cached: bool, columns: usize) -> String {
    let tail = if cached { " (cached)" } else { "" };
    format!("    {}{tail}", plain::fit(name, columns.saturating_sub(4 + tail.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_step_is_one_line_that_fits() {
        let kind = EventKind::StepCompleted { name: format!("[2/3] RUN set -eux;\n\t\x1b[2Jx {}", "y ".repeat(500)), cached: true };
        let text = Lines::default().text(&Event { at: 0.0, kind }, 60).expect("a line");
        assert_eq!(text.chars().count(), 60, "{text}");
        assert!(text.starts_with("    [2/3] RUN set -eux; [2Jx y y") && text.ends_with("… (cached)"), "{text}");
    }
}
