//! The `scenario.toml` that is proposed for a folder: text with comments that a user can read, keep and correct.
//!
//! Whatever stands in the folder and whatever an app answered, the text is read back as a scenario with the variants that
//! were found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::name;
use super::sketch::Sketch;

/// More stages than this are not offered: nobody reads so many.
const MOST_STAGES: usize = 20;

/// What is known of how the app proves that it works.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// It answered.
    Answered(Good),
    /// Nothing was tried.
    Untried {
        /// Why, in words.
        why: String,
        /// The likeliest port.
        port: Option<u16>,
        /// The likeliest path.
        path: Option<String>,
    },
    /// Nothing announces a port: a worker, perhaps.
    NoPort,
    /// It was tried and did not work.
    Failed {
        /// What happened, in words.
        why: String,
        /// The port that was tried, if it came to that.
        port: Option<u16>,
        /// What each path was answered with.
        asked: Vec<Asked>,
        /// The last lines of the build or the container.
        log: Vec<String>,
    },
}

/// A path, and what came of asking for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The status, or why there was none.
    pub answer: Result<u16, String>,
}

/// A good answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Good {
    /// The variant that was tried.
    pub variant: String,
    /// The port inside the container.
    pub port: u16,
    /// What the port was read off.
    pub port_from: String,
    /// Other ports that it announces.
    pub other_ports: Vec<u16>,
    /// The path.
    pub path: String,
    /// 200 to 299.
    pub status: u16,
    /// The `status` of a JSON answer.
    pub json_status: Option<String>,
    /// Seconds from the container's start.
    pub seconds: f64,
    /// What the paths before it were answered with.
    pub before: Vec<Asked>,
    /// The environment that it was tried with.
    pub env: BTreeMap<String, String>,
}

/// The text of a `scenario.toml` for what `sketch` found.
pub fn proposed(sketch: &Sketch, proof: &Proof) -> String {
    let mut text = Text::default();
    text.comment("What loadline builds and measures here. docs/scenario-file.md of loadline has every key.");
    text.line("");
    text.pair("name", &sketch.scenario.name);
    match &sketch.language_of {
        Some(file) => text.comment(&format!("Groups tables, decides nothing. Read off {file}.")),
        None => text.comment("Groups tables, decides nothing. No file here tells: correct it."),
    }
    text.pair("language", &sketch.scenario.language.0);
    variants(&mut text, sketch);
    text.line("");
    smoke(&mut text, proof);
    text.0
}

fn variants(text: &mut Text, sketch: &Sketch) {
    let mut taken: Vec<String> = sketch.scenario.variants.iter().map(|variant| variant.name.clone()).collect();
    for (file, why) in &sketch.left_out {
        text.line("");
        text.comment(&format!("Left out: {file}: {why}"));
    }
    for (variant, details) in sketch.scenario.variants.iter().zip(&sketch.details) {
        let file = variant.dockerfile_in(&sketch.scenario.root).to_string_lossy().into_owned();
        text.line("");
        text.comment(&format!("{}, {}.", variant.kind.id(), stages(&details.stages)));
        text.line(&format!("[variants.{}]", variant.name));
        text.pair("dockerfile", &file);
        let others = details.stages.split_last().map_or(&[][..], |(_, others)| others);
        for stage in others.iter().flatten().take(MOST_STAGES) {
            let wanted = name::made_valid(&format!("{}-{stage}", variant.name)).unwrap_or_else(|| "stage".to_owned());
            let name = name::free(&wanted, |name| taken.iter().any(|other| other == name));
            text.line("");
            text.comment(&format!("The stage '{stage}' alone: take the # away to measure it too."));
            text.comment(&format!("[variants.{name}]"));
            text.comment(&format!("dockerfile = {}", quoted(&file)));
            text.comment(&format!("target = {}", quoted(stage)));
            taken.push(name);
        }
    }
}

fn stages(stages: &[Option<String>]) -> String {
    let names: Vec<&str> = stages.iter().map(|name| name.as_deref().unwrap_or("(no name)")).collect();
    match names.as_slice() {
        ["(no name)"] => "one stage".to_owned(),
        [name] => format!("one stage: {name}"),
        names => format!("{} stages: {}", names.len(), names.join(", ")),
    }
}

fn smoke(text: &mut Text, proof: &Proof) {
    match proof {
        Proof::Answered(good) => answered(text, good),
        Proof::Untried { why, port, path } => {
            text.comment(&format!("How to prove that the app works. Not tried: {why}."));
            text.comment("Correct port and path and take the # away; until then the numbers are unverified.");
            commented(text, *port, path.as_deref());
        }
        Proof::NoPort => {
            text.comment(
                "Nothing here announces a port (EXPOSE, HEALTHCHECK, ENV PORT). If the app listens on one, name it and take the # away:",
            );
            commented(text, None, None);
            text.comment("If it has none, such as a worker or a batch job, say so; its numbers are unverified on purpose then:");
            text.comment("[smoke]");
            text.comment("skip = \"a worker without a network interface\"");
        }
        Proof::Failed { why, port, asked, log } => failed(text, why, *port, asked, log),
    }
}

fn answered(text: &mut Text, good: &Good) {
    let Good { variant, path, status, .. } = good;
    let seconds = crate::units::seconds(good.seconds);
    text.comment(&format!("Tried with '{variant}': GET {path} was answered with {status} after {seconds}."));
    if !good.before.is_empty() {
        text.comment(&format!("Before it: {}.", list(&good.before)));
    }
    if !good.other_ports.is_empty() {
        let others: Vec<String> = good.other_ports.iter().map(u16::to_string).collect();
        text.comment(&format!("Announced too, and not asked: port {}.", others.join(", ")));
    }
    text.line("[smoke]");
    text.comment(&format!("From {}.", good.port_from));
    text.line(&format!("port = {}", good.port));
    text.pair("path", path);
    if *status != 200 {
        text.line(&format!("status = {status}"));
    }
    if let Some(status) = &good.json_status {
        text.line(&format!("json = {{ status = {} }}", quoted(status)));
    }
    if good.env.is_empty() {
        text.comment("env = { DATABASE_URL = \"…\" }   # what the container needs besides, if anything");
    } else {
        let pairs: Vec<String> = good.env.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
        text.line(&format!("env = {{ {} }}", pairs.join(", ")));
    }
}

fn failed(text: &mut Text, why: &str, port: Option<u16>, asked: &[Asked], log: &[String]) {
    text.comment(&format!("Tried, and it did not work: {why}."));
    if !asked.is_empty() {
        text.comment(&format!("Asked: {}.", list(asked)));
    }
    if !log.is_empty() {
        text.comment("Last lines:");
        for line in log {
            text.comment(&format!("  {line}"));
        }
    }
    text.comment("Correct what is missing and take the # away; until then the numbers are unverified.");
    commented(text, port, None);
    text.comment("env = { DATABASE_URL = \"…\" }   # what the container needs, if anything");
}

/// A check that is not there yet.
fn commented(text: &mut Text, port: Option<u16>, path: Option<&str>) {
    text.comment("[smoke]");
    text.comment(&format!("port = {}", port.unwrap_or(8080)));
    text.comment(&format!("path = {}", quoted(path.unwrap_or("/health"))));
}

/// `/health 404, /ready no connection`.
fn list(asked: &[Asked]) -> String {
    let one = |asked: &Asked| match &asked.answer {
        Ok(status) => format!("{} {status}", asked.path),
        Err(why) => format!("{} {why}", asked.path),
    };
    asked.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Text as TOML writes it, in one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)).expect("a String takes every write"),
            c => out.push(c),
        }
    }
    out + "\""
}

/// The file as it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.extend([line, "\n"]);
    }

    /// Texts of others may stand in a comment: nothing of them ends its line.
    fn comment(&mut self, words: &str) {
        const LONGEST: usize = 400;
        let clean: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
        self.line(format!("# {clean}").trim_end());
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }
}
