//! The report as plain text for a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table as Grid};

use super::bounds::bounds;
use super::builds::builds;
use super::data::{OverheadReport, ReportData, ScenarioReport};
use super::downloads::downloads;
use super::notes::{headlines, interval_note, remarks};
use super::overview::{overview, overview_note};
use super::table::{Table, sizes, times};
use super::text::one_line;
use super::updates::{sentences, updates};
use crate::units;

/// The width below which tables would have a letter a line.
const NARROWEST: u16 = 40;

/// The report for a terminal of `width` columns, with ANSI colours if `color`. Tables that are too wide lose the columns
/// that matter least, then wrap. Ends with a line break.
pub fn terminal(data: &ReportData, width: u16, color: bool) -> String {
    let mut page = Page { text: String::new(), width: width.max(NARROWEST), color };
    match data.scenarios.as_slice() {
        [] => page.line("The run planned no variant."),
        [only] => page.scenario(data, only),
        several => page.scenarios(data, several),
    }
    page.overhead(&data.overhead);
    if let Some(noise) = &data.noise {
        page.line(&format!("Noise of the machine: {}", noise.line));
    }
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
        self.title(data, &format!("{} ({})", one_line(&scenario.name), one_line(&scenario.language)));
        self.tables(data, std::slice::from_ref(scenario));
        for line in headlines(scenario).into_iter().chain(bounds(&data.run, scenario)).chain(sentences(scenario)) {
            self.line(&line);
        }
        for (variant, remark) in remarks(scenario) {
            self.remark(&variant, &remark);
        }
        self.line("");
    }

    /// One table for all scenarios, so that columns can be read down; a run of many has few tables.
    fn scenarios(&mut self, data: &ReportData, scenarios: &[ScenarioReport]) {
        self.title(data, &units::count(scenarios.len(), "scenario"));
        if let Some(table) = overview(scenarios) {
            let grid = self.grid(&table);
            self.line(&grid);
        }
        if let Some(note) = overview_note(scenarios) {
            self.line(&note);
        }
        self.line("");
        self.tables(data, scenarios);
        for scenario in scenarios {
            for line in bounds(&data.run, scenario) {
                self.line(&format!("{} {line}", one_line(&scenario.name)));
            }
            for (variant, remark) in remarks(scenario) {
                self.remark(&format!("{} {variant}", one_line(&scenario.name)), &remark);
            }
        }
        self.line("");
    }

    fn title(&mut self, data: &ReportData, title: &str) {
        let run = &data.run;
        let title = self.styled(title, Style::new().bold());
        let about = format!("{} bases · {} · {}, {} · run {}", run.base_set, run.platform, run.engine, run.store, run.id);
        self.line(&format!("{title}\n{}", one_line(&about)));
    }

    fn tables(&mut self, data: &ReportData, scenarios: &[ScenarioReport]) {
        for table in [sizes(scenarios), times(&data.run, scenarios)] {
            let grid = self.grid(&table);
            self.line(&grid);
        }
        if let Some(note) = interval_note(scenarios) {
            self.line(&note);
        }
        for sentence in data.run.effort() {
            self.line(&sentence);
        }
        if let Some(table) = builds(scenarios) {
            let grid = self.grid(&table);
            self.line(&grid);
        }
        if let Some(table) = downloads(scenarios) {
            let grid = self.grid(&table);
            self.line(&grid);
        }
        if let Some(table) = updates(scenarios) {
            let grid = self.grid(&table);
            self.line(&grid);
        }
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

    /// The table as it fits the width: without spare columns where that is enough, wrapped where it is not.
    fn grid(&self, table: &Table) -> String {
        let mut table = table.clone();
        loop {
            let natural = grid_of(&table, ContentArrangement::Disabled, self.width).to_string();
            let fits = fits(&natural, self.width);
            match table.without_spare() {
                Some(narrower) if !fits => table = narrower,
                _ if fits => return natural,
                _ => return self.wrapped(&table),
            }
        }
    }

    /// Words wrap before numbers do: a number over two lines is misread.
    fn wrapped(&self, table: &Table) -> String {
        let mut grid = grid_of(table, ContentArrangement::Dynamic, self.width);
        for (index, _) in table.columns.iter().enumerate().filter(|(_, c)| c.number) {
            if let Some(column) = grid.column_mut(index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let kept = grid.to_string();
        if fits(&kept, self.width) { kept } else { grid_of(table, ContentArrangement::Dynamic, self.width).to_string() }
    }
}

fn fits(grid: &str, width: u16) -> bool {
    grid.lines().all(|l| l.chars().count() <= usize::from(width))
}

fn grid_of(table: &Table, arrangement: ContentArrangement, width: u16) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(arrangement).set_width(width);
    grid.set_header(table.columns.iter().map(|c| broken(&c.heading)));
    grid.add_rows(&table.rows);
    for (index, column) in table.columns.iter().enumerate() {
        if let Some(target) = grid.column_mut(index).filter(|_| column.number) {
            target.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid
}

/// A long heading in two lines, a very long one in three, as narrow as that lets it be: columns of numbers are narrow.
fn broken(heading: &str) -> String {
    let length = heading.chars().count();
    let lines = if length > 20 { 3 } else { 1 + usize::from(length > 12) };
    let narrowest = (length.div_ceil(lines)..length).map(|width| filled(heading, width)).find(|text| text.lines().count() <= lines);
    narrowest.unwrap_or_else(|| heading.to_owned())
}

/// `text` broken between words so that no line is wider than `width`, as far as its words are not.
pub(super) fn filled(text: &str, width: usize) -> String {
    let mut filled = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        let fits = used > 0 && used + 1 + length <= width;
        filled.push_str(if used == 0 {
            ""
        } else if fits {
            " "
        } else {
            "\n"
        });
        filled.push_str(word);
        used = if fits { used + 1 + length } else { length };
    }
    filled
}
