//! An evaluation as lines for a terminal and as JSON with a schema.
//!
//! Failures come first, each with what there is, what there may be, by how much it is above, where the limit is written and why, and
//! what grew; the verdict is the last line. Texts from scenarios and records are shown in one line without control characters.

mod figure;
mod json;

use std::fmt::Write as _;

use super::redefined::redefined;
use super::text::one_line;
use crate::budget::{BudgetPlace, Limit};
use crate::judge::{BudgetSource, Check, CheckOutcome, Evaluation, Growth, Loosened, Ruling, Unheld, Unlimited};
use crate::units::count;
use figure::{figure, pair, signed, with_exact};
pub use json::{CHECK_VERSION, CheckReport, check_json, check_schema};

/// At most so many layers and files that grew are told of one check; a format for programs has all of them.
const MOST_GROWN: usize = 3;

/// Everything of an evaluation in lines; ends with a line break.
pub fn check_text(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    let mut told = Vec::new();
    for wanted in ["fail", "unmeasured", "not-comparable", "undecided"] {
        for check in evaluation.checks.iter().filter(|check| check.outcome.id() == wanted) {
            told_in_full(check, &mut told).into_iter().for_each(&mut line);
        }
    }
    evaluation.checks.iter().filter(|check| check.outcome == CheckOutcome::Pass).map(in_a_line).for_each(&mut line);
    skipped(evaluation).into_iter().for_each(&mut line);
    loosened_lines(evaluation).into_iter().for_each(&mut line);
    evaluation.unheld.iter().map(unheld).for_each(&mut line);
    unlimited(evaluation).into_iter().for_each(&mut line);
    evaluation.redefined.iter().map(|found| format!("{:<14} {}", "redefined", redefined(found))).for_each(&mut line);
    line(verdict(evaluation));
    text
}

/// Limits that are skipped, those of one reason in one line.
fn skipped(evaluation: &Evaluation) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&Check>)> = Vec::new();
    for check in &evaluation.checks {
        let CheckOutcome::Skip { why } = &check.outcome else { continue };
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, checks)) => checks.push(check),
            None => reasons.push((why, vec![check])),
        }
    }
    let told = |(why, checks): (&str, Vec<&Check>)| {
        if let [check] = checks[..] {
            return in_a_line(check);
        }
        let each = |name: fn(&Check) -> String| {
            let mut names: Vec<String> = Vec::new();
            for name in checks.iter().map(|check| name(check)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.join(", ")
        };
        let (variants, budgets) = (each(|c| format!("{}/{}", one_line(&c.scenario), one_line(&c.variant))), each(|c| one_line(&c.budget)));
        format!("{:<14} {} of {variants} ({budgets}): {}", "skip", count(checks.len(), "limit"), one_line(why))
    };
    reasons.into_iter().map(told).collect()
}

/// `go-api/multi transfer-size` with the cache state and definition where they are not the usual ones, and the budget's name.
fn subject(check: &Check) -> String {
    let mut text = format!("{}/{} {}", one_line(&check.scenario), one_line(&check.variant), check.measure.id());
    let definition = check.definition.as_deref().map(one_line);
    let state = crate::record::state(&check.cache_state, check.edit.as_deref());
    let remarks: Vec<String> = [Some(one_line(&state)).filter(|state| state != "cold"), definition].into_iter().flatten().collect();
    if !remarks.is_empty() {
        write!(text, " ({})", remarks.join(", ")).unwrap_or_default();
    }
    text
}

/// `max "25 MB"`, with the key of `scenario.toml` and as it is written.
fn limit(limit: &Limit) -> String {
    let written = one_line(limit.written());
    match limit {
        Limit::MaxRatio { to, .. } => format!("max-ratio-to {} \"{written}\"", one_line(to)),
        _ => format!("{} \"{written}\"", limit.id()),
    }
}

fn in_a_line(check: &Check) -> String {
    let head = format!("{:<14} {} ({}, {})", check.outcome.id(), subject(check), one_line(&check.budget), limit(&check.limit));
    match (check.outcome.why(), check.actual, check.allowed) {
        (None, Some(actual), Some(allowed)) => {
            let [actual, allowed] = pair(check.measure, [actual, allowed]);
            format!("{head}: {actual} of {allowed}")
        }
        (Some(why), Some(actual), _) => format!("{head}: {}, {}", figure(check.measure, actual), one_line(why)),
        (why, ..) => format!("{head}: {}", one_line(why.unwrap_or_default())),
    }
}

/// What was said to have grown, of which variant.
type Told<'a> = (&'a str, &'a str, &'a Growth);

/// A check with all that there is to know of it; what grew only where that is not `told` yet.
fn told_in_full<'a>(check: &'a Check, told: &mut Vec<Told<'a>>) -> Vec<String> {
    let mut lines = vec![format!("{:<14} {}: {}", check.outcome.id(), subject(check), held(check))];
    let mut below = |name: &str, text: String| lines.push(format!("{:<14} {name} {text}", ""));
    below("limit:", format!("{} of budget {}{}", limit(&check.limit), one_line(&check.budget), place(check.place.as_ref())));
    if let Some(reference) = check.reference {
        let of = if let Limit::MaxRatio { to, .. } = &check.limit { one_line(to) } else { "baseline".to_owned() };
        below(&format!("{of}:"), figure(check.measure, reference));
    }
    if let Some(reason) = &check.reason {
        below("reason:", one_line(reason));
    }
    let Some(growth) = &check.growth else { return lines };
    let this: Told<'a> = (&check.scenario, &check.variant, growth);
    if told.contains(&this) {
        below("grew:", "as above".to_owned());
    } else {
        for text in grown(growth) {
            below("grew:", text);
        }
        told.push(this);
    }
    lines
}

fn held(check: &Check) -> String {
    let (actual, allowed) = (check.actual.map(|value| with_exact(check.measure, value)), check.allowed);
    let figures = match (actual, allowed) {
        (Some(actual), Some(allowed)) => format!("{actual}, and {} are allowed", with_exact(check.measure, allowed)),
        (Some(actual), None) => actual,
        (None, _) => "no figure".to_owned(),
    };
    match &check.outcome {
        CheckOutcome::Fail { excess } => {
            let share = allowed.filter(|allowed| *allowed > 0.0).map(|allowed| format!(" ({:+.1} %)", excess / allowed * 100.0));
            format!("{figures}: {} too much{}", figure(check.measure, *excess), share.unwrap_or_default())
        }
        outcome => format!("{figures}: {}", one_line(outcome.why().unwrap_or_default())),
    }
}

fn place(place: Option<&BudgetPlace>) -> String {
    place.map(|place| format!(", {}:{}", one_line(&place.file), place.line)).unwrap_or_default()
}

/// What grew, the most first.
fn grown(growth: &Growth) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match (growth.base, growth.app) {
        (Some(0), Some(0)) | (None, _) if growth.total == 0 => "the uncompressed size (D3) is the same".to_owned(),
        (Some(base), Some(app)) => {
            format!("{} of uncompressed size (D3) in all: base image {}, app {}", signed(growth.total), signed(base), signed(app))
        }
        _ => format!("{} of uncompressed size (D3) in all", signed(growth.total)),
    });
    lines.extend(growth.moved_bases.iter().map(|base| format!("the base image {} is another one", one_line(base))));
    for layer in growth.layers.iter().take(MOST_GROWN) {
        let made = match (&layer.dockerfile_line, &layer.created_by) {
            (Some(line), _) => format!("{}:{} {}", one_line(&line.file), line.line, one_line(&line.instruction)),
            (None, Some(by)) => one_line(by),
            (None, None) => "a layer that history does not name".to_owned(),
        };
        let state = match (layer.before, layer.after) {
            (None, _) => " (new layer)",
            (_, None) => " (layer is gone)",
            _ => "",
        };
        lines.push(format!("{} in {made}{state}", signed(difference(layer.before, layer.after))));
    }
    let files = growth.files.iter().take(MOST_GROWN);
    lines.extend(files.map(|file| format!("{} {}", signed(difference(file.before, file.after)), one_line(&file.path))));
    lines
}

/// Bytes more than before, less than 0 for fewer.
fn difference(before: Option<u64>, after: Option<u64>) -> i64 {
    let whole = |bytes: Option<u64>| i64::try_from(bytes.unwrap_or(0)).unwrap_or(i64::MAX);
    whole(after).saturating_sub(whole(before))
}

/// A line for each limit that is loosened; those whose whole budgets are gone from a scenario's in one.
fn loosened_lines(evaluation: &Evaluation) -> Vec<String> {
    let is_gone = |found: &&Loosened| found.place.is_none() && found.after.is_none() && found.about.is_none();
    let mut gone: Vec<(&str, Vec<String>)> = Vec::new();
    for found in evaluation.loosened.iter().filter(is_gone) {
        let named = format!("{} ({})", one_line(&found.budget), limit(&found.before));
        match gone.iter_mut().find(|(scenario, _)| *scenario == found.scenario) {
            Some((_, limits)) => limits.push(named),
            None => gone.push((&found.scenario, vec![named])),
        }
    }
    let line = |(scenario, limits): (&str, Vec<String>)| {
        format!("{:<14} {}: the run's own budgets lack {}", "loosened", one_line(scenario), limits.join(", "))
    };
    evaluation.loosened.iter().filter(|found| !is_gone(found)).map(loosened).chain(gone.into_iter().map(line)).collect()
}

fn loosened(loosened: &Loosened) -> String {
    let Loosened { scenario, budget, before, .. } = loosened;
    let own = match (&loosened.after, &loosened.about) {
        (Some(after), _) => format!("{} in the run's own budgets", limit(after)),
        (None, Some(about)) => format!("about something else in the run's own budgets: {}", one_line(about)),
        (None, None) => "not there in the run's own budgets".to_owned(),
    };
    let place = place(loosened.place.as_ref());
    format!("{:<14} {}/{}: {} is {own}{place}", "loosened", one_line(scenario), one_line(budget), limit(before))
}

fn unheld(unheld: &Unheld) -> String {
    let (scenario, budget, own) = (one_line(&unheld.scenario), one_line(&unheld.budget), place(unheld.place.as_ref()));
    format!(
        "{:<14} {scenario}/{budget}: the run's own budget; the files of --budgets know {scenario} and have no such budget{own}",
        "not held"
    )
}

/// What no limit tells: trouble of a variant in a line each, all variants that no budget speaks of in one.
fn unlimited(evaluation: &Evaluation) -> Vec<String> {
    let name = |of: &Unlimited| format!("{}/{}", one_line(&of.scenario), one_line(&of.variant));
    let line = |names: &str, why: &str| format!("{:<14} {names}: {why}", "no limit");
    let troubled = evaluation.unlimited.iter().filter_map(|of| Some(line(&name(of), &one_line(of.trouble.as_ref()?))));
    let calm: Vec<String> = evaluation.unlimited.iter().filter(|of| of.trouble.is_none()).map(name).collect();
    troubled.chain((!calm.is_empty()).then(|| line(&calm.join(", "), "no budget speaks of it"))).collect()
}

/// The verdict with its counts, in one line.
fn verdict(evaluation: &Evaluation) -> String {
    let counts = evaluation.counts();
    let said = ["pass", "fail", "undecided", "unmeasured", "not-comparable", "skip"];
    let told: Vec<String> = said.iter().filter_map(|word| counts.get(word).map(|n| format!("{n} {word}"))).collect();
    let whose = match &evaluation.source {
        BudgetSource::Record => "the run's own budgets".to_owned(),
        BudgetSource::Files { paths, .. } => format!("the budgets of {}", one_line(&paths.join(", "))),
        BudgetSource::Usual { .. } if !evaluation.unheld.is_empty() => {
            "the usual limit, as the files of --budgets have no budgets".to_owned()
        }
        BudgetSource::Usual { .. } => "the usual limit, as there are no budgets".to_owned(),
    };
    let own = match evaluation.source.own() {
        [] => String::new(),
        own => format!(", and the run's own of {}", one_line(&own.join(", "))),
    };
    let against = evaluation.baseline.as_deref().map(|id| format!("; baseline {}", one_line(id))).unwrap_or_default();
    let limits = count(evaluation.checks.len(), "limit");
    let ruling = said_of(evaluation.ruling());
    format!("verdict: {ruling} ({}; {limits}: {}; {whose}{own}{against})", one_line(&evaluation.run), told.join(", "))
}

const fn said_of(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Passed => "passed",
        Ruling::Failed => "failed",
        Ruling::Undecided => "undecided: no limit fails, but too few trials or noise hide whether some time is within its limit",
        Ruling::Incomplete => "incomplete: some figure is missing, unproven or without a comparable baseline",
        Ruling::NotComparable => "not comparable: no limit could be judged",
        Ruling::NothingJudged => "nothing judged: no limit asks about this run",
    }
}
