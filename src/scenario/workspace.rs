//! `loadline.toml`: what a workspace says once for all command lines, and where it is found.
//!
//! Owns the form of the file: keys at the root and tables of keys, each with a value that could be typed too. Which keys there are and
//! which values are good ones is for the command line to say ([`SettingTable`], [`Fault`]): nothing here knows an option. All problems
//! are told at once; the file is read as untrusted input, like every other of this room.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::parse::syntax;
use super::problem::Problems;
use super::reader::{Item, Reader, short};
use super::source::SourceFile;
use super::suggest;

/// The file's name.
pub const WORKSPACE_FILE: &str = "loadline.toml";

/// A table of the file and the keys that it may have.
#[derive(Clone, Copy, Debug)]
pub struct SettingTable {
    /// The table's name, which is a command's; empty for the root of the file.
    pub name: &'static str,
    /// Its keys.
    pub settings: &'static [Setting],
}

/// A key of the file: an option of the command line without its dashes.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// As it is written.
    pub name: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// A line that a user can copy; empty where the key takes nothing.
    pub example: &'static str,
}

/// What stands behind a key.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// `true` or `false`.
    Flag,
    /// One text or number.
    One,
    /// One or several texts.
    Several,
    /// A path from the folder of the file, or one of these words, which are no paths.
    Path(&'static [&'static str]),
    /// Nothing: the option can be typed and not written into a file, for this reason.
    Nothing(&'static str),
}

/// A setting that the file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The table's name; empty for the root of the file.
    pub table: &'static str,
    /// The key.
    pub name: &'static str,
    /// What would be typed behind the option, at least one; `true` for a flag.
    pub values: Vec<OsString>,
}

/// Why a value is no good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is none of these words.
    NoneOf(Vec<String>),
    /// What is wrong, and behind a `; ` the cure, where there is one.
    Says(String),
}

/// Says what is wrong with a value of a key: the table's name, the key, the value.
pub type Judge<'a> = dyn Fn(&str, &str, &str) -> Option<Fault> + 'a;

/// The file that counts in `folder`, which is absolute; as a path from that folder.
///
/// It is the nearest one on the way from `folder` to the root of the repository, which is the folder with `.git`. Outside of a repository
/// only `folder` itself is looked at, so that nobody else's file above it counts.
pub fn find_workspace(folder: &Path) -> Option<PathBuf> {
    let is_there = |path: &Path| !matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound);
    let steps = folder.ancestors().position(|above| is_there(&above.join(".git"))).unwrap_or(0);
    let mut ways = (0..=steps).map(|up| std::iter::repeat_n("..", up).collect::<PathBuf>().join(WORKSPACE_FILE));
    ways.find(|way| is_there(&folder.join(way)))
}

/// What the file at `path` gives, in its order. Refuses keys that are in none of `tables`, values of another kind and those that `judge`
/// has something to say about, all at once.
pub fn read_workspace(path: &Path, tables: &[SettingTable], judge: &Judge<'_>) -> Result<Vec<Given>, Problems> {
    let file = SourceFile::read(path, path)?;
    let (tree, errors) = DeTable::parse_recoverable(file.text());
    let mut reading = Reading { reader: Reader::new(&file), tables, judge, given: Vec::new() };
    for error in &errors {
        syntax(&mut reading.reader, error);
    }
    reading.table("", tree.get_ref());
    let problems = reading.reader.into_problems();
    if problems.has_errors() { Err(problems) } else { Ok(reading.given) }
}

/// A file being read.
struct Reading<'a> {
    reader: Reader<'a>,
    tables: &'a [SettingTable],
    judge: &'a Judge<'a>,
    given: Vec<Given>,
}

impl Reading<'_> {
    /// Reads the table called `name`. A misspelt key is read as the one that it was probably meant to be.
    fn table(&mut self, name: &'static str, table: &DeTable<'_>) {
        let settings = self.tables.iter().find(|known| known.name == name).map_or(&[][..], |known| known.settings);
        let below = self.tables.iter().map(|known| known.name).filter(|below| name.is_empty() && !below.is_empty());
        let taken = settings.iter().filter(|setting| !matches!(setting.takes, Takes::Nothing(_))).map(|setting| setting.name);
        let known: Vec<&'static str> = taken.chain(below).collect();
        let mut seen: Vec<&'static str> = known.iter().copied().filter(|key| table.contains_key(*key)).collect();
        for item in Item::entries(table, name) {
            let setting = |name: &str| settings.iter().find(|setting| setting.name == name);
            if let Some(Setting { takes: Takes::Nothing(why), .. }) = setting(item.name) {
                self.reader.error(item.key_span.clone(), format!("'{}' is not taken from a file", short(&item.path)), *why);
                continue;
            }
            let key = known.iter().copied().find(|key| *key == item.name);
            let Some(key) = key.or_else(|| self.reader.unknown(&item, known.iter().copied(), &mut seen)) else { continue };
            match setting(key) {
                Some(setting) => self.setting(name, setting, &Item { example: setting.example, ..item }),
                None => self.below(key, &Item { example: "[NAME] and its keys below", ..item }),
            }
        }
    }

    fn below(&mut self, name: &'static str, item: &Item<'_>) {
        if let Some(table) = self.reader.sub_table(item) {
            self.table(name, table);
        }
    }

    fn setting(&mut self, table: &'static str, setting: &Setting, item: &Item<'_>) {
        let values = match setting.takes {
            Takes::Flag => self.flag(item),
            Takes::Several => self.several(item),
            Takes::One | Takes::Path(_) | Takes::Nothing(_) => self.one(item).into_iter().collect(),
        };
        let mut good = Vec::new();
        for (value, span) in values {
            match (setting.takes, (self.judge)(table, setting.name, &value)) {
                (_, Some(fault)) => self.fault(item, span, &value, fault),
                (Takes::Path(words), None) if !words.contains(&value.as_str()) => good.push(self.placed(&value)),
                (_, None) => good.push(value.into()),
            }
        }
        if !good.is_empty() {
            self.given.push(Given { table, name: setting.name, values: good });
        }
    }

    /// A path from the folder of the file.
    fn placed(&self, path: &str) -> OsString {
        self.reader.file.path().parent().unwrap_or(Path::new("")).join(path).into_os_string()
    }

    /// A flag that is not set is like one that is not there.
    fn flag(&mut self, item: &Item<'_>) -> Vec<(String, Range<usize>)> {
        match item.value.get_ref() {
            DeValue::Boolean(true) => vec![("true".to_owned(), item.span())],
            DeValue::Boolean(false) => Vec::new(),
            _ => self.reader.wrong_type(item, "true or false").unwrap_or_default(),
        }
    }

    fn one(&mut self, item: &Item<'_>) -> Option<(String, Range<usize>)> {
        let text = match item.value.get_ref() {
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::String(_) => self.reader.text(item)?.to_owned(),
            _ => return self.reader.wrong_type(item, "a text in quotes or a number"),
        };
        Some((text, item.span()))
    }

    fn several(&mut self, item: &Item<'_>) -> Vec<(String, Range<usize>)> {
        let DeValue::Array(list) = item.value.get_ref() else { return self.one(item).into_iter().collect() };
        if list.is_empty() {
            self.reader.error(item.span(), format!("'{}' is empty", short(&item.path)), "name at least one, or leave it out");
        }
        let entry = |value| Item { path: item.path.clone(), key_span: item.key_span.clone(), value, ..*item };
        list.iter().filter_map(|value| self.one(&entry(value))).collect()
    }

    fn fault(&mut self, item: &Item<'_>, span: Range<usize>, value: &str, fault: Fault) {
        let refused = format!("'{}' cannot be '{}'", short(&item.path), short(value));
        let (message, cure) = match fault {
            Fault::NoneOf(words) => {
                let words = || words.iter().map(String::as_str);
                let near = suggest::closest(value, words()).map(|near| format!("did you mean \"{near}\"?"));
                (refused, near.unwrap_or_else(|| format!("write one of {}", suggest::list(words()))))
            }
            Fault::Says(text) => match text.split_once("; ") {
                Some((what, cure)) => (format!("{refused}: {what}"), cure.to_owned()),
                None => (format!("{refused}: {text}"), format!("write it as: {}", item.example)),
            },
        };
        self.reader.error(span, message, cure);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_file_up_to_the_root_of_the_repository_counts() {
        let top = tempfile::tempdir().expect("a folder");
        let inner = top.path().join("repository/a/b");
        fs::create_dir_all(&inner).expect("folders");
        fs::write(top.path().join(WORKSPACE_FILE), "").expect("a file");
        fs::create_dir(top.path().join("repository/.git")).expect("a folder");
        assert_eq!(find_workspace(&inner), None, "what lies above the repository is none of its business");
        fs::write(top.path().join("repository/loadline.toml"), "").expect("a file");
        assert_eq!(find_workspace(&inner), Some("../../loadline.toml".into()));
        fs::write(top.path().join("repository/a/loadline.toml"), "").expect("a file");
        assert_eq!(find_workspace(&inner), Some("../loadline.toml".into()));
        fs::write(inner.join(WORKSPACE_FILE), "").expect("a file");
        assert_eq!(find_workspace(&inner), Some("loadline.toml".into()));
    }

    #[test]
    fn outside_of_a_repository_only_the_folder_itself_is_looked_at() {
        let top = tempfile::tempdir().expect("a folder");
        fs::write(top.path().join(WORKSPACE_FILE), "").expect("a file");
        fs::create_dir(top.path().join("inner")).expect("a folder");
        assert_eq!(find_workspace(&top.path().join("inner")), None);
        assert_eq!(find_workspace(top.path()), Some("loadline.toml".into()));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_a_file_that_cannot_be_read_and_not_none() {
        let top = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("nowhere", top.path().join(WORKSPACE_FILE)).expect("a link");
        let file = top.path().join(find_workspace(top.path()).expect("it is there"));
        assert!(read_workspace(&file, &[], &|_, _, _| None).is_err_and(|problems| problems.to_string().contains("cannot read the file")));
    }
}
