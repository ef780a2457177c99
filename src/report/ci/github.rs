//! What GitHub Actions reads: workflow commands in the log, and outputs of a step.

use super::super::markdown::push;
use super::super::redefined::redefined;
use super::super::text::one_line;
use super::totals::Totals;
use super::words;
use crate::budget::BudgetPlace;
use crate::image::Digest;
use crate::judge::{Check, CheckOutcome, Definition, Evaluation, Redefined};

/// One `error` for each limit that is exceeded or has no figure, a `warning` for each that is undecided or was loosened and for a smoke
/// check that is another one, a `notice` for each that was skipped and for another Dockerfile; errors first, because GitHub shows ten of a kind for each step. Nothing for a limit that holds.
pub(super) fn annotations(evaluation: &Evaluation) -> String {
    let mut lines: Vec<(u8, String)> = evaluation.checks.iter().filter_map(of_check).collect();
    lines.extend(evaluation.loosened.iter().map(|found| {
        let title = format!("loadline: a limit of {} is loosened", one_line(&found.scenario));
        (1, command("warning", found.place.as_ref(), &title, &words::loosened(found)))
    }));
    lines.extend(evaluation.redefined.iter().map(of_redefined));
    lines.sort_by_key(|(rank, _)| *rank);
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

fn of_redefined(found: &Redefined) -> (u8, String) {
    let (rank, level) = match found.what {
        Definition::SmokeCheck => (1, "warning"),
        Definition::Dockerfile => (2, "notice"),
    };
    let title = format!("loadline: {} is not what it was in the baseline", one_line(&found.scenario));
    (rank, command(level, None, &title, &redefined(found)))
}

fn of_check(check: &Check) -> Option<(u8, String)> {
    let (rank, level) = match &check.outcome {
        CheckOutcome::Pass => return None,
        CheckOutcome::Fail { .. } | CheckOutcome::Unmeasured { .. } | CheckOutcome::NotComparable { .. } => (0, "error"),
        CheckOutcome::Undecided { .. } => (1, "warning"),
        CheckOutcome::Skip { .. } => (2, "notice"),
    };
    let title = format!("loadline: {}, {}", words::subject(&check.scenario, &check.variant), check.outcome.id());
    let message = [words::sentence(check)].into_iter().chain(words::details(check)).collect::<Vec<_>>().join("\n");
    Some((rank, command(level, check.place.as_ref(), &title, &message)))
}

/// `::error file=…,line=…,title=…::message`. GitHub's runner takes a property to its next comma and the properties to the next `::`.
fn command(level: &str, place: Option<&BudgetPlace>, title: &str, message: &str) -> String {
    let place = place.map(|place| format!("file={},line={},", property(&words::path(place)), place.line)).unwrap_or_default();
    format!("::{level} {place}title={}::{}", property(title), data(message))
}

/// What may stand after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Lines for the file that `GITHUB_OUTPUT` names: the verdict, counts, the two runs, and the sentences of what is not kept.
pub(super) fn outputs(evaluation: &Evaluation) -> String {
    let totals = Totals::all(evaluation);
    let counts = [
        ("checks", totals.checks()),
        ("passed", totals.passed),
        ("failed", totals.failed),
        ("undecided", totals.undecided),
        ("unmeasured", totals.unmeasured),
        ("not-comparable", totals.not_comparable),
        ("skipped", totals.skipped),
        ("loosened", evaluation.loosened.len()),
        ("redefined", evaluation.redefined.len()),
    ];
    let mut text = format!("verdict={}\nheadline={}\n", totals.verdict(), totals.headline());
    for (name, count) in counts {
        push(&mut text, &format!("{name}={count}"));
    }
    push(&mut text, &format!("run={}", one_line(&evaluation.run)));
    push(&mut text, &format!("baseline={}", evaluation.baseline.as_deref().map(one_line).unwrap_or_default()));
    text + &lines("problems", &problems(evaluation))
}

fn problems(evaluation: &Evaluation) -> Vec<String> {
    let kept = |check: &&Check| matches!(check.outcome, CheckOutcome::Pass | CheckOutcome::Skip { .. });
    evaluation.checks.iter().filter(|check| !kept(check)).map(words::sentence).collect()
}

/// `name` with several lines, between two lines of a word that is a hash of them, so that none of them can be that word.
fn lines(name: &str, lines: &[String]) -> String {
    let body: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    let end = format!("end-{}", Digest::of(body.as_bytes()).hex());
    format!("{name}<<{end}\n{body}{end}\n")
}
