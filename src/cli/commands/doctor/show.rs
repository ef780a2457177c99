//! A diagnosis for people.

use std::fmt::Write as _;

use crate::cli::{layout, plain};

use super::model::{Diagnosis, Measurable, Row, State};

/// Where the words of a row begin.
const INDENT: usize = 22;

/// Rows first, then the table of measures, then why some of them cannot be taken.
pub(super) fn human(diagnosis: &Diagnosis, width: usize) -> String {
    let mut text: String = diagnosis.rows.iter().map(|row| shown(row, width)).collect();
    text.push('\n');
    text.push_str(&table(&diagnosis.measures));
    let mut told: Vec<&str> = Vec::new();
    for measure in diagnosis.measures.iter().filter(|measure| !measure.possible) {
        let Some(reason) = measure.reason.as_deref().filter(|reason| !told.contains(reason)) else { continue };
        told.push(reason);
        let of = if diagnosis.measures.iter().any(|m| m.engine == measure.engine && m.possible) {
            format!("no {}", measure.measure)
        } else {
            "nothing".to_owned()
        };
        let cure = measure.cure.as_ref().map(|cure| format!(" → {cure}")).unwrap_or_default();
        let line = plain::line(&format!("{of} on the {} engine: {reason}{cure}", measure.engine));
        writeln!(text, "{}", layout::wrapped(&line, 4, width)).expect("a String takes every write");
    }
    text
}

/// `ok  base cache        ~/.cache/loadline, 303.5 MB`, wrapped to `width` columns; the cure on a line of its own.
fn shown(row: &Row, width: usize) -> String {
    let mark = match row.state {
        State::Ok => "ok",
        State::No => "no",
        State::Note => "--",
    };
    let cure = row.cure.iter().map(|cure| format!("→ {cure}"));
    let words: Vec<String> = row.words.lines().map(str::to_owned).chain(cure).map(|line| plain::line(&line)).collect();
    format!("{mark}  {:<18}{}\n", row.what, layout::wrapped(&words.join("\n"), INDENT, width))
}

fn table(measures: &[Measurable]) -> String {
    let mut rows = vec![["can measure", "private engine", "host engine"].map(str::to_owned)];
    let word = |measure: &str, engine: &str| {
        let found = measures.iter().find(|m| m.measure == measure && m.engine == engine);
        if found.is_some_and(|m| m.possible) { "yes" } else { "no" }.to_owned()
    };
    for measure in measures.iter().filter(|m| m.engine == "private").map(|m| m.measure) {
        rows.push([measure.to_owned(), word(measure, "private"), word(measure, "host")]);
    }
    layout::columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::super::matrix;
    use super::*;

    #[test]
    fn a_row_is_wrapped_and_has_no_control_characters() {
        let row = Row::no("host engine", "no engine answers at\x1b[2J unix:///x", "start it");
        assert_eq!(
            shown(&row, 50),
            "no  host engine       no engine answers at [2J\n                      unix:///x\n                      → start it\n"
        );
    }

    #[test]
    fn a_diagnosis_ends_with_what_can_be_measured_and_each_reason_once() {
        let private = Row::no("private engine", "a private engine needs root", "run it with sudo");
        let host = Row::ok("host engine", "Docker Engine 28.1.0 at unix:///var/run/docker.sock");
        let measures = matrix::measures(&private, &host, &Row::ok("registry", ""));
        let rows = vec![private, host, Row::note("leftovers", "none")];
        let diagnosis = Diagnosis { format_version: 1, tool_version: "0".to_owned(), can_measure: true, rows, measures };
        insta::assert_snapshot!(human(&diagnosis, 100));
    }
}
