//! Whether a build was in the cache state that its trial says.
//!
//! Only RUN, COPY and ADD steps count. Measured on Engine 20.10 and 28.5 with both stores: WORKDIR stays cached under
//! no-cache, the flag of FROM says nothing, and metadata and export vertices are never cached.

use std::collections::{HashMap, HashSet};

use crate::rig::{Vertex, VertexKind};
use crate::units;

use super::trial::Build;

/// Most steps that a message names.
const NAMED: usize = 3;

/// Holds the steps of a build against its state; the error is the reason in words.
///
/// Cold and clean: no counting step was cached. Warm: all were. After an edit: at least one was not, and each that was not has the
/// build context below it, since nothing else has changed.
pub(super) fn check(build: Build<'_>, vertices: &[Vertex]) -> Result<(), String> {
    match build {
        Build::Cold => none("the build was to be cold, but", "came from the cache", &counting(vertices, |v| v.cached)),
        Build::Clean(..) => none("the build was to use no cache, but", "came from it", &counting(vertices, |v| v.cached)),
        Build::Warm(_) => none("nothing had changed, but", "ran again", &counting(vertices, |v| !v.cached)),
        Build::Edit(edit, _) => edited(&edit.name, vertices),
        // Which base changed is asked of `rebased`.
        Build::Base(_) => Ok(()),
    }
}

/// Holds the steps of a build against what a change of the base image `name` touches: at least one ran, and each that ran stands on that
/// image.
pub(super) fn rebased(name: &str, vertices: &[Vertex]) -> Result<(), String> {
    let ran = counting(vertices, |v| !v.cached);
    if ran.is_empty() && counting(vertices, |_| true).is_empty() {
        // Only settings stand on the base: there is no step to tell by, and what moves shows whether the new one was taken.
        return Ok(());
    }
    if ran.is_empty() {
        return Err(format!("the base image {name} changed, but every step came from the cache"));
    }
    only_above(|v| stands_on(&v.name, name), ran, vertices, &format!("only what stands on the base image {name} was to run, but"))
}

/// Whether a vertex is the `FROM` of an image, with or without its digest.
fn stands_on(vertex: &str, name: &str) -> bool {
    let VertexKind::Step(step) = VertexKind::parse(vertex) else { return false };
    let without_digest = step.arguments.split('@').next().unwrap_or_default();
    step.instruction == "FROM" && short(without_digest) == short(name)
}

/// A reference as people write it.
pub(super) fn short(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name)
}

fn counting(vertices: &[Vertex], state: impl Fn(&Vertex) -> bool) -> Vec<&Vertex> {
    vertices.iter().filter(|v| v.tells_cache() && state(v)).collect()
}

fn none(before: &str, after: &str, steps: &[&Vertex]) -> Result<(), String> {
    if steps.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = steps.iter().take(NAMED).map(|v| v.name.as_str()).collect();
    Err(format!("{before} {} {after}: {}", units::count(steps.len(), "step"), names.join("; ")))
}

fn edited(edit: &str, vertices: &[Vertex]) -> Result<(), String> {
    let ran = counting(vertices, |v| !v.cached);
    if ran.is_empty() {
        return Err(format!("the edit {edit} changed nothing that a step of this Dockerfile uses; edit a file that it copies"));
    }
    only_above(|v| loads_context(&v.name), ran, vertices, &format!("only what the edit {edit} touches was to run, but"))
}

/// Refuses steps that ran without any of `roots` below them.
fn only_above(roots: impl Fn(&Vertex) -> bool, ran: Vec<&Vertex>, vertices: &[Vertex], before: &str) -> Result<(), String> {
    if ran.iter().all(|v| v.inputs.is_empty()) {
        // The classic builder does not tell what its steps need.
        return Ok(());
    }
    let touched = above(roots, vertices);
    let lost: Vec<&Vertex> = ran.into_iter().filter(|v| !touched.contains(v.digest.as_str())).collect();
    none(before, "ran without it", &lost)
}

/// The digests of all vertices that have one of `roots` below them. Every vertex and every input is looked at once.
fn above(roots: impl Fn(&Vertex) -> bool, vertices: &[Vertex]) -> HashSet<&str> {
    let mut users = HashMap::<&str, Vec<&str>>::new();
    for vertex in vertices {
        for input in &vertex.inputs {
            users.entry(input).or_default().push(&vertex.digest);
        }
    }
    let mut open: Vec<&str> = vertices.iter().filter(|v| roots(v)).map(|v| v.digest.as_str()).collect();
    let mut found: HashSet<&str> = open.iter().copied().collect();
    while let Some(digest) = open.pop() {
        for user in users.get(digest).into_iter().flatten() {
            if found.insert(user) {
                open.push(user);
            }
        }
    }
    found
}

/// Whether a vertex brings the files that were sent: as a tar, or as a session hands them on.
fn loads_context(name: &str) -> bool {
    name == "copy /context /" || name.strip_prefix("[internal] load ").is_some_and(|what| what.ends_with("build context"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Status;
    use crate::scenario::{Change, Edit};

    use super::super::trial::Made;

    fn vertex(name: &str, cached: bool, inputs: &[&str]) -> Vertex {
        Vertex {
            digest: name.to_owned(),
            name: name.to_owned(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            cached,
            started: None,
            completed: None,
            error: None,
        }
    }

    fn made() -> Made {
        Made { diff_ids: Vec::new(), status: Status::Measured, weighing: None }
    }

    fn edit() -> Edit {
        Edit { name: "source".to_owned(), change: Change::Folder { path: "/x".into(), files: Vec::new() } }
    }

    const CONTEXT: &str = "[internal] load remote build context";

    /// Two stages: packages, then the context, then a build, and a copy of its result; which of them came from the cache.
    fn build([packages, copy, make, take]: [bool; 4]) -> Vec<Vertex> {
        vec![
            vertex(CONTEXT, false, &[]),
            vertex("copy /context /", false, &[CONTEXT]),
            vertex("[build 1/4] FROM x", true, &[]),
            vertex("[build 2/4] RUN apt-get", packages, &["[build 1/4] FROM x"]),
            vertex("[build 3/4] COPY . .", copy, &["[build 2/4] RUN apt-get", "copy /context /"]),
            vertex("[build 4/4] RUN make", make, &["[build 3/4] COPY . ."]),
            vertex("[stage-1 2/2] COPY --from=build /a /a", take, &["[build 4/4] RUN make"]),
            vertex("exporting to image", false, &["[stage-1 2/2] COPY --from=build /a /a"]),
        ]
    }

    #[test]
    fn only_run_copy_and_add_tell_a_warm_build_from_a_cold_one() {
        let names = ["[internal] load metadata for x", "[1/4] FROM x", "[2/4] WORKDIR /a", "exporting to image"];
        let mut vertices: Vec<Vertex> = names.map(|name| vertex(name, true, &[])).into();
        assert_eq!(check(Build::Cold, &vertices), Ok(()));
        vertices.push(vertex("[3/4] COPY . .", true, &[]));
        let reason = check(Build::Cold, &vertices).expect_err("a copy came from the cache");
        assert_eq!(reason, "the build was to be cold, but 1 step came from the cache: [3/4] COPY . .");
    }

    #[test]
    fn a_clean_build_is_held_to_what_a_cold_one_is() {
        let (made, edit) = (made(), edit());
        for clean in [Build::Clean(None, &made), Build::Clean(Some(&edit), &made)] {
            assert_eq!(check(clean, &build([false, false, false, false])), Ok(()));
            let reason = check(clean, &build([true, false, false, false])).expect_err("packages came from the cache");
            assert_eq!(reason, "the build was to use no cache, but 1 step came from it: [build 2/4] RUN apt-get");
        }
    }

    #[test]
    fn a_warm_build_has_every_counting_step_from_the_cache() {
        let made = made();
        assert_eq!(check(Build::Warm(&made), &build([true, true, true, true])), Ok(()));
        let reason = check(Build::Warm(&made), &build([true, true, false, true])).expect_err("a step ran");
        assert_eq!(reason, "nothing had changed, but 1 step ran again: [build 4/4] RUN make");
    }

    #[test]
    fn after_an_edit_only_what_it_touches_may_run() {
        let (made, edit) = (made(), edit());
        let check = |vertices: &[Vertex]| check(Build::Edit(&edit, &made), vertices);
        assert_eq!(check(&build([true, false, false, false])), Ok(()));
        // A step that makes the same as before leaves those after it in the cache.
        assert_eq!(check(&build([true, false, false, true])), Ok(()));
        assert!(check(&build([false, false, false, false])).expect_err("packages").contains("RUN apt-get"));
        assert!(check(&build([true, true, true, true])).expect_err("nothing ran").contains("changed nothing"));
    }

    #[test]
    fn after_a_change_of_the_base_only_what_stands_on_it_may_run() {
        assert_eq!(rebased("x", &build([false, false, false, false])), Ok(()));
        assert_eq!(rebased("docker.io/library/x:latest", &build([false, true, true, true])), Ok(()));
        assert!(rebased("x", &build([true, true, true, true])).expect_err("nothing ran").contains("every step came from the cache"));
        assert!(rebased("y", &build([false, false, false, false])).expect_err("another base").contains("ran without it"));
    }

    #[test]
    fn steps_that_need_each_other_in_a_circle_are_survived() {
        let (made, edit) = (made(), edit());
        let vertices = [vertex("[1/2] RUN a", false, &["[2/2] RUN b"]), vertex("[2/2] RUN b", false, &["[1/2] RUN a"])];
        assert!(check(Build::Edit(&edit, &made), &vertices).is_err());
    }
}
