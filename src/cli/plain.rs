//! Text from outside made fit for a terminal.
//!
//! Names of steps and files, logs and answers are written by others: nothing of them may move a cursor, set a title or
//! clear a screen.

use crate::report;

/// `text` in one line, without control characters, and bounded.
pub(super) fn line(text: &str) -> String {
    report::one_line(text)
}

/// `text` in one line of at most `columns` characters; one that is longer ends in an ellipsis.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let mut line = line(text);
    if line.chars().count() > columns {
        let end = line.char_indices().nth(columns.saturating_sub(1)).map_or(0, |(at, _)| at);
        line.truncate(end);
        line.truncate(line.trim_end().len());
        line.push('…');
    }
    line
}

/// `text` with its line ends and colours (`ESC [ … m`), and without any other control character.
pub(super) fn paragraph(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = colour(rest);
        match c {
            _ if colour > 0 => kept.push_str(&rest[..colour]),
            '\n' => kept.push('\n'),
            '\t' => kept.push(' '),
            _ if c.is_control() || reorders(c) => {}
            _ => kept.push(c),
        }
        rest = &rest[colour.max(c.len_utf8())..];
    }
    kept
}

/// `text` without what the runner of a CI system takes for commands in a log: `::` that a line begins with, and `##[` and `##vso[`
/// anywhere in one. A blank takes the power from each.
pub(super) fn without_commands(text: &str) -> String {
    let tamed = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let line =
            if line[indent..].starts_with("::") { format!("{}: :{}", &line[..indent], &line[indent + 2..]) } else { line.to_owned() };
        line.replace("##[", "## [").replace("##vso[", "## vso[")
    };
    text.split('\n').map(tamed).collect::<Vec<_>>().join("\n")
}

/// Bytes of the colour sequence that `text` begins with, 0 where it begins with none (ECMA-48, SGR).
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\x1b[") else { return 0 };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(parameters.len());
    if parameters[end..].starts_with('m') { "\x1b[".len() + end + 1 } else { 0 }
}

/// Marks that change the direction of writing, so that a text looks like another.
const fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_fits_and_says_that_it_was_cut() {
        assert_eq!(fit("RUN a  \n && b", 40), "RUN a && b");
        assert_eq!(fit("RUN one two", 8), "RUN one…");
        assert_eq!(fit("RUN one two", 0), "…");
    }

    #[test]
    fn a_paragraph_keeps_lines_and_colours_alone() {
        assert_eq!(paragraph("\x1b[1;31merror\x1b[0m\n\tx\x07\x1b[2J\x1b]0;title\x07\u{202e}y"), "\x1b[1;31merror\x1b[0m\n x[2J]0;titley");
    }

    #[test]
    fn commands_of_ci_systems_lose_their_power_and_nothing_else() {
        let text = "  ::error::x\na::b ##[add-path]/tmp\n::::y\n##vso[task]\n## a [heading]\n";
        let tamed = "  : :error::x\na::b ## [add-path]/tmp\n: :::y\n## vso[task]\n## a [heading]\n";
        assert_eq!(without_commands(text), tamed);
    }

    proptest! {
        #[test]
        fn no_line_is_a_command(text in "([:# \n\u{a0}]|##|vso\\[|\\[|[a-z]){0,40}") {
            let tamed = without_commands(&text);
            prop_assert!(!tamed.contains("##[") && !tamed.contains("##vso["), "{tamed:?}");
            prop_assert!(tamed.split('\n').all(|line| !line.trim_start().starts_with("::")), "{tamed:?}");
        }

        #[test]
        fn no_text_moves_the_cursor(text in any::<String>(), columns in 0_usize..300) {
            let fitted = fit(&text, columns);
            prop_assert!(fitted.chars().count() <= columns.max(1) && !fitted.contains(char::is_control), "{fitted:?}");
            let kept = paragraph(&text);
            prop_assert!(kept.split("\x1b[").skip(1).all(|rest| rest.contains('m')), "{kept:?}");
            prop_assert!(kept.chars().all(|c| matches!(c, '\n' | '\x1b') || !c.is_control()), "{kept:?}");
        }
    }
}
