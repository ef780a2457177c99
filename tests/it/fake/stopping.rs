//! Rules that end a run before its last iteration, and iterations that warm up. By the clock of these runs every build takes ten
//! seconds and nothing else takes any, so that an iteration of the two variants takes twenty.

use std::time::Duration;

use loadline::record::{BlocksLeft, StopRule, Stopped, TrialOutcome};
use loadline::run::{End, EventKind, Settled, StopRules};

use super::case::{Case, Kept};
use crate::support::fake_engine::Behaviour;

fn case(trials: u32, rules: StopRules) -> Case {
    let mut case = Case::new();
    (case.trials, case.rules) = (trials, rules);
    case
}

fn limit(seconds: u64) -> StopRules {
    StopRules { time_limit: Some(Duration::from_secs(seconds)), precision: None }
}

fn precision(share: f64) -> StopRules {
    StopRules { time_limit: None, precision: Some(share) }
}

fn left(variant: &str, first: u32, last: u32) -> BlocksLeft {
    BlocksLeft { scenario: "app".to_owned(), variant: variant.to_owned(), first, last }
}

/// The rule that ended a run.
fn stopped(end: End) -> Stopped {
    let End::Stopped(stopped) = end else { panic!("no rule ended it: {end:?}") };
    stopped
}

/// How many trials each variant has.
fn counts(outcomes: &[TrialOutcome]) -> [usize; 2] {
    ["good", "odd"].map(|variant| outcomes.iter().filter(|outcome| outcome.trial.variant == variant).count())
}

#[tokio::test]
async fn a_time_limit_ends_a_run_with_the_last_whole_iteration_that_fits() {
    let ran = case(5, limit(50)).run().await;
    assert_eq!(counts(&ran.outcomes), [2, 2], "the third would have ended after a minute");
    let told =
        ran.events.iter().find_map(|event| if let EventKind::Stopped { stopped } = &event.kind { Some(stopped.clone()) } else { None });
    let stopped = stopped(ran.end);
    let blocks_left = vec![left("good", 3, 5), left("odd", 3, 5)];
    assert_eq!(stopped, Stopped { rule: StopRule::TimeLimit, after_seconds: 40.0, iterations: 2, blocks_left });
    assert_eq!(stopped.to_string(), "the time limit after 40.00 s of measuring: 2 whole iterations, 6 blocks left out");
    assert_eq!(told, Some(stopped));
}

#[tokio::test]
async fn a_block_that_is_under_way_when_the_time_is_over_ends_and_no_other_begins() {
    let ran = case(2, limit(5)).run().await;
    assert_eq!(ran.outcomes.len(), 1);
    let stopped = stopped(ran.end);
    assert_eq!((stopped.iterations, stopped.blocks()), (0, 3), "one variant has nothing at all");
}

#[tokio::test]
async fn a_limit_that_all_iterations_fit_in_changes_nothing() {
    let ran = case(3, limit(60)).run().await;
    assert!(matches!(ran.end, End::Complete), "{:?}", ran.end);
    assert_eq!(counts(&ran.outcomes), [3, 3]);
}

#[tokio::test]
async fn a_run_ends_as_soon_as_every_time_is_known_precisely_enough_and_not_before_seven_trials() {
    let ran = case(30, precision(0.05)).run().await;
    assert_eq!(counts(&ran.outcomes), [7, 7], "every call of this engine takes the same time");
    let stopped = stopped(ran.end);
    assert_eq!((stopped.rule, stopped.iterations), (StopRule::Precision, 7));
    assert_eq!(stopped.blocks_left, [left("good", 8, 30), left("odd", 8, 30)]);
}

#[tokio::test]
async fn a_variant_without_figures_does_not_keep_a_run_from_being_precise() {
    let odd = case(9, precision(0.05));
    odd.builder.set("-odd", Behaviour::BuildFails);
    let ran = odd.run().await;
    assert_eq!((counts(&ran.outcomes), stopped(ran.end).iterations), ([7, 7], 7));
    let none = case(9, precision(0.05));
    none.builder.set("app-", Behaviour::BuildFails);
    let ran = none.run().await;
    assert!(matches!(ran.end, End::Complete), "nothing is known precisely: {:?}", ran.end);
}

#[tokio::test]
async fn warm_ups_come_first_are_marked_and_make_nothing_precise() {
    let mut warm = case(9, precision(0.05));
    warm.warm_up = 2;
    let ran = warm.run().await;
    assert!(ran.outcomes.iter().all(|outcome| outcome.trial.warmup == (outcome.trial.iteration <= 2)));
    assert_eq!(counts(&ran.outcomes), [9, 9]);
    let stopped = stopped(ran.end);
    assert_eq!((stopped.iterations, &stopped.blocks_left[0]), (7, &left("good", 10, 11)));
}

#[tokio::test]
async fn a_run_that_ended_while_it_warmed_up_has_no_iteration() {
    let mut warm = case(2, limit(30));
    warm.warm_up = 2;
    let ran = warm.run().await;
    assert_eq!((counts(&ran.outcomes), stopped(ran.end).iterations), ([1, 1], 0));
}

#[tokio::test]
async fn a_run_that_is_gone_on_with_has_its_time_anew_and_its_observations_of_before() {
    let mut kept = Kept::default();
    let (end, ..) = case(9, limit(40)).run_into(&mut kept).await;
    assert_eq!((stopped(end).iterations, kept.0.len()), (2, 4));
    let mut again = case(9, limit(40));
    again.settled = Settled::of(&kept.0);
    let (end, ..) = again.run_into(&mut kept).await;
    let ended = stopped(end);
    assert_eq!((ended.iterations, ended.after_seconds, &ended.blocks_left[1]), (4, 40.0, &left("odd", 5, 9)));
    let mut precise = case(9, precision(0.05));
    precise.settled = Settled::of(&kept.0);
    let (end, _, builder, _) = precise.run_into(&mut kept).await;
    assert_eq!((stopped(end).iterations, counts(&kept.0)), (7, [7, 7]));
    assert_eq!(builder.calls().iter().filter(|call| call.starts_with("build ")).count(), 6, "the first four count");
}

#[tokio::test]
async fn the_rest_of_an_iteration_is_no_measure_of_a_whole_one() {
    let mut kept = Kept::default();
    case(9, limit(5)).run_into(&mut kept).await;
    assert_eq!(kept.0.len(), 1);
    let mut again = case(9, limit(25));
    again.settled = Settled::of(&kept.0);
    let (end, ..) = again.run_into(&mut kept).await;
    let ended = stopped(end);
    assert_eq!((ended.iterations, ended.after_seconds, kept.0.len()), (1, 10.0, 2), "a whole one takes twenty seconds");
}

#[tokio::test]
async fn a_variant_that_is_skipped_does_not_use_up_the_block_that_every_run_measures() {
    let mut skipping = case(3, limit(5));
    skipping.skipped.insert((0, 0), "its base cannot be had".to_owned());
    let ran = skipping.run().await;
    assert_eq!(ran.outcomes.iter().filter(|outcome| outcome.status.has_numbers()).count(), 1, "{:?}", ran.outcomes);
}

#[tokio::test]
async fn wherever_a_run_is_cut_off_it_is_precise_after_the_same_iteration() {
    let mut kept = Kept::default();
    case(9, precision(0.05)).run_into(&mut kept).await;
    for stays in 0..kept.0.len() {
        let mut part = Kept(kept.0[..stays].to_vec());
        let mut again = case(9, precision(0.05));
        again.settled = Settled::of(&part.0);
        let (end, ..) = again.run_into(&mut part).await;
        assert_eq!((stopped(end).iterations, part.0.len()), (7, 14), "{stays}");
    }
}

#[tokio::test]
async fn blocks_that_are_lost_with_the_engine_are_recorded_whatever_the_time() {
    let dying = case(2, limit(5));
    dying.builder.set("app-", Behaviour::DiesDuringBuild);
    let ran = dying.run().await;
    assert!(matches!(ran.end, End::Gone(_)), "{:?}", ran.end);
    assert!(ran.outcomes.len() == 4 && ran.outcomes.iter().all(|outcome| outcome.lost));
}

#[tokio::test]
async fn a_step_that_took_too_long_is_told_with_the_option_that_allows_more() {
    let mut case = case(1, StopRules::default());
    case.builder.set("-odd", Behaviour::Hangs);
    case.limits.build = Duration::from_millis(50);
    let reason = case.run().await.outcome("odd").status.reason().unwrap_or_default().to_owned();
    assert_eq!(reason, "the build took longer than 50 ms; allow more with --build-timeout");
}
