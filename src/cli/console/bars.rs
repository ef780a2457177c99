//! A live line on a terminal: what runs now, how far it is, and the time left; finished things scroll above it.

use std::io;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::{Event, EventKind};

use super::now::Now;
use super::{View, printer, wording};

/// Redraws a second: enough to read, too few to be seen in a measured time.
const REDRAWS: u8 = 5;

/// Columns of the spinner and the space behind it.
const SPINNER: usize = 2;

/// One spinner line at the bottom.
pub(super) struct Bars {
    bar: ProgressBar,
    now: Now,
    /// The last event: the run's clock, and this process's at that moment.
    last: (f64, Instant),
}

impl Bars {
    /// A spinner on stderr.
    pub(super) fn new(colour: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(REDRAWS));
        let template = if colour { "{spinner:.cyan} {wide_msg}" } else { "{spinner} {wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(1000 / u64::from(REDRAWS)));
        printer::live(true);
        Self { bar, now: Now::default(), last: (0.0, Instant::now()) }
    }
}

impl View for Bars {
    fn show(&mut self, event: &Event) {
        self.last = (event.at, Instant::now());
        self.now.take(event);
        match &event.kind {
            EventKind::RunStarted { run_id, trials } => self.bar.println(wording::run_started(run_id, *trials)),
            EventKind::EngineChosen { engine, reason } => self.bar.println(wording::engine(engine, reason)),
            EventKind::SizeSoFar { trial, reported_size, build_seconds, to_be_verified } => {
                if let Some(line) = wording::size_so_far(trial, *reported_size, *build_seconds, *to_be_verified) {
                    self.bar.println(line);
                }
            }
            EventKind::BaseSet { set, reason } => self.bar.println(wording::base_set(set, reason)),
            EventKind::TrialFinished { outcome } => self.bar.println(wording::outcome(outcome)),
            EventKind::Stopped { stopped } => self.bar.println(wording::stopped(stopped)),
            EventKind::Warning { message } => self.bar.println(wording::warning(message)),
            _ => {}
        }
        self.tick();
    }

    fn tick(&mut self) {
        let (at, seen) = self.last;
        let columns = printer::talk_width().unwrap_or(80).saturating_sub(SPINNER);
        self.bar.set_message(self.now.line(at + seen.elapsed().as_secs_f64(), columns));
    }

    fn close(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        printer::live(false);
        Ok(())
    }
}
