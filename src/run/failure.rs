//! A failed build in words: the step, its line, and the last lines that it printed.

use std::path::Path;

use crate::dockerfile::Dockerfile;
use crate::record::LAST_LINES;
use crate::rig::BuildFailure;
use crate::scenario::Variant;

use super::block::dockerfile_name;

/// How many of the failing step's last lines are shown.
const LOG_LINES: usize = 20;

/// What failed, where, and what it said last.
pub(super) fn describe(failure: &BuildFailure, variant: &Variant, root: &Path) -> String {
    let mut text = String::new();
    if let Some(step) = &failure.step {
        text.push_str(&place(step, variant, root));
        text.push_str(": ");
    }
    text.push_str(&failure.message);
    let lines = last_lines(failure);
    if !lines.is_empty() {
        text.push_str(LAST_LINES);
        text.push_str("the step:\n");
        text.push_str(&lines.join("\n"));
    }
    text
}

/// `multi.Dockerfile:7: [build 3/4] RUN go build`, or the step's name alone where the line is not certain.
fn place(step: &str, variant: &Variant, root: &Path) -> String {
    let line = std::fs::read_to_string(&variant.dockerfile)
        .ok()
        .and_then(|text| Dockerfile::parse(&text).ok())
        .and_then(|dockerfile| dockerfile.line_of_vertex(step));
    match line {
        Some(line) => format!("{}:{line}: {step}", dockerfile_name(variant, root)),
        None => format!("{}: {step}", dockerfile_name(variant, root)),
    }
}

/// The last lines of the failing step; of the whole build where the builder does not tell steps apart.
fn last_lines(failure: &BuildFailure) -> Vec<&str> {
    let of_step: Vec<&str> = failure
        .log
        .iter()
        .filter(|line| failure.step.as_deref().is_none_or(|step| line.step == step || line.step.is_empty()))
        .map(|line| line.text.as_str())
        .collect();
    of_step[of_step.len().saturating_sub(LOG_LINES)..].to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::dockerfile::VariantKind;
    use crate::rig::LogLine;
    use crate::scenario::{Builder, Expectation};

    fn line(step: &str, text: &str) -> LogLine {
        LogLine { step: step.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_failed_step_is_shown_with_its_own_last_lines_only() {
        let step = "[2/3] RUN false";
        let mut log = vec![line("[1/3] RUN true", "of another step")];
        log.extend((0..30).map(|n| line(step, &format!("line {n}"))));
        let failure = BuildFailure {
            message: "exit code: 1".to_owned(),
            step: Some(step.to_owned()),
            wall: Duration::ZERO,
            vertices: Vec::new(),
            log,
        };
        let variant = Variant {
            name: "v".to_owned(),
            kind: VariantKind::SingleStage,
            dockerfile: "/nowhere/Dockerfile".into(),
            target: None,
            build_args: BTreeMap::new(),
            builder: Builder::default(),
            expect: Expectation::default(),
        };
        let text = describe(&failure, &variant, Path::new("/nowhere"));
        assert!(text.starts_with("Dockerfile: [2/3] RUN false: exit code: 1"), "{text}");
        assert!(text.contains("line 29") && text.contains("line 10") && !text.contains("line 9\n") && !text.contains("another"), "{text}");
    }
}
