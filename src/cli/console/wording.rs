//! Events in words, and the estimate of the time left.

use crate::cli::plain;
use crate::measure::Measure;
use crate::record::{Status, Stopped, Trial, TrialOutcome};
use crate::units;

/// `go-api/multi`, with the iteration where there is more than one.
pub(super) fn trial(trial: &Trial) -> String {
    let name = plain::line(&format!("{}/{}", trial.scenario, trial.variant));
    match trial.iteration {
        n if trial.warmup => format!("{name} (warm-up {n})"),
        0 | 1 => name,
        n => format!("{name} (iteration {n})"),
    }
}

/// A part of a trial.
pub(super) fn phase(phase: &str) -> &str {
    match phase {
        "smoke" => "smoke check",
        "starts" => "starting it again",
        other => other,
    }
}

/// The run's name and size.
pub(super) fn run_started(run_id: &str, trials: usize) -> String {
    format!("run {}: {}", plain::line(run_id), units::count(trials, "trial"))
}

/// Which engine measures, and why.
pub(super) fn engine(engine: &str, reason: &str) -> String {
    let words = if engine == "private" { "private, an own dockerd that is gone afterwards" } else { engine };
    plain::line(&format!("engine: {words}; why: {reason}"))
}

/// What an image weighs, as soon as it is built; once for each variant, since later trials build the same.
pub(super) fn size_so_far(trial: &Trial, reported_size: u64, build_seconds: f64, to_be_verified: bool) -> Option<String> {
    let proof = if to_be_verified { "not verified yet" } else { "not verified: no smoke check" };
    let (size, built) = (units::bytes(reported_size), units::seconds(build_seconds));
    let name = plain::line(&format!("{}/{}", trial.scenario, trial.variant));
    (trial.iteration <= 1).then(|| format!("{name}: size so far {size} as the engine reports it ({proof}), built in {built}"))
}

/// Where base images come from, and why.
pub(super) fn base_set(set: &str, reason: &str) -> String {
    let words = match set {
        "hub" => "hub, base images as published",
        "stand-in" => "stand-in, base images built here after the published recipes",
        other => other,
    };
    plain::line(&format!("base set: {words}; why: {reason}"))
}

/// Something a reader of the figures must know.
pub(super) fn warning(message: &str) -> String {
    format!("warning: {}", plain::line(message))
}

/// The rule that ends the run before its last iteration.
pub(super) fn stopped(stopped: &Stopped) -> String {
    format!("ended by {stopped}")
}

/// How a trial ended: one line, and below it what a failed step said last.
pub(super) fn outcome(outcome: &TrialOutcome) -> String {
    let name = trial(&outcome.trial);
    match (&outcome.status, outcome.status.reason()) {
        (Status::Measured | Status::Unverified, _) => format!("{name}: {}", figures(outcome)),
        (status, Some(reason)) => format!("{name}: {}: {}", status.id(), lines(reason)),
        (status, None) => format!("{name}: {}", status.id()),
    }
}

/// The first line as it is, those below it indented.
fn lines(text: &str) -> String {
    text.lines().map(plain::line).collect::<Vec<_>>().join("\n    ")
}

fn figures(outcome: &TrialOutcome) -> String {
    let value = |measure: Measure| outcome.observations.iter().find(|o| o.measure == measure && o.phase.is_none()).map(|o| o.value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "byte values are whole and not negative")]
    let bytes = |measure: Measure| value(measure).map(|v| format!("{} {}", measure.title(), units::bytes(v as u64)));
    let seconds = |measure: Measure, verb: &str| value(measure).map(|v| format!("{verb} {}", units::seconds(v)));
    let parts = [
        Some(outcome.status.id().to_owned()),
        bytes(Measure::TransferSize),
        bytes(Measure::UncompressedSize),
        seconds(Measure::BuildTime, "build"),
        seconds(Measure::PushTime, "push"),
        seconds(Measure::PullTime, "pull"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Bytes of a transfer so far, as they crossed the registry.
pub(super) fn transfer(direction: &str, bytes: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => format!("{direction} {} of {}", units::bytes(bytes), units::bytes(total)),
        _ => format!("{direction} {}", units::bytes(bytes)),
    }
}

/// A time that is only roughly known, in whole seconds: `8 s`, `1 min 05 s`.
pub(super) fn about(seconds: f64) -> String {
    let whole = seconds.max(1.0).round();
    if whole < 60.0 { format!("{whole} s") } else { units::seconds(whole) }
}

/// Follows trials to estimate the time left.
#[derive(Debug, Default)]
pub(super) struct Clock {
    first_trial_at: Option<f64>,
    last_finished_at: f64,
    finished: usize,
    of: usize,
}

impl Clock {
    /// A trial began.
    pub(super) fn trial_started(&mut self, at: f64, of: usize) {
        self.first_trial_at.get_or_insert(at);
        self.of = of;
    }

    /// A trial ended.
    pub(super) const fn trial_finished(&mut self, at: f64) {
        self.finished += 1;
        self.last_finished_at = at;
    }

    /// Seconds left: the mean time of the finished trials for each that is left, less the time that the one under way has
    /// taken, but no more than its mean. `None` before the first trial has ended and after the last.
    pub(super) fn left(&self, at: f64) -> Option<f64> {
        let trials_left = self.of.saturating_sub(self.finished);
        if self.finished == 0 || trials_left == 0 {
            return None;
        }
        let mean = (self.last_finished_at - self.first_trial_at?) / self.finished as f64;
        Some(mean * trials_left as f64 - (at - self.last_finished_at).clamp(0.0, mean.max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_the_mean_trial_for_each_trial_left() {
        let mut clock = Clock::default();
        clock.trial_started(10.0, 4);
        assert_eq!(clock.left(15.0), None);
        clock.trial_finished(30.0);
        assert_eq!(clock.left(30.0), Some(60.0));
        assert_eq!(clock.left(35.0), Some(55.0));
        assert_eq!(clock.left(300.0), Some(40.0), "a slow trial takes no more than its own share away");
    }

    #[test]
    fn a_rough_time_has_no_fractions() {
        assert_eq!(
            (about(0.2), about(15.13), about(59.7), about(74.2)),
            ("1 s".into(), "15 s".into(), "1 min 00 s".into(), "1 min 14 s".into())
        );
    }

    #[test]
    fn a_failure_is_told_with_what_the_step_said_last_and_without_control_characters() {
        let text = lines("step 2 \x1b]0;x\x07failed\nlast lines of the step:\nmain.go:7\x1b[2J");
        assert_eq!(text, "step 2 ]0;x failed\n    last lines of the step:\n    main.go:7 [2J");
    }

    #[test]
    fn the_base_set_is_told_with_its_reason() {
        let text = base_set("stand-in", "golang:1.23 does not resolve (the engine says: no such host)");
        assert_eq!(
            text,
            "base set: stand-in, base images built here after the published recipes; why: golang:1.23 does not resolve (the engine says: \
             no such host)"
        );
    }
}
