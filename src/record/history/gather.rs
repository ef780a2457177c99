//! Lines from everywhere put together: in any order, and some of them twice.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::super::{SeriesKey, Warning};
use super::line::{HISTORY_VERSION, HistoryLine, HistoryRun, HistorySeries};
use super::{History, HistoryError, HistoryPoint};

/// So many problems are told; the others are counted.
const TOLD: usize = 20;

/// Where a line stands: the file's number, and the line's from 1; 0 for a record in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    file: usize,
    line: usize,
}

/// Whether two lines say the same of a run, as far as both formats know it: a later minor version may say more.
fn is_same(known: &HistoryRun, run: &HistoryRun) -> bool {
    if known.format_version == run.format_version {
        return known == run;
    }
    (&known.key, &known.run_id, known.started) == (&run.key, &run.run_id, run.started)
}

/// What a line of each version of the format, major and minor, says of one run.
type RunLines = BTreeMap<(u32, u32), (HistoryRun, Place)>;

/// All lines read so far. Owns the problems until [`finish`](Self::finish).
#[derive(Default)]
pub(super) struct Gathered {
    files: Vec<PathBuf>,
    /// By the number of the run's key; at least one line each.
    runs: BTreeMap<usize, RunLines>,
    keys: HashMap<String, usize>,
    series: BTreeMap<SeriesKey, BTreeMap<usize, (Vec<f64>, Place)>>,
    problems: Vec<String>,
    more: usize,
    warnings: Vec<Warning>,
}

impl Gathered {
    /// Begins a file or a folder.
    pub(super) fn begin(&mut self, path: &Path) {
        self.files.push(path.to_owned());
    }

    /// Notes a problem with line `line` of the present file; line 0 is all of it.
    pub(super) fn problem(&mut self, line: usize, problem: &str) {
        let place = self.place(line);
        self.problem_at(place, problem);
    }

    fn problem_at(&mut self, place: Place, problem: &str) {
        if self.problems.len() < TOLD {
            // Names in a history are anybody's words.
            let problem: String = problem.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let told = format!("{}: {problem}", self.told(place));
            self.problems.push(told);
        } else {
            self.more += 1;
        }
    }

    /// Notes something about line `line` of the present file that a reader must know.
    pub(super) fn warn(&mut self, line: usize, message: &str) {
        let message = format!("{}: {message}", self.told(self.place(line)));
        self.warnings.push(Warning { message });
    }

    fn place(&self, line: usize) -> Place {
        Place { file: self.files.len().saturating_sub(1), line }
    }

    fn told(&self, place: Place) -> String {
        let file = self.files.get(place.file).map(|path| path.display().to_string()).unwrap_or_default();
        if place.line == 0 { file } else { format!("{file}:{}", place.line) }
    }

    /// Takes a line.
    pub(super) fn take(&mut self, number: usize, line: HistoryLine) {
        let taken = match line {
            HistoryLine::Run(run) => self.run(*run, number),
            HistoryLine::Series(series) => self.one_series(series, number),
        };
        if let Err(problem) = taken {
            self.problem(number, &problem);
        }
    }

    /// Takes the lines of a record.
    pub(super) fn record(&mut self, (run, series): (HistoryRun, Vec<HistorySeries>)) {
        self.take(0, HistoryLine::Run(Box::new(run)));
        for one in series {
            self.take(0, HistoryLine::Series(one));
        }
    }

    fn number(&mut self, key: String) -> usize {
        let next = self.keys.len();
        *self.keys.entry(key).or_insert(next)
    }

    fn run(&mut self, run: HistoryRun, line: usize) -> Result<(), String> {
        if run.format_version.major > HISTORY_VERSION.major {
            return Err(format!(
                "format {} is newer than this loadline, which reads up to {HISTORY_VERSION}; use a newer one",
                run.format_version
            ));
        }
        let (place, number) = (self.place(line), self.number(run.key.clone()));
        // Held against every line, so that the order of lines says nothing.
        let known = self.runs.get(&number).and_then(|lines| lines.values().find(|(known, _)| !is_same(known, &run)));
        if let Some((_, at)) = known {
            return Err(format!("says something else of run {} than {}", run.run_id, self.told(*at)));
        }
        let version = (run.format_version.major, run.format_version.minor);
        self.runs.entry(number).or_default().entry(version).or_insert((run, place));
        Ok(())
    }

    fn one_series(&mut self, series: HistorySeries, line: usize) -> Result<(), String> {
        series.check()?;
        let (place, number) = (self.place(line), self.number(series.run.clone()));
        let (key, values) = series.apart();
        let points = self.series.entry(key).or_default();
        match points.get(&number) {
            Some((known, at)) if *known != values => {
                let at = *at;
                Err(format!("has other values of the same series and run than {}", self.told(at)))
            }
            Some(_) => Ok(()),
            None => {
                points.insert(number, (values, place));
                Ok(())
            }
        }
    }

    /// Whether the run is there with all its series.
    pub(super) fn has_whole(&self, run: &HistoryRun) -> bool {
        let number = self.keys.get(&run.key).filter(|number| self.runs.contains_key(number));
        number.is_some_and(|number| self.series.values().filter(|points| points.contains_key(number)).count() == run.series)
    }

    /// Whether the run itself is there.
    pub(super) fn has_run(&self, run: &HistoryRun) -> bool {
        self.keys.get(&run.key).is_some_and(|number| self.runs.contains_key(number))
    }

    /// Whether this series of the run is there.
    pub(super) fn has_series(&self, series: &HistorySeries) -> bool {
        let key = series.clone().apart().0;
        let points = self.series.get(&key);
        self.keys.get(&series.run).zip(points).is_some_and(|(number, points)| points.contains_key(number))
    }

    /// The history, or all problems.
    pub(super) fn finish(mut self) -> Result<History, HistoryError> {
        self.orphans();
        if !self.problems.is_empty() {
            return Err(HistoryError::Broken { problems: self.problems, more: self.more });
        }
        self.cut_off();
        let newest = |(number, mut lines): (usize, RunLines)| Some((number, lines.pop_last()?.1.0));
        let mut runs: Vec<(usize, HistoryRun)> = self.runs.into_iter().filter_map(newest).collect();
        runs.sort_by(|(_, a), (_, b)| (a.started, &a.key).cmp(&(b.started, &b.key)));
        let places: BTreeMap<usize, usize> = runs.iter().enumerate().map(|(place, (number, _))| (*number, place)).collect();
        let point = |(number, (values, _)): (usize, (Vec<f64>, Place))| HistoryPoint { run: places[&number], values };
        let in_order = |points: BTreeMap<usize, (Vec<f64>, Place)>| {
            let mut points: Vec<HistoryPoint> = points.into_iter().map(point).collect();
            points.sort_by_key(|point| point.run);
            points
        };
        let series = self.series.into_iter().map(|(key, points)| (key, in_order(points))).collect();
        Ok(History { runs: runs.into_iter().map(|(_, run)| run).collect(), series, warnings: self.warnings })
    }

    /// Series of a run that no line describes; one line of each such run is told.
    fn orphans(&mut self) {
        let mut first = BTreeMap::<usize, Place>::new();
        for (number, (_, place)) in self.series.values().flatten().filter(|(number, _)| !self.runs.contains_key(number)) {
            first.entry(*number).and_modify(|known| *known = (*known).min(*place)).or_insert(*place);
        }
        for place in first.into_values() {
            self.problem_at(place, "belongs to a run that no line describes");
        }
    }

    /// Warns of runs that have fewer series than they say.
    fn cut_off(&mut self) {
        let mut counts = BTreeMap::<usize, usize>::new();
        self.series.values().flat_map(BTreeMap::keys).for_each(|number| *counts.entry(*number).or_default() += 1);
        for (number, (run, place)) in self.runs.iter().filter_map(|(number, lines)| Some((number, lines.values().next_back()?))) {
            let found = counts.get(number).copied().unwrap_or_default();
            if found != run.series {
                let message = format!(
                    "{}: run {} has {found} of its {} series here; add it again with `loadline history add`",
                    self.told(*place),
                    run.run_id,
                    run.series
                );
                self.warnings.push(Warning { message });
            }
        }
    }
}
