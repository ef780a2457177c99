//! Runs over a shaped link: a fake engine pushes and pulls by way of it to the real measuring registry.

use loadline::measure::Measure;
use loadline::record::{LinkRecord, Status, TransferRecord, TrialOutcome};
use loadline::run::{Builds, End, Gone};

use super::case::{Case, Ran};

/// A case whose pushes and pulls go over `link`.
fn over(link: &str) -> Case {
    let mut case = Case::new();
    case.link = link.parse().expect("a link");
    case
}

fn transfers(outcome: &TrialOutcome) -> [(Measure, &TransferRecord); 2] {
    [(Measure::PushTime, outcome.push.as_ref().expect("it is pushed")), (Measure::PullTime, outcome.pull.as_ref().expect("it is pulled"))]
}

fn on_link(transfer: &TransferRecord) -> LinkRecord {
    transfer.link.expect("the link's figures are there")
}

fn link_phase(outcome: &TrialOutcome, measure: Measure) -> Option<f64> {
    outcome.observations.iter().find(|o| o.measure == measure && o.phase.as_deref() == Some("link")).map(|o| o.value)
}

/// Every connection is closed after one request, so that the bytes of a head are known to be few.
const MOST_WORDS: u64 = 9 * 512;

#[tokio::test]
async fn every_byte_of_a_push_and_a_pull_crosses_the_link_and_both_counts_agree() {
    let mut case = over("20mbit,4ms");
    case.builds = Builds { warm: true, ..Builds::default() };
    let ran = case.run().await;
    assert!(matches!(ran.end, End::Complete));
    assert_eq!(ran.outcomes.len(), 4, "two variants, cold and warm");
    for outcome in &ran.outcomes {
        assert_eq!((&outcome.status, outcome.warnings.len()), (&Status::Measured, 0), "{}: {:?}", outcome.trial, outcome.warnings);
        let [(_, push), (_, pull)] = transfers(outcome);
        for (carried, transfer) in [(on_link(push).bytes_up, push), (on_link(pull).bytes_down, pull)] {
            let words = carried.checked_sub(transfer.blob_bytes + transfer.manifest_bytes).expect("all bodies crossed it");
            assert!((1..MOST_WORDS).contains(&words), "{}: {words} B of words", outcome.trial);
        }
    }
    let recorded = ran.outcomes.iter().flat_map(|o| transfers(o).map(|(_, transfer)| on_link(transfer)));
    let (up, down) = recorded.fold((0, 0), |(up, down), link| (up + link.bytes_up, down + link.bytes_down));
    assert_eq!((up, down), (ran.on_link.up.bytes, ran.on_link.down.bytes), "the records have all that crossed the link");
    assert_eq!(ran.builder.tags(), Vec::<String>::new(), "names with the link's address are removed too");
}

#[tokio::test]
async fn the_part_of_a_transfer_between_its_first_and_last_byte_on_the_link_is_a_phase() {
    let ran = over("20mbit,4ms").run().await;
    let outcome = ran.outcome("good");
    for (measure, transfer) in transfers(outcome) {
        let link = on_link(transfer);
        // A connection costs a round trip and the way there half of one; timers may be late, and early by less than one.
        assert!(link.first_byte > 0.004 && link.first_byte < link.last_byte, "{}: {link:?}", measure.id());
        assert_eq!(link_phase(outcome, measure).map(f64::to_bits), Some((link.last_byte - link.first_byte).to_bits()));
        assert!(link.connections >= if measure == Measure::PushTime { 9 } else { 3 }, "one for each request: {link:?}");
    }
}

#[tokio::test]
async fn without_a_link_nothing_is_said_of_one() {
    let ran = Case::new().run().await;
    let outcome = ran.outcome("good");
    for (measure, transfer) in transfers(outcome) {
        assert_eq!((transfer.link, link_phase(outcome, measure)), (None, None));
    }
}

#[tokio::test]
async fn a_push_that_goes_past_the_link_is_invalid() {
    let mut case = over("20mbit");
    case.past_the_link = true;
    let ran = case.run().await;
    let good = ran.outcome("good");
    let reason = good.status.reason().unwrap_or_default();
    assert!(good.status.id() == "invalid" && reason.contains("but the link carried 0: some went past it"), "{:?}", good.status);
    assert!(good.observations.is_empty() && good.push.is_none());
}

#[tokio::test]
async fn a_link_that_stops_in_a_push_or_a_pull_leaves_no_number_and_ends_the_run() {
    for phase in ["push", "pull"] {
        let mut case = over("64kbit");
        case.link_stops_in = Some(phase);
        let Ran { end, outcomes, .. } = case.run().await;
        assert!(
            matches!(&end, End::Gone(gone @ Gone::Link { .. }) if gone.to_string().contains(&format!("stopped during the {phase}"))),
            "{end:?}"
        );
        assert_eq!(outcomes.iter().map(|outcome| outcome.status.id()).collect::<Vec<_>>(), ["invalid", "skipped"]);
        let reason = outcomes[1].status.reason().expect("a skip has a reason");
        assert!(reason.contains("the link went away in an earlier trial"), "{reason}");
        assert!(outcomes[0].observations.is_empty() && outcomes[0].push.is_none(), "{:?}", outcomes[0]);
    }
}
