//! Reports of records with hostile names and messages.

use loadline::record::{Record, Status, Warning};
use loadline::report::{ReportData, json, markdown, observations_csv, sizes_chart, summary_csv, terminal, times_chart};
use proptest::prelude::*;

use crate::support::records::{Figures, failed, measured, planned, run};

/// What is wrong with `svg` as XML, in a few words: the tags must balance and no text may hold a bare special character.
fn xml_problem(svg: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        if let Some(problem) = text_problem(&rest[..start]) {
            return Some(problem);
        }
        let Some(end) = rest[start..].find('>') else { return Some("a tag does not end".to_owned()) };
        let tag = &rest[start + 1..start + end];
        if tag.contains('<') || tag.matches('"').count() % 2 == 1 {
            return Some(format!("bad tag {tag}"));
        }
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return Some(format!("{name} closes what is not open"));
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[start + end + 1..];
    }
    text_problem(rest).or_else(|| (!open.is_empty()).then(|| format!("{open:?} are not closed")))
}

fn text_problem(text: &str) -> Option<String> {
    let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
    let bare = text.match_indices('&').find(|(at, _)| !known.iter().any(|e| text[*at..].starts_with(e)));
    let control = text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}'));
    bare.map(|(at, _)| format!("bare & at {at} of {text}")).or_else(|| control.map(|c| format!("{c:?} in {text}")))
}

#[test]
fn the_check_for_well_formed_svg_finds_what_is_broken() {
    for broken in ["<a>", "<a></b>", "<a>&</a>", "<a>\u{1}</a>", "</a>", "<a b=\">"] {
        assert!(xml_problem(broken).is_some(), "{broken}");
    }
    assert_eq!(xml_problem("<a b=\"c\"><d/>&amp;\n</a>"), None);
}

/// Cells of a row of a Markdown table: pipes that are not escaped.
fn cells(row: &str) -> usize {
    let mut escaped = false;
    let mut count = 0;
    for c in row.chars() {
        count += usize::from(c == '|' && !escaped);
        escaped = c == '\\' && !escaped;
    }
    count
}

fn uneven_table(markdown: &str) -> Option<String> {
    let mut width = None;
    for line in markdown.lines() {
        if !line.starts_with('|') {
            width = None;
            continue;
        }
        if *width.get_or_insert_with(|| cells(line)) != cells(line) {
            return Some(line.to_owned());
        }
    }
    None
}

/// A record with hostile names and messages and random figures.
fn hostile() -> impl Strategy<Value = Record> {
    let text = "[ -~|\\\\`<&>'\"=+@,;\n\r\t\u{1b}\u{7f}\u{9b}\u{202e}é漢-]{1,40}";
    let variants = prop::collection::vec((text, 5_000_u64..9_000_000_000, 1e-6_f64..1e5, 0_u8..4), 1..30);
    (text, text, variants).prop_map(|(scenario, message, variants)| {
        let mut record = Record::new(run(), Vec::new()).expect("an empty record");
        record.run.plan.clear();
        record.run.warnings = vec![Warning { message: message.clone() }];
        for (number, (name, bytes, seconds, outcome)) in variants.into_iter().enumerate() {
            let name = format!("{name}{number}");
            record.run.plan.push(planned(&scenario, &name));
            let figures = Figures { transfer: bytes, uncompressed: bytes, layers: 1, build: seconds, push: seconds, pull: seconds };
            record.trials.push(match outcome {
                0 => failed(&scenario, &name, Status::BuildFailed { reason: message.clone() }),
                _ => measured(&scenario, &name, 1, figures),
            });
        }
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn csv_reads_back_whatever_the_names_are(record in hostile()) {
        let data = ReportData::new(&record);
        let csv = observations_csv(&data).expect("CSV");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
        prop_assert_eq!(rows.len(), data.observations.len());
        for (row, observation) in rows.iter().zip(&data.observations) {
            for (cell, text) in [(&row[1], &observation.scenario), (&row[2], &observation.variant)] {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{:?}", cell);
                let shown: String = text.chars().map(|c| if c.is_control() || c == '\u{202e}' { '\u{fffd}' } else { c }).collect();
                prop_assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), shown);
            }
            prop_assert_eq!(row[17].parse::<f64>().ok(), Some(observation.value));
        }
        let summary = summary_csv(&data).expect("CSV");
        prop_assert!(csv::Reader::from_reader(summary.as_bytes()).records().all(|r| r.is_ok()));
    }

    #[test]
    fn no_format_that_is_printed_holds_what_a_terminal_obeys(record in hostile()) {
        let data = ReportData::new(&record);
        let texts = [observations_csv(&data).expect("CSV"), summary_csv(&data).expect("CSV"), json(&data).expect("JSON"), markdown(&data)];
        for text in texts {
            prop_assert!(text.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{:?}", text);
        }
        let read: serde_json::Value = serde_json::from_str(&json(&data).expect("JSON")).expect("JSON");
        prop_assert_eq!(read["scenarios"][0]["name"].as_str(), Some(record.run.plan[0].scenario.as_str()));
    }

    #[test]
    fn charts_are_well_formed_whatever_the_names_are(record in hostile()) {
        let data = ReportData::new(&record);
        prop_assert_eq!(xml_problem(&sizes_chart(&data).expect("a chart")), None);
        prop_assert_eq!(xml_problem(&times_chart(&data).expect("a chart")), None);
    }

    #[test]
    fn all_rows_of_a_markdown_table_have_the_same_number_of_cells(record in hostile()) {
        prop_assert_eq!(uneven_table(&markdown(&ReportData::new(&record))), None);
    }

    #[test]
    fn no_name_reaches_the_terminal_with_a_control_character(record in hostile(), width in 0_u16..200) {
        let text = terminal(&ReportData::new(&record), width, false);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text);
    }
}
