//! Rust source as far as the layering checks need it: code without comments and literals, module depth, paths.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};

static FROM_ROOT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bcrate\s*::\s*"));
static UPWARDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:super\s*::\s*)+"));
static INLINE_MODULE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bmod\s+\w+\s*\{"));
/// A comment, a raw string, a string, a character: in this order at each place, the first that fits.
static NO_CODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?s)//[^\n]*",
        r"|/\*.*?\*/",
        r####"|\bb?r###".*?"###|\bb?r##".*?"##|\bb?r#".*?"#|\bb?r"[^"]*""####,
        r#"|"(?:[^"\\]|\\.)*""#,
        r"|'(?:[^'\\\n]|\\[^\n]{1,8}?)'",
    ))
});
static LIBRARY: LazyLock<Vec<Source>> = LazyLock::new(|| sources("src"));

/// A pattern that these checks are written with.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The crate's own sources.
pub(super) fn library() -> &'static [Source] {
    &LIBRARY
}

/// A source file of the crate.
pub(super) struct Source {
    /// Relative to the repository's root, `/` between components.
    pub(super) path: String,
    /// As it is on disk.
    pub(super) text: String,
    /// The text with every comment and every literal's content blanked; same length and lines.
    pub(super) code: String,
}

/// The repository's root.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file below `folder`, by path.
pub(super) fn sources(folder: &str) -> Vec<Source> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root().join(folder))
        .into_iter()
        .map(|entry| entry.expect("the source folder can be read").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no source below {folder}");
    files.iter().map(|path| Source::read(path)).collect()
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let relative = path.strip_prefix(root()).expect("it was found below the root");
        Self::new(relative.to_str().expect("source paths are UTF-8"), text)
    }

    pub(super) fn new(path: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path: path.to_owned(), code: blanked(&text), text }
    }

    /// The file's module path below the crate: `["rig", "docker"]` for `src/rig/docker/mod.rs` and `src/rig/docker.rs`.
    pub(super) fn modules(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inner.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect()
    }

    /// The number of the line in which byte `at` lies, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// Every name that stands directly below the crate's root in a path of this file, with its place.
    pub(super) fn root_names(&self) -> Vec<(usize, String)> {
        let mut starts: Vec<usize> = FROM_ROOT.find_iter(&self.code).map(|found| found.end()).collect();
        for found in UPWARDS.find_iter(&self.code) {
            let steps = found.as_str().matches("super").count();
            if steps == self.modules().len() + self.inline_depth(found.start()) {
                starts.push(found.end());
            }
        }
        let names = |start: usize| first_names(&self.code[start..]).into_iter().map(move |name| (start, name));
        starts.into_iter().flat_map(names).collect()
    }

    /// How many `mod name { … }` blocks of this file enclose byte `at`.
    fn inline_depth(&self, at: usize) -> usize {
        let encloses = |open: usize| closing(&self.code, open).is_none_or(|close| close > at);
        INLINE_MODULE.find_iter(&self.code[..at]).filter(|found| encloses(found.end() - 1)).count()
    }
}

/// Where the brace that opens at `open` closes.
pub(super) fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code[open..].bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(open + offset),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The first name of a path's rest, or of each path in a group: `a::b` gives `a`, `{a, b::{c, d}}` gives `a` and `b`.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(close) = rest.strip_prefix('{').and_then(|_| closing(rest, 0)) else { return vec![name(rest)] };
    let mut depth = 0_usize;
    let parts = rest[1..close].split(|c| {
        depth = match c {
            '{' => depth + 1,
            '}' => depth - 1,
            _ => depth,
        };
        c == ',' && depth == 0
    });
    parts.map(name).filter(|name| !name.is_empty()).collect()
}

/// The source with comments and the content of literals replaced by blanks.
fn blanked(text: &str) -> String {
    let blank = |found: &Captures<'_>| found[0].chars().map(blank_char).collect::<String>();
    NO_CODE.replace_all(text, blank).into_owned()
}

/// Blanks of the same length in bytes, so that places in the code are places in the text.
fn blank_char(c: char) -> String {
    if c == '\n' { c.to_string() } else { " ".repeat(c.len_utf8()) }
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "a // crate::x\nb \"crate::y \\\" z\" c r#\"crate::\"q\"\"# /* d\n */ 'e' '\\n' &'static str \u{e9} // \u{e9}\nf";
    let source = Source::new("src/a.rs", text);
    assert_eq!(source.code.len(), text.len());
    assert_eq!(source.code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "c", "&'static", "str", "\u{e9}", "f"]);
    assert_eq!(source.line(text.rfind('f').expect("it ends in f")), 4);
}

#[test]
fn every_way_to_name_a_room_is_seen() {
    let text = "use crate::a::X; use crate::{b::{c, d}, e}; fn f() { crate::g::h(); super::super::i::j(); super::k(); }\n\
                mod tests { use super::super::l; use super::super::super::{m, n}; }\nuse super :: super :: o::p;";
    let names: Vec<String> = Source::new("src/rig/docker.rs", text).root_names().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "b", "e", "g", "i", "m", "n", "o"]);
}

#[test]
fn a_module_path_is_the_same_for_both_file_layouts() {
    let modules = |path: &str| Source::new(path, "").modules().into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(modules("src/rig/docker/mod.rs"), modules("src/rig/docker.rs"));
    assert_eq!(modules("src/units.rs"), ["units"]);
    assert!(modules("src/lib.rs").is_empty());
}
