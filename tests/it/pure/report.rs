//! The report room.

mod hostile;

use std::fs;

use crate::support::checked_in;
use crate::support::records::{Figures, SMALL, change, failed, go_api, measured, planned, rebuilt, updated};
use loadline::judge::compare;
use loadline::measure::Measure;
use loadline::record::{LinkRecord, Record, Status, Step};
use loadline::report::{
    ReportData, comparison, json, markdown, observations_csv, report_schema, sizes_chart, summary_csv, terminal, times_chart, write_all,
};

fn data() -> ReportData {
    ReportData::new(&go_api())
}

/// A run of two scenarios, with a variant that nothing proves and one trial that fell out.
fn two_scenarios() -> Record {
    let mut record = go_api();
    record.run.plan.extend([planned("web", "single"), planned("web", "multi"), planned("web", "bare")]);
    let figures = Figures { transfer: 1_130_000_000, uncompressed: 2_500_000_000, layers: 12, build: 95.5, push: 31.0, pull: 20.25 };
    record.trials.push(measured("web", "single", 1, figures));
    record.trials.push(measured("web", "multi", 1, SMALL));
    let mut late = failed("web", "multi", Status::TimedOut { reason: "no answer within 30 s".to_owned() });
    late.trial.iteration = 2;
    record.trials.push(late);
    record.trials.push(loadline::record::TrialOutcome { status: Status::Unverified, ..measured("web", "bare", 1, SMALL) });
    record
}

#[test]
fn the_terminal_report_of_a_run() {
    insta::assert_snapshot!(terminal(&data(), 100, false));
}

#[test]
fn the_terminal_report_of_two_scenarios() {
    insta::assert_snapshot!(terminal(&ReportData::new(&two_scenarios()), 100, false));
}

#[test]
fn what_an_edit_moves_has_a_table_and_a_sentence() {
    let mut record = go_api();
    record.run.settings.builds = vec!["cold".to_owned(), "edit".to_owned()];
    record.run.plan.iter_mut().for_each(|planned| planned.edits = vec!["source".to_owned()]);
    record.trials.push(updated("go-api", "single", "source", (45_302_118, 45_302_900), "RUN go mod download"));
    record.trials.push(updated("go-api", "multi", "source", (1_204_118, 1_205_000), "COPY --from=build /out/go-api /go-api"));
    let text = terminal(&ReportData::new(&record), 120, false);
    insta::assert_snapshot!(text);
    let csv = observations_csv(&ReportData::new(&record)).expect("it can be written");
    let row = csv.lines().find(|line| line.contains("D10-chain") && line.contains(",multi,")).expect("the update has a row");
    assert!(row.contains(",delta-transfer-size,D10-chain,edit,source,edit,warm-cache,") && row.contains(",1205000,bytes,"), "{row}");
}

#[test]
fn what_clean_builds_and_a_changed_base_move_stands_beside_what_an_edit_does() {
    let mut record = go_api();
    record.run.settings.builds = ["cold", "edit", "base", "clean"].map(str::to_owned).into();
    record.run.plan.iter_mut().for_each(|planned| planned.edits = vec!["source".to_owned()]);
    for (variant, by_edit, by_clean, made_by) in [
        ("single", 45_302_118, 61_000_418, "RUN go mod download"),
        ("multi", 1_204_118, 1_304_318, "COPY --from=build /out/go-api /go-api"),
    ] {
        record.trials.push(updated("go-api", variant, "source", (by_edit, by_edit + 900), made_by));
        record.trials.push(rebuilt(variant, ("base", None), (4_418, by_clean), made_by));
        for edit in [None, Some("source")] {
            record.trials.push(rebuilt(variant, ("clean", edit), (by_clean, by_clean + 900), made_by));
        }
    }
    let data = ReportData::new(&record);
    let text = terminal(&data, 120, false);
    insta::assert_snapshot!(text.split("─┘").skip(3).collect::<Vec<_>>().join("─┘"));
    let csv = observations_csv(&data).expect("it can be written");
    let row = |part: &str| csv.lines().any(|line| line.contains(",multi,") && line.contains(part));
    assert!(row(",delta-transfer-size,D10-blob,clean,,none,clean-ci,") && row(",D10-blob,clean,source,edit,clean-ci,"), "{csv}");
    assert!(row(",D10-chain,base,,base,warm-cache,"), "{csv}");
    assert!(row(",build-time,,clean,source,edit,clean-ci,"), "a build time of its own: {csv}");
}

/// Packages and sources side by side, a build that needs both, and its export: 12.5 s of 12.75 s by the builder's clock.
fn steps() -> Vec<Step> {
    let step = |name: &str, from: f64, to: f64, inputs: &[usize]| Step {
        name: name.to_owned(),
        digest: Some(name.to_owned()),
        inputs: Some(inputs.to_vec()),
        cached: false,
        started: Some(from),
        completed: Some(to),
        error: None,
    };
    vec![
        step("[internal] load remote build context", 0.0, 0.25, &[]),
        step("[build 1/4] FROM docker.io/library/golang:1.23", 0.0, 0.5, &[]),
        step("[build 2/4] RUN go mod download", 0.5, 6.5, &[1]),
        step("[tools 2/2] RUN apt-get install upx", 0.5, 5.0, &[1]),
        step("[build 3/4] COPY . .", 6.5, 6.75, &[0, 2]),
        step("[build 4/4] RUN go build", 7.0, 12.0, &[3, 4]),
        step("exporting to image", 12.0, 12.5, &[5]),
    ]
}

#[test]
fn where_the_time_of_a_build_goes_has_a_table_and_a_picture() {
    let mut record = go_api();
    for outcome in record.trials.iter_mut().filter(|o| o.trial.variant == "single") {
        outcome.steps = steps();
    }
    let data = ReportData::new(&record);
    insta::assert_snapshot!(terminal(&data, 130, false));
    let build = data.scenarios[0].variants[0].build.clone().expect("its steps tell the chain");
    let sum: f64 = build.chain.iter().map(|step| step.seconds).sum::<f64>() + build.waiting;
    assert!((sum - build.wall).abs() < 1e-9, "{sum} of {}", build.wall);
    assert!(build.chain.iter().all(|step| !step.name.contains("upx")), "nobody waits for it: {build:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let files = write_all(folder.path(), &record).expect("the report can be written");
    let picture = folder.path().join("timelines/go-api--single.svg");
    assert!(files.contains(&picture) && !folder.path().join("timelines/go-api--broken.svg").exists(), "{files:?}");
    assert!(fs::read_to_string(picture).expect("it is there").contains("go mod download"));
    assert!(markdown(&data).contains("](timelines/go-api--single.svg)"));
}

/// The run over a link of 500 Mbit/s, on an engine that compresses at every push. The link had bytes nearly all the time.
fn over_a_link() -> Record {
    let mut record = go_api();
    "500mbit".clone_into(&mut record.run.conditions.link);
    "dockerd 20.10.24, gzip at push".clone_into(&mut record.run.conditions.compressor);
    for outcome in &mut record.trials {
        for transfer in outcome.push.iter_mut().chain(&mut outcome.pull) {
            let bytes = transfer.blob_bytes + transfer.manifest_bytes + 2_000;
            let (first_byte, last_byte) = (transfer.seconds * 0.01, transfer.seconds * 0.99);
            transfer.link = Some(LinkRecord { first_byte, last_byte, bytes_up: bytes, bytes_down: bytes, connections: 3 });
        }
    }
    record
}

#[test]
fn a_run_over_a_link_names_it_beside_its_times_and_says_what_bounds_each_variant() {
    let data = ReportData::new(&over_a_link());
    let page = markdown(&data);
    assert!(page.contains("| push time over 500mbit, s | pull time over 500mbit, s |"), "{page}");
    // 303 MB are 4.85 s of the link; the pushes took 7.2 s, the pulls 5 s.
    let single = "single over 500mbit: the push kept 68 % of the link's rate for 98 % of its time, gzip in the engine bounds it; \
                  the pull kept 99 % of the link's rate for 98 % of its time, the link bounds it.";
    let multi = "the pull kept 45 % of the link's rate for 98 % of its time, the engine's disk and unpacking bound it.";
    for text in [page, terminal(&data, 100, false)] {
        assert!(text.lines().any(|line| line == single), "{text}");
        assert!(text.lines().any(|line| line.starts_with("multi over 500mbit: ") && line.ends_with(multi)), "{text}");
    }
    let chart = times_chart(&data).expect("a chart");
    assert!(chart.contains("Push time over 500mbit, s") && chart.contains("Pull time over 500mbit, s"), "{chart}");
    let csv = observations_csv(&data).expect("CSV");
    let row = csv.lines().find(|line| line.contains(",multi,") && line.contains(",pull-time,")).expect("the pull has a row");
    assert!(row.contains(",pull-time,,cold,,,,500mbit,,"), "{row}");
    let written: serde_json::Value = serde_json::from_str(&json(&data).expect("JSON")).expect("JSON");
    let bounds = &written["scenarios"][0]["variants"][0]["bottlenecks"];
    assert_eq!((bounds[0]["direction"].as_str(), bounds[0]["bound"].as_str()), (Some("push"), Some("gzip")), "{bounds}");
}

#[test]
fn a_link_of_which_nothing_is_known_is_not_said_to_bound_anything() {
    for link in ["loopback", "none", "to ghcr.io", "a tin can"] {
        let mut record = over_a_link();
        link.clone_into(&mut record.run.conditions.link);
        let page = markdown(&ReportData::new(&record));
        assert!(!page.contains("of the link's rate") && page.contains("| push time, s |"), "{link}: {page}");
    }
    let mut older = over_a_link();
    older.trials.iter_mut().flat_map(|o| o.push.iter_mut().chain(&mut o.pull)).for_each(|transfer| transfer.link = None);
    assert!(!markdown(&ReportData::new(&older)).contains("of the link's rate"), "nothing crossed it");
}

#[test]
fn a_narrow_terminal_loses_the_least_columns_and_no_line_is_too_wide_for_its_table() {
    let text = terminal(&data(), 80, false);
    assert!(!text.contains("layer count"), "{text}");
    assert!(text.lines().filter(|l| l.starts_with(['│', '┌', '╞', '└'])).all(|l| l.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_terminal_report_has_colours_only_when_asked() {
    assert!(!terminal(&data(), 80, false).contains('\x1b'));
    assert!(terminal(&data(), 80, true).contains('\x1b'));
}

#[test]
fn the_markdown_report_of_a_run() {
    insta::assert_snapshot!(markdown(&data()));
}

#[test]
fn the_observations_of_a_run_as_csv() {
    insta::assert_snapshot!(observations_csv(&data()).expect("CSV"));
}

#[test]
fn the_header_of_the_observations_is_the_published_one() {
    let csv = observations_csv(&data()).expect("CSV");
    assert_eq!(
        csv.lines().next(),
        Some(
            "run,scenario,variant,kind,measure,definition,cache_state,edit,event,rebuild,link,phase,base_set,engine,store,iteration,\
             warmup,value,unit,status"
        )
    );
}

#[test]
fn the_summary_of_a_run_as_csv() {
    insta::assert_snapshot!(summary_csv(&data()).expect("CSV"));
}

#[test]
fn the_report_of_a_run_as_json() {
    insta::assert_snapshot!(json(&data()).expect("JSON"));
}

#[test]
fn the_schema_checked_in_is_that_of_the_report() {
    let schema = serde_json::to_string_pretty(&report_schema()).expect("a schema is JSON") + "\n";
    checked_in("schemas/report.schema.json", &schema);
}

#[test]
fn a_comparison_as_text() {
    let mut later = go_api();
    change(&mut later, "multi", Measure::TransferSize, |v| v * 2.0);
    later.run.run_id = "2026-12-01-1".to_owned();
    insta::assert_snapshot!(comparison(&compare(&go_api(), &later), 120));
}

#[test]
fn a_drift_of_one_byte_is_told_in_bytes() {
    let mut later = go_api();
    change(&mut later, "single", Measure::TransferSize, |v| v + 1.0);
    let text = comparison(&compare(&go_api(), &later), 120);
    assert!(text.contains("+1 B") && text.contains("1 drifted"), "{text}");
}

#[test]
fn a_name_that_a_terminal_would_obey_is_shown_in_csv_and_escaped_in_json() {
    let mut record = go_api();
    for planned in &mut record.run.plan {
        "\u{1b}[2J\u{9b}31m=cmd\r\n\u{202e}gpj".clone_into(&mut planned.scenario);
    }
    record.trials.iter_mut().for_each(|o| o.trial.scenario.clone_from(&record.run.plan[0].scenario));
    let data = ReportData::new(&record);
    let csv = observations_csv(&data).expect("CSV");
    assert!(csv.contains(",\u{fffd}[2J\u{fffd}31m=cmd\u{fffd}\u{fffd}\u{fffd}gpj,"), "{csv}");
    let json = json(&data).expect("JSON");
    assert!(json.contains(r#""name": "\u001b[2J\u009b31m=cmd\r\n\u202egpj""#), "{json}");
}

#[test]
fn a_variant_without_figures_has_its_reason_everywhere_and_never_a_number() {
    let data = data();
    let broken = data.scenarios[0].variants.iter().find(|v| v.name == "broken").expect("the variant");
    assert_eq!((broken.status.as_str(), broken.estimates.len()), ("build-failed", 0));
    for text in [terminal(&data, 120, false), markdown(&data), summary_csv(&data).expect("CSV"), json(&data).expect("JSON")] {
        assert!(text.contains("undefined: x") && text.contains("build-failed"), "{text}");
    }
    for chart in [sizes_chart(&data).expect("a chart"), times_chart(&data).expect("a chart")] {
        assert!(chart.contains("no figure: build-failed") && chart.contains("no figure: skipped"));
    }
    assert!(!observations_csv(&data).expect("CSV").contains("broken"));
}

#[test]
fn a_trial_that_fell_out_is_told_beside_the_figures_of_the_others() {
    let text = terminal(&ReportData::new(&two_scenarios()), 120, false);
    assert!(text.contains("multi: trial 2 gave no figures, timed-out: no answer within 30 s"), "{text}");
    assert!(text.contains("bare: unverified: there is no smoke check"), "{text}");
}

#[test]
fn a_variant_that_a_cut_off_run_never_reached_is_not_run() {
    let mut record = go_api();
    record.run.state = loadline::record::RunState::Interrupted;
    record.trials.clear();
    let data = ReportData::new(&record);
    assert!(data.scenarios[0].variants.iter().all(|v| v.status == "not-run" && v.estimates.is_empty()));
    assert!(sizes_chart(&data).expect("a chart").contains("no figure: not-run"));
}

#[test]
fn an_expected_failure_is_shown_as_what_it_is() {
    let mut record = go_api();
    record.trials.retain(|o| o.trial.variant != "broken");
    record.trials.push(failed("go-api", "broken", Status::ExpectedFailure { reason: "COPY finds no dist/".to_owned() }));
    let text = terminal(&ReportData::new(&record), 120, false);
    assert!(text.contains("broken: expected-failure: COPY finds no dist/"), "{text}");
}

#[test]
fn the_reports_files_are_the_same_bytes_whenever_they_are_made() {
    let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let written = write_all(first.path(), &two_scenarios()).expect("a report");
    let names: Vec<_> = written.iter().map(|p| p.strip_prefix(first.path()).expect("in it").to_str().expect("a text")).collect();
    let (files, timelines) = names.split_at(7);
    assert_eq!(files, ["report.md", "observations.csv", "summary.csv", "report.json", "sizes.svg", "times.svg", "layers.svg"]);
    assert!(timelines.contains(&"timelines/go-api--multi.svg") && timelines.iter().all(|name| name.starts_with("timelines/")), "{names:?}");
    write_all(second.path(), &two_scenarios()).expect("a report");
    write_all(second.path(), &two_scenarios()).expect("a report again");
    assert_eq!(fs::read_dir(second.path()).expect("a folder").count(), files.len() + 1);
    for name in names {
        let bytes = |folder: &tempfile::TempDir| fs::read(folder.path().join(name)).expect("the file");
        assert!(bytes(&first) == bytes(&second) && !bytes(&first).is_empty(), "{name}");
    }
}

#[test]
fn every_size_in_a_chart_says_which_size_it_is_and_its_unit() {
    let chart = sizes_chart(&data()).expect("a chart");
    assert!(chart.contains("Transfer size (D2), MB") && chart.contains("Uncompressed size (D3), MB"), "{chart}");
    assert!(chart.contains("stand-in bases"), "the base set is named");
    let chart = times_chart(&data()).expect("a chart");
    for title in ["Build time, s", "Build time, cold cache:", "Push time, s", "Pull time, s"] {
        assert!(chart.contains(title), "{title}: {chart}");
    }
}

#[test]
fn a_bar_that_would_be_thinner_than_a_pixel_is_still_drawn() {
    let mut record = go_api();
    change(&mut record, "multi", Measure::TransferSize, |_| 5_000.0);
    let chart = sizes_chart(&ReportData::new(&record)).expect("a chart");
    let bars: Vec<u32> = chart.lines().filter(|l| l.starts_with("<rect") && l.contains("fill=\"#0072B2\"")).map(width_of).collect();
    // The legend's patch and the bars of multi in both panels.
    assert_eq!(bars.len(), 3, "{chart}");
    assert_eq!(bars[1], 2);
}

fn width_of(rectangle: &str) -> u32 {
    let width = rectangle.split(" width=\"").nth(1).and_then(|rest| rest.split('"').next());
    width.expect("a rectangle has a width").parse().expect("a width is a number")
}
