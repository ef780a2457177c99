//! The comparison as GitHub-flavoured Markdown for a comment on a change.

use super::growth::told;
use super::{HEADINGS, left_out, missing, shown, times_note, title, unjudged};
use crate::judge::Changes;
use crate::report::markdown::{escape, push, rows};
use crate::report::redefined::redefined;

/// The comparison as Markdown: totals, the figures that changed (with `all` every one), what changed in the images, folded away why figures
/// could not be compared.
pub fn changes_markdown(changes: &Changes, all: bool) -> String {
    let mut page = String::new();
    let [what, totals] = title(changes);
    push(&mut page, &format!("### {}\n\n**{}**\n", escape(&what), escape(&totals)));
    for lack in missing(changes) {
        push(&mut page, &format!("> **Warning**: {}\n", escape(&lack)));
    }
    for found in &changes.redefined {
        push(&mut page, &format!("> **Warning**: {}\n", escape(&redefined(found))));
    }
    let cells = |row: [String; 5]| row.iter().map(|cell| escape(cell)).collect();
    let found = shown(changes, all);
    if !found.is_empty() {
        push(&mut page, &rows(&HEADINGS.map(str::to_owned), &[false, true, true, true, false], found.into_iter().map(cells)));
    }
    for line in left_out(changes, all).into_iter().chain(times_note(changes)) {
        push(&mut page, &format!("{}\n", escape(&line)));
    }
    for told in changes.variants.iter().filter_map(told) {
        push(&mut page, &format!("#### {}\n", escape(&told.sentence)));
        let headings = ["", "bytes", "what"].map(str::to_owned);
        push(&mut page, &rows(&headings, &[false, true, false], told.rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect())));
        if told.more > 0 {
            push(&mut page, &format!("and {} more\n", told.more));
        }
    }
    for (heading, conditions) in unjudged(changes) {
        let lines: Vec<String> = conditions.iter().map(|line| format!("- {}", escape(line))).collect();
        push(&mut page, &format!("<details><summary>{heading}</summary>\n\n{}\n\n</details>", lines.join("\n")));
    }
    page
}
