//! What can be told of a folder with Dockerfiles before anything is built: variants, stages, language, port and path.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::check;
use super::model::{Builder, Expectation, Language, Scenario, Smoke, Variant};
use super::name;
use super::parse::FILE_NAME;
use super::problem::{Place, Problem, Problems};
use crate::dockerfile::{Announced, Dockerfile};

/// Ends of names that are no Dockerfiles whatever they begin with.
const NOT_BUILT: [&str; 9] = ["dockerignore", "bak", "orig", "old", "swp", "tmpl", "template", "j2", "md"];

/// A folder with Dockerfiles, looked at.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// What could be run: a variant for each Dockerfile, without a smoke check.
    pub scenario: Scenario,
    /// The file that the language was read off.
    pub language_of: Option<String>,
    /// For each variant of the scenario, in its order.
    pub details: Vec<Details>,
    /// Files that look like Dockerfiles and are not taken, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// What a variant's Dockerfile says besides.
#[derive(Clone, Debug)]
pub struct Details {
    /// The names of all its stages, in order; `None` where one has none.
    pub stages: Vec<Option<String>>,
    /// What the last stage announces.
    pub announced: Announced,
}

/// Where an app is probably asked, and which line says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Ports, the likeliest first, each with what it was read off.
    pub ports: Vec<(u16, String)>,
    /// The path of the HEALTHCHECK.
    pub path: Option<String>,
}

/// Looks at `folder`.
///
/// # Errors
/// There is no such folder, no Dockerfile in it, or none that can be read.
pub fn sketch(folder: &Path) -> Result<Sketch, Problems> {
    let refuse = |message: String, cure: &str| Problems::from(Problem::error(message, cure).at(Place::file(folder)));
    let root = folder.canonicalize().map_err(|e| refuse(format!("cannot read the folder: {e}"), "name a folder with a Dockerfile"))?;
    let files = candidates(&root);
    if files.is_empty() {
        let cure = "name the folder that holds your Dockerfile; its build context is that folder";
        return Err(refuse("there is no Dockerfile, NAME.Dockerfile or Dockerfile.NAME in this folder".to_owned(), cure));
    }
    let mut sketch = Sketch { scenario: empty(&root), language_of: None, details: Vec::new(), left_out: Vec::new() };
    let mut problems = Vec::new();
    for file in files {
        match take(&mut sketch, folder, &file) {
            Ok(()) => {}
            Err(problem) => {
                sketch.left_out.push((file, problem.message.clone()));
                problems.push(problem);
            }
        }
    }
    if sketch.scenario.variants.is_empty() {
        return Err(Problems(problems));
    }
    (sketch.scenario.language, sketch.language_of) = language(&root);
    Ok(sketch)
}

impl Sketch {
    /// Where the variant of this index is probably asked.
    pub fn hint(&self, variant: usize) -> Hint {
        let Some(Details { announced, .. }) = self.details.get(variant) else { return Hint::default() };
        let mut ports: Vec<(u16, String)> = announced.ports.iter().map(|(port, line)| (*port, format!("EXPOSE in line {line}"))).collect();
        let mut also = |port: Option<u16>, what: String| {
            if let Some(port) = port.filter(|port| !ports.iter().any(|(known, _)| known == port)) {
                ports.push((port, what));
            }
        };
        if let Some(health) = &announced.health {
            also(health.port, format!("HEALTHCHECK in line {}", health.line));
        }
        also(announced.env.get("PORT").and_then(|port| port.parse().ok()).filter(|port| *port != 0), "ENV PORT".to_owned());
        Hint { ports, path: announced.health.as_ref().map(|health| health.path.clone()) }
    }
}

/// `Dockerfile` first, then `NAME.Dockerfile`s and `Dockerfile.NAME`s.
fn candidates(root: &Path) -> Vec<String> {
    let mut files = check::dockerfiles(root);
    let names = fs::read_dir(root).into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
    let mut dotted: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_dotted(name)).collect();
    dotted.sort();
    files.extend(dotted);
    files.retain(|name| !name.contains(char::is_control));
    files
}

fn is_dotted(name: &str) -> bool {
    name.strip_prefix("Dockerfile.").is_some_and(|end| {
        let last = end.rsplit('.').next().unwrap_or(end).to_ascii_lowercase();
        !end.is_empty() && !end.ends_with('~') && !NOT_BUILT.contains(&last.as_str())
    })
}

fn empty(root: &Path) -> Scenario {
    let name = root.file_name().and_then(|name| name::made_valid(&name.to_string_lossy())).unwrap_or_else(|| "app".to_owned());
    let language = Language("unknown".to_owned());
    Scenario {
        name,
        language,
        root: root.to_owned(),
        variants: Vec::new(),
        smoke: Smoke::Unsaid,
        edits: Vec::new(),
        budgets: Vec::new(),
        from_file: false,
    }
}

fn take(sketch: &mut Sketch, folder: &Path, file: &str) -> Result<(), Problem> {
    let (root, shown) = (&sketch.scenario.root, folder.join(file));
    let path = root.join(file);
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    if !real.starts_with(root) {
        return Err(Problem::error("it is a link that leads out of the folder", "put a copy there").at(Place::file(shown)));
    }
    let (source, dockerfile) = check::read_dockerfile(&path, &shown)?;
    let at_line = |error| check::at_line(&source, &error);
    let kind = dockerfile.kind(None).map_err(at_line)?;
    let announced = dockerfile.announced(None, &BTreeMap::new()).map_err(at_line)?;
    let name = free_name(file, &sketch.scenario.variants);
    let (builder, expect) = (Builder::default(), Expectation::default());
    sketch.scenario.variants.push(Variant { name, kind, dockerfile: path, target: None, build_args: BTreeMap::new(), builder, expect });
    sketch.details.push(Details { stages: stages(&dockerfile), announced });
    Ok(())
}

fn stages(dockerfile: &Dockerfile) -> Vec<Option<String>> {
    dockerfile.stages().iter().map(|stage| stage.name.clone()).collect()
}

/// `default`, or what the file's name says, with a number where that is taken.
fn free_name(file: &str, others: &[Variant]) -> String {
    let stem = file.strip_suffix(".Dockerfile").or_else(|| file.strip_prefix("Dockerfile.")).unwrap_or("default");
    let taken: BTreeSet<&str> = others.iter().map(|variant| variant.name.as_str()).collect();
    name::free(&name::made_valid(stem).unwrap_or_else(|| "variant".to_owned()), |name| taken.contains(name))
}

/// The language that most apps with such a file are written in; the first that is there counts.
const LANGUAGES: [(&str, &str); 20] = [
    ("go.mod", "go"),
    ("Cargo.toml", "rust"),
    ("tsconfig.json", "typescript"),
    ("package.json", "javascript"),
    ("pyproject.toml", "python"),
    ("requirements.txt", "python"),
    ("Pipfile", "python"),
    ("setup.py", "python"),
    ("pom.xml", "java"),
    ("build.gradle", "java"),
    ("build.gradle.kts", "kotlin"),
    ("Gemfile", "ruby"),
    ("composer.json", "php"),
    ("mix.exs", "elixir"),
    ("CMakeLists.txt", "c"),
    (".csproj", "c#"),
    (".sln", "c#"),
    (".py", "python"),
    (".go", "go"),
    (".js", "javascript"),
];

/// The language, and the file it was read off.
pub(super) fn language(root: &Path) -> (Language, Option<String>) {
    let entries = fs::read_dir(root).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let names: BTreeSet<String> = entries.filter(|name| !name.contains(char::is_control)).collect();
    let found = LANGUAGES.iter().find_map(|(file, language)| {
        let name = names.iter().find(|name| *name == file || file.starts_with('.') && name.len() > file.len() && name.ends_with(file))?;
        Some(((*language).to_owned(), name.clone()))
    });
    match found {
        Some((language, file)) => (Language(language), Some(file)),
        None => (Language("unknown".to_owned()), None),
    }
}

/// Whether `folder` has a scenario file, whatever is in it.
pub fn is_described(folder: &Path) -> bool {
    folder.join(FILE_NAME).symlink_metadata().is_ok()
}
