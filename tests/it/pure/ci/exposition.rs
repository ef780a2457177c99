//! `OpenMetrics`, read by the reference parser of Prometheus' Python client.

use std::process::Command;

use loadline::judge::Evaluation;
use loadline::report::CiFormat;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::{self, evaluations, records};

/// Reads each file whole and prints how many families and samples it has; an error of the parser ends it.
const READ: &str = "\
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
for name in sys.argv[1:]:
    families = list(read(open(name, encoding='utf-8', newline='').read()))
    print(len(families), sum(len(family.samples) for family in families))
";

/// Families and samples of each text, by the reference parser.
fn read(texts: &[String]) -> Vec<(usize, usize)> {
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<_> = (0..texts.len()).map(|number| folder.path().join(format!("{number}.txt"))).collect();
    files.iter().zip(texts).for_each(|(file, text)| std::fs::write(file, text).expect("a file"));
    let ran = Command::new(support::PYTHON).args(["-c", READ]).args(&files).output().expect("python starts");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    let counts: Vec<(usize, usize)> =
        told.lines().filter_map(|line| line.split_once(' ')).filter_map(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?))).collect();
    let broken = texts.get(counts.len()).map_or("", String::as_str);
    assert!(ran.status.success(), "{}\n{broken}", String::from_utf8_lossy(&ran.stderr));
    counts
}

fn hostile(cases: usize) -> Vec<Evaluation> {
    let mut runner = TestRunner::deterministic();
    (0..cases).map(|_| evaluations::hostile(6).new_tree(&mut runner).expect("a value").current()).collect()
}

#[test]
fn the_reference_parser_reads_every_family() {
    let test = "pure::ci::exposition::the_reference_parser_reads_every_family";
    if !support::python_module_or_skip(test, "prometheus_client.openmetrics.parser", "python3-prometheus-client") {
        return;
    }
    let evaluation = evaluations::every_outcome();
    let mut texts =
        vec![CiFormat::Openmetrics.render(&evaluation, None), CiFormat::Openmetrics.render(&evaluation, Some(&records::go_api()))];
    texts.extend(hostile(100).iter().map(|evaluation| CiFormat::Openmetrics.render(evaluation, None)));
    let counts = read(&texts);
    assert_eq!(counts.len(), texts.len());
    // Three measures with figures, limits in bytes and in seconds, and the outcomes: 6 states of 6 limits.
    assert_eq!(counts[0], (6, 4 + 2 + 1 + 36), "{}", texts[0]);
    assert!(counts[1].1 > counts[0].1);
}

/// Whether `text` is an exposition, as far as lines tell.
fn is_well_formed(text: &str) -> bool {
    let line = regex::Regex::new(
        r#"^(# (TYPE|UNIT|HELP) [a-z_]+ .+|# EOF|[a-z_]+\{([a-z_]+="([^"\\\n]|\\["\\n])*"(,[a-z_]+="([^"\\\n]|\\["\\n])*")*)?\} -?[0-9.]+)$"#,
    );
    let line = line.expect("a pattern");
    text.ends_with("# EOF\n") && text.matches("# EOF\n").count() >= 1 && text.split_terminator('\n').all(|found| line.is_match(found))
}

proptest! {
    #[test]
    fn no_name_makes_a_line_of_its_own(evaluation in evaluations::hostile(6)) {
        let text = CiFormat::Openmetrics.render(&evaluation, None);
        prop_assert!(is_well_formed(&text), "{text}");
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let names: std::collections::BTreeSet<_> = lines.iter().filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name).collect();
        prop_assert_eq!(names.len(), lines.len(), "a sample is there twice");
    }
}
