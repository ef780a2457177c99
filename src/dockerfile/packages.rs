//! Which package managers the RUN steps of a build call.
//!
//! A step is read as shell text: a call counts where a command can stand, not where a name is an argument, so
//! `rm -rf /var/cache/apk` calls nothing. Text that is quoted for an inner shell (`sh -c '…'`) is read as shell text too.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::parse::{Dockerfile, DockerfileError, Step, StepKind};

/// A program that installs packages into an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageManager {
    /// Alpine.
    Apk,
    /// The minimal images of Fedora and its kin.
    Microdnf,
    /// Older Fedora and its kin.
    Yum,
    /// Fedora and its kin.
    Dnf,
    /// Debian and Ubuntu, in scripts.
    AptGet,
    /// Debian and Ubuntu, by hand.
    Apt,
}

impl PackageManager {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Apk, Self::Microdnf, Self::Yum, Self::Dnf, Self::AptGet, Self::Apt];

    /// The name of the program.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Microdnf => "microdnf",
            Self::Yum => "yum",
            Self::Dnf => "dnf",
            Self::AptGet => "apt-get",
            Self::Apt => "apt",
        }
    }

    fn of(word: &str) -> Option<Self> {
        let name = match word.rsplit_once('/') {
            Some((folder, name)) if folder.starts_with('/') || folder.is_empty() => name,
            Some(_) => return None,
            None => word,
        };
        Self::ALL.into_iter().find(|m| m.command() == name)
    }
}

/// A package manager that a build calls on top of an image from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageManagerCall {
    /// The image, as [`Dockerfile::bases`] writes it.
    pub base: String,
    /// What is called.
    pub manager: PackageManager,
    /// Line of the first RUN that calls it.
    pub line: usize,
}

impl Dockerfile {
    /// The package managers that the RUN steps needed for `target` call, per image on which their stage stands (through
    /// any number of stages); each pair once, in order of first use.
    pub fn package_managers(
        &self,
        target: Option<&str>,
        build_args: &BTreeMap<String, String>,
    ) -> Result<Vec<PackageManagerCall>, DockerfileError> {
        let graph = Graph::new(self, build_args)?;
        let mut roots = graph.roots();
        let mut calls = Vec::new();
        let mut seen = BTreeSet::new();
        for stage in graph.needed(target)? {
            let Some(base) = std::mem::replace(&mut roots[stage], Ok(None))? else { continue };
            for step in graph.steps(stage).filter(|s| s.kind == StepKind::Run) {
                for manager in managers(step) {
                    if seen.insert((base, manager)) {
                        calls.push(PackageManagerCall { base: base.to_owned(), manager, line: step.line });
                    }
                }
            }
        }
        Ok(calls)
    }
}

fn managers(step: &Step) -> Vec<PackageManager> {
    let mut found = Vec::new();
    let command = without_flags(&step.text);
    match serde_json::from_str::<Vec<String>>(command) {
        Ok(words) => exec_form(&words, &mut found),
        Err(_) => shell_text(command, 0, &mut found),
    }
    for body in &step.heredocs {
        shell_text(body, 0, &mut found);
    }
    found
}

/// The text after `RUN` and its `--flags`.
fn without_flags(text: &str) -> &str {
    let mut rest = text.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    while rest.starts_with("--") {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    rest.trim_end()
}

fn exec_form(words: &[String], found: &mut Vec<PackageManager>) {
    let Some(program) = words.first() else { return };
    found.extend(PackageManager::of(program));
    for pair in words.windows(2).filter(|pair| is_command_flag(&pair[0])) {
        shell_text(&pair[1], 0, found);
    }
}

/// `-c`, `-lc`, `-exc`: what follows is shell text.
fn is_command_flag(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| flags.ends_with('c') && flags.len() <= 5 && flags.chars().all(|c| c.is_ascii_alphabetic()))
}

/// How many shells within shells are looked into.
const DEPTH: usize = 4;

fn shell_text(text: &str, depth: usize, found: &mut Vec<PackageManager>) {
    let mut at_command = true;
    let mut after_flag = false;
    for token in tokens(text) {
        match token {
            Token::Break => (at_command, after_flag) = (true, false),
            Token::Word(word) => {
                if after_flag && depth < DEPTH {
                    shell_text(&word, depth + 1, found);
                }
                after_flag = is_command_flag(&word);
                if at_command {
                    found.extend(PackageManager::of(&word));
                    at_command = leads_to_command(&word);
                }
            }
        }
    }
}

/// Words after which a command can stand: shell keywords, programs that run another one, their flags, assignments.
fn leads_to_command(word: &str) -> bool {
    const WORDS: [&str; 20] = [
        "if", "then", "else", "elif", "while", "until", "do", "!", "{", "time", "exec", "command", "eval", "env", "sudo", "nice", "nohup",
        "xargs", "timeout", "builtin",
    ];
    let assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit())
    });
    assignment || WORDS.contains(&word) || word.starts_with('-') || word.starts_with(|c: char| c.is_ascii_digit())
}

enum Token {
    Word(String),
    /// `;`, `&`, `|`, a line feed, a parenthesis or a back-quote: a command can stand after it.
    Break,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    let mut comment = false;
    while let Some(c) = chars.next() {
        if comment && c != '\n' {
            continue;
        }
        comment = false;
        match c {
            '\\' => word.extend(chars.next().filter(|c| *c != '\n')),
            '\'' => word.extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => double_quoted(&mut chars, &mut word),
            '#' if word.is_empty() => comment = true,
            ';' | '&' | '|' | '\n' | '(' | ')' | '`' => {
                end(&mut word, &mut tokens);
                tokens.push(Token::Break);
            }
            c if c.is_whitespace() => end(&mut word, &mut tokens),
            c => word.push(c),
        }
    }
    end(&mut word, &mut tokens);
    tokens
}

fn double_quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) {
    while let Some(c) = chars.next() {
        match c {
            '"' => return,
            '\\' => word.extend(chars.next()),
            c => word.push(c),
        }
    }
}

fn end(word: &mut String, tokens: &mut Vec<Token>) {
    if !word.is_empty() {
        tokens.push(Token::Word(std::mem::take(word)));
    }
}

#[cfg(test)]
mod tests {
    use super::PackageManager::*;
    use super::*;
    use proptest::prelude::*;

    fn in_run(command: &str) -> Vec<PackageManager> {
        let file = Dockerfile::parse(&format!("FROM a\nRUN {command}\n")).expect("a RUN is well formed");
        file.package_managers(None, &BTreeMap::new()).expect("the base resolves").into_iter().map(|c| c.manager).collect()
    }

    #[test]
    fn calls_are_found_where_a_command_can_stand() {
        for (command, want) in [
            ("apk add curl", vec![Apk]),
            ("set -eux; apt-get update && apt-get install -y x", vec![AptGet]),
            ("--mount=type=cache,target=/var/cache/apt --network=host apt install x", vec![Apt]),
            ("DEBIAN_FRONTEND=noninteractive /usr/bin/apt-get -y install x", vec![AptGet]),
            ("if ! command -v x; then microdnf install x; fi", vec![Microdnf]),
            ("[\"yum\", \"install\"]", vec![Yum]),
            ("[\"/bin/sh\", \"-c\", \"true && dnf -y install x\"]", vec![Dnf]),
            ("bash -exc 'cd / && apk add x'", vec![Apk]),
            ("x=$(apk info) || true", vec![Apk]),
            ("true \\\n  && apk add x", vec![Apk]),
            ("<<EOF\nset -e\napk add x\nEOF", vec![Apk]),
            ("apk add x && (cd /; apt-get update)", vec![Apk, AptGet]),
        ] {
            assert_eq!(in_run(command), want, "{command}");
        }
    }

    #[test]
    fn names_that_are_arguments_are_no_calls() {
        for command in ["rm -rf /var/cache/apk", "echo apk add", "ls /etc/apt", "cat x # ; apk add", "./tools/apk add", "go build apk"] {
            assert_eq!(in_run(command), [], "{command}");
        }
    }

    #[test]
    fn a_call_belongs_to_the_image_below_its_stages() {
        let text = "FROM alpine:3 AS one\nFROM one AS two\nRUN apk add x\nFROM debian\nRUN apt-get update\nCOPY --from=two / /\n";
        let calls = Dockerfile::parse(text).expect("well formed").package_managers(None, &BTreeMap::new()).expect("resolves");
        let found: Vec<_> = calls.iter().map(|c| (c.base.as_str(), c.manager, c.line)).collect();
        assert_eq!(found, [("alpine:3", Apk, 3), ("debian", AptGet, 5)]);
    }

    #[test]
    fn stages_that_the_target_does_not_need_call_nothing() {
        let text = "FROM alpine AS unused\nRUN apk add x\nFROM debian\n";
        let calls = Dockerfile::parse(text).expect("well formed").package_managers(None, &BTreeMap::new()).expect("resolves");
        assert_eq!(calls, []);
    }

    proptest! {
        #[test]
        fn reading_any_shell_text_ends(text in "(?s)([a-z -]|'|\"|\\\\|;|&&|\\(|`|#|\n|-c |\\PC){0,80}") {
            shell_text(&text, 0, &mut Vec::new());
        }
    }
}
