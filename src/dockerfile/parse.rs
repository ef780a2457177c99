//! From text to stages and steps.
//!
//! The instruction parser checks the syntax and finds flags; the text of a step is read from the original, because
//! here-documents are hidden from the parser. Names follow `frontend/dockerfile/instructions` of `BuildKit`: stage names
//! are lower-cased, a later stage of the same name hides an earlier one.

use std::collections::BTreeMap;

use parse_dockerfile::{Flag, FromInstruction, Instruction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::heredoc::{logical_line, mask, words};

/// Longest Dockerfile that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// A parsed Dockerfile.
#[derive(Clone, Debug, PartialEq)]
pub struct Dockerfile {
    pub(super) stages: Vec<Stage>,
    pub(super) globals: Vec<GlobalArg>,
    pub(super) escape: char,
}

/// An ARG before the first FROM.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GlobalArg {
    pub(super) name: String,
    /// Unexpanded; `None` for an ARG without a default.
    pub(super) default: Option<String>,
    pub(super) line: usize,
}

/// One `FROM` and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// `AS name`, lower-cased.
    pub name: Option<String>,
    /// The text after `FROM`, unexpanded.
    pub from: String,
    /// Line of the `FROM`, from 1.
    pub line: usize,
    /// In order.
    pub steps: Vec<Step>,
    /// What `ONBUILD` adds to a stage that starts from this one, in order. The `ONBUILD`s themselves are steps of kind
    /// [`StepKind::Other`].
    pub triggers: Vec<Step>,
}

/// One instruction of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which instruction.
    pub kind: StepKind,
    /// Its text, continuation lines joined, heredoc bodies left out.
    pub text: String,
    /// First line, from 1.
    pub line: usize,
    /// `--from` of COPY and `from=` of RUN mounts, unexpanded.
    pub from: Vec<String>,
    /// Bodies of its here-documents, in order.
    pub heredocs: Vec<String>,
}

/// The instruction of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// RUN.
    Run,
    /// COPY.
    Copy,
    /// ADD.
    Add,
    /// Any other.
    Other,
}

/// Whether files cross from another stage into the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VariantKind {
    /// No COPY and no RUN mount in the target's reachable stages takes from another stage.
    SingleStage,
    /// At least one does.
    MultiStage,
}

impl VariantKind {
    /// The text serde writes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::SingleStage => "single-stage",
            Self::MultiStage => "multi-stage",
        }
    }
}

/// An image from outside that a build needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseReference {
    /// Build args expanded: `golang:1.23`.
    pub reference: String,
    /// Line of the first use.
    pub line: usize,
}

/// Why a Dockerfile could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct DockerfileError {
    /// From 1.
    pub line: usize,
    /// What is wrong and the cure.
    pub message: String,
}

impl DockerfileError {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl Dockerfile {
    /// Parses the text of a Dockerfile.
    pub fn parse(text: &str) -> Result<Self, DockerfileError> {
        if text.len() > MAX_TEXT {
            return Err(DockerfileError::new(1, "the Dockerfile is larger than 1 MiB; move what it holds into files of the build context"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // A builder passes over one; the parser below passes over one more, and its offsets would be off by it.
        if text.starts_with('\u{feff}') {
            return Err(DockerfileError::new(
                1,
                "a second byte order mark (U+FEFF) begins the Dockerfile, where no builder knows it; remove it",
            ));
        }
        let escape = escape_of(text)?;
        let masked = mask(text, escape)?;
        let feeds = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect();
        let mut reader =
            Reader { text, feeds, escape, bodies: masked.bodies.into_iter().collect(), stages: Vec::new(), globals: Vec::new() };
        let instructions = parse_dockerfile::parse_iter(&masked.text).map_err(|e| syntax(&e))?;
        for instruction in instructions {
            reader.take(&instruction.map_err(|e| syntax(&e))?)?;
        }
        Ok(Self { stages: reader.stages, globals: reader.globals, escape })
    }

    /// All stages in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }
}

fn syntax(error: &parse_dockerfile::Error) -> DockerfileError {
    DockerfileError::new(error.line().max(1), format!("{error:#}; see the Dockerfile reference for the form of this instruction"))
}

/// Reads the escape character from the directives at the top, by parsing them with a FROM that makes them a Dockerfile.
fn escape_of(text: &str) -> Result<char, DockerfileError> {
    let mut head: String = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).collect();
    head.push_str("\nFROM scratch\n");
    let parsed = parse_dockerfile::parse(&head).map_err(|e| syntax(&e))?;
    Ok(parsed.parser_directives.escape.map_or('\\', |directive| directive.value.value))
}

struct Reader<'a> {
    text: &'a str,
    /// Offsets of the line feeds.
    feeds: Vec<usize>,
    escape: char,
    bodies: BTreeMap<usize, Vec<String>>,
    stages: Vec<Stage>,
    globals: Vec<GlobalArg>,
}

impl Reader<'_> {
    fn take(&mut self, instruction: &Instruction<'_>) -> Result<(), DockerfileError> {
        match instruction {
            Instruction::From(from) => self.from(from),
            Instruction::Arg(arg) if self.stages.is_empty() => {
                let step = self.step(StepKind::Other, arg.arg.span.start, Vec::new());
                self.globals.extend(global_args(&step)?);
                Ok(())
            }
            other => self.other(other),
        }
    }

    fn from(&mut self, from: &FromInstruction<'_>) -> Result<(), DockerfileError> {
        let line = self.line(from.from.span.start);
        let name = from.as_.as_ref().map(|(_, name)| name.value.to_lowercase());
        if let Some(name) = name.as_deref().filter(|name| !is_stage_name(name)) {
            let message = format!("{name:?} cannot name a stage; use a letter, then letters, digits, and . _ -");
            return Err(DockerfileError::new(line, message));
        }
        self.stages.push(Stage { name, from: from.image.value.to_string(), line, steps: Vec::new(), triggers: Vec::new() });
        Ok(())
    }

    fn other(&mut self, instruction: &Instruction<'_>) -> Result<(), DockerfileError> {
        let Some(start) = start_of(instruction) else {
            return Err(DockerfileError::new(1, "an instruction is not known; remove it"));
        };
        let (kind, from) = kind_of(instruction);
        let step = self.step(kind, start, from);
        let trigger = if let Instruction::Onbuild(onbuild) = instruction {
            let (kind, from) = kind_of(&onbuild.instruction);
            let text = step.text.split_once(char::is_whitespace).map_or("", |(_, inner)| inner.trim_start()).to_owned();
            Some(Step { kind, text, from, ..step.clone() })
        } else {
            None
        };
        let stage = self.stages.last_mut().ok_or_else(|| DockerfileError::new(step.line, "a FROM must come first"))?;
        stage.steps.push(step);
        stage.triggers.extend(trigger);
        Ok(())
    }

    /// The line, from 1, of the byte at `offset`.
    fn line(&self, offset: usize) -> usize {
        1 + self.feeds.partition_point(|feed| *feed < offset)
    }

    fn step(&self, kind: StepKind, start: usize, from: Vec<String>) -> Step {
        let line = logical_line(self.text, start, self.escape);
        let heredocs = self.bodies.get(&line.end).cloned().unwrap_or_default();
        Step { kind, text: line.text.trim_end().to_owned(), line: self.line(start), from, heredocs }
    }
}

fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
}

fn kind_of(instruction: &Instruction<'_>) -> (StepKind, Vec<String>) {
    match instruction {
        Instruction::Run(run) => (StepKind::Run, run.options.iter().filter_map(mount_source).collect()),
        Instruction::Copy(copy) => (StepKind::Copy, copy.options.iter().filter_map(copy_source).collect()),
        Instruction::Add(add) => (StepKind::Add, add.options.iter().filter_map(copy_source).collect()),
        _ => (StepKind::Other, Vec::new()),
    }
}

fn copy_source(flag: &Flag<'_>) -> Option<String> {
    let value = flag.value.as_ref().filter(|_| flag.name.value == "from")?;
    Some(unquoted(&value.value)).filter(|v| !v.is_empty())
}

/// `from=` of one `--mount`. A tmpfs takes from nowhere, whatever it says.
fn mount_source(flag: &Flag<'_>) -> Option<String> {
    let value = unquoted(&flag.value.as_ref().filter(|_| flag.name.value == "mount")?.value);
    let field = |key: &str| {
        let fields = value.split(',').filter_map(|field| field.split_once('='));
        fields.filter(|(k, _)| k.trim().eq_ignore_ascii_case(key)).map(|(_, v)| unquoted(v)).next_back()
    };
    let source = field("from").filter(|v| !v.is_empty())?;
    (field("type").as_deref() != Some("tmpfs")).then_some(source)
}

fn unquoted(value: &str) -> String {
    value.trim().trim_matches(['"', '\'']).to_owned()
}

/// The names and defaults of one ARG.
fn global_args(arg: &Step) -> Result<Vec<GlobalArg>, DockerfileError> {
    let words = words(&arg.text).ok_or_else(|| DockerfileError::new(arg.line, "a quote or a brace is left open in ARG; close it"))?;
    let args = words.into_iter().skip(1).map(|word| {
        let (name, default) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        GlobalArg { name: name.to_owned(), default: default.map(str::to_owned), line: arg.line }
    });
    Ok(args.collect())
}

/// Where an instruction other than FROM starts.
fn start_of(instruction: &Instruction<'_>) -> Option<usize> {
    let keyword = match instruction {
        Instruction::Add(i) => &i.add,
        Instruction::Arg(i) => &i.arg,
        Instruction::Cmd(i) => &i.cmd,
        Instruction::Copy(i) => &i.copy,
        Instruction::Entrypoint(i) => &i.entrypoint,
        Instruction::Env(i) => &i.env,
        Instruction::Expose(i) => &i.expose,
        Instruction::From(i) => &i.from,
        Instruction::Healthcheck(i) => &i.healthcheck,
        Instruction::Label(i) => &i.label,
        Instruction::Maintainer(i) => &i.maintainer,
        Instruction::Onbuild(i) => &i.onbuild,
        Instruction::Run(i) => &i.run,
        Instruction::Shell(i) => &i.shell,
        Instruction::Stopsignal(i) => &i.stopsignal,
        Instruction::User(i) => &i.user,
        Instruction::Volume(i) => &i.volume,
        Instruction::Workdir(i) => &i.workdir,
        _ => return None,
    };
    Some(keyword.span.start)
}

#[cfg(test)]
mod tests;
