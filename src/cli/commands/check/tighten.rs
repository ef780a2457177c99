//! `check --tighten`: limits lowered to what was reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::budget::{Budget, Limit};
use crate::cli::{Exit, Failure, plain, printer};
use crate::judge::{BudgetSource, CheckOutcome, Evaluation, Ruling};
use crate::measure::{Kind, Unit};
use crate::record::{Owner, RecordError, replace_file};
use crate::scenario::{self, ChangedLines, FILE_NAME, Rewritten};

use super::wrong;

/// Lowers every `max` on bytes or counts that leaves more than a hundredth of room, in the files that have them, and shows the lines
/// that change. All files are understood before the first is written.
pub(super) fn tighten(evaluation: &Evaluation, budgets: &[Budget]) -> Result<(), Failure> {
    if !matches!(evaluation.ruling(), Ruling::Passed | Ruling::Undecided) {
        printer::talk("note: limits are lowered only when no figure is missing and every limit that was judged holds; nothing was changed");
        return Ok(());
    }
    if matches!(evaluation.source, BudgetSource::Usual { .. }) {
        printer::talk("note: there are no budgets whose limits could be lowered; nothing was changed");
        return Ok(());
    }
    let mut files = BTreeMap::<PathBuf, Vec<(&Budget, Limit)>>::new();
    for (budget, limit) in budgets.iter().filter_map(|budget| Some((budget, lower(evaluation, budget)?))) {
        let Some(place) = &budget.place else { continue };
        // A record may name any file of this machine, and what cannot be read as a scenario is shown.
        if evaluation.source == BudgetSource::Record && Path::new(&place.file).file_name().is_none_or(|name| name != FILE_NAME) {
            return Err(Failure::new(Exit::Usage, plain::line(&format!("{} is no {FILE_NAME}; name it with --budgets", place.file))));
        }
        files.entry(PathBuf::from(&place.file)).or_default().push((budget, limit));
    }
    let read = |(path, lowered): (PathBuf, Vec<(&Budget, Limit)>)| scenario::with_max(&path, &lowered).map(|text| (path, text));
    let rewritten: Vec<(PathBuf, Rewritten)> =
        files.into_iter().map(read).collect::<Result<_, _>>().map_err(|problems| wrong(&problems))?;
    if rewritten.is_empty() {
        printer::talk("note: no limit leaves more than 1 % of room; nothing was changed");
    }
    rewritten.iter().try_for_each(|(path, text)| write(path, text))
}

/// The lower limit of a budget whose every variant was judged; `None` where there is nothing to lower.
fn lower(evaluation: &Evaluation, budget: &Budget) -> Option<Limit> {
    let max = |limit: &Limit| if let Limit::Max { value, written } = limit { Some((*value, written.clone())) } else { None };
    let (now, text) = budget.limits.iter().find_map(max)?;
    if budget.measure.kind() == Kind::Sampled {
        return None;
    }
    let of = |check: &&crate::judge::Check| {
        (&check.scenario, &check.budget) == (&budget.scenario, &budget.name) && matches!(check.limit, Limit::Max { .. })
    };
    let checks: Vec<_> = evaluation.checks.iter().filter(of).collect();
    let all = checks.len() == budget.variants.len() && checks.iter().all(|check| check.outcome == CheckOutcome::Pass);
    let largest = checks.iter().filter_map(|check| check.actual).max_by(f64::total_cmp).filter(|_| all)?;
    let limit = Limit::with_room(whole(largest), budget.measure.unit() == Unit::Bytes, &text);
    // A figure of nothing has no limit that could be written.
    let valid = matches!(&limit, Limit::Max { value, written } if *value < now && Limit::max(budget.measure, written).is_ok());
    valid.then_some(limit)
}

/// Sizes are whole numbers up to 2⁵³; a middle of two is rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "records have no other sizes, and casts saturate")]
fn whole(bytes: f64) -> u64 {
    bytes.ceil() as u64
}

/// Replaces the file, with its permissions and its owner, and shows what changed. A link stays one: the file behind it is replaced.
fn write(path: &Path, text: &Rewritten) -> Result<(), Failure> {
    let refused = |source| Failure::new(Exit::Usage, RecordError::Io { action: "replace", path: path.to_owned(), source });
    let real = path.canonicalize().map_err(refused)?;
    let unchanged = fs::read_to_string(&real).map_err(refused)? == text.before;
    if !unchanged {
        let message = format!("{} changed while it was read; nothing of it was changed here, check again", path.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    let permissions = fs::metadata(&real).map_err(refused)?.permissions();
    replace_file(&real, text.after.as_bytes(), Owner::caller()).map_err(|e| Failure::new(Exit::Usage, e))?;
    fs::set_permissions(&real, permissions).map_err(refused)?;
    printer::talk(&difference(path, text));
    Ok(())
}

/// The lines that are other ones, before and after.
fn difference(path: &Path, text: &Rewritten) -> String {
    let lines = |mark: char, text: &str| text.lines().map(|line| format!("\n{mark} {}", plain::line(line))).collect::<Vec<_>>().concat();
    let shown = |changed: &ChangedLines| {
        format!("\n{}:{}{}{}", path.display(), changed.line, lines('-', &changed.before), lines('+', &changed.after))
    };
    format!("lowered:{}", text.changes.iter().map(shown).collect::<String>())
}
