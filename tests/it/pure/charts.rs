//! Charts and tables of many scenarios.

use loadline::dockerfile::Line;
use loadline::image::BaseShare;
use loadline::record::Record;
use loadline::report::{ReportData, layers_chart, markdown, sizes_chart, terminal, times_chart};

use crate::support::fleet::{five_apps, go_api_complete, ten_apps, ten_apps_with_long_names};

fn sizes(record: &Record) -> String {
    sizes_chart(&ReportData::new(record)).expect("a chart")
}

fn times(record: &Record) -> String {
    times_chart(&ReportData::new(record)).expect("a chart")
}

fn layers(record: &Record) -> String {
    layers_chart(&ReportData::new(record)).expect("a chart").expect("the record says what is in the layers")
}

/// The record with images of five layers; the two lowest ones of `single` are its base's, and `multi` has no base.
fn layered(mut record: Record) -> Record {
    for outcome in &mut record.trials {
        let Some(weighing) = &mut outcome.weighing else { continue };
        let whole = weighing.layers.remove(0);
        let from_base = if outcome.trial.variant.starts_with("single") { 2 } else { 0 };
        for (number, (share, instruction)) in
            [(62, "FROM"), (20, "RUN apt-get install"), (1, "WORKDIR /app"), (12, "RUN npm ci <&> \u{1b}[2J"), (5, "COPY . .")]
                .into_iter()
                .enumerate()
        {
            let line = (number >= from_base).then(|| Line { file: "x".to_owned(), line: number + 1, instruction: instruction.to_owned() });
            let uncompressed = whole.uncompressed * share / 100;
            weighing.layers.push(loadline::image::LayerWeight { uncompressed, dockerfile_line: line, ..whole.clone() });
        }
        let below: u64 = weighing.layers[..from_base].iter().map(|layer| layer.uncompressed).sum();
        weighing.base = Some(BaseShare {
            name: "base".to_owned(),
            layers: from_base,
            uncompressed_size: below,
            layer_transfer_size: None,
            app_size: weighing.uncompressed_size - below,
        });
    }
    record
}

/// The value of an attribute of an element's opening tag, as a number.
fn number(tag: &str, attribute: &str) -> f64 {
    let value = tag.split(&format!(" {attribute}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("{attribute} in {tag}")).parse().expect("a number")
}

/// Texts of a chart with the place of their anchor, in the order they were drawn.
fn texts(svg: &str) -> Vec<(f64, f64, String, String)> {
    let lines: Vec<&str> = svg.lines().collect();
    let found = lines.windows(2).filter(|pair| pair[0].starts_with("<text "));
    found
        .map(|pair| {
            let anchor = pair[0].split("text-anchor=\"").nth(1).and_then(|a| a.split('"').next()).unwrap_or("start");
            (number(pair[0], "x"), number(pair[0], "y"), anchor.to_owned(), pair[1].to_owned())
        })
        .collect()
}

#[test]
fn the_charts_of_five_apps() {
    insta::assert_snapshot!("five_apps_sizes", sizes(&five_apps()));
    insta::assert_snapshot!("five_apps_times", times(&five_apps()));
}

#[test]
fn the_layers_of_five_apps() {
    insta::assert_snapshot!("five_apps_layers", layers(&layered(five_apps())));
}

#[test]
fn the_segments_of_a_bar_stand_one_behind_the_other_and_the_bases_come_first() {
    let svg = layers(&layered(five_apps()));
    let bars = |color: &str| svg.lines().filter(|l| l.starts_with("<rect") && l.contains(color)).skip(1).collect::<Vec<_>>();
    let (base, app) = (bars("#999999"), bars("#0072B2"));
    let end = |bar: &str| number(bar, "x") + number(bar, "width");
    assert!(base.len() >= 2 && app.len() > base.len(), "{svg}");
    assert!((end(base[0]) - number(base[1], "x")).abs() < 0.5, "{base:?}");
    let same_row: Vec<&&str> = app.iter().filter(|bar| (number(bar, "y") - number(base[0], "y")).abs() < 0.5).collect();
    assert_eq!(same_row.len(), 3, "{svg}");
    assert!(same_row.iter().all(|bar| number(bar, "x") >= end(base[1]) - 0.5), "{same_row:?}");
}

#[test]
fn a_record_that_does_not_say_what_is_in_the_layers_has_no_chart_of_them() {
    let mut record = five_apps();
    for weighing in record.trials.iter_mut().filter_map(|outcome| outcome.weighing.as_mut()) {
        weighing.layers.iter_mut().for_each(|layer| layer.content = None);
    }
    let data = ReportData::new(&record);
    assert_eq!(layers_chart(&data).expect("no error"), None);
    assert!(!markdown(&data).contains("layers.svg"));
    assert!(markdown(&ReportData::new(&five_apps())).contains("layers.svg"));
}

#[test]
fn the_terminal_report_of_five_apps() {
    insta::assert_snapshot!(terminal(&ReportData::new(&five_apps()), 100, false));
}

#[test]
fn the_markdown_report_of_five_apps_begins_with_the_overview() {
    let text = markdown(&ReportData::new(&five_apps()));
    insta::assert_snapshot!(text.split("## go-api").next().expect("a head"));
}

#[test]
fn thirty_variants_fit_a_terminal_of_a_hundred_columns() {
    for record in [ten_apps(), ten_apps_with_long_names()] {
        let text = terminal(&ReportData::new(&record), 100, false);
        assert!(text.lines().filter(|l| l.starts_with(['│', '┌', '╞', '└'])).all(|l| l.chars().count() <= 100), "{text}");
    }
    insta::assert_snapshot!(terminal(&ReportData::new(&ten_apps()), 100, false));
}

#[test]
fn no_number_is_broken_over_two_lines_where_names_are_long() {
    let text = terminal(&ReportData::new(&ten_apps_with_long_names()), 100, false);
    for number in ["1032.2", "−99.06 %", "23.31 (21.00–25.62)", "412.9 → 61.4"] {
        assert!(text.contains(number), "{number}: {text}");
    }
}

#[test]
fn a_chart_is_800_pixels_wide_and_nothing_begins_or_ends_outside() {
    for record in [five_apps(), ten_apps(), ten_apps_with_long_names(), go_api_complete()] {
        for svg in [sizes(&record), times(&record), layers(&layered(record.clone()))] {
            let (width, height) = (number(&svg, "width"), number(&svg, "height"));
            assert!((width - 800.0).abs() < 0.5, "{width}");
            for (x, y, anchor, text) in texts(&svg) {
                // A letter of this size is at least 3 pixels wide, so a text that leaves the page is longer than this.
                let least = 3.0 * text.chars().count() as f64;
                let (left, right) = match anchor.as_str() {
                    "end" => (x - least, x),
                    "middle" => (x - least / 2.0, x + least / 2.0),
                    _ => (x, x + least),
                };
                assert!(left >= 0.0 && right <= width && y > 0.0 && y < height, "{text} at {x}, {y} in {width} × {height}");
            }
        }
    }
}

#[test]
fn the_bars_of_a_scenario_stand_under_each_other_and_begin_at_one_place() {
    let svg = sizes(&five_apps());
    let bars: Vec<&str> =
        svg.lines().filter(|l| l.starts_with("<rect") && (l.contains("#E69F00") || l.contains("#0072B2"))).skip(2).collect();
    // Two columns for eleven variants with figures.
    assert_eq!(bars.len(), 22, "{svg}");
    let mut lefts: Vec<String> = bars.iter().map(|b| number(b, "x").to_string()).collect();
    lefts.sort();
    lefts.dedup();
    assert_eq!(lefts.len(), 2, "one left edge a column: {lefts:?}");
}

#[test]
fn bars_are_in_proportion_to_their_values_from_zero() {
    let svg = sizes(&five_apps());
    let widths = |color: &str| {
        svg.lines().filter(|l| l.starts_with("<rect") && l.contains(color)).skip(1).map(|l| number(l, "width")).collect::<Vec<_>>()
    };
    let single = widths("#E69F00");
    // go-api and node-api, transfer size: 329.5 and 412.9 MB; a pixel of rounding.
    assert!((single[0] / single[2] - 329.5 / 412.9).abs() < 1.0 / single[2], "{single:?}");
}

#[test]
fn every_value_and_every_reduction_is_printed_at_its_bar() {
    let svg = sizes(&five_apps());
    for text in ["329.5 MB", "3.1 MB (−99.06 %)", "55.1 MB (−86.7 %)", "1304.0 MB", "no figure: skipped"] {
        assert!(texts(&svg).iter().any(|t| t.3 == text), "{text}: {svg}");
    }
}

#[test]
fn a_chart_says_in_words_what_its_colours_say() {
    let svg = sizes(&five_apps());
    for text in ["go-api (go)", "react-spa (typescript)", "single", "alpine, multi-stage", "multi, unverified"] {
        assert!(texts(&svg).iter().any(|t| t.3 == text), "{text}: {svg}");
    }
}

#[test]
fn a_chart_is_described_for_those_who_do_not_see_it_and_has_colours_for_dark_pages() {
    let svg = times(&five_apps());
    assert!(svg.contains("role=\"img\" aria-labelledby=\"times-title times-desc\""), "{svg}");
    assert!(svg.contains("<title id=\"times-title\">Build, push and pull time of 5 scenarios</title>"), "{svg}");
    let description = svg.split("<desc id=\"times-desc\">").nth(1).and_then(|d| d.split("</desc>").next()).expect("a description");
    assert!(description.contains("Push time, s. go-api (go): single 25.22 s; multi 0.24 s;"), "{description}");
    assert!(svg.contains("@media (prefers-color-scheme:dark)"), "{svg}");
}

#[test]
fn forty_letters_of_a_name_are_all_in_the_chart() {
    let svg = sizes(&ten_apps_with_long_names());
    assert!(texts(&svg).iter().any(|t| t.3.starts_with("go-api-00-of-the-department-of-everythin (go)")), "{svg}");
    let parts: String = texts(&svg).iter().skip_while(|t| !t.3.starts_with("distroless")).take(3).map(|t| t.3.as_str()).collect();
    assert_eq!(parts.replace(' ', ""), "distroless-with-everything-that-a-name-m,multi-stage");
}

#[test]
fn where_trials_differ_in_number_each_row_says_its_own() {
    let mut record = five_apps();
    record.trials.retain(|o| o.trial.scenario != "go-api" || o.trial.iteration < 3);
    let svg = times(&record);
    assert!(svg.contains("median of n trials") && texts(&svg).iter().any(|t| t.3 == "single, n = 2"), "{svg}");
}
