//! Budgets by themselves: read out of scenario files that may lie anywhere, and lowered in one without touching the rest of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::parse::{self, FILE_NAME};
use super::problem::{Place, Problem, Problems};
use super::source::SourceFile;
use crate::budget::{Budget, Limit};

/// The budgets of all files that `paths` mean, in their order: a scenario file of any name, a folder with a `scenario.toml`, or a folder
/// of such folders. Nothing but these files is read, so that they need not lie beside their apps. All problems at once.
pub fn read_budgets(paths: &[PathBuf]) -> Result<Vec<Budget>, Problems> {
    let (mut budgets, mut problems) = (Vec::new(), Vec::new());
    let mut names = BTreeMap::<String, Place>::new();
    for path in paths {
        let files = files_of(path).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for file in files {
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
    if problems.has_errors() { Err(problems) } else { Ok(budgets) }
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

fn files_of(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    if path.join(FILE_NAME).symlink_metadata().is_ok() {
        return Ok(vec![path.join(FILE_NAME)]);
    }
    let unreadable = |error: std::io::Error| Problem::error(format!("cannot read the folder: {error}"), "check its permissions");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(error).at(Place::file(path)))? {
        let entry = entry.map_err(|error| unreadable(error).at(Place::file(path)))?;
        let file = entry.path().join(FILE_NAME);
        files.extend(file.symlink_metadata().is_ok().then_some(file));
    }
    files.sort();
    if files.is_empty() {
        let cure = format!("name a {FILE_NAME}, a folder with one, or the folder of all scenarios");
        return Err(Problem::error("there is no scenario in this folder", cure).at(Place::file(path)));
    }
    Ok(files)
}

/// A file before and after its limits were lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// As it is on the disk.
    pub before: String,
    /// As it should be: the same but for the limits.
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
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut after = source.text().to_owned();
    for (span, text) in edits {
        after.replace_range(span, &text);
    }
    Ok(Rewritten { before: source.text().to_owned(), after })
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
