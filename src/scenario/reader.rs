//! Walking a TOML tree by tables of known keys, so that every problem of a file is found in one go.
//!
//! A table of the format is a slice of [`Key`]s and a draft they fill. New keys are new entries: nothing else knows them,
//! and the check for unknown keys, the suggestions, the missing-key problems and the list of all keys follow.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::{Place, Problem, Problems};
use super::source::SourceFile;
use super::suggest;

/// A file with more problems than this is of another kind; the rest is counted, not shown.
const MOST_PROBLEMS: usize = 50;

/// One key of a table: how it is written, whether it must be there, and what reads it into the draft `D`.
pub(super) struct Key<D: 'static> {
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// A line that a user can copy.
    pub(super) example: &'static str,
    pub(super) read: fn(&mut D, &mut Reader<'_>, &Item<'_>),
}

/// A value with the key it belongs to.
pub(super) struct Item<'a> {
    /// The key as it was written.
    pub(super) name: &'a str,
    /// All keys from the root, as a user reads them: `variants.multi.target`.
    pub(super) path: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: &'a Spanned<DeValue<'a>>,
    /// A line that would do; empty where there is none.
    pub(super) example: &'static str,
}

/// A text of the file and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl Written {
    /// The value as a text; says what is wrong where it is none.
    pub(super) fn read(reader: &mut Reader<'_>, item: &Item<'_>) -> Option<Self> {
        reader.text(item).map(|text| Self { text: text.to_owned(), span: item.span() })
    }
}

impl<'a> Item<'a> {
    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// The entries of `table` in the order of the file.
    pub(super) fn entries(table: &'a DeTable<'a>, parent: &str) -> Vec<Self> {
        let mut items: Vec<Self> = table
            .iter()
            .map(|(key, value)| {
                let name = key.get_ref().as_ref();
                let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
                Item { name, path, key_span: key.span(), value, example: "" }
            })
            .collect();
        items.sort_by_key(|item| item.key_span.start);
        items
    }
}

/// Reads one file and collects its problems.
pub(super) struct Reader<'a> {
    pub(super) file: &'a SourceFile,
    problems: Vec<Problem>,
    dropped: usize,
    /// Lines on which the TOML itself is broken: what stands there was guessed and is not judged.
    broken_lines: BTreeSet<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a SourceFile) -> Self {
        Self { file, problems: Vec::new(), dropped: 0, broken_lines: BTreeSet::new() }
    }

    /// Notes that the syntax is broken at `span`. Below a broken `[header]` the parser takes all keys for those of the
    /// table before it, so none of them is judged.
    fn broken(&mut self, span: &Range<usize>) {
        let line = self.file.line_of(span.start);
        if self.broken_lines.contains(&line) {
            return;
        }
        let is_header = |text: &str| text.trim_start().starts_with('[');
        let mut below = self.file.lines_from(line);
        let header = below.next().is_some_and(is_header);
        let lost = if header { below.take_while(|text| !is_header(text)).count() } else { 0 };
        self.broken_lines.extend(line..=line + lost);
    }

    /// Whether the syntax is broken anywhere, so that what is missing may have been lost.
    pub(super) fn is_broken(&self) -> bool {
        !self.broken_lines.is_empty()
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.problems.contains(&problem) {
            return;
        }
        if self.is_full() { self.dropped += 1 } else { self.problems.push(problem) }
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS
    }

    /// An error at `span` of this file.
    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>, cure: impl Into<String>) {
        if self.broken_lines.contains(&self.file.line_of(span.start)) {
            return;
        }
        self.point(span, message, cure);
    }

    /// An error of the TOML itself at `span`; `guessed` says that the parser had to guess how to go on.
    pub(super) fn syntax(&mut self, span: Range<usize>, guessed: bool, message: String, cure: String) {
        if guessed {
            self.broken(&span);
        }
        self.point(span, message, cure);
    }

    /// Finding the place of a problem takes time in proportion to its line, so it is not done for what is not shown.
    fn point(&mut self, span: Range<usize>, message: impl Into<String>, cure: impl Into<String>) {
        if self.is_full() {
            self.dropped += 1;
        } else {
            self.push(Problem::error(message, cure).at(self.file.place(span)));
        }
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        self.file.place(span)
    }

    /// All problems in the order of the file, those of other files last.
    pub(super) fn into_problems(mut self) -> Problems {
        let own = self.file.path();
        self.problems.sort_by_key(|problem| match &problem.place {
            Some(place) if place.path == own => place.spot.as_ref().map_or(0, |spot| spot.span.start),
            _ => usize::MAX,
        });
        if self.dropped > 0 {
            let message = format!("the file has {} more problems", self.dropped);
            self.problems.push(Problem::error(message, "correct those above first").at(Place::file(own)));
        }
        Problems(self.problems)
    }

    /// Reads the entries of the table `path` (whose header is at `header`) by its known `keys`. Says which are unknown
    /// and which are missing. A misspelt key is read as the one it was meant to be, so that one slip is one problem.
    /// Returns the keys that were there.
    pub(super) fn table<D>(
        &mut self,
        draft: &mut D,
        path: &str,
        header: &Range<usize>,
        table: &DeTable<'_>,
        keys: &[Key<D>],
    ) -> Vec<&'static str> {
        let mut seen: Vec<&'static str> = keys.iter().map(|key| key.name).filter(|name| table.contains_key(*name)).collect();
        for mut item in Item::entries(table, path) {
            let name =
                if seen.contains(&item.name) { Some(item.name) } else { self.unknown(&item, keys.iter().map(|key| key.name), &mut seen) };
            if let Some(key) = keys.iter().find(|key| Some(key.name) == name) {
                item.example = key.example;
                (key.read)(draft, self, &item);
            }
        }
        for key in keys.iter().filter(|key| key.required && !seen.contains(&key.name)) {
            self.missing(path, header, key.name, key.example);
        }
        seen
    }

    /// Says that a key is unknown. Returns the key it was probably meant to be, now seen, if that was not there.
    pub(super) fn unknown(
        &mut self,
        item: &Item<'_>,
        known: impl Iterator<Item = &'static str> + Clone,
        seen: &mut Vec<&'static str>,
    ) -> Option<&'static str> {
        let near = if self.is_full() { None } else { suggest::closest(item.name, known.clone()) };
        let cure = match near {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("take it out; known here: {}", suggest::list(known)),
        };
        self.error(item.key_span.clone(), format!("unknown key '{}'", short(&item.path)), cure);
        let meant = near.filter(|near| !seen.contains(near))?;
        seen.push(meant);
        Some(meant)
    }

    /// Says that the table `path` lacks a key, unless the syntax is broken: what the parser skipped may have held it.
    pub(super) fn missing(&mut self, path: &str, header: &Range<usize>, name: &str, example: &str) {
        if self.is_broken() {
            return;
        }
        let message =
            if path.is_empty() { format!("the key '{name}' is missing") } else { format!("'{}' lacks the key '{name}'", short(path)) };
        self.error(header.clone(), message, format!("add: {example}"));
    }

    /// The value as text; a problem if it is anything else or empty.
    pub(super) fn text<'i>(&mut self, item: &Item<'i>) -> Option<&'i str> {
        let DeValue::String(text) = item.value.get_ref() else { return self.wrong_type(item, "text in quotes") };
        if text.is_empty() {
            self.error(item.span(), format!("'{}' is empty", short(&item.path)), format!("write something such as: {}", item.example));
            return None;
        }
        Some(text)
    }

    /// The value as a whole number in `range`, both ends included.
    pub(super) fn number(&mut self, item: &Item<'_>, range: RangeInclusive<u16>) -> Option<u16> {
        let DeValue::Integer(integer) = item.value.get_ref() else { return self.wrong_type(item, "a whole number") };
        let number = u16::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("'{}' is {}", short(&item.path), short(self.written(&item.span())));
            self.error(item.span(), message, format!("write a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// The value as one of `words`.
    pub(super) fn word<T: Copy>(&mut self, item: &Item<'_>, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(item)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known = || words.iter().map(|(word, _)| *word);
            let cure = match suggest::closest(text, known()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("write one of {}", suggest::list(known())),
            };
            self.error(item.span(), format!("'{}' cannot be '{}'", short(&item.path), short(text)), cure);
        }
        found
    }

    /// The value as a table.
    pub(super) fn sub_table<'i>(&mut self, item: &Item<'i>) -> Option<&'i DeTable<'i>> {
        match item.value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.wrong_type(item, "a table"),
        }
    }

    /// The value as a list.
    pub(super) fn list<'i>(&mut self, item: &Item<'i>) -> Option<&'i DeArray<'i>> {
        match item.value.get_ref() {
            DeValue::Array(array) => Some(array),
            _ => self.wrong_type(item, "a list of tables"),
        }
    }

    /// Says that the value should be of another kind.
    pub(super) fn wrong_type<T>(&mut self, item: &Item<'_>, wanted: &str) -> Option<T> {
        let message = format!("'{}' is {}, not {wanted}", short(&item.path), kind(item.value.get_ref()));
        self.error(item.span(), message, format!("write it as: {}", item.example));
        None
    }

    /// What the file holds at `span`.
    pub(super) fn written(&self, span: &Range<usize>) -> &'a str {
        self.file.text().get(span.clone()).unwrap_or_default()
    }
}

/// At most 80 characters of something a user wrote, for a message.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
