//! A folder with Dockerfiles and no `scenario.toml`, taken as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::check;
use super::model::{Builder, Expectation, Scenario, Smoke, Variant};
use super::name;
use super::parse::{FILE_NAME, Loaded};
use super::problem::{Place, Problem, Problems};
use super::{proposal, sketch, suggest};

/// The variant that a file named just `Dockerfile` becomes.
const DEFAULT_VARIANT: &str = "default";

/// Makes a scenario of `folder`: named after it, one variant for each `Dockerfile` and `*.Dockerfile` in it.
pub(super) fn load(folder: &Path) -> Loaded {
    let place = Place::file(folder);
    let root = match folder.canonicalize() {
        Ok(root) => root,
        Err(error) => {
            let problem = Problem::error(format!("cannot resolve the folder: {error}"), "check the path and its links").at(place);
            return Loaded { path: folder.to_owned(), name: None, scenario: None, problems: problem.into() };
        }
    };
    let name = root.file_name().and_then(|name| name::made_valid(&name.to_string_lossy())).unwrap_or_else(|| "app".to_owned());
    let mut problems = Vec::new();
    let mut variants: Vec<Variant> = Vec::new();
    for file in check::dockerfiles(&root) {
        match variant(folder, &root, &file, &variants) {
            Ok(variant) => variants.push(variant),
            Err(problem) => problems.push(problem),
        }
    }
    variants.sort_by(|a, b| a.name.cmp(&b.name));
    let complete = problems.is_empty();
    problems.extend(left_out(folder));
    problems.push(unproven(folder, &name, &variants, &place));
    let language = sketch::language(&root).0;
    let scenario = Scenario {
        name: name.clone(),
        language,
        root,
        variants,
        smoke: Smoke::Unsaid,
        edits: Vec::new(),
        budgets: Vec::new(),
        from_file: false,
    };
    Loaded { path: folder.to_owned(), name: Some((name, place)), scenario: complete.then_some(scenario), problems: Problems(problems) }
}

fn variant(folder: &Path, root: &Path, file: &str, others: &[Variant]) -> Result<Variant, Problem> {
    let shown = folder.join(file);
    let stem = file.strip_suffix(".Dockerfile").unwrap_or(DEFAULT_VARIANT);
    let cure = format!("rename it, or name the variants in a {FILE_NAME}");
    let Some(name) = name::made_valid(stem) else {
        return Err(Problem::error(format!("'{stem}' cannot name a variant"), cure).at(Place::file(shown)));
    };
    if let Some(other) = others.iter().find(|other| other.name == name) {
        let problem = Problem::error(format!("a second Dockerfile would be the variant '{name}'"), cure).at(Place::file(shown));
        return Err(problem.with("the first one", Place::file(folder.join(other.dockerfile_in(root)))));
    }
    let path = root.join(file);
    let (source, dockerfile) = check::read_dockerfile(&path, &shown)?;
    let kind = dockerfile.kind(None).map_err(|error| check::at_line(&source, &error))?;
    let (builder, expect) = (Builder::default(), Expectation::default());
    Ok(Variant { name, kind, dockerfile: path, target: None, build_args: BTreeMap::new(), builder, expect })
}

/// `Dockerfile.NAME` may be a Dockerfile, a template or a backup: it is not taken, and not passed over in silence.
fn left_out(folder: &Path) -> Option<Problem> {
    let names = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("Dockerfile.") && !name.ends_with(".dockerignore")).collect();
    names.sort();
    let cure = format!("rename what is a Dockerfile to NAME.Dockerfile, or name it in a {FILE_NAME}");
    let message = || format!("left out: {}", suggest::list(names.iter().map(String::as_str)));
    (!names.is_empty()).then(|| Problem::warning(message(), cure).at(Place::file(folder)))
}

/// What the files tell already is filled in, so that the lines can be taken as they are.
fn unproven(folder: &Path, name: &str, variants: &[Variant], place: &Place) -> Problem {
    let tables: String = variants.iter().map(table).collect();
    let seen = sketch::sketch(folder).ok();
    let hint = seen.as_ref().map(|sketch| sketch.hint(0)).unwrap_or_default();
    let language = seen.map_or_else(|| "unknown".to_owned(), |sketch| sketch.scenario.language.0);
    let port = hint.ports.first().map_or(8080, |(port, _)| *port);
    let path = proposal::quoted(hint.path.as_deref().unwrap_or("/health"));
    let cure = format!(
        "let `loadline init {}` find how it answers, or put a {FILE_NAME} there, with the port and path of your app:\nname = \"{name}\"\nlanguage = \"{language}\"\n{tables}[smoke]\nport = {port}\npath = {path}",
        folder.display()
    );
    Problem::warning(format!("'{name}' has no {FILE_NAME}: its numbers will be unverified"), cure).at(place.clone())
}

fn table(variant: &Variant) -> String {
    let file = variant.dockerfile.file_name().unwrap_or_default().to_string_lossy();
    format!("[variants.{}]\ndockerfile = \"{}\"\n", variant.name, file.escape_default())
}
