//! Starts after the smoke check, of real containers.

use loadline::measure::Measure;
use loadline::record::{Observation, REPEATED, Status};

use crate::support::app::{GOOD, Scene, outcome, record};
use crate::support::live_or_skip;
use crate::support::machine::{MachineState, alone};

#[test]
fn an_image_is_started_as_often_as_was_asked_for_and_no_container_stays() {
    if !live_or_skip("live::run::starts::an_image_is_started_as_often_as_was_asked_for_and_no_container_stays") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut scene = Scene::of(&[("good", GOOD)]);
    let (command, out) = scene.command();
    let ended = command.args(["--starts", "3", "--builds", "cold,warm", "--message-format", "json"]).run().exits(0);
    assert_eq!(ended.stdout.matches(r#""phase":"starts""#).count(), 1, "warm builds are not started again");
    let record = record(&out);
    assert_eq!((record.run.settings.starts, record.trials.len()), (3, 2));
    let cold = record.trials.iter().find(|outcome| outcome.trial.cache_state == "cold").expect("it was built cold");
    assert_eq!(cold.starts.iter().map(|start| start.first).collect::<Vec<_>>(), [true, false, false, false]);
    assert!(cold.starts.iter().all(|start| start.anonymous_memory.is_some_and(|bytes| bytes > 0)), "{:?}", cold.starts);
    for measure in [Measure::StartTime, Measure::AnonymousMemory] {
        let observed: Vec<_> = cold.observations.iter().filter(|o| o.measure == measure).collect();
        assert!(observed.len() == 1 && observed[0].definition.as_deref() == Some(REPEATED), "{observed:?}");
    }
    before.assert_restored();
}

#[test]
fn a_first_look_without_pulls_starts_an_image_once_more() {
    if !live_or_skip("live::run::starts::a_first_look_without_pulls_starts_an_image_once_more") {
        return;
    }
    let _alone = alone();
    let mut scene = Scene::of(&[("good", GOOD)]);
    let (command, out) = scene.command();
    // It is not pulled either, so that nothing of the puller is needed.
    command.args(["--no-pull"]).run().exits(0);
    let record = record(&out);
    let pulled = |seen: &Observation| seen.measure == Measure::PullTime;
    assert!(record.run.settings.no_pull && !outcome(&record, "good").observations.iter().any(pulled));
    assert_eq!(outcome(&record, "good").status, Status::Measured);
    assert_eq!((record.run.settings.starts, outcome(&record, "good").starts.len()), (1, 2));
}
