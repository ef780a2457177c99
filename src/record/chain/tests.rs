use proptest::prelude::*;

use super::*;

fn step(name: &str, times: (f64, f64), inputs: &[usize]) -> Step {
    Step {
        name: name.to_owned(),
        cached: false,
        started: Some(times.0),
        completed: Some(times.1),
        error: None,
        digest: Some(name.to_owned()),
        inputs: Some(inputs.to_vec()),
    }
}

/// A build of two stages: the last one needs the first one's result at 9 s and has been waiting for it since 2 s.
fn build() -> Vec<Step> {
    vec![
        step("[internal] load remote build context", (0.0, 0.5), &[]),
        step("copy /context /", (0.5, 1.0), &[0]),
        step("[internal] load metadata for docker.io/library/golang:1.23", (1.0, 1.5), &[]),
        step("[build 1/3] FROM docker.io/library/golang:1.23", (1.75, 2.0), &[]),
        step("[build 2/3] COPY . .", (2.0, 3.0), &[3, 1]),
        step("[build 3/3] RUN go build", (3.0, 9.0), &[4]),
        step("[stage-1 1/3] FROM docker.io/library/alpine:3", (1.75, 1.875), &[]),
        step("[stage-1 2/3] RUN apk add tini", (1.875, 6.0), &[6]),
        step("[stage-1 3/3] COPY --from=build /app /app", (9.25, 9.5), &[7, 5]),
        step("exporting to image", (9.5, 10.0), &[]),
    ]
}

fn told(steps: &[Step], wall: f64) -> Vec<String> {
    let part = |link: &Link| match link.part {
        Part::Step(place) => format!("{} {}", link.seconds, steps[place].name),
        Part::Waiting(gap) => format!("{} {gap:?}", link.seconds),
    };
    chain(steps, wall).expect("a chain").links.iter().map(part).collect()
}

#[test]
fn the_chain_goes_through_the_input_that_was_done_last() {
    assert_eq!(
        told(&build(), 10.5),
        [
            "0.5 [internal] load remote build context",
            "0.5 copy /context /",
            "0.5 [internal] load metadata for docker.io/library/golang:1.23",
            "0.25 Between",
            "0.25 [build 1/3] FROM docker.io/library/golang:1.23",
            "1 [build 2/3] COPY . .",
            "6 [build 3/3] RUN go build",
            "0.25 Between",
            "0.25 [stage-1 3/3] COPY --from=build /app /app",
            "0.5 exporting to image",
            "0.5 Outside",
        ]
    );
}

#[test]
fn waiting_is_the_wall_time_without_the_steps() {
    let chain = chain(&build(), 10.5).expect("a chain");
    let steps: f64 = chain.steps().map(|(_, seconds)| seconds).sum();
    assert!((chain.waiting() - 1.0).abs() < 1e-12 && (steps - 9.5).abs() < 1e-12, "{chain:?}");
}

#[test]
fn a_step_that_began_before_its_input_was_done_counts_from_then_on() {
    let steps = [step("[1/2] RUN a", (0.0, 4.0), &[]), step("[2/2] RUN b", (1.0, 6.0), &[0])];
    assert_eq!(told(&steps, 6.0), ["4 [1/2] RUN a", "2 [2/2] RUN b"]);
}

#[test]
fn a_step_without_times_hands_on_what_it_needs() {
    let mut steps =
        vec![step("[1/3] RUN a", (0.0, 4.0), &[]), step("[2/3] RUN b", (0.0, 0.0), &[0]), step("[3/3] RUN c", (4.5, 6.0), &[1])];
    steps[1].started = None;
    assert_eq!(told(&steps, 6.0), ["4 [1/3] RUN a", "0.5 Between", "1.5 [3/3] RUN c"]);
}

#[test]
fn a_clock_that_runs_a_little_fast_is_scaled_and_one_that_was_set_is_refused() {
    let chain_at = |wall| chain(&build(), wall);
    let scaled = chain_at(9.8).expect("a chain");
    assert!((scaled.scale - 0.98).abs() < 1e-12 && (scaled.links.iter().map(|l| l.seconds).sum::<f64>() - 9.8).abs() < 1e-9, "{scaled:?}");
    assert_eq!(chain_at(5.0), Err(NoChain::Clock { steps: 10.0, wall: 5.0 }));
}

#[test]
fn what_has_no_chain_says_why() {
    assert_eq!(chain(&[], 1.0), Err(NoChain::NoSteps));
    assert!(matches!(chain(&build(), f64::NAN), Err(NoChain::NoWall { .. })));
    assert_eq!(chain(&build(), 0.0), Err(NoChain::NoWall { wall: 0.0 }));
    let mut classic = build();
    for step in &mut classic {
        (step.started, step.completed, step.inputs) = (None, None, None);
    }
    assert_eq!(chain(&classic, 1.0), Err(NoChain::NoTimes));
    let mut older = build();
    for step in &mut older {
        step.inputs = None;
    }
    let why = chain(&older, 11.0).expect_err("no inputs");
    assert_eq!(why.to_string(), "it is not recorded which step needs which, as in records before format 1.3; run it again");
}

#[test]
fn a_hundred_thousand_steps_in_a_row_or_around_one_are_walked() {
    let all = 100_000_u32;
    let time = |n: u32| (f64::from(n) / 1e4, f64::from(n + 1) / 1e4);
    let row: Vec<Step> = (0..all).map(|n| step("[1/2] RUN x", time(n), &[(n as usize).saturating_sub(1)])).collect();
    assert_eq!(chain(&row, 11.0).expect("a chain").steps().count(), all as usize);
    let mut untimed = row.clone();
    untimed[..all as usize - 1].iter_mut().for_each(|s| s.started = None);
    assert_eq!(chain(&untimed, 11.0).expect("a chain").steps().count(), 1);
    let star: Vec<Step> = (0..all).map(|n| step("[internal] x", time(n), &[0, 7, usize::MAX])).collect();
    assert!(chain(&star, 11.0).is_ok());
}

fn hostile() -> impl Strategy<Value = Vec<Step>> {
    let time = || prop_oneof![6 => (-10.0..100.0_f64).prop_map(Some), 1 => any::<f64>().prop_map(Some), 1 => Just(None)];
    let name = prop_oneof![
        "\\[(a )?[0-9]/[0-9]\\] RUN x",
        Just("exporting to image".to_owned()),
        Just("[internal] load x".to_owned()),
        "\\PC{0,8}"
    ];
    let inputs = prop::option::weighted(0.9, prop::collection::vec(0..30_usize, 0..4));
    let step = (name, time(), time(), inputs).prop_map(|(name, started, completed, inputs)| Step {
        name,
        cached: false,
        started,
        completed,
        error: None,
        digest: None,
        inputs,
    });
    prop::collection::vec(step, 0..25)
}

proptest! {
    #[test]
    fn whatever_the_graph_the_parts_lie_behind_each_other_and_add_up_to_the_wall_time(steps in hostile(), wall in prop_oneof![1.0..300.0_f64, any::<f64>()]) {
        if let Ok(chain) = chain(&steps, wall) {
            let mut at = 0.0;
            for link in &chain.links {
                prop_assert!(link.seconds >= 0.0 && (link.from - at).abs() <= wall * 1e-9, "{:?}", chain);
                at = link.from + link.seconds;
            }
            prop_assert!((at - wall).abs() <= wall * 1e-9, "{} {:?}", wall, chain);
            let mut places: Vec<usize> = chain.steps().map(|(place, _)| place).collect();
            let all = places.len();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), all);
        }
    }
}
