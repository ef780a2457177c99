//! The comparison as plain text for a terminal.

use super::growth::{Told, told};
use super::{HEADINGS, left_out, missing, shown, times_note, title, unjudged};
use crate::judge::Changes;
use crate::report::comparison::grid;
use crate::report::redefined::redefined;

/// The comparison for a terminal of `width` columns, ends with a line break: totals, the figures that changed (with `all` every one), what
/// changed in the images, and why figures could not be compared.
pub fn changes_terminal(changes: &Changes, all: bool, width: u16) -> String {
    let mut lines = title(changes).to_vec();
    lines.extend(missing(changes).into_iter().map(|line| format!("warning: {line}")));
    lines.extend(changes.redefined.iter().map(|found| format!("warning: {}", redefined(found))));
    let rows = shown(changes, all);
    if !rows.is_empty() {
        lines.push(grid(&HEADINGS, rows.into_iter().map(Vec::from), width));
    }
    lines.extend(left_out(changes, all));
    lines.extend(times_note(changes));
    for told in changes.variants.iter().filter_map(told) {
        lines.push(String::new());
        lines.extend(image(&told));
    }
    for (heading, conditions) in unjudged(changes) {
        lines.push(format!("\n{heading}:"));
        lines.extend(conditions.into_iter().map(|line| format!("  {line}")));
    }
    lines.join("\n") + "\n"
}

fn image(told: &Told) -> Vec<String> {
    let wide = told.rows.iter().map(|[_, bytes, _]| bytes.chars().count()).max().unwrap_or(0);
    let rows = told.rows.iter().map(|[kind, bytes, what]| format!("  {kind:<5}  {bytes:>wide$}  {what}"));
    let more = (told.more > 0).then(|| format!("  and {} more", told.more));
    [told.sentence.clone()].into_iter().chain(rows).chain(more).collect()
}
