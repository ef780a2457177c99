//! Starts after the smoke check, on a fake engine.

use std::collections::BTreeSet;
use std::time::Duration;

use loadline::measure::Measure;
use loadline::record::{REPEATED, Status};
use loadline::run::{Builds, EventKind, Settled};
use loadline::scenario::{Expectation, Smoke};

use super::case::{Case, Kept, Ran};
use crate::support::fake_engine::Behaviour;

/// A case whose images are started again so often.
fn case(starts: u32, odd: Behaviour) -> Case {
    let mut case = Case::odd(odd);
    case.starts = starts;
    case
}

fn starts(ran: &Ran) -> usize {
    ran.builder.calls().iter().filter(|call| call.starts_with("start ")).count()
}

#[tokio::test]
async fn an_image_is_started_again_after_its_smoke_check_and_the_first_start_is_marked() {
    let ran = case(3, Behaviour::Works).run().await;
    assert_eq!((starts(&ran), ran.builder.containers()), (8, 0), "each container is removed");
    let outcome = ran.outcome("good");
    assert_eq!(outcome.starts.iter().map(|start| start.first).collect::<Vec<_>>(), [true, false, false, false]);
    let mut later: Vec<f64> = outcome.starts[1..].iter().map(|start| start.start_time).collect();
    later.sort_by(f64::total_cmp);
    assert_eq!(ran.value("good", Measure::StartTime).to_bits(), later[1].to_bits(), "{later:?}");
    let definitions: BTreeSet<_> =
        outcome.observations.iter().filter(|o| o.measure == Measure::StartTime).map(|o| o.definition.as_deref()).collect();
    assert_eq!(definitions, BTreeSet::from([Some(REPEATED)]));
}

#[tokio::test]
async fn without_starts_after_it_the_smoke_checks_own_gives_the_figure_under_no_definition() {
    let ran = case(0, Behaviour::Works).run().await;
    let outcome = ran.outcome("good");
    assert_eq!((starts(&ran), outcome.starts.len()), (2, 1));
    assert_eq!(ran.value("good", Measure::StartTime).to_bits(), outcome.starts[0].start_time.to_bits());
    assert!(outcome.observations.iter().filter(|o| o.measure == Measure::StartTime).all(|o| o.definition.is_none()));
}

#[tokio::test]
async fn an_image_that_starts_only_sometimes_has_no_figures_and_the_reason_counts_its_starts() {
    let ran = case(4, Behaviour::FailsStart(3)).run().await;
    assert_eq!(ran.status("good"), &Status::Measured);
    let odd = ran.outcome("odd");
    let reason = odd.status.reason().unwrap_or_default();
    assert_eq!(odd.status.id(), "smoke-failed", "{:?}", odd.status);
    assert!(reason.starts_with("after it had passed its smoke check, its container started 3 of 4 times; first failure: "), "{reason}");
    assert!(reason.contains("exit code 3") && reason.contains("panic: no configuration"), "{reason}");
    assert!(odd.observations.is_empty() && odd.starts.is_empty() && odd.push.is_none());
    assert_eq!((starts(&ran), ran.builder.containers()), (10, 0), "the starts after the failure are made all the same");
}

#[tokio::test]
async fn only_a_cold_build_that_was_proven_is_started_again() {
    let mut warm = case(2, Behaviour::Answers500);
    warm.builds = Builds { warm: true, ..warm.builds };
    let ran = warm.run().await;
    let of = |state: &str| ran.outcomes.iter().find(|o| o.trial.variant == "good" && o.trial.cache_state == state).expect("it was made");
    assert_eq!((of("cold").starts.len(), of("warm").starts.len(), starts(&ran)), (3, 0, 4));
    let mut unproven = case(2, Behaviour::Works);
    unproven.scenario.smoke = Smoke::Unsaid;
    let ran = unproven.run().await;
    assert_eq!((starts(&ran), ran.outcome("good").status.id()), (0, "unverified"));
    let ran = case(2, Behaviour::Answers500).expecting(Expectation::SmokeFailure).run().await;
    assert_eq!((starts(&ran), ran.status("odd").id()), (4, "expected-failure"));
}

#[tokio::test]
async fn a_cold_trial_that_is_only_made_again_is_started_for_its_smoke_check_alone() {
    let mut kept = Kept::default();
    drop(case(2, Behaviour::Works).run_into(&mut kept).await);
    let mut again = case(2, Behaviour::Works);
    again.builds = Builds { warm: true, ..again.builds };
    again.settled = Settled::of(&kept.0);
    let (_, _, builder, _) = again.run_into(&mut Again).await;
    assert_eq!(builder.calls().iter().filter(|call| call.starts_with("start ")).count(), 2);
}

/// Keeps nothing.
struct Again;

impl loadline::run::Sink for Again {
    fn outcomes(&self) -> &[loadline::record::TrialOutcome] {
        &[]
    }

    fn keep(
        &mut self,
        outcome: loadline::record::TrialOutcome,
        _log: &str,
    ) -> Result<loadline::record::TrialOutcome, Box<dyn std::error::Error + Send + Sync>> {
        Ok(outcome)
    }

    fn again(&mut self, outcome: &loadline::record::TrialOutcome, _log: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        assert_eq!((outcome.trial.cache_state.as_str(), outcome.starts.len()), ("cold", 1));
        Ok(())
    }
}

/// A case whose calls may take no longer than a second, in which the second start of an image hangs.
fn hanging(odd: Behaviour) -> Case {
    let mut case = case(2, odd);
    case.limits.call = Duration::from_secs(1);
    case
}

#[tokio::test]
async fn the_container_of_a_start_that_takes_too_long_is_removed_by_its_name() {
    let ran = hanging(Behaviour::StartHangs).run().await;
    let reason = ran.status("odd").reason().unwrap_or_default();
    assert_eq!((ran.status("odd").id(), reason), ("timed-out", "the container's start took longer than 1.00 s"));
    assert_eq!((ran.builder.containers(), ran.status("good")), (0, &Status::Measured));
}

#[tokio::test]
async fn a_container_that_cannot_be_removed_is_named_with_the_command_that_does() {
    let ran = hanging(Behaviour::StartAndRemovalHang).run().await;
    let reason = ran.status("odd").reason().unwrap_or_default();
    assert_eq!((ran.status("odd").id(), ran.builder.containers()), ("timed-out", 1));
    assert!(reason.starts_with("the container's start took longer than 1.00 s, and its container loadline-"), "{reason}");
    assert!(reason.contains(": the container's removal took longer than 1.00 s; remove it with `docker rm --force loadline-"), "{reason}");
}

#[tokio::test]
async fn a_start_time_counts_from_when_the_engine_was_asked_for_the_container_that_started() {
    let ran = case(1, Behaviour::StartsLate).run().await;
    assert!(ran.value("odd", Measure::StartTime) > 1_000.0 && ran.value("good", Measure::StartTime) < 1_000.0);
}

#[tokio::test]
async fn the_starts_are_a_phase_of_their_own() {
    let ran = case(1, Behaviour::Works).run().await;
    let phases: Vec<&str> =
        ran.events.iter().filter_map(|e| if let EventKind::Phase { phase } = &e.kind { Some(phase.as_str()) } else { None }).collect();
    assert_eq!(phases[..5], ["build", "smoke", "starts", "push", "pull"]);
}
