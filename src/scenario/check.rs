//! A variant beside its Dockerfile: that it is there, inside the folder, parses, and has the target.

use std::path::{Component, Path, PathBuf};

use super::model::{Expectation, Variant};
use super::problem::Problem;
use super::reader::Written;
use super::reader::{Reader, short};
use super::source::SourceFile;
use super::suggest;
use super::variants::VariantDraft;
use crate::dockerfile::{Dockerfile, DockerfileError, Stage, VariantKind};

/// Checks what `draft` says against the folder `root`. `unproven` says that the scenario has no smoke check.
pub(super) fn variant(reader: &mut Reader<'_>, root: &Path, draft: VariantDraft, unproven: bool) -> Option<Variant> {
    if unproven && draft.expect == Expectation::SmokeFailure {
        let cure = "add the [smoke] check that is meant to fail";
        reader.error(draft.expect_span.clone(), "a smoke check is expected to fail, but there is none", cure);
    }
    if draft.dockerfile_said && draft.dockerfile.is_none() {
        return None;
    }
    let said = draft.dockerfile.unwrap_or_else(|| Written { text: format!("{}.Dockerfile", draft.name), span: draft.span.clone() });
    let dockerfile = inside(reader, root, &said)?;
    let kind = kind(reader, root, &dockerfile, draft.target.as_ref(), &said)?;
    Some(Variant {
        name: draft.name,
        kind,
        dockerfile,
        target: draft.target.map(|target| target.text),
        build_args: draft.build_args,
        builder: draft.builder,
        expect: draft.expect,
    })
}

/// The absolute path of a Dockerfile that lies, with all links followed, in `root`.
fn inside(reader: &mut Reader<'_>, root: &Path, said: &Written) -> Option<PathBuf> {
    let outside = |reader: &mut Reader<'_>, how: &str| {
        let cure = "only files of the scenario's folder can be built; name it relative to this file, or put a copy there";
        reader.error(said.span.clone(), format!("the Dockerfile '{}' {how}", short(&said.text)), cure);
        None
    };
    let relative = Path::new(&said.text);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return outside(reader, "lies outside the folder");
    }
    // Collecting the components again drops every `.`.
    let path: PathBuf = root.components().chain(relative.components().filter(|part| *part != Component::CurDir)).collect();
    match path.canonicalize() {
        Ok(real) if !real.starts_with(root) => outside(reader, "is a link that leads out of the folder"),
        Ok(real) if real.is_file() => Some(path),
        Ok(_) => {
            reader.error(said.span.clone(), format!("'{}' is not a file", short(&said.text)), "name a Dockerfile");
            None
        }
        Err(_) => {
            missing(reader, root, said);
            None
        }
    }
}

fn missing(reader: &mut Reader<'_>, root: &Path, said: &Written) {
    let there = dockerfiles(root);
    let cure = match suggest::closest(&said.text, there.iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'?"),
        None if there.is_empty() => "create it beside this file, or name another: dockerfile = \"Dockerfile\"".to_owned(),
        None => format!("create it, or name one that is there: {}", suggest::list(there.iter().map(String::as_str))),
    };
    reader.error(said.span.clone(), format!("there is no Dockerfile '{}'", short(&said.text)), cure);
}

/// The names in `folder` that look like Dockerfiles, sorted: `Dockerfile` and `*.Dockerfile`.
pub(super) fn dockerfiles(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name == "Dockerfile" || name.strip_suffix(".Dockerfile").is_some_and(|stem| !stem.is_empty()))
        .collect();
    names.sort();
    names
}

fn kind(reader: &mut Reader<'_>, root: &Path, path: &Path, target: Option<&Written>, said: &Written) -> Option<VariantKind> {
    let folder = reader.file.path().parent().unwrap_or(Path::new(""));
    let shown = folder.join(path.strip_prefix(root).unwrap_or(path));
    let (file, dockerfile) = match read_dockerfile(path, &shown) {
        Ok(read) => read,
        Err(problem) => {
            let named_here = reader.place(said.span.clone());
            reader.push(problem.with("named here", named_here));
            return None;
        }
    };
    if let Some(target) = target {
        known_target(reader, dockerfile.stages(), target)?;
    }
    match dockerfile.kind(target.map(|target| target.text.as_str())) {
        Ok(kind) => Some(kind),
        Err(error) => {
            reader.push(at_line(&file, &error));
            None
        }
    }
}

/// Reads and parses the Dockerfile at `path`, shown as `shown`; a problem points at its own line.
pub(super) fn read_dockerfile(path: &Path, shown: &Path) -> Result<(SourceFile, Dockerfile), Problem> {
    let file = SourceFile::read(path, shown)?;
    let dockerfile = Dockerfile::parse(file.text()).map_err(|error| at_line(&file, &error))?;
    Ok((file, dockerfile))
}

pub(super) fn at_line(file: &SourceFile, error: &DockerfileError) -> Problem {
    Problem::error(error.message.clone(), "").at(file.line_place(error.line))
}

/// A target is a stage's name in any letter case, as Docker reads it; a number names no target.
fn known_target(reader: &mut Reader<'_>, stages: &[Stage], target: &Written) -> Option<()> {
    let named = |stage: &Stage| stage.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&target.text));
    if stages.iter().any(named) {
        return Some(());
    }
    let stage_names = || stages.iter().filter_map(|stage| stage.name.as_deref());
    let cure = match suggest::closest(&target.text, stage_names()) {
        Some(near) => format!("did you mean '{near}'?"),
        None if stage_names().next().is_none() => {
            "its stages have no names; write 'FROM image AS name' there, or take the target out".to_owned()
        }
        None => format!("it has the stages {}", suggest::list(stage_names())),
    };
    let message = format!("the Dockerfile has no stage '{}'", short(&target.text));
    reader.error(target.span.clone(), message, cure);
    None
}
