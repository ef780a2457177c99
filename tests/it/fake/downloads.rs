//! Runs that count what builds download: each build of a fake engine fetches from a real server through the real proxy.

use loadline::measure::Measure;
use loadline::record::{Status, TrialOutcome};
use loadline::run::Builds;
use loadline::units::LinkProfile;

use super::case::Case;
use crate::support::fake_engine::Behaviour;
use crate::support::fetch::Fetch;

/// What each build fetches, bytes.
const BODY: usize = 200_000;

/// A case in which each build fetches, while the interface counts `interface` bytes.
async fn fetching(interface: u64) -> (Case, Fetch) {
    let mut case = Case::new();
    let fetch = Fetch::new(case.folder.path(), BODY, interface).await;
    case.downloads = Some(LinkProfile::Loopback);
    case.fetch = Some(fetch.clone());
    (case, fetch)
}

fn downloaded(outcome: &TrialOutcome) -> Option<f64> {
    outcome.observations.iter().find(|o| o.measure == Measure::BuildDownload).map(|o| o.value)
}

fn warned(outcome: &TrialOutcome, words: &str) -> bool {
    outcome.warnings.iter().any(|warning| warning.message.contains(words))
}

#[tokio::test]
async fn every_build_has_its_own_count_of_what_it_downloaded() {
    let (mut case, fetch) = fetching(0).await;
    case.builds = Builds { warm: true, clean: true, ..Builds::default() };
    let ran = case.run().await;
    assert_eq!(ran.outcomes.len(), 6, "two variants, cold, warm and clean");
    for outcome in &ran.outcomes {
        assert_eq!(outcome.status, Status::Measured, "{}: {:?}", outcome.trial, outcome.status);
        let record = outcome.download.expect("it is counted");
        assert_eq!((record.received, record.received_locally), (Fetch::bytes(BODY), Fetch::bytes(BODY)), "{}", outcome.trial);
        assert_eq!((record.connections, record.refused, record.interfaces), (1, 0, Some(0)));
        assert!(record.sent > 0 && warned(outcome, "came from this machine itself"), "{:?}", outcome.warnings);
        assert_eq!(downloaded(outcome).map(f64::to_bits), Some((Fetch::bytes(BODY) as f64).to_bits()));
    }
    let urls: std::collections::BTreeSet<String> = fetch.seen().into_iter().map(|args| args["HTTPS_PROXY"].clone()).collect();
    assert_eq!(urls.len(), 6, "no secret serves two builds");
}

#[tokio::test]
async fn what_went_past_the_proxy_leaves_no_figure_and_a_warning_with_its_bytes() {
    let (case, _) = fetching(Fetch::bytes(BODY) + 100_000).await;
    let ran = case.run().await;
    let good = ran.outcome("good");
    assert_eq!((&good.status, downloaded(good)), (&Status::Measured, None), "everything else is measured");
    assert!(warned(good, "not available (bypassed): 100.0 kB came past the proxy"), "{:?}", good.warnings);
    assert_eq!(good.download.and_then(|record| record.interfaces), Some(Fetch::bytes(BODY) + 100_000));
}

/// Whether a trial has a build time, or a part of one.
fn is_timed(outcome: &TrialOutcome) -> bool {
    outcome.observations.iter().any(|o| o.measure == Measure::BuildTime)
}

#[tokio::test]
async fn a_build_that_is_not_known_to_have_kept_to_the_link_of_downloads_has_no_time_of_it() {
    let link = || Some("100mbit,1ms".parse().expect("a link"));
    let (mut case, _) = fetching(Fetch::bytes(BODY) + 100_000).await;
    case.downloads = link();
    let ran = case.run().await;
    for outcome in &ran.outcomes {
        assert_eq!(outcome.status, Status::Measured, "everything else is measured");
        assert!(!is_timed(outcome) && warned(outcome, "build-time is not available: what the build fetched"), "{:?}", outcome.warnings);
    }
    let (mut case, _) = fetching(0).await;
    case.downloads = link();
    case.scenario.variants[1].build_args.insert("https_proxy".to_owned(), "http://mirror.example:3128".to_owned());
    let ran = case.run().await;
    assert!(is_timed(ran.outcome("good")) && !warned(ran.outcome("good"), "build-time"), "it was counted");
    assert!(!is_timed(ran.outcome("odd")) && warned(ran.outcome("odd"), "the link of downloads"), "it was not led to the proxy");
}

#[tokio::test]
async fn a_time_without_a_link_stays_although_the_build_went_past_the_proxy() {
    let (case, _) = fetching(Fetch::bytes(BODY) + 100_000).await;
    let ran = case.run().await;
    assert!(is_timed(ran.outcome("good")) && downloaded(ran.outcome("good")).is_none());
}

#[tokio::test]
async fn what_goes_on_when_the_build_has_ended_is_no_figure() {
    let (case, fetch) = fetching(0).await;
    fetch.leaves_one_open();
    let ran = case.run().await;
    let good = ran.outcome("good");
    assert_eq!((&good.status, downloaded(good)), (&Status::Measured, None));
    assert!(warned(good, "1 connection of the build to servers went on after it had ended"), "{:?}", good.warnings);
}

#[tokio::test]
async fn without_counters_of_an_interface_there_is_no_figure() {
    let mut case = Case::new();
    case.downloads = Some(LinkProfile::Loopback);
    let ran = case.run().await;
    let good = ran.outcome("good");
    assert!(downloaded(good).is_none() && warned(good, "cannot be read"), "{:?}", good.warnings);
}

#[tokio::test]
async fn a_proxy_of_the_scenario_is_left_in_place_and_nothing_is_counted() {
    let (mut case, fetch) = fetching(0).await;
    case.scenario.variants[1].build_args.insert("https_proxy".to_owned(), "http://mirror.example:3128".to_owned());
    let ran = case.run().await;
    let odd = ran.outcome("odd");
    assert!(odd.download.is_none() && downloaded(odd).is_none() && warned(odd, "a proxy of its own"), "{:?}", odd.warnings);
    assert!(fetch.seen().iter().any(|args| args.len() == 1 && args["https_proxy"] == "http://mirror.example:3128"));
    assert!(downloaded(ran.outcome("good")).is_some());
}

#[tokio::test]
async fn a_build_that_is_not_counted_gets_no_proxy() {
    let (mut case, fetch) = fetching(0).await;
    case.downloads = None;
    let ran = case.run().await;
    assert!(ran.outcomes.iter().all(|outcome| outcome.download.is_none() && downloaded(outcome).is_none()));
    assert!(fetch.seen().iter().all(std::collections::BTreeMap::is_empty), "{:?}", fetch.seen());
}

#[tokio::test]
async fn a_trial_without_figures_has_no_download() {
    let (case, _) = fetching(0).await;
    case.builder.set("-odd", Behaviour::BuildFails);
    let ran = case.run().await;
    assert!(ran.outcome("odd").download.is_none() && downloaded(ran.outcome("odd")).is_none());
}
