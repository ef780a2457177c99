//! What runs now, in one line that fits a terminal.

use crate::cli::plain;
use crate::run::{Event, EventKind};

use super::wording::{self, Clock};

/// Seconds from which on it is said how long something takes.
const LONG: f64 = 2.0;

/// The narrowest line that has room for the time left, in columns.
const FOR_TIME_LEFT: usize = 70;

/// The fewest columns that are worth the last line of a step's output.
const FOR_OUTPUT: usize = 20;

/// Between two parts of the line.
const SEPARATOR: &str = " · ";

/// What runs now.
#[derive(Debug, Default)]
pub(super) struct Now {
    clock: Clock,
    /// The trial, or nothing while the run is made ready.
    head: String,
    /// What goes on, and since when.
    doing: (String, f64),
    /// Build steps under way, and since when; several run at once.
    steps: Vec<(String, f64)>,
    /// The last line that a step wrote.
    output: String,
}

impl Now {
    /// Takes note of an event.
    pub(super) fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Preparing { what } => {
                self.head.clear();
                self.turn_to(what.clone(), event.at);
            }
            EventKind::TrialStarted { trial, number, of } => {
                self.clock.trial_started(event.at, *of);
                self.head = format!("[{number}/{of}] {}", wording::trial(trial));
                self.turn_to("getting ready".to_owned(), event.at);
            }
            EventKind::Phase { phase } => self.turn_to(wording::phase(phase).to_owned(), event.at),
            EventKind::StepStarted { name } => self.steps.push((name.clone(), event.at)),
            EventKind::StepCompleted { name, .. } => self.completed(name),
            EventKind::TransferProgress { direction, bytes, total } => self.doing.0 = wording::transfer(direction, *bytes, *total),
            EventKind::Log { line, .. } => self.output.clone_from(line),
            EventKind::TrialFinished { .. } => self.clock.trial_finished(event.at),
            EventKind::RunStarted { .. }
            | EventKind::EngineChosen { .. }
            | EventKind::BaseSet { .. }
            | EventKind::SizeSoFar { .. }
            | EventKind::Stopped { .. }
            | EventKind::Warning { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }

    fn turn_to(&mut self, what: String, at: f64) {
        self.doing = (what, at);
        self.steps.clear();
        self.output.clear();
    }

    fn completed(&mut self, name: &str) {
        if let Some(index) = self.steps.iter().position(|(step, _)| step == name) {
            self.steps.remove(index);
            self.output.clear();
        }
    }

    /// The line at `at` seconds of the run, of at most `columns` characters. A narrow terminal loses the output first, then
    /// the time left, then the end of the step's name.
    pub(super) fn line(&self, at: f64, columns: usize) -> String {
        let (what, since) = self.steps.first().unwrap_or(&self.doing);
        let (head, tail) = (self.head(at, columns), self.tail(at - since));
        let free = columns.saturating_sub(head.chars().count() + tail.chars().count());
        // A long RUN text says less than what it does at the moment.
        let room = if self.output.is_empty() { free } else { free.min(columns.saturating_sub(FOR_OUTPUT) / 2 + FOR_OUTPUT) };
        let line = format!("{head}{}{tail}", plain::fit(what, room));
        plain::fit(&self.with_output(line, columns), columns)
    }

    /// Which trial, and the time left where there is room for it.
    fn head(&self, at: f64, columns: usize) -> String {
        let trial = Some(self.head.clone()).filter(|head| !head.is_empty());
        let left = self.clock.left(at).filter(|_| columns >= FOR_TIME_LEFT);
        let left = left.map(|left| format!("about {} left", wording::about(left)));
        trial.into_iter().chain(left).map(|part| plain::line(&part) + SEPARATOR).collect()
    }

    /// How many steps run besides, and how long the first has been running.
    fn tail(&self, taken: f64) -> String {
        let others = self.steps.len().saturating_sub(1);
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        let time = if taken >= LONG { format!(" {}", wording::about(taken)) } else { String::new() };
        more + &time
    }

    fn with_output(&self, line: String, columns: usize) -> String {
        let room = columns.saturating_sub(line.chars().count() + SEPARATOR.chars().count());
        if self.output.is_empty() || room < FOR_OUTPUT { line } else { line + SEPARATOR + &plain::fit(&self.output, room) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Trial;

    fn trial() -> Trial {
        Trial {
            scenario: "go-api".to_owned(),
            variant: "multi".to_owned(),
            iteration: 1,
            cache_state: "cold".to_owned(),
            edit: None,
            warmup: false,
        }
    }

    /// What runs after these events, one each second.
    fn after(kinds: Vec<EventKind>) -> Now {
        let mut now = Now::default();
        for (at, kind) in (0_u32..).zip(kinds) {
            now.take(&Event { at: f64::from(at), kind });
        }
        now
    }

    fn started() -> Vec<EventKind> {
        let step = |name: &str| EventKind::StepStarted { name: name.to_owned() };
        vec![
            EventKind::TrialStarted { trial: trial(), number: 2, of: 4 },
            EventKind::Phase { phase: "build".to_owned() },
            step("[build 6/6] RUN CGO_ENABLED=0 go build\n  -o /server \x1b[2J ./..."),
        ]
    }

    #[test]
    fn a_step_is_told_in_one_line_without_control_characters() {
        assert_eq!(after(started()).line(3.0, 200), "[2/4] go-api/multi · [build 6/6] RUN CGO_ENABLED=0 go build -o /server [2J ./...");
    }

    #[test]
    fn a_narrow_line_keeps_the_trial_and_how_long_the_step_takes() {
        assert_eq!(after(started()).line(30.0, 40), "[2/4] go-api/multi · [build 6/6] R… 28 s");
    }

    #[test]
    fn steps_that_run_at_once_are_counted_and_the_one_that_ended_goes() {
        let mut events = started();
        events.push(EventKind::StepStarted { name: "[stage-1 2/2] COPY".to_owned() });
        assert!(after(events.clone()).line(4.0, 200).ends_with("(and 1 more) 2 s"));
        let EventKind::StepStarted { name } = events[2].clone() else { panic!("a step") };
        events.push(EventKind::StepCompleted { name, cached: false });
        assert_eq!(after(events).line(4.0, 200), "[2/4] go-api/multi · [stage-1 2/2] COPY");
    }

    #[test]
    fn a_step_says_its_last_line_where_there_is_room() {
        let mut events = vec![EventKind::Preparing { what: "base debian:bookworm: root".to_owned() }];
        events.push(EventKind::Log { step: "base debian:bookworm".to_owned(), line: "Unpacking perl ...".to_owned() });
        let now = after(events);
        assert_eq!(now.line(1.0, 80), "base debian:bookworm: root · Unpacking perl ...");
        assert_eq!(now.line(1.0, 40), "base debian:bookworm: root");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let now = after(started());
        for columns in 1..200 {
            let line = now.line(60.0, columns);
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}
