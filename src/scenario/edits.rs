//! The `[edits.NAME]` tables: the changes after which an app is built once more.

use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use super::model::{Change, Edit};
use super::parse::{OF_AN_IMAGE, valid_name};
use super::reader::{Item, Key, Reader, Written, short};
use super::source::SourceFile;

/// Each edit is one build more of every variant.
const MOST_EDITS: usize = 20;

/// Nobody edits more files at once.
const MOST_FILES: usize = 200;

/// What an `[edits.NAME]` table says, before its files were looked at.
#[derive(Default)]
pub(super) struct EditDraft {
    name: String,
    span: Range<usize>,
    file: Option<Written>,
    find: Option<Written>,
    replace: Option<String>,
    folder: Option<Written>,
    said: Vec<&'static str>,
}

pub(super) const KEYS: &[Key<EditDraft>] = &[
    Key { name: "file", required: false, example: FILE, read: |draft, reader, item| draft.file = Written::read(reader, item) },
    Key { name: "find", required: false, example: FIND, read: |draft, reader, item| draft.find = Written::read(reader, item) },
    Key {
        name: "replace",
        required: false,
        example: REPLACE,
        read: |draft, reader, item| draft.replace = Written::read(reader, item).map(|written| written.text),
    },
    Key { name: "folder", required: false, example: FOLDER, read: |draft, reader, item| draft.folder = Written::read(reader, item) },
];

const FILE: &str = "file = \"main.go\"";
const FIND: &str = "find = \"Hello\"";
const REPLACE: &str = "replace = \"Good morning\"";
const FOLDER: &str = "folder = \"edits/dependency\"";

/// Reads all edits in the order of the file.
pub(super) fn read(reader: &mut Reader<'_>, item: &Item<'_>) -> Vec<EditDraft> {
    let Some(table) = reader.sub_table(item) else { return Vec::new() };
    if table.len() > MOST_EDITS {
        reader.error(
            item.key_span.clone(),
            "there are more than 20 edits",
            "each is one build more of every variant; keep those that tell most",
        );
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for edit in Item::entries(table, "edits") {
        let edit = Item { example: "[edits.NAME] and its keys below", ..edit };
        let valid = valid_name(reader, "the edit name", edit.name, edit.key_span.clone(), OF_AN_IMAGE);
        if let Some(keys) = reader.sub_table(&edit) {
            let mut draft = EditDraft { name: edit.name.to_owned(), span: edit.key_span.clone(), ..EditDraft::default() };
            draft.said = reader.table(&mut draft, &edit.path, &edit.key_span, keys, KEYS);
            drafts.extend(valid.then_some(draft));
        }
    }
    drafts
}

impl EditDraft {
    /// The edit's name, which is valid.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Checks the edit against the files in `root`.
    pub(super) fn finish(self, reader: &mut Reader<'_>, root: &Path) -> Option<(Edit, Range<usize>)> {
        let of_text = ["file", "find", "replace"].iter().filter(|key| self.said.contains(key)).count();
        let by_folder = self.said.contains(&"folder");
        if (by_folder && of_text > 0) || (!by_folder && of_text < 3) {
            let cure = format!("write {FILE}, {FIND} and {REPLACE}, or {FOLDER} alone");
            let what = if by_folder { "says its change in two ways" } else { "does not say what to change" };
            reader.error(self.span.clone(), format!("the edit '{}' {what}", self.name), cure);
            return None;
        }
        let change =
            if by_folder { folder(reader, root, &self.folder?)? } else { text(reader, root, (&self.file?, &self.find?), self.replace?)? };
        if let Some(file) = contents(root, &change).into_iter().map(|(file, _)| file).find(|file| is_of_the_builder(file)) {
            let cure = "what the builder is told is no part of the app; measure another Dockerfile as another variant";
            reader.error(self.span.clone(), format!("the edit '{}' changes {}", self.name, file.display()), cure);
            return None;
        }
        Some((Edit { name: self.name, change }, self.span))
    }
}

/// Whether a file tells the builder what to do.
fn is_of_the_builder(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with("Dockerfile") || name.ends_with("Dockerfile") || name.ends_with(".dockerignore")
}

/// One text in one file: it must be there once, so that it is plain what changes.
fn text(reader: &mut Reader<'_>, root: &Path, (file, find): (&Written, &Written), replace: String) -> Option<Change> {
    let relative = inside(reader, file)?;
    if find.text == replace {
        reader.error(find.span.clone(), "'find' and 'replace' are the same", "an edit has to change something");
        return None;
    }
    let source = match SourceFile::read(&root.join(&relative), &relative) {
        Ok(source) => source,
        Err(problem) => {
            let named_here = reader.place(file.span.clone());
            reader.push(problem.with("named here", named_here));
            return None;
        }
    };
    let count = source.text().matches(&find.text).count();
    if count != 1 {
        let message = format!("'{}' is {count} times in '{}'", short(&find.text), short(&file.text));
        reader.error(find.span.clone(), message, "write a text that is there exactly once, such as a whole line");
        return None;
    }
    Some(Change::Text { file: relative, find: find.text.clone(), replace })
}

/// A folder whose files take the place of those with the same path.
fn folder(reader: &mut Reader<'_>, root: &Path, said: &Written) -> Option<Change> {
    let path = root.join(inside(reader, said)?);
    let mut files = Vec::new();
    if let Err(why) = list(&path, Path::new(""), &mut files) {
        reader.error(
            said.span.clone(),
            format!("cannot use the folder '{}': {why}", short(&said.text)),
            "name a folder with the changed files",
        );
        return None;
    }
    files.sort();
    let fault = |what: String, cure: &str, reader: &mut Reader<'_>| reader.error(said.span.clone(), what, cure);
    if files.is_empty() || files.len() > MOST_FILES {
        fault(format!("'{}' holds {} files", short(&said.text), files.len()), "an edit changes 1 to 200 files", reader);
        return None;
    }
    for file in &files {
        if !root.join(file).is_file() {
            fault(
                format!("'{}' holds {}, which the app does not have", short(&said.text), file.display()),
                "an edit takes the place of files that are there; keep their paths",
                reader,
            );
            return None;
        }
        if fs::read(root.join(file)).ok() == fs::read(path.join(file)).ok() {
            fault(format!("{} is the same in '{}'", file.display(), short(&said.text)), "keep only files that differ", reader);
            return None;
        }
    }
    Some(Change::Folder { path, files })
}

/// Refuses two edits that change a file in the same way: the second would find the steps of the first in the builder's cache.
pub(super) fn differ(reader: &mut Reader<'_>, root: &Path, edits: &[(Edit, Range<usize>)]) {
    let mut seen: Vec<(PathBuf, Vec<u8>, &str)> = Vec::new();
    for (edit, span) in edits {
        for (file, content) in contents(root, &edit.change) {
            if let Some((.., other)) = seen.iter().find(|(known, text, _)| *known == file && *text == content) {
                let message = format!("the edits '{other}' and '{}' change {} in the same way", edit.name, file.display());
                reader.error(
                    span.clone(),
                    message,
                    "each is built on the cache of the ones before it; change it differently, or in one of them",
                );
            }
            seen.push((file, content, &edit.name));
        }
    }
}

/// The files that a change makes different, as it makes them. What cannot be read is told elsewhere.
fn contents(root: &Path, change: &Change) -> Vec<(PathBuf, Vec<u8>)> {
    match change {
        Change::Text { file, find, replace } => {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            vec![(file.clone(), text.replacen(find, replace, 1).into_bytes())]
        }
        Change::Folder { path, files } => files.iter().filter_map(|file| Some((file.clone(), fs::read(path.join(file)).ok()?))).collect(),
    }
}

/// All files below `folder`, relative to it.
fn list(folder: &Path, below: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(folder, &path, files)?;
        } else if kind.is_file() && files.len() <= MOST_FILES {
            files.push(path);
        } else {
            return Err(std::io::Error::other(format!("{} is no plain file, or there are too many", path.display())));
        }
    }
    Ok(())
}

/// The path, relative to the app's folder and without `.`.
fn inside(reader: &mut Reader<'_>, said: &Written) -> Option<PathBuf> {
    let path = Path::new(&said.text);
    if path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Some(path.components().filter(|part| *part != Component::CurDir).collect());
    }
    let cure = "name it relative to this file";
    reader.error(said.span.clone(), format!("'{}' lies outside the folder", short(&said.text)), cure);
    None
}
