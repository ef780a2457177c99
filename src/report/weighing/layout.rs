//! Columns of text without a grid, and paths made fit for a line.

use anstyle::Style;

use super::data::WastePlaceReport;
use crate::image::PlaceKind;
use crate::report::text::is_hostile;
use crate::units;

/// `text` in one line: whatever acts on a terminal is written as an escape, so that two paths never look alike.
pub(in crate::report) fn shown(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// A place of waste in one line: the path, and of a folder how many files it stands for.
pub(super) fn place_text(place: &WastePlaceReport) -> String {
    let path = shown(&place.path);
    let files = |noun| units::count(usize::try_from(place.files).unwrap_or(usize::MAX), noun);
    match place.what {
        PlaceKind::File => path,
        PlaceKind::Folder => format!("{path} ({})", files("file")),
        PlaceKind::Rest => format!("{path} ({})", files("other file")),
    }
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
pub(in crate::report) fn fit_path(text: &str, columns: usize) -> String {
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

/// A piece of a cell in one style.
pub(super) type Span = (String, Style);

/// Rows of cells under each other: numbers to the right, words to the left, two blanks between.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Whether each column holds numbers.
    numbers: Vec<bool>,
    rows: Vec<Vec<Vec<Span>>>,
}

impl Columns {
    pub(super) fn new(numbers: &[bool]) -> Self {
        Self { numbers: numbers.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of as many cells as there are columns.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.styled(Style::new(), cells);
    }

    /// Adds a row in one style.
    pub(super) fn styled(&mut self, style: Style, cells: impl IntoIterator<Item = String>) {
        self.spans(cells.into_iter().map(|cell| vec![(cell, style)]));
    }

    /// Adds a row of cells in several styles each.
    pub(super) fn spans(&mut self, cells: impl IntoIterator<Item = Vec<Span>>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The width of every column.
    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max().unwrap_or(0);
        (0..self.numbers.len()).map(width).collect()
    }

    /// The columns that stand before the last one, each with the blanks after it, for rows that begin after `indent` blanks.
    fn before_last(&self, indent: usize) -> usize {
        let widths = self.widths();
        indent + widths.iter().take(widths.len().saturating_sub(1)).map(|width| width + 2).sum::<usize>()
    }

    /// The rows as lines, each after `indent` blanks, with their styles if `color`. `last` makes the last cell fit the columns that
    /// are left of `width`; it may break it into several lines.
    pub(super) fn lines(&self, indent: usize, width: usize, color: bool, last: fn(&str, usize) -> String) -> Vec<String> {
        let widths = self.widths();
        let (before, left) = (self.before_last(indent), width.saturating_sub(self.before_last(indent)).max(12));
        let line = |row: &Vec<Vec<Span>>| {
            let mut line = " ".repeat(indent);
            let mut further = Vec::new();
            for (column, cell) in row.iter().enumerate() {
                let text: String = cell.iter().map(|(text, _)| text.as_str()).collect();
                let at_end = column + 1 == self.numbers.len();
                let fitted = if at_end { last(&text, left) } else { text };
                let mut parts = fitted.split('\n');
                let text = parts.next().unwrap_or_default();
                let rest = cell.last().map_or_else(Style::new, |(_, style)| *style);
                further.extend(parts.map(|part| " ".repeat(before) + &painted(part, &[(part.to_owned(), rest)], color)));
                let blanks = " ".repeat(widths[column].saturating_sub(text.chars().count()));
                let between = if column == 0 { "" } else { "  " };
                let (front, back) = if self.numbers[column] { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
                line.extend([between, front, &painted(text, cell, color), if at_end { "" } else { back }]);
            }
            line.truncate(line.trim_end().len());
            std::iter::once(line).chain(further)
        };
        self.rows.iter().flat_map(line).collect()
    }
}

fn length(cell: &[Span]) -> usize {
    cell.iter().map(|(text, _)| text.chars().count()).sum()
}

/// `text`, which is what was left of the text of `spans`, in their styles.
fn painted(text: &str, spans: &[Span], color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    let (mut painted, mut rest) = (String::new(), text.chars());
    let last = spans.len().saturating_sub(1);
    for (number, (span, style)) in spans.iter().enumerate() {
        let part: String = rest.by_ref().take(if number == last { usize::MAX } else { span.chars().count() }).collect();
        painted.push_str(&in_style(&part, *style));
    }
    painted
}

/// `text` in a style; text without one is left as it is.
pub(super) fn in_style(text: &str, style: Style) -> String {
    if text.is_empty() || style.is_plain() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_written_as_an_escape() {
        assert_eq!(shown("/a\x1b[2J\n\u{202e}b"), "/a\\u{1b}[2J\\n\\u{202e}b");
    }

    #[test]
    fn a_long_path_keeps_its_name() {
        assert_eq!(fit_path("/usr/lib/x86_64-linux-gnu/libicudata.so.76", 24), "/usr/li…libicudata.so.76");
        assert_eq!(fit("RUN one two", 8), "RUN one…");
    }

    #[test]
    fn styles_follow_the_text_that_is_left_and_take_no_room() {
        let bold = Style::new().bold();
        let mut columns = Columns::new(&[true, false]);
        columns.spans([vec![("7".to_owned(), bold)], vec![("line".to_owned(), bold), (" and much more of it".to_owned(), Style::new())]]);
        columns.row(["12".to_owned(), "x".to_owned()]);
        assert_eq!(columns.lines(1, 18, false, fit), ["  7  line and muc…", " 12  x"]);
        assert_eq!(columns.lines(1, 18, true, fit), [format!("  {bold}7{bold:#}  {bold}line{bold:#} and muc…"), " 12  x".to_owned()]);
        assert_eq!(columns.lines(1, 18, true, |_, _| "li".to_owned())[0], format!("  {bold}7{bold:#}  {bold}li{bold:#}"));
    }

    proptest! {
        #[test]
        fn what_is_fitted_is_never_too_wide(text in "\\PC{0,60}", columns in 1_usize..50) {
            prop_assert!(fit(&text, columns).chars().count() <= columns);
            prop_assert!(fit_path(&text, columns).chars().count() <= columns);
        }

        #[test]
        fn no_path_moves_the_cursor(path in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(!shown(&crate::image::path_text(&path)).contains(char::is_control));
        }
    }
}
