//! A Markdown page that never exceeds what its reader takes: it is cut between lines, closes what it opened, and says what it lacks.

use super::super::markdown::{escape, push};

/// Bytes kept free for the note on what is left out.
const NOTE: usize = 400;

/// A page of at most `limit` bytes.
pub(super) struct Page {
    text: String,
    limit: usize,
    /// Names of things with how many of them had no room, in order of the page.
    left_out: Vec<(&'static str, usize)>,
}

impl Page {
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), limit, left_out: Vec::new() }
    }

    /// Adds `text` if there is room for it; whether there was.
    pub(super) fn add(&mut self, text: &str) -> bool {
        self.add_before(text, 0)
    }

    /// Adds `text` if that leaves room for `close` more bytes.
    fn add_before(&mut self, text: &str, close: usize) -> bool {
        let fits = self.text.len() + text.len() + close + NOTE <= self.limit;
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    /// Adds `open`, as many `items` as there is room for, and `close`. What does not fit is counted as so many `noun`. Without items
    /// nothing is added.
    pub(super) fn section(&mut self, open: &str, items: impl IntoIterator<Item = String>, close: &str, noun: &'static str) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return;
        }
        if !self.add_before(open, close.len()) {
            return self.leave_out(noun, items.count());
        }
        let lost = loop {
            match items.next() {
                Some(item) if self.add_before(&item, close.len()) => {}
                Some(_) => break items.count() + 1,
                None => break 0,
            }
        };
        self.text.push_str(close);
        self.leave_out(noun, lost);
    }

    fn leave_out(&mut self, noun: &'static str, lost: usize) {
        match self.left_out.iter_mut().find(|(name, _)| *name == noun) {
            Some((_, count)) => *count += lost,
            None if lost > 0 => self.left_out.push((noun, lost)),
            None => {}
        }
    }

    /// The page, with a last line on what it lacks.
    pub(super) fn finish(mut self) -> String {
        if !self.left_out.is_empty() {
            let lost: Vec<String> = self.left_out.iter().map(|(noun, count)| format!("{count} {noun}")).collect();
            push(&mut self.text, &format!("Left out for want of room: {}. The report of the run has all of it.", lost.join(", ")));
        }
        self.text
    }
}

/// `text` in one line as plain text: nothing of it is markup, and nothing of it calls a person, an issue or a page when a forge shows it.
pub(super) fn plain(text: &str) -> String {
    let escaped = escape(text);
    // A space of no width after what forges look for.
    let cut = [("@", "@\u{200b}"), ("#", "#\u{200b}"), ("://", ":\u{200b}//"), ("www.", "www\u{200b}."), ("GH-", "GH\u{200b}-")];
    cut.iter().fold(escaped, |text, (found, harmless)| text.replace(found, harmless))
}

/// One row of a table from cells that are already Markdown.
pub(super) fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_too_long_closes_what_it_opened_and_says_what_it_lacks() {
        let mut page = Page::new(NOTE + 60);
        page.section("<details>\n", (0..1_000).map(|n| format!("{n:03}\n")), "</details>\n", "limits");
        page.section("## More\n", ["files\n".repeat(90)], "", "files");
        let text = page.finish();
        assert!(text.len() <= NOTE + 60, "{}", text.len());
        assert!(text.contains("\n</details>\nLeft out for want of room: 991 limits, 1 files."), "{text}");
    }

    #[test]
    fn no_name_calls_anybody() {
        assert_eq!(plain("@team #7 https://a.b"), "@\u{200b}team #\u{200b}7 https:\u{200b}//a.b");
    }
}
