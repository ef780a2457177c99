//! Workflow commands and outputs, read by the rules of GitHub's runner (`ActionCommand.cs`, `FileCommandManager.cs`).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use loadline::report::CiFormat;
use proptest::prelude::*;

use super::{count, is_wrong};
use crate::support::evaluations;

/// A command as the runner understands it.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    data: String,
}

/// One line of a log by the runner's rules: `None` where it is no command.
fn command(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (head, data) = rest.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let pairs = properties.trim().split(',').filter_map(|pair| pair.split_once('='));
    let properties = pairs.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.to_owned(), unescaped(value, true))).collect();
    Some(Command { name: name.to_owned(), properties, data: unescaped(data, false) })
}

fn unescaped(text: &str, property: bool) -> String {
    let text = text.replace("%0D", "\r").replace("%0A", "\n");
    let text = if property { text.replace("%3A", ":").replace("%2C", ",") } else { text };
    text.replace("%25", "%")
}

/// The file of outputs by the runner's rules.
fn outputs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let equals = line.find('=').unwrap_or(usize::MAX);
        let heredoc = line.find("<<").unwrap_or(usize::MAX);
        if line.is_empty() {
            continue;
        }
        match equals.cmp(&heredoc) {
            Ordering::Less => {
                found.insert(line[..equals].to_owned(), line[equals + 1..].to_owned());
            }
            Ordering::Greater => {
                let (name, end) = (&line[..heredoc], &line[heredoc + 2..]);
                let mut value = Vec::new();
                loop {
                    match lines.next() {
                        Some(line) if line == end => break,
                        Some(line) => value.push(line),
                        None => return Err(format!("{end} is missing")),
                    }
                }
                found.insert(name.to_owned(), value.join("\n"));
            }
            Ordering::Equal => return Err(format!("{line:?} is no output")),
        }
    }
    Ok(found)
}

#[test]
fn annotations_stand_at_the_budgets_lines_and_errors_come_first() {
    let text = CiFormat::Github.render(&evaluations::every_outcome(), None);
    let commands: Vec<Command> = text.lines().map(|line| command(line).unwrap_or_else(|| panic!("{line}"))).collect();
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names, ["error", "error", "error", "warning", "warning", "warning", "notice", "notice"]);
    assert_eq!(commands[0].properties["file"], "scenarios/go-api/scenario.toml");
    assert_eq!(commands[0].properties["line"], "41");
    assert!(commands[0].data.contains("layer +493.4 kB: multi.Dockerfile:7 COPY . ."), "{}", commands[0].data);
}

#[test]
fn outputs_hold_verdict_counts_and_problems() {
    let found = outputs(&CiFormat::GithubOutputs.render(&evaluations::every_outcome(), None)).expect("outputs");
    let of = |name: &str| found[name].as_str();
    assert_eq!((of("verdict"), of("failed"), of("passed"), of("loosened"), of("baseline")), ("incomplete", "1", "1", "1", "2026-11-29-1"));
    assert_eq!(of("problems").lines().count(), 4);
}

proptest! {
    #[test]
    fn no_name_gives_a_command_of_its_own(evaluation in evaluations::hostile(6)) {
        let text = CiFormat::Github.render(&evaluation, None);
        let commands: Vec<Command> = text.lines().filter_map(command).collect();
        // .NET ends a line at a carriage return, too.
        prop_assert!(!text.contains('\r'));
        prop_assert_eq!(commands.len(), text.lines().count());
        let known = |command: &Command| ["error", "warning", "notice"].contains(&command.name.as_str());
        prop_assert!(commands.iter().all(known), "{:?}", commands);
        let properties = ["file", "line", "title"];
        prop_assert!(commands.iter().all(|command| command.properties.keys().all(|key| properties.contains(&key.as_str()))), "{text}");
        let errors = commands.iter().filter(|command| command.name == "error").count();
        prop_assert_eq!(errors, evaluation.checks.iter().filter(|check| is_wrong(&check.outcome)).count());
    }

    #[test]
    fn no_name_sets_another_output(evaluation in evaluations::hostile(6)) {
        let text = CiFormat::GithubOutputs.render(&evaluation, None);
        let found = outputs(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(found.len(), 14, "{}", text);
        prop_assert_eq!(&found["failed"], &count(&evaluation, &["fail"]).to_string());
        prop_assert_eq!(found["verdict"] == "pass", evaluation.checks.iter().all(|check| !is_wrong(&check.outcome)) && count(&evaluation, &["pass", "undecided"]) > 0);
    }
}
