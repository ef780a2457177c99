//! Columns of text without a grid, and paths made fit for a line.

use std::fmt::Write as _;

use crate::report::text::is_hostile;

/// A path from the root as text: a byte that is no UTF-8 is `\xff`. Not yet fit for a terminal.
pub(super) fn path_text(path: &[u8]) -> String {
    let mut text = String::from("/");
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a string takes any text");
        }
    }
    text
}

/// `text` in one line: whatever acts on a terminal is written as an escape, so that two paths never look alike.
pub(super) fn shown(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// `text` in at most `columns` characters; one that is longer ends in an ellipsis.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A path in at most `columns` characters; one that is longer loses its middle, since its name says the most.
pub(super) fn fit_path(text: &str, columns: usize) -> String {
    let count = text.chars().count();
    if count <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let (head, tail) = (room / 3, room - room / 3);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// Rows of cells under each other: numbers to the right, words to the left, two blanks between.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Whether each column holds numbers.
    numbers: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub(super) fn new(numbers: &[bool]) -> Self {
        Self { numbers: numbers.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of as many cells as there are columns.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The width of every column.
    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        (0..self.numbers.len()).map(width).collect()
    }

    /// The columns that stand before the last one, each with the blanks after it, for rows that begin after `indent` blanks.
    pub(super) fn before_last(&self, indent: usize) -> usize {
        let widths = self.widths();
        indent + widths.iter().take(widths.len().saturating_sub(1)).map(|width| width + 2).sum::<usize>()
    }

    /// The rows as lines, each after `indent` blanks. `last` makes the last cell fit the columns that are left of `width`; it may
    /// break it into several lines.
    pub(super) fn lines(&self, indent: usize, width: usize, last: fn(&str, usize) -> String) -> Vec<String> {
        let widths = self.widths();
        let left = width.saturating_sub(self.before_last(indent)).max(12);
        let line = |row: &Vec<String>| {
            let mut line = " ".repeat(indent);
            let mut further = Vec::new();
            for (column, cell) in row.iter().enumerate() {
                let fitted = if column + 1 == self.numbers.len() { last(cell, left) } else { cell.clone() };
                let mut parts = fitted.split('\n');
                let cell = parts.next().unwrap_or_default();
                further.extend(parts.map(|part| " ".repeat(self.before_last(indent)) + part));
                let blanks = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                let between = if column == 0 { "" } else { "  " };
                let (before, after) = if self.numbers[column] { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
                line.extend([between, before, cell, after]);
            }
            line.truncate(line.trim_end().len());
            std::iter::once(line).chain(further)
        };
        self.rows.iter().flat_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_of_any_bytes_is_text_that_tells_it_from_others() {
        assert_eq!(path_text(b"a/b"), "/a/b");
        assert_eq!(path_text(b"a\xff\xc3\xa4"), "/a\\xffä");
        assert_eq!(shown("/a\x1b[2J\n\u{202e}b"), "/a\\u{1b}[2J\\n\\u{202e}b");
    }

    #[test]
    fn a_long_path_keeps_its_name() {
        assert_eq!(fit_path("/usr/lib/x86_64-linux-gnu/libicudata.so.76", 24), "/usr/li…libicudata.so.76");
        assert_eq!(fit("RUN one two", 8), "RUN one…");
    }

    proptest! {
        #[test]
        fn what_is_fitted_is_never_too_wide(text in "\\PC{0,60}", columns in 1_usize..50) {
            prop_assert!(fit(&text, columns).chars().count() <= columns);
            prop_assert!(fit_path(&text, columns).chars().count() <= columns);
        }

        #[test]
        fn no_path_moves_the_cursor(path in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(!shown(&path_text(&path)).contains(char::is_control));
        }
    }
}
