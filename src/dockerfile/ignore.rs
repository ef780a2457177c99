//! `.dockerignore`.
//!
//! Behaves as Docker's `patternmatcher` (read by `ignorefile`): lines that start with `#` are comments, blanks around a
//! pattern do not count, a leading `!` makes an exception, the path is cleaned as `filepath.Clean` does, one leading `/`
//! is dropped, and the last pattern that matches a path or a folder above it decides. A byte order mark is skipped.
//!
//! Two differences, both towards an error: a pattern that cannot be compiled is refused at once and with its line, where
//! Docker refuses it when a path is first tried; and a backslash before a letter or digit that the regular expressions
//! of Go read as something special other than a class of characters is refused, where Docker would match that.

mod glob;

use glob::Glob;

/// Longest file that is read, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// The patterns of one `.dockerignore`.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    exception: bool,
    glob: Glob,
}

/// Why a pattern could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct IgnoreError {
    /// From 1.
    pub line: usize,
    /// What is wrong and the cure.
    pub message: String,
}

/// Which patterns matched a folder: what a walk hands down to the folder's entries.
#[derive(Clone, Debug, Default)]
pub(super) struct FolderMatch(Vec<bool>);

impl Ignore {
    /// Reads the patterns of a `.dockerignore`, which need not be UTF-8.
    pub fn parse(text: &[u8]) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.len() > MAX_TEXT {
            return Err(IgnoreError { line: 1, message: "the file is larger than 1 MiB; use patterns instead of lists".to_owned() });
        }
        let mut patterns = Vec::new();
        for (index, line) in text.split(|b| *b == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let parsed = pattern(line).map_err(|message| IgnoreError { line: index + 1, message })?;
            patterns.extend(parsed);
        }
        Ok(Self { patterns })
    }

    /// Whether the file or folder at `path` (relative to the context, `/` between components) is left out.
    pub fn is_ignored(&self, path: &[u8]) -> bool {
        let mut parent = FolderMatch::default();
        for (index, byte) in path.iter().enumerate() {
            if *byte == b'/' {
                parent = self.step(&path[..index], &parent).1;
            }
        }
        self.step(path, &parent).0
    }

    /// Whether `path` is left out, given what matched its folder, and what to hand down if it is a folder itself.
    pub(super) fn step(&self, path: &[u8], parent: &FolderMatch) -> (bool, FolderMatch) {
        let mut ignored = false;
        let mut matched = vec![false; self.patterns.len()];
        for (index, pattern) in self.patterns.iter().enumerate() {
            let above = parent.0.get(index).copied().unwrap_or(false);
            // A pattern that could change nothing is not tried, and is not handed down as matching either.
            if above || (pattern.exception == ignored && pattern.glob.matches(path)) {
                matched[index] = true;
                ignored = !pattern.exception;
            }
        }
        (ignored, FolderMatch(matched))
    }

    /// Whether an exception could match something below the ignored folder `path`, so that it must be walked.
    pub(super) fn may_except_below(&self, path: &[u8]) -> bool {
        self.patterns.iter().any(|p| p.exception && p.glob.may_match_below(path))
    }

    /// Whether the text of an exception begins with the ignored folder `path`: all that the classic client looks at.
    pub(super) fn names_exception_below(&self, path: &[u8]) -> bool {
        self.patterns.iter().any(|p| p.exception && p.glob.begins_with_folder(path))
    }
}

fn pattern(line: &[u8]) -> Result<Option<Pattern>, String> {
    if line.starts_with(b"#") {
        return Ok(None);
    }
    let text = trim(line);
    if text.is_empty() {
        return Ok(None);
    }
    let (exception, text) = text.strip_prefix(b"!").map_or((false, text), |rest| (true, trim(rest)));
    let cleaned = clean(text);
    if exception && (text.is_empty() || cleaned == b"/") {
        return Err("an exception needs a path after the exclamation mark".to_owned());
    }
    let cleaned = match cleaned.strip_prefix(b"/") {
        Some(rest) if !rest.is_empty() => rest.to_vec(),
        _ => cleaned,
    };
    Ok(Some(Pattern { exception, glob: Glob::new(cleaned)? }))
}

/// Strips white space as Unicode has it, as Go's `TrimSpace` does; bytes that are not UTF-8 are no white space.
fn trim(mut text: &[u8]) -> &[u8] {
    while let Some(c) = text.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()).filter(|c| c.is_whitespace()) {
        text = &text[c.len_utf8()..];
    }
    while let Some(c) = last_char(text).filter(|c| c.is_whitespace()) {
        text = &text[..text.len() - c.len_utf8()];
    }
    text
}

fn last_char(text: &[u8]) -> Option<char> {
    let start = text.len().saturating_sub(4);
    (start..text.len()).find_map(|i| std::str::from_utf8(&text[i..]).ok()).and_then(|tail| tail.chars().next_back())
}

/// The shortest path that means the same, as Go's `filepath.Clean` computes it.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            part => kept.push(part),
        }
    }
    let body = kept.join(&b'/');
    match (rooted, body.is_empty()) {
        (true, _) => [b"/".as_slice(), body.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => body,
    }
}

#[cfg(test)]
mod tests;
