//! The variables that a Dockerfile names: build arguments that it declares, and what it sets for its steps.

use super::heredoc::words;
use super::parse::{Dockerfile, Step, StepKind};

/// A variable and where it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// As it is written.
    pub name: String,
    /// By which instruction.
    pub by: NamedBy,
    /// First line of the instruction, from 1.
    pub line: usize,
}

/// The instruction that names a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// `ARG` declares it.
    Arg,
    /// `ENV` sets it.
    Env,
}

impl Dockerfile {
    /// The variables that `ARG` and `ENV` name, before the first stage and in all stages with their `ONBUILD` triggers.
    pub fn variables(&self) -> Vec<Variable> {
        let globals = self.globals.iter().map(|arg| Variable { name: arg.name.clone(), by: NamedBy::Arg, line: arg.line });
        let steps = self.stages.iter().flat_map(|stage| stage.steps.iter().chain(&stage.triggers));
        globals.chain(steps.flat_map(named)).collect()
    }
}

/// Those of one instruction: `ARG A B=1`, `ENV A=1 B="2 3"`, and `ENV A the rest` of old.
fn named(step: &Step) -> Vec<Variable> {
    let (instruction, rest) = step.text.trim_start().split_once(char::is_whitespace).unwrap_or_default();
    let by = match instruction {
        _ if step.kind != StepKind::Other => return Vec::new(),
        arg if arg.eq_ignore_ascii_case("ARG") => NamedBy::Arg,
        env if env.eq_ignore_ascii_case("ENV") => NamedBy::Env,
        _ => return Vec::new(),
    };
    // Where a quote is left open, blanks part words all the same.
    let mut words = words(rest).unwrap_or_else(|| rest.split_whitespace().map(str::to_owned).collect());
    if by == NamedBy::Env && words.first().is_some_and(|first| !first.contains('=')) {
        words.truncate(1);
    }
    let name = |word: &String| word.split('=').next().unwrap_or_default().trim_matches(['"', '\'']).to_owned();
    words.iter().map(|word| Variable { name: name(word), by, line: step.line }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str, by: NamedBy) -> Vec<(String, usize)> {
        let all = Dockerfile::parse(text).expect("it is sound").variables();
        all.into_iter().filter(|variable| variable.by == by).map(|variable| (variable.name, variable.line)).collect()
    }

    fn at(named: &[(&str, usize)]) -> Vec<(String, usize)> {
        named.iter().map(|(name, line)| ((*name).to_owned(), *line)).collect()
    }

    #[test]
    fn arguments_are_declared_before_the_first_stage_and_in_each() {
        let text = "ARG BASE=x\nFROM $BASE AS a\nARG ONE TWO=2\nRUN echo ARG THREE\nFROM a\nARG \\\n  FOUR\nONBUILD ARG FIVE\n";
        assert_eq!(variables(text, NamedBy::Arg), at(&[("BASE", 1), ("ONE", 3), ("TWO", 3), ("FOUR", 6), ("FIVE", 8)]));
    }

    #[test]
    fn what_is_set_for_steps_is_told_from_the_words_of_a_value() {
        let text = "FROM x\nENV ONE=1 TWO=\"a THREE=3\" \\\n  FOUR=it\\ is\nENV FIVE six SEVEN=7\nRUN env EIGHT=8\nONBUILD ENV 'NINE'=9\n";
        assert_eq!(variables(text, NamedBy::Env), at(&[("ONE", 2), ("TWO", 2), ("FOUR", 2), ("FIVE", 4), ("NINE", 6)]));
    }
}
