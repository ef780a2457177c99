//! Which earlier run, or runs, the newest one is set beside.

use std::collections::HashMap;

use crate::record::HistoryRun;

/// How a baseline is chosen. What git knows comes as lists of commits, so that choosing is pure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineChoice {
    /// The nearest commit that has a run, of these: the commit at which two branches parted, then its ancestors, newest first.
    MergeBase(Vec<String>),
    /// The newest release that has a run, of these commits, newest first.
    LastRelease(Vec<String>),
    /// The run of this id or key.
    Run(String),
    /// So many runs before the newest one.
    Window(usize),
}

/// What is known of a run when a baseline is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The run's id.
    pub run_id: &'a str,
    /// What a history names it by, where it comes from one.
    pub key: Option<&'a str>,
    /// Git commit of its scenarios.
    pub commit: Option<&'a str>,
    /// Whether it measured what that commit says, and nothing that was not committed.
    pub clean: bool,
}

impl<'a> From<&'a HistoryRun> for Candidate<'a> {
    fn from(run: &'a HistoryRun) -> Self {
        Self { run_id: &run.run_id, key: Some(&run.key), commit: run.commit.as_deref(), clean: run.dirty == Some(false) }
    }
}

/// Why there is no baseline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBaseline {
    /// No run of any of the commits.
    #[error("no run was made of {0}, or of what was before it, without changes that are not committed; measure that commit, or name a run")]
    Unmeasured(&'static str),
    /// No run of that name.
    #[error("there is no earlier run {0}; name one by its id")]
    Unknown(String),
    /// More than one run of that name.
    #[error("{1} earlier runs have the id {0}; name one by its key, which is in the history's file")]
    Ambiguous(String, usize),
    /// Nothing was measured before.
    #[error("there is no earlier run")]
    First,
}

/// The places in `earlier` of the runs that make the baseline, oldest first; `earlier` are the runs before the newest one, in the order
/// in which they began. More than one only for a window.
pub fn baseline(earlier: &[Candidate<'_>], choice: &BaselineChoice) -> Result<Vec<usize>, NoBaseline> {
    if earlier.is_empty() {
        return Err(NoBaseline::First);
    }
    match choice {
        BaselineChoice::MergeBase(commits) => {
            nearest(earlier, commits).ok_or(NoBaseline::Unmeasured("the commit at which the branches parted"))
        }
        BaselineChoice::LastRelease(commits) => nearest(earlier, commits).ok_or(NoBaseline::Unmeasured("a release")),
        BaselineChoice::Run(id) => named(earlier, id),
        BaselineChoice::Window(runs) => Ok((earlier.len().saturating_sub((*runs).max(1))..earlier.len()).collect()),
    }
}

/// The last clean run of the first commit that has one.
fn nearest(earlier: &[Candidate<'_>], commits: &[String]) -> Option<Vec<usize>> {
    let clean = earlier.iter().enumerate().filter(|(_, run)| run.clean);
    let last: HashMap<&str, usize> = clean.filter_map(|(place, run)| Some((run.commit?, place))).collect();
    commits.iter().find_map(|commit| last.get(commit.as_str())).map(|place| vec![*place])
}

fn named(earlier: &[Candidate<'_>], id: &str) -> Result<Vec<usize>, NoBaseline> {
    let places = |same: &dyn Fn(&Candidate<'_>) -> bool| (0..earlier.len()).filter(|i| same(&earlier[*i])).collect::<Vec<_>>();
    match (places(&|run| run.key == Some(id)), places(&|run| run.run_id == id)) {
        (keyed, _) if keyed.len() == 1 => Ok(keyed),
        (_, named) if named.len() == 1 => Ok(named),
        (_, named) if named.is_empty() => Err(NoBaseline::Unknown(id.to_owned())),
        (_, named) => Err(NoBaseline::Ambiguous(id.to_owned(), named.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(run_id: &'static str, commit: &'static str, clean: bool) -> Candidate<'static> {
        Candidate { run_id, key: None, commit: Some(commit), clean }
    }

    fn earlier() -> Vec<Candidate<'static>> {
        vec![
            candidate("1", "a", true),
            candidate("2", "b", true),
            candidate("3", "b", true),
            candidate("4", "c", false),
            candidate("1", "d", true),
        ]
    }

    fn commits(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_nearest_ancestor_with_a_clean_run_is_the_baseline_by_its_last_run() {
        let choice = BaselineChoice::MergeBase(commits(&["z", "c", "b", "a"]));
        assert_eq!(baseline(&earlier(), &choice), Ok(vec![2]));
        assert_eq!(baseline(&earlier(), &BaselineChoice::LastRelease(commits(&["a", "b"]))), Ok(vec![0]));
    }

    #[test]
    fn commits_without_a_run_are_no_baseline() {
        let refused = baseline(&earlier(), &BaselineChoice::LastRelease(commits(&["c", "x"])));
        assert_eq!(refused, Err(NoBaseline::Unmeasured("a release")));
    }

    #[test]
    fn a_run_is_named_by_an_id_that_is_its_own_alone() {
        let named = |id: &str| baseline(&earlier(), &BaselineChoice::Run(id.to_owned()));
        assert_eq!(named("3"), Ok(vec![2]));
        assert_eq!(named("9"), Err(NoBaseline::Unknown("9".to_owned())));
        assert_eq!(named("1"), Err(NoBaseline::Ambiguous("1".to_owned(), 2)));
    }

    #[test]
    fn a_window_is_the_newest_runs_as_far_as_there_are() {
        assert_eq!(baseline(&earlier(), &BaselineChoice::Window(2)), Ok(vec![3, 4]));
        assert_eq!(baseline(&earlier(), &BaselineChoice::Window(99)), Ok(vec![0, 1, 2, 3, 4]));
        assert_eq!(baseline(&[], &BaselineChoice::Window(2)), Err(NoBaseline::First));
    }
}
