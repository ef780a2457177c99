//! Budgets by themselves: read out of scenario files that may lie anywhere, and lowered in one without touching the rest of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Problems};
use super::source::SourceFile;
use super::{discover, parse};
use crate::budget::{Budget, Limit};

/// The budgets of all files that `paths` mean, in their order: a scenario file of any name, or a folder, which is searched as for a run. A
/// file that is meant twice, by whatever paths, is read once. Nothing but these files is read, so that they need not lie beside their
/// apps. All problems at once.
pub fn read_budget_files(paths: &[PathBuf]) -> Result<BudgetFiles, Problems> {
    let (mut budgets, mut problems) = (Vec::new(), Vec::new());
    let mut names = BTreeMap::<String, Place>::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let files = files_of(path).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for file in files {
            if !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                continue;
            }
            let source = match SourceFile::read(&file, &file) {
                Ok(source) => source,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let (name, found, faults) = parse::budgets_of(&source);
            problems.extend(faults.0);
            problems.extend(name.and_then(|(name, place)| taken(&mut names, name, place)));
            budgets.extend(found);
        }
    }
    let problems = Problems(problems);
    if problems.has_errors() { Err(problems) } else { Ok(BudgetFiles { budgets, scenarios: names.into_keys().collect() }) }
}

/// What files of budgets say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BudgetFiles {
    /// The budgets, in the order of the files.
    pub budgets: Vec<Budget>,
    /// The scenarios that the files are of, also those without budgets, by name.
    pub scenarios: Vec<String>,
}

/// The budgets of [`read_budget_files`] alone.
pub fn read_budgets(paths: &[PathBuf]) -> Result<Vec<Budget>, Problems> {
    read_budget_files(paths).map(|files| files.budgets)
}

fn taken(names: &mut BTreeMap<String, Place>, name: String, place: Place) -> Option<Problem> {
    let first = names.get(&name).cloned();
    let problem = first.map(|first| {
        let problem = Problem::error(format!("a second scenario is named '{name}'"), "name the files of each scenario once");
        problem.at(place.clone()).with("the first one", first)
    });
    names.entry(name).or_insert(place);
    problem
}

/// The files that a path means: itself, or those of a folder.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if path.is_dir() { discover::files_of(path) } else { Ok(vec![path.to_owned()]) }
}

/// A file before and after its limits were lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// As it is on the disk.
    pub before: String,
    /// As it should be: the same but for the limits.
    pub after: String,
    /// What is other in it, in its order; no line is in two of them.
    pub changes: Vec<ChangedLines>,
}

/// Lines of a file that are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLines {
    /// The number of the first, from 1.
    pub line: usize,
    /// As they are, without the end of the last one.
    pub before: String,
    /// What takes their place.
    pub after: String,
}

/// The text of the file at `path` with `max` (or `max-layers`) of each named budget as the limit says; every other byte stays. Refuses a
/// file whose budgets are not those of `lowered`: it was changed since they were read. Writes nothing.
pub fn with_max(path: &Path, lowered: &[(&Budget, Limit)]) -> Result<Rewritten, Problems> {
    let source = SourceFile::read(path, path)?;
    let (_, budgets, problems) = parse::budgets_of(&source);
    if problems.has_errors() {
        return Err(problems);
    }
    let mut edits = Vec::new();
    for (budget, limit) in lowered {
        let same = budgets.iter().any(|found| is_same(found, budget));
        let found = if same { max_of(&source, &budget.name) } else { None };
        let Some((span, quoted)) = found else {
            let message = format!("the budget '{}' is not as it was judged, so its limit is left as it is", budget.name);
            return Err(Problem::error(message, "measure again with the file as it is, then lower").at(Place::file(path)).into());
        };
        edits.push((span, if quoted { format!("\"{}\"", limit.written()) } else { limit.written().to_owned() }));
    }
    edits.sort_by_key(|(span, _)| span.start);
    Ok(Rewritten { before: source.text().to_owned(), after: edited(source.text(), 0, &edits), changes: changes(&source, &edits) })
}

/// A stretch of a file and what takes its place.
type TextEdit = (Range<usize>, String);

/// `text`, which begins at byte `from` of the file, with these edits in it.
fn edited(text: &str, from: usize, edits: &[TextEdit]) -> String {
    let mut after = text.to_owned();
    for (span, new) in edits.iter().rev() {
        after.replace_range(span.start - from..span.end - from, new);
    }
    after
}

/// The lines that edits touch; a value may go over several lines, and a line may have several values.
fn changes(source: &SourceFile, edits: &[TextEdit]) -> Vec<ChangedLines> {
    let text = source.text();
    let begin = |at: usize| text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end);
    let mut groups: Vec<(Range<usize>, &[TextEdit])> = Vec::new();
    for (n, (span, _)) in edits.iter().enumerate() {
        let lines = begin(span.start)..end(span.end);
        match groups.last_mut() {
            Some((last, of)) if lines.start < last.end => (last.end, *of) = (lines.end, &edits[n - of.len()..=n]),
            _ => groups.push((lines, &edits[n..=n])),
        }
    }
    let changed = |(lines, of): (Range<usize>, &[TextEdit])| {
        let before = &text[lines.clone()];
        ChangedLines { line: source.line_of(lines.start), before: before.to_owned(), after: edited(before, lines.start, of) }
    };
    groups.into_iter().map(changed).collect()
}

/// Whether both say the same, wherever they stand.
fn is_same(one: &Budget, other: &Budget) -> bool {
    Budget { place: None, ..one.clone() } == Budget { place: None, ..other.clone() }
}

/// Where the value of a budget's `max` stands, and whether it is a text.
fn max_of(source: &SourceFile, budget: &str) -> Option<(Range<usize>, bool)> {
    let (tree, errors) = DeTable::parse_recoverable(source.text());
    let DeValue::Table(budgets) = tree.get_ref().get("budgets").filter(|_| errors.is_empty())?.get_ref() else { return None };
    let DeValue::Table(keys) = budgets.get(budget)?.get_ref() else { return None };
    let value = keys.get("max").or_else(|| keys.get("max-layers"))?;
    Some((value.span(), matches!(value.get_ref(), DeValue::String(_))))
}
