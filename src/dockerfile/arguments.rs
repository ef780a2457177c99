//! The build arguments that a Dockerfile declares.

use super::parse::{Dockerfile, Step, StepKind};

impl Dockerfile {
    /// The names that its `ARG`s declare, before the first stage and in all stages, as they are written.
    pub fn arguments(&self) -> Vec<String> {
        let steps = self.stages.iter().flat_map(|stage| stage.steps.iter().chain(&stage.triggers));
        self.globals.iter().map(|global| global.name.clone()).chain(steps.flat_map(declared)).collect()
    }
}

/// The names in `ARG A B=1`.
fn declared(step: &Step) -> Vec<String> {
    let mut words = step.text.split_ascii_whitespace();
    if step.kind != StepKind::Other || !words.next().is_some_and(|word| word.eq_ignore_ascii_case("ARG")) {
        return Vec::new();
    }
    words.map(|word| word.split_once('=').map_or(word, |(name, _)| name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_declared_before_the_first_stage_and_in_each() {
        let text = "ARG BASE=x\nFROM $BASE AS a\nARG ONE TWO=2\nRUN echo ARG THREE\nFROM a\nARG \\\n  FOUR\nONBUILD ARG FIVE\n";
        let arguments = Dockerfile::parse(text).expect("it is sound").arguments();
        assert_eq!(arguments, ["BASE", "ONE", "TWO", "FOUR", "FIVE"]);
    }
}
