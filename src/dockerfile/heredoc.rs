//! Logical lines and here-documents of a Dockerfile.
//!
//! [`mask`] hides here-documents from the instruction parser, which knows only some of their forms: the operators are
//! made harmless and the bodies are blanked. Invariants: the masked text has the length of the original and its line
//! feeds at the same offsets, so that every offset into one is an offset into the other.
//!
//! Which words are operators follows `frontend/dockerfile/parser` of `BuildKit`: a word of RUN, COPY or ADD (also below
//! ONBUILD) that is `<<` with optional digits before it and an optional dash after it, and whose delimiter is a single
//! word. Newer versions also take blanks between `<<` and the delimiter, older ones do not; here such a word counts
//! if, and only if, its closing line exists, because then no version could read the file in another way.

use super::parse::DockerfileError;

/// An instruction with its continuation lines joined.
pub(super) struct LogicalLine {
    /// Comment lines, empty lines and escape characters at line ends left out; indentation kept.
    pub(super) text: String,
    /// Offset of the first byte after the line.
    pub(super) end: usize,
}

/// Reads the logical line that starts at the offset `start` of `text`.
pub(super) fn logical_line(text: &str, start: usize, escape: char) -> LogicalLine {
    let mut joined = String::new();
    let mut end = start;
    for (index, raw) in text[start..].split_inclusive('\n').enumerate() {
        end += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let inner = line.trim_start();
        if index > 0 && (inner.is_empty() || inner.starts_with('#')) {
            continue;
        }
        let Some(kept) = line.trim_end_matches([' ', '\t']).strip_suffix(escape) else {
            joined.push_str(line);
            break;
        };
        joined.push_str(kept);
    }
    LogicalLine { text: joined, end }
}

/// A Dockerfile whose here-documents are hidden.
pub(super) struct Masked {
    /// As long as the original, line feeds at the same offsets.
    pub(super) text: String,
    /// Per logical line with here-documents: its end offset and the bodies in order.
    pub(super) bodies: Vec<(usize, Vec<String>)>,
}

/// Hides the here-documents of `text`.
pub(super) fn mask(text: &str, escape: char) -> Result<Masked, DockerfileError> {
    let mut bytes = text.as_bytes().to_vec();
    let mut bodies = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line_end = text[at..].find('\n').map_or(text.len(), |i| at + i + 1);
        let first = text[at..line_end].trim();
        if first.is_empty() || first.starts_with('#') {
            at = line_end;
            continue;
        }
        let line = logical_line(text, at, escape);
        let (start, end) = (at, line.end);
        at = line.end;
        if !takes_heredocs(&line.text) || !line.text.contains("<<") {
            continue;
        }
        let mut found = Vec::new();
        for operator in operators(&line.text) {
            match body_end(text, at, &operator) {
                Some((body, next)) => {
                    found.push(text[at..body].to_owned());
                    blank(&mut bytes[at..next]);
                    at = next;
                }
                None if operator.spaced => {}
                None => return Err(unterminated(text, start, &operator)),
            }
        }
        hide_operators(&mut bytes[start..end]);
        if !found.is_empty() {
            bodies.push((end, found));
        }
    }
    let text = String::from_utf8(bytes).expect("only whole lines and ASCII bytes are replaced, by ASCII bytes");
    Ok(Masked { text, bodies })
}

fn unterminated(text: &str, start: usize, operator: &Operator) -> DockerfileError {
    let message = format!("the here-document has no closing line; end it with a line that holds only {}", operator.delimiter);
    DockerfileError { line: line_of(text, start), message }
}

/// The line, from 1, of the byte at `offset`.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

fn takes_heredocs(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let mut word = words.next().unwrap_or_default();
    if word.eq_ignore_ascii_case("ONBUILD") {
        word = words.next().unwrap_or_default();
    }
    ["RUN", "COPY", "ADD"].iter().any(|i| word.eq_ignore_ascii_case(i))
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|b| **b != b'\n') {
        *byte = b' ';
    }
}

fn hide_operators(bytes: &mut [u8]) {
    let mut i = 0;
    while i + 1 < bytes.len() {
        if bytes[i] == b'<' && bytes[i + 1] == b'<' {
            bytes[i] = b'_';
            bytes[i + 1] = b'_';
            i += 1;
        }
        i += 1;
    }
}

/// How far the closing line of an operator with blanks is looked for, in bytes: most such words are shifts, and every
/// one of them costs a search.
const SPACED_WINDOW: usize = 64 << 10;

/// One `<<WORD`.
#[derive(Debug, PartialEq, Eq)]
struct Operator {
    /// What the closing line holds.
    delimiter: String,
    /// `<<-`: tabs before the closing line are ignored.
    dash: bool,
    /// Whether blanks stand between the operator and the delimiter.
    spaced: bool,
}

/// Where the body that starts at `at` ends, and where the line after its closing line starts.
fn body_end(text: &str, at: usize, operator: &Operator) -> Option<(usize, usize)> {
    let mut end = at;
    let window = if operator.spaced { text.floor_char_boundary(at + SPACED_WINDOW) } else { text.len() };
    for raw in text[at..window].split_inclusive('\n') {
        let line = raw.trim_end_matches(['\n', '\r']);
        let line = if operator.dash { line.trim_start_matches('\t') } else { line };
        if line == operator.delimiter {
            return Some((end, end + raw.len()));
        }
        end += raw.len();
    }
    None
}

fn operators(line: &str) -> Vec<Operator> {
    words(line).unwrap_or_default().iter().filter_map(|word| operator(word)).collect()
}

fn operator(word: &str) -> Option<Operator> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, dash) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let spaced = rest.starts_with(char::is_whitespace);
    let rest = rest.trim_start();
    if rest.contains('<') {
        return None;
    }
    let delimiter = unquote(rest);
    (!delimiter.is_empty()).then_some(Operator { delimiter, dash, spaced })
}

fn unquote(word: &str) -> String {
    let mut out = String::new();
    let mut chars = word.chars();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// Splits at blanks outside quotes and `${…}`; quotes and escapes stay. `None` when a quote or a brace is left open: the
/// builder then sees no here-document at all.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        word.push(c);
        match c {
            '\\' => word.extend(chars.next()),
            '\'' | '"' => until(&mut chars, c, c == '"', &mut word)?,
            '$' if chars.next_if_eq(&'{').is_some() => {
                word.push('{');
                until(&mut chars, '}', true, &mut word)?;
            }
            '<' if chars.next_if_eq(&'<').is_some() => {
                word.push('<');
                while let Some(blank) = chars.next_if(|c| c.is_whitespace()) {
                    word.push(blank);
                }
            }
            _ => {}
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    Some(words)
}

fn until(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, stop: char, escapes: bool, word: &mut String) -> Option<()> {
    loop {
        let c = chars.next()?;
        word.push(c);
        match c {
            '\\' if escapes => word.push(chars.next()?),
            c if c == stop => return Some(()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(text: &str) -> String {
        mask(text, '\\').expect("the text is well formed").text
    }

    #[test]
    fn a_body_is_blanked_and_its_operator_made_harmless() {
        assert_eq!(masked("RUN <<EOF\nFROM x\nEOF\nCMD y\n"), "RUN __EOF\n      \n   \nCMD y\n");
    }

    #[test]
    fn bodies_are_kept_in_order() {
        let masked = mask("RUN cat <<-\"ONE\" 3<<'TWO'\na\n\tONE\nb\nTWO\nCMD x", '\\').expect("well formed");
        assert_eq!(masked.bodies, [(26, vec!["a\n".to_owned(), "b\n".to_owned()])]);
    }

    #[test]
    fn what_is_no_operator_hides_nothing() {
        for line in ["echo \"<<EOF\"", "echo $((1<<2))", "echo $((1 << 2))", "cat <<<word", "cat<<EOF", "echo it's <<EOF"] {
            let text = format!("RUN {line}\nCMD x\n");
            assert!(mask(&text, '\\').expect("nothing is hidden").bodies.is_empty(), "{line}");
        }
    }

    #[test]
    fn blanks_after_the_operator_count_only_with_a_closing_line() {
        assert_eq!(mask("RUN cat << 'EOF'\nx\nEOF\n", '\\').expect("closed").bodies.len(), 1);
        assert_eq!(mask("RUN cat << EOF\nCMD x\n", '\\').expect("an ordinary line").bodies.len(), 0);
    }

    #[test]
    fn a_missing_closing_line_is_an_error_with_the_line_of_the_instruction() {
        let error = mask("FROM a\n\nRUN <<EOF\nx\n", '\\').err().expect("unterminated");
        assert_eq!(error.line, 3);
        assert!(error.message.contains("EOF"), "{error}");
    }

    #[test]
    fn the_body_starts_after_the_last_continuation_line() {
        let text = "RUN a && \\\n  # note\n  cat <<EOF > y\nbody\nEOF\n";
        assert_eq!(mask(text, '\\').expect("well formed").bodies[0].1, ["body\n"]);
    }

    #[test]
    fn the_escape_directive_decides_what_continues() {
        assert_eq!(logical_line("RUN a `\n b\nCMD", 0, '`').text, "RUN a  b");
        assert_eq!(logical_line("RUN a `\n b\nCMD", 0, '\\').text, "RUN a `");
    }

    #[test]
    fn a_continuation_skips_comments_and_empty_lines() {
        let line = logical_line("RUN a \\  \r\n  # note\r\n\r\n  b\r\nCMD", 0, '\\');
        assert_eq!((line.text.as_str(), line.end), ("RUN a   b", 28));
    }

    proptest! {
        #[test]
        fn the_mask_keeps_length_and_line_feeds(text in "(?s)(RUN |COPY |ONBUILD ADD |FROM |<<-?|EOF|'|\"|\\\\|`|#|\n|\r| |\t|é|x){0,60}", tick: bool) {
            if let Ok(masked) = mask(&text, if tick { '`' } else { '\\' }) {
                prop_assert_eq!(masked.text.len(), text.len());
                let feeds = |t: &str| t.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect::<Vec<_>>();
                prop_assert_eq!(feeds(&masked.text), feeds(&text));
            }
        }

        #[test]
        fn masking_any_text_ends(text in "\\PC*(\n\\PC*){0,5}") {
            let _ = mask(&text, '\\');
        }
    }
}
