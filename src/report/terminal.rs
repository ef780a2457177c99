//! The report as plain text for a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table as Grid};

use super::data::{OverheadReport, ReportData, ScenarioReport};
use super::table::{Table, headlines, interval_note, remarks, sizes, times};
use super::text::one_line;
use crate::units;

/// The width below which tables would have a letter a line.
const NARROWEST: u16 = 40;

/// The report for a terminal of `width` columns, with ANSI colours if `color`. Tables that are too wide lose the columns
/// that matter least, then wrap. Ends with a line break.
pub fn terminal(data: &ReportData, width: u16, color: bool) -> String {
    let mut page = Page { text: String::new(), width: width.max(NARROWEST), color };
    for scenario in &data.scenarios {
        page.scenario(data, scenario);
    }
    if data.scenarios.is_empty() {
        page.line("The run planned no variant.");
    }
    page.overhead(&data.overhead);
    for warning in &data.warnings {
        page.remark("warning", &one_line(warning));
    }
    page.text
}

struct Page {
    text: String,
    width: u16,
    color: bool,
}

impl Page {
    fn scenario(&mut self, data: &ReportData, scenario: &ScenarioReport) {
        let run = &data.run;
        let title = format!("{} ({})", one_line(&scenario.name), one_line(&scenario.language));
        let title = self.styled(&title, Style::new().bold());
        let about = format!("{} bases · {} · {}, {} · run {}", run.base_set, run.platform, run.engine, run.store, run.id);
        self.line(&format!("{title}\n{}", one_line(&about)));
        for table in [sizes(scenario), times(scenario)] {
            let grid = self.grid(&table);
            self.line(&grid);
        }
        for note in interval_note(scenario).into_iter().chain(headlines(scenario)) {
            self.line(&note);
        }
        for (variant, remark) in remarks(scenario) {
            self.remark(&variant, &remark);
        }
        self.line("");
    }

    fn overhead(&mut self, overhead: &OverheadReport) {
        let share = overhead.share.map(|s| format!(" ({:.1} % of the wall time without bases)", s * 100.0)).unwrap_or_default();
        let text = format!(
            "Wall time {}: measured {}, bases {}, overhead {}{share}",
            units::seconds(overhead.wall),
            units::seconds(overhead.measured),
            units::seconds(overhead.bases),
            units::seconds(overhead.overhead),
        );
        self.line(&text);
    }

    fn remark(&mut self, subject: &str, text: &str) {
        let subject = self.styled(subject, AnsiColor::Yellow.on_default().bold());
        self.line(&format!("{subject}: {text}"));
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The table as it fits the width: without optional columns where that is enough, wrapped where it is not.
    fn grid(&self, table: &Table) -> String {
        let mut table = table.clone();
        loop {
            let natural = grid(&table, ContentArrangement::Disabled, self.width);
            let fits = natural.lines().all(|l| l.chars().count() <= usize::from(self.width));
            match table.without_optional() {
                Some(narrower) if !fits => table = narrower,
                _ if fits => return natural,
                _ => return grid(&table, ContentArrangement::Dynamic, self.width),
            }
        }
    }
}

fn grid(table: &Table, arrangement: ContentArrangement, width: u16) -> String {
    let mut grid = Grid::new();
    grid.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(arrangement).set_width(width);
    grid.set_header(table.columns.iter().map(|c| two_lines(&c.heading)));
    grid.add_rows(&table.rows);
    for (index, column) in table.columns.iter().enumerate() {
        if let Some(target) = grid.column_mut(index).filter(|_| column.number) {
            target.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid.to_string()
}

/// A long heading broken at the space nearest its middle: columns of numbers are narrow.
fn two_lines(heading: &str) -> String {
    let middle = heading.len() / 2;
    let space = heading.char_indices().filter(|(_, c)| *c == ' ').min_by_key(|(at, _)| at.abs_diff(middle));
    match space {
        Some((at, _)) if heading.len() > 12 => format!("{}\n{}", &heading[..at], &heading[at + 1..]),
        _ => heading.to_owned(),
    }
}
