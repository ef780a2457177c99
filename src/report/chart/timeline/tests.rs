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

/// A build of two stages that run side by side.
fn build() -> Vec<Step> {
    let mut steps = vec![
        step("[internal] load remote build context", (0.0, 0.3), &[]),
        step("copy /context /", (0.3, 1.1), &[0]),
        step("[internal] load metadata for docker.io/library/node:20", (1.2, 2.6), &[]),
        step("[internal] load metadata for docker.io/library/nginx:1.26", (1.2, 2.2), &[]),
        step(&format!("[build 1/6] FROM docker.io/library/node:20@sha256:{}", "a".repeat(64)), (2.6, 3.0), &[]),
        step("[build 2/6] WORKDIR /app", (3.0, 3.1), &[4]),
        step("[build 3/6] COPY package.json package-lock.json ./", (3.1, 3.2), &[5, 1]),
        step(
            "[build 4/6] RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund --prefer-offline --ignore-scripts",
            (3.2, 14.9),
            &[6],
        ),
        step("[build 5/6] COPY . .", (15.6, 15.9), &[7, 1]),
        step("[build 6/6] RUN npm run build", (15.9, 24.4), &[8]),
        step("[stage-1 1/4] FROM docker.io/library/nginx:1.26", (2.6, 2.8), &[]),
        step("[stage-1 2/4] RUN apk add --no-cache tini curl <&> \u{1b}[2J", (2.8, 9.4), &[10]),
        step("[stage-1 3/4] COPY nginx.conf /etc/nginx/conf.d/default.conf", (9.4, 9.5), &[11, 1]),
        step("[stage-1 4/4] COPY --from=build /app/dist /usr/share/nginx/html", (25.6, 25.8), &[12, 9]),
        step("exporting to image", (25.8, 27.1), &[]),
    ];
    steps[10].cached = true;
    steps
}

fn facts() -> TimelineFacts<'static> {
    TimelineFacts {
        subject: "react-spa/multi",
        about: "stand-in bases · linux/amd64 · dockerd 20.10.24, overlay2 · cold trial 1 · run 2026-11-21-1",
        wall: 27.9,
    }
}

fn svg(steps: &[Step]) -> String {
    draw(&facts(), steps).expect("a chart").expect("steps with times")
}

fn number(tag: &str, attribute: &str) -> i32 {
    let value = tag.split(&format!(" {attribute}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("{attribute} in {tag}")).parse().expect("a number")
}

#[test]
fn the_timeline_of_two_stages() {
    insta::assert_snapshot!(svg(&build()));
}

#[test]
fn a_build_whose_inputs_are_not_recorded_is_drawn_and_says_that_it_has_no_chain() {
    let mut steps = build();
    for step in &mut steps {
        step.inputs = None;
    }
    let svg = svg(&steps);
    assert!(svg.contains("No chain of steps is shown: it is not recorded which step needs which"), "{svg}");
    assert!(!svg.contains("on the chain"), "{svg}");
}

#[test]
fn steps_without_times_have_no_timeline() {
    let mut steps = build();
    for step in &mut steps {
        step.started = None;
    }
    assert_eq!(draw(&facts(), &steps).expect("no error"), None);
    assert_eq!(draw(&facts(), &[]).expect("no error"), None);
}

#[test]
fn the_order_of_the_list_does_not_matter() {
    let steps = build();
    let last = steps.len() - 1;
    let turned: Vec<Step> = steps
        .iter()
        .rev()
        .map(|step| Step { inputs: step.inputs.as_ref().map(|inputs| inputs.iter().map(|place| last - place).collect()), ..step.clone() })
        .collect();
    // Of two steps with the same times the first of the list comes first.
    let lines = |svg: &str| svg.lines().filter(|line| line.starts_with("<rect")).count();
    assert_eq!(lines(&svg(&steps)), lines(&svg(&turned)));
}

#[test]
fn nothing_is_drawn_beyond_the_page_and_no_name_breaks_out_of_its_text() {
    let mut steps = build();
    steps[9].name = format!("[build 6/6] RUN {}", "x".repeat(5_000));
    steps[13].name = "[stage-1 4/4] COPY </text><script>".to_owned();
    let svg = svg(&steps);
    for tag in svg.lines().filter(|line| line.starts_with("<rect")) {
        let (left, right) = (number(tag, "x"), number(tag, "x") + number(tag, "width"));
        assert!((0..=WIDTH).contains(&left) && (0..=WIDTH).contains(&right), "{tag}");
    }
    assert!(!svg.contains("<script>") && !svg.contains('\u{1b}'), "{svg}");
}

#[test]
fn of_many_steps_the_longest_are_drawn_and_the_others_counted() {
    let steps: Vec<Step> = (0..10_000_u32).map(|n| step("[1/2] RUN x", (f64::from(n) / 1e3, f64::from(n + 1) / 1e3), &[])).collect();
    let svg = svg(&steps);
    assert!(svg.contains("9940 steps not shown: the shortest."), "{}", &svg[..2_000]);
}
