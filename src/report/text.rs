//! Text from outside made fit for one line.

/// The longest message that a table or a list takes; all of it is in the record and the log.
const LONGEST: usize = 600;

/// `text` in one line: control characters and characters that change the direction of writing become spaces, runs of
/// white space become one, and a long text ends in an ellipsis. A hostile name can neither move a terminal's cursor nor
/// break a table's row.
pub(crate) fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_hostile(c) { ' ' } else { c }).collect();
    let mut line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// Whether `c` acts on a terminal or a page instead of showing: control characters, also those above ASCII, which some
/// terminals obey, marks that change the direction of writing, and what no text may hold.
pub(super) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_line_breaks_lose_their_power() {
        assert_eq!(one_line("a\x1b[2Jb\r\n  c\u{202e}d"), "a [2Jb c d");
    }

    #[test]
    fn a_long_message_ends_in_an_ellipsis() {
        let line = one_line(&"ü".repeat(5_000));
        assert_eq!(line.chars().count(), LONGEST + 1);
        assert!(line.ends_with('…'));
    }
}
