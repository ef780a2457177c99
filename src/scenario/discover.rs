//! Finding scenarios.

use std::fs;
use std::path::{Path, PathBuf};

use super::bare;
use super::check::dockerfiles;
use super::model::Scenario;
use super::parse::{self, FILE_NAME, Loaded};
use super::problem::{Place, Problem, Problems};
use super::suggest;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovered {
    /// In order of name; at least one, each name once.
    pub scenarios: Vec<Scenario>,
    /// What is worth a look but keeps nothing from running.
    pub warnings: Problems,
}

/// Finds the scenarios that `wanted` means; all of `folder` when it is empty.
///
/// An entry of `wanted` that holds a `/` or a `.` is a path: of a folder with a `scenario.toml`, of that file, of a folder
/// with Dockerfiles (taken as a scenario without a file, [`Scenario::from_file`] is false), or of a folder of scenarios.
/// Any other entry is the name of a scenario below `folder`, or else a path. Files that nobody wants are not judged.
pub fn discover(folder: &Path, wanted: &[String]) -> Result<Discovered, Problems> {
    let mut search = Search::default();
    if wanted.is_empty() {
        search.all(folder);
    }
    let mut library = None;
    for entry in wanted {
        let named = if entry.contains(['/', '.']) { None } else { Some(library.get_or_insert_with(|| Library::of(folder))) };
        search.one(entry, named.as_deref());
    }
    search.finish()
}

/// All scenarios below one folder.
#[derive(Default)]
struct Library {
    folder: PathBuf,
    loaded: Vec<Loaded>,
    problems: Vec<Problem>,
}

impl Library {
    /// Loads the `scenario.toml` of each folder directly below `folder`, in order of their paths.
    fn of(folder: &Path) -> Self {
        let mut library = Self { folder: folder.to_owned(), ..Self::default() };
        match folders_in(folder) {
            Ok(folders) => folders.iter().for_each(|path| library.take(path)),
            Err(problem) => library.problems.push(problem),
        }
        library
    }

    fn take(&mut self, path: &Path) {
        let file = path.join(FILE_NAME);
        if file.symlink_metadata().is_ok() {
            self.loaded.push(parse::load(&file));
        } else if !dockerfiles(path).is_empty() {
            let message = format!("a folder with Dockerfiles and no {FILE_NAME} was left out");
            let cure = format!("describe it in a {FILE_NAME}, or name its path: {}", path.display());
            self.problems.push(Problem::warning(message, cure).at(Place::file(path)));
        }
    }

    /// The name of each scenario, or of its folder where its file does not say.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.loaded.iter().filter_map(name_of)
    }
}

fn name_of(loaded: &Loaded) -> Option<&str> {
    match &loaded.name {
        Some((name, _)) => Some(name),
        None => loaded.path.parent()?.file_name()?.to_str(),
    }
}

/// The folders directly in `folder`, links followed, hidden ones left out, sorted.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error: std::io::Error| {
        let cure = "create it with one folder for each app, or name the folder of an app";
        Problem::error(format!("cannot read the folder of scenarios: {error}"), cure).at(Place::file(folder))
    };
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") && entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

/// What a folder stands for.
enum Meant {
    /// The scenario of this file in it.
    File(PathBuf),
    /// A scenario without a file: its Dockerfiles.
    Bare,
    /// All scenarios directly below it.
    All,
}

fn meant_by(folder: &Path) -> Meant {
    let file = folder.join(FILE_NAME);
    if file.symlink_metadata().is_ok() {
        Meant::File(file)
    } else if dockerfiles(folder).is_empty() {
        Meant::All
    } else {
        Meant::Bare
    }
}

/// The scenario files that a folder stands for when it is searched as for a run; none for one that is a scenario without a file.
pub(super) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    match meant_by(folder) {
        Meant::File(file) => Ok(vec![file]),
        Meant::Bare => Ok(Vec::new()),
        Meant::All => {
            let files = folders_in(folder)?.into_iter().map(|folder| folder.join(FILE_NAME));
            let files: Vec<PathBuf> = files.filter(|file| file.symlink_metadata().is_ok()).collect();
            if files.is_empty() { Err(no_scenarios(folder)) } else { Ok(files) }
        }
    }
}

fn no_scenarios(folder: &Path) -> Problem {
    let cure = format!("put a folder with a {FILE_NAME} and a Dockerfile there, or name the folder of an app");
    Problem::error("there are no scenarios in this folder", cure).at(Place::file(folder))
}

#[derive(Default)]
struct Search {
    loaded: Vec<Loaded>,
    problems: Vec<Problem>,
}

impl Search {
    fn all(&mut self, folder: &Path) {
        let library = Library::of(folder);
        let readable = !library.problems.iter().any(|problem| problem.severity == super::Severity::Error);
        if library.loaded.is_empty() && readable {
            self.problems.push(no_scenarios(folder));
        }
        self.problems.extend(library.problems);
        self.loaded.extend(library.loaded);
    }

    fn one(&mut self, wanted: &str, library: Option<&Library>) {
        let path = Path::new(wanted);
        let named =
            library.map(|library| library.loaded.iter().filter(|loaded| name_of(loaded) == Some(wanted)).cloned().collect::<Vec<_>>());
        match (named, library) {
            (Some(named), _) if !named.is_empty() => self.loaded.extend(named),
            (Some(_), Some(library)) if !path.is_dir() => self.unknown(wanted, library),
            _ => self.path(path),
        }
    }

    fn unknown(&mut self, wanted: &str, library: &Library) {
        let names: Vec<&str> = library.names().collect();
        let cure = match suggest::closest(wanted, names.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None if names.is_empty() => "there are none; name the path of a folder, such as ./my-app".to_owned(),
            None => format!("there are {}; a path must hold a '/' or exist here", suggest::list(names.iter().copied())),
        };
        let message = format!("there is no scenario '{wanted}' in {}", library.folder.display());
        self.problems.push(Problem::error(message, cure));
        self.problems.extend(library.problems.iter().filter(|problem| problem.severity == super::Severity::Error).cloned());
    }

    fn path(&mut self, path: &Path) {
        if path.is_file() && path.file_name().is_some_and(|name| name == FILE_NAME) {
            self.loaded.push(parse::load(path));
        } else if path.is_dir() {
            match meant_by(path) {
                Meant::File(file) => self.loaded.push(parse::load(&file)),
                Meant::Bare => self.loaded.push(bare::load(path)),
                Meant::All => self.all(path),
            }
        } else {
            let message = if path.exists() { "this is not a folder" } else { "there is no such folder" };
            self.problems.push(Problem::error(message, "name a scenario, or a folder with a Dockerfile").at(Place::file(path)));
        }
    }

    fn finish(mut self) -> Result<Discovered, Problems> {
        self.loaded.sort_by(|a, b| a.path.cmp(&b.path));
        self.drop_repeated();
        let taken = self.taken_names();
        let files = self.loaded.iter_mut().flat_map(|loaded| std::mem::take(&mut loaded.problems.0));
        let problems = Problems(self.problems.into_iter().chain(files).chain(taken).collect());
        if problems.has_errors() {
            return Err(problems);
        }
        let mut scenarios: Vec<Scenario> = self.loaded.into_iter().filter_map(|loaded| loaded.scenario).collect();
        scenarios.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Discovered { scenarios, warnings: problems })
    }

    /// A scenario that was named twice, by whatever paths, is one.
    fn drop_repeated(&mut self) {
        let mut seen = Vec::new();
        self.loaded.retain(|loaded| {
            let real = loaded.path.canonicalize().unwrap_or_else(|_| loaded.path.clone());
            let new = !seen.contains(&real);
            seen.push(real);
            new
        });
    }

    fn taken_names(&self) -> Vec<Problem> {
        let named: Vec<_> = self.loaded.iter().filter_map(|loaded| loaded.name.as_ref()).collect();
        let repeated = named.iter().enumerate().filter_map(|(n, (name, place))| {
            let (_, first) = named[..n].iter().find(|(other, _)| other == name)?;
            let problem = Problem::error(format!("a second scenario is named '{name}'"), "give one of them another name");
            Some(problem.at(place.clone()).with("the first one", first.clone()))
        });
        repeated.collect()
    }
}
