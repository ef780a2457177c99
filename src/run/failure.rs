//! A failed build in words: the step, its line, and the lines that it printed that tell most.

use std::path::Path;

use crate::dockerfile::Dockerfile;
use crate::record::LAST_LINES;
use crate::rig::{BuildFailure, Excerpt};
use crate::scenario::Variant;
use crate::units;

/// What failed and where, what helps, and the lines of the step's output that tell most; all of them are in `log`.
pub(super) fn describe(failure: &BuildFailure, variant: &Variant, root: &Path, log: &str) -> String {
    let excerpt = failure.excerpt();
    let place = failure.step.as_ref().map(|step| place(step, variant, root) + ": ").unwrap_or_default();
    let hint = excerpt.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    quoted(format!("{place}{}{hint}", failure.message), &excerpt, log)
}

/// A sentence, and below it what a step printed.
pub(super) fn quoted(sentence: String, excerpt: &Excerpt, log: &str) -> String {
    if excerpt.lines.is_empty() {
        return sentence;
    }
    let left_out = match excerpt.left_out {
        0 => String::new(),
        n => format!(" that tell most ({} left out; all are in {log})", units::count(n, "line")),
    };
    format!("{sentence}{LAST_LINES}the step{left_out}:\n{}", excerpt.lines.join("\n"))
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

/// The path of a Dockerfile as a user would type it.
pub(super) fn dockerfile_name<'a>(variant: &'a Variant, root: &Path) -> std::borrow::Cow<'a, str> {
    variant.dockerfile.strip_prefix(root).unwrap_or(&variant.dockerfile).to_string_lossy()
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
    fn a_failed_step_is_shown_with_its_own_lines_only_and_says_where_the_others_are() {
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
        let text = describe(&failure, &variant, Path::new("/nowhere"), "log/a--v--1.log");
        assert!(text.starts_with("Dockerfile: [2/3] RUN false: exit code: 1"), "{text}");
        assert!(text.contains("line 29") && !text.contains("line 9\n") && !text.contains("another"), "{text}");
        assert!(text.contains("last lines of the step that tell most (18 lines left out; all are in log/a--v--1.log):\n"), "{text}");
    }
}
