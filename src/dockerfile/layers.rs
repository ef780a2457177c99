//! From the layers of an image back to the instructions that made them.
//!
//! The history of an image is read from its top downwards beside the instructions of the target's stage and of those it stands on,
//! the last one first. Only RUN, COPY, ADD and WORKDIR count: no other instruction can make a layer, and builders write lines of
//! their own for some. The walk ends at the first line that does not say what the instruction says, so that what is below it, and
//! the base image, has no answer: an answer is never a guess.
//!
//! Both builders' lines are read: `RUN /bin/sh -c go build # buildkit` and `COPY app /app # buildkit`, and of the classic builder
//! `/bin/sh -c go build` and `/bin/sh -c #(nop) COPY file:… in /app`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::graph::Graph;
use super::parse::{Dockerfile, DockerfileError, Step, StepKind};
use super::vertex::{bare, fits_parts, literal_parts};

/// The longest text of a history line or an instruction that is looked at, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// The longest instruction that is given back, in characters.
const LONGEST: usize = 200;

/// A line of an image's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// What made it, as the image says; not fit for a terminal.
    pub created_by: Option<String>,
    /// Whether it made no layer.
    pub empty: bool,
}

/// The instruction that made a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The Dockerfile, as it was named.
    pub file: String,
    /// Line of the instruction, from 1.
    pub line: usize,
    /// The instruction in one line, blanks joined; cut with `…` where it is long.
    pub instruction: String,
}

impl Dockerfile {
    /// The image from outside that `target` stands on, through any number of stages; `None` for `scratch`.
    pub fn base(&self, target: Option<&str>, build_args: &BTreeMap<String, String>) -> Result<Option<String>, DockerfileError> {
        let graph = Graph::new(self, build_args)?;
        let lowest = graph.lineage(target)?.first().copied().unwrap_or_default();
        graph.roots().into_iter().nth(lowest).unwrap_or(Ok(None)).map(|base| base.map(str::to_owned))
    }

    /// The instruction behind each of the `layers` layers of an image, lowest first; `None` for a layer that no instruction of this
    /// file made, and where history and file do not agree. `file` names the Dockerfile in the answers.
    pub fn layer_lines(
        &self,
        file: &str,
        target: Option<&str>,
        build_args: &BTreeMap<String, String>,
        history: &[HistoryLine],
        layers: usize,
    ) -> Vec<Option<Line>> {
        let mut lines = vec![None; layers];
        let (Ok(steps), Some(made)) = (self.steps_of(target, build_args), made(history, layers)) else { return lines };
        for (step, made) in steps.iter().rev().zip(made.iter().rev()).take_while(|(step, made)| made.says(step)) {
            if let Some(layer) = made.layer {
                lines[layer] = Some(Line { file: file.to_owned(), line: step.line, instruction: in_one_line(&step.text) });
            }
        }
        lines
    }

    /// The steps that can make layers, of the stages that `target` stands on and its own, the first one first.
    fn steps_of(&self, target: Option<&str>, build_args: &BTreeMap<String, String>) -> Result<Vec<&Step>, DockerfileError> {
        let graph = Graph::new(self, build_args)?;
        let lineage = graph.lineage(target)?;
        Ok(lineage.into_iter().flat_map(|stage| graph.steps(stage).collect::<Vec<_>>()).filter(|step| word_of(step).is_some()).collect())
    }
}

/// A history line of an instruction that can make a layer.
struct Made<'a> {
    /// The instruction's word.
    word: &'static str,
    /// What follows the word.
    text: &'a str,
    classic: bool,
    /// The layer that it made, counted from the lowest.
    layer: Option<usize>,
}

/// The lines that can have made a layer; `None` where they are not as many as there are layers.
fn made(history: &[HistoryLine], layers: usize) -> Option<Vec<Made<'_>>> {
    let mut next = 0;
    let mut made = Vec::new();
    for line in history {
        let layer = (!line.empty).then_some(next);
        next += usize::from(!line.empty);
        match line.created_by.as_deref().map(read) {
            Some(Some((word, text, classic))) => made.push(Made { word, text, classic, layer }),
            Some(None) if line.empty => {}
            // Nobody knows what it is: nothing fits it.
            _ => made.push(Made { word: "", text: "", classic: false, layer }),
        }
    }
    (next == layers).then_some(made)
}

/// Word, text and builder of a history line; `None` for an instruction that makes no layer.
fn read(created_by: &str) -> Option<(&'static str, &str, bool)> {
    if let Some((_, text)) = created_by.split_once("#(nop)") {
        return known(text.trim_start()).map(|(word, text)| (word, text, true));
    }
    if let Some((word, text)) = known(created_by) {
        return Some((word, text.strip_suffix("# buildkit").unwrap_or(text), false));
    }
    let first = created_by.split_whitespace().next().unwrap_or_default();
    (!WITHOUT_LAYER.contains(&first)).then_some(("RUN", created_by, true))
}

const WITH_LAYER: [&str; 4] = ["RUN", "COPY", "ADD", "WORKDIR"];

const WITHOUT_LAYER: [&str; 13] =
    ["ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME"];

fn known(text: &str) -> Option<(&'static str, &str)> {
    let (first, rest) = text.split_once(' ')?;
    WITH_LAYER.into_iter().find(|word| *word == first).map(|word| (word, rest))
}

fn word_of(step: &Step) -> Option<&'static str> {
    match step.kind {
        StepKind::Run => Some("RUN"),
        StepKind::Copy => Some("COPY"),
        StepKind::Add => Some("ADD"),
        StepKind::Other => step.text.get(..7).filter(|word| word.eq_ignore_ascii_case("WORKDIR")).map(|_| "WORKDIR"),
    }
}

impl Made<'_> {
    /// Whether the line is of `step`.
    fn says(&self, step: &Step) -> bool {
        if word_of(step) != Some(self.word) || self.text.len().max(step.text.len()) > MAX_TEXT {
            return false;
        }
        let said = without_flags(step.text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest));
        match self.word {
            "RUN" => ran(self.text, said, step),
            "WORKDIR" => went(self.text, said),
            _ if self.classic => took(self.text, said),
            _ => copied(self.text, said, step),
        }
    }
}

/// The shell's words stand before the command, and before them the build args in use: `|1 A=b /bin/sh -c command`.
fn ran(line: &str, said: &str, step: &Step) -> bool {
    let line = bare(line);
    if !step.heredocs.is_empty() {
        let script = |body: &String| body.starts_with("#!") && line.contains("/dev/pipes/");
        return step.heredocs.iter().all(|body| script(body) || line.contains(&bare(body)));
    }
    let words = exec_form(said);
    let command = words.as_ref().map_or_else(|| bare(said), |words| bare(&words.concat()));
    let before = line.strip_suffix(command.as_str());
    before.is_some_and(|before| match words {
        Some(_) => before.is_empty() || before.starts_with('|'),
        None => before.ends_with("-c") || before.ends_with("-Command"),
    })
}

/// Sources and target, variables replaced.
fn copied(line: &str, said: &str, step: &Step) -> bool {
    let line = bare(without_flags(line));
    if !step.heredocs.is_empty() {
        let target = said.split_whitespace().next_back().unwrap_or_default();
        return target.contains('$') || line.ends_with(&bare(target));
    }
    let plain = exec_form(said).map_or_else(|| said.to_owned(), |words| words.join(" "));
    fits_parts(&literal_parts(&plain), &line)
}

/// The classic builder writes a hash of the sources and the target as it is from the root: `file:8a3… in /app/`.
fn took(line: &str, said: &str) -> bool {
    let Some((_, target)) = line.trim_end().rsplit_once(" in ") else { return false };
    let plain = exec_form(said).and_then(|mut words| words.pop());
    let said = plain.as_deref().or_else(|| said.split_whitespace().next_back()).unwrap_or_default();
    stands_at(target, said)
}

/// Both builders write the folder as it is from the root.
fn went(line: &str, said: &str) -> bool {
    stands_at(line.trim(), said.trim())
}

/// Whether a path from the root can be what an instruction says, in its own words.
fn stands_at(path: &str, said: &str) -> bool {
    let indirect = |part: &str| matches!(part, "." | "..");
    if said.contains('$') || said.split('/').any(indirect) {
        return path.starts_with('/');
    }
    let (path, plain) = (bare(path), bare(said));
    let (path, plain) = (path.trim_matches('/'), plain.trim_matches('/'));
    if bare(said).starts_with('/') { path == plain } else { path == plain || path.ends_with(&format!("/{plain}")) }
}

/// `text` from its first word on that is no flag.
fn without_flags(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("--") {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim_start();
    }
    rest
}

/// The words of `["a", "b"]`; `None` for the shell form.
fn exec_form(said: &str) -> Option<Vec<String>> {
    serde_json::from_str(said.trim()).ok()
}

fn in_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests;
