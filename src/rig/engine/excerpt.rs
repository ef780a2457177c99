//! The lines of a failed step's output that say why it failed, and what helps when a host or a disk is at fault.
//!
//! A pure function of the lines. It knows how npm, pip, Maven, Go, apt and compilers write what matters; of output that it does
//! not know it takes the last lines.

mod hint;
mod line;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use line::Kind;

/// Most lines of an excerpt.
const MOST_LINES: usize = 12;
/// Of more causes than there is room for, so many of the last ones are kept: a summary, or the innermost exception.
const LAST_CAUSES: usize = 4;
/// Plain lines from the end that are added to causes, where there is room.
const LAST_PLAIN: usize = 3;
/// Longest line, in characters; the end of a longer one is cut off and marked.
const LONGEST_LINE: usize = 400;

/// What of a failed step's output is worth reading first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// At most 12, in the order of the output. Empty only where the output is.
    pub lines: Vec<String>,
    /// How many lines of the output are not among them.
    pub left_out: usize,
    /// What is at fault outside of the Dockerfile and what helps, one sentence fragment.
    pub hint: Option<String>,
}

/// Picks the lines of `output` that tell why the step failed.
pub(super) fn excerpt(output: &[&str]) -> Excerpt {
    let kinds = kinds(output);
    let mut chosen = causes(&kinds);
    continue_causes(output, &kinds, &mut chosen);
    add_last(&kinds, &mut chosen);
    if chosen.is_empty() {
        let first = output.len().saturating_sub(MOST_LINES);
        chosen.extend(first..output.len());
    }
    Excerpt {
        lines: chosen.iter().map(|&at| cut(output[at])).collect(),
        left_out: output.len() - chosen.len(),
        hint: hint::of(output, &chosen),
    }
}

/// The kind of every line. What repeats an earlier line is noise.
fn kinds(output: &[&str]) -> Vec<Kind> {
    let mut seen = BTreeSet::new();
    let mut traced = false;
    let mut kinds = Vec::with_capacity(output.len());
    for text in output {
        let kind = line::kind(text, traced);
        traced = line::belongs_to_trace(text, traced);
        kinds.push(if kind == Kind::Noise || seen.insert(line::without_numbers(text)) { kind } else { Kind::Noise });
    }
    kinds
}

/// Lines that name a cause: the first ones, since later errors follow from them, and the last ones.
fn causes(kinds: &[Kind]) -> BTreeSet<usize> {
    let strongest = |wanted: Kind| (0..kinds.len()).filter(move |&at| kinds[at] == wanted);
    let mut all: Vec<usize> = strongest(Kind::Cause).collect();
    if all.len() > MOST_LINES {
        all.drain(MOST_LINES - LAST_CAUSES..all.len() - LAST_CAUSES);
    }
    let room = MOST_LINES - all.len();
    all.into_iter().chain(strongest(Kind::Symptom).take(room)).collect()
}

/// Adds what a tool indents below a cause, such as apt's reason, and the source line that a compiler shows.
fn continue_causes(output: &[&str], kinds: &[Kind], chosen: &mut BTreeSet<usize>) {
    for at in 1..kinds.len() {
        let shown = kinds[at] == Kind::Indented || (kinds[at] == Kind::Plain && output[at - 1].contains(": error: "));
        if chosen.len() < MOST_LINES && shown && chosen.contains(&(at - 1)) {
            chosen.insert(at);
        }
    }
}

/// Adds the last plain lines: few to causes, as many as fit where none is known.
fn add_last(kinds: &[Kind], chosen: &mut BTreeSet<usize>) {
    let room = if chosen.is_empty() { MOST_LINES } else { LAST_PLAIN.min(MOST_LINES - chosen.len()) };
    let plain = (0..kinds.len()).rev().filter(|&at| matches!(kinds[at], Kind::Plain | Kind::Indented) && !chosen.contains(&at));
    let last: Vec<usize> = plain.take(room).collect();
    chosen.extend(last);
}

fn cut(text: &str) -> String {
    let text = text.trim_end();
    match text.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
