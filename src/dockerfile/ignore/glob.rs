//! One pattern of a `.dockerignore`, translated to a regular expression as Docker's `patternmatcher` does it.
//!
//! The translation is kept exactly, with its corners: `**/` is any number of folders, also none; `**` at the end is
//! everything below; a pattern that begins with `**` and has no other special character matches any path that ends
//! with the rest; `.` in such expressions does not match a line feed; bytes of a path that are not UTF-8 count as one
//! replacement character each. The expression is first written as Go would read it, then carried over to the syntax of
//! the `regex` crate, which knows more operators inside of `[…]`.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    /// Cleaned, relative.
    pattern: Vec<u8>,
    matcher: Matcher,
    /// Leading components without special characters, joined by `/`.
    literal: Vec<u8>,
    /// Whether anything follows the leading components.
    open: bool,
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact,
    /// Everything that starts with the pattern without its `**`.
    Prefix,
    /// Everything that ends with the pattern without its `**`.
    Suffix,
    Expression(Regex),
}

impl Glob {
    pub(super) fn new(pattern: Vec<u8>) -> Result<Self, String> {
        let text = lossy(&pattern);
        check_syntax(&text)?;
        let matcher = compile(&text)?;
        let (literal, open) = literal_prefix(&pattern);
        Ok(Self { pattern, matcher, literal, open })
    }

    pub(super) fn matches(&self, path: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Exact => path == self.pattern,
            Matcher::Prefix => path.starts_with(&self.pattern[..self.pattern.len() - 2]),
            Matcher::Suffix => {
                let suffix = &self.pattern[2..];
                path.ends_with(suffix) || suffix.strip_prefix(b"/") == Some(path)
            }
            Matcher::Expression(regex) => regex.is_match(&lossy(path)),
        }
    }

    /// Whether the pattern as it is written lies in the folder `path`, or is it.
    pub(super) fn begins_with_folder(&self, path: &[u8]) -> bool {
        self.pattern.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// Whether the pattern could match a path below the folder `path` without matching the folder.
    pub(super) fn may_match_below(&self, path: &[u8]) -> bool {
        let below =
            |folder: &[u8], path: &[u8]| folder.is_empty() || path == folder || (path.starts_with(folder) && path[folder.len()] == b'/');
        (self.literal.len() > path.len() && below(path, &self.literal)) || (self.open && below(&self.literal, path))
    }
}

/// Decodes UTF-8 as Go does: every byte that is not part of a character is one replacement character.
fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

fn literal_prefix(pattern: &[u8]) -> (Vec<u8>, bool) {
    let special = |part: &&[u8]| !part.iter().any(|b| matches!(b, b'*' | b'?' | b'[' | b'\\'));
    let parts: Vec<&[u8]> = pattern.split(|b| *b == b'/').collect();
    let literal: Vec<&[u8]> = parts.iter().copied().take_while(special).collect();
    let open = literal.len() < parts.len();
    (literal.join(&b'/'), open)
}

/// Finds what Go's `filepath.Match` refuses.
fn check_syntax(pattern: &str) -> Result<(), String> {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return Err("a backslash stands at the end; write two, or remove it".to_owned()),
            '[' => class_end(&mut chars).ok_or("a [ is not followed by characters and a ]; close it, or write \\[")?,
            _ => {}
        }
    }
    Ok(())
}

fn class_end(chars: &mut Peekable<Chars<'_>>) -> Option<()> {
    chars.next_if_eq(&'^');
    let mut ranges = 0;
    loop {
        if ranges > 0 && chars.next_if_eq(&']').is_some() {
            return Some(());
        }
        class_char(chars)?;
        if chars.next_if_eq(&'-').is_some() {
            class_char(chars)?;
        }
        ranges += 1;
    }
}

fn class_char(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    let c = chars.next().filter(|c| *c != '-' && *c != ']')?;
    let c = if c == '\\' { chars.next()? } else { c };
    chars.peek().map(|_| c)
}

fn compile(pattern: &str) -> Result<Matcher, String> {
    let (go, kind) = translate(pattern);
    match kind {
        Kind::Exact => Ok(Matcher::Exact),
        Kind::Prefix => Ok(Matcher::Prefix),
        Kind::Suffix => Ok(Matcher::Suffix),
        Kind::Expression => {
            let expression = from_go(&go)?;
            let built = regex::RegexBuilder::new(&expression).size_limit(4 << 20).build();
            built.map(Matcher::Expression).map_err(|_| "the pattern is not understood; simplify what stands between [ and ]".to_owned())
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Expression,
}

/// The regular expression, in the syntax of Go, that Docker makes of a pattern.
fn translate(pattern: &str) -> (String, Kind) {
    let mut out = "^".to_owned();
    let mut kind = Kind::Exact;
    let mut chars = pattern.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                kind = match (chars.peek(), kind) {
                    (None, Kind::Exact) => Kind::Prefix,
                    (None, _) => {
                        out.push_str(".*");
                        Kind::Expression
                    }
                    (Some(_), _) => {
                        out.push_str("(.*/)?");
                        Kind::Expression
                    }
                };
                if first {
                    kind = Kind::Suffix;
                }
            }
            '*' | '?' => {
                out.push_str(if c == '*' { "[^/]*" } else { "[^/]" });
                kind = Kind::Expression;
            }
            '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => out.extend(['\\', c]),
            '\\' => {
                out.push('\\');
                out.extend(chars.next());
                kind = Kind::Expression;
            }
            '[' | ']' => {
                out.push(c);
                kind = Kind::Expression;
            }
            c => out.push(c),
        }
        first = false;
    }
    out.push('$');
    (out, kind)
}

/// Carries an expression of [`translate`] over to the syntax of the `regex` crate.
fn from_go(go: &str) -> Result<String, String> {
    let mut out = String::with_capacity(go.len() + 8);
    let mut chars = go.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push_str(&escape(chars.next(), false)?),
            '[' => class(&mut chars, &mut out)?,
            // The translation writes these itself; everything else is a character of the pattern.
            '^' | '$' | '.' | '*' | '?' | '(' | ')' => out.push(c),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    Ok(out)
}

fn escape(c: Option<char>, in_class: bool) -> Result<String, String> {
    Ok(match c {
        Some('d') => "0-9".to_owned(),
        Some('s') => r"\t\n\x0C\r ".to_owned(),
        Some('w') => "0-9A-Za-z_".to_owned(),
        Some(c) if !c.is_ascii_alphanumeric() => return Ok(literal(c, in_class)),
        Some('t') => return Ok(r"\t".to_owned()),
        Some('n') => return Ok(r"\n".to_owned()),
        Some('r') => return Ok(r"\r".to_owned()),
        Some('f') => return Ok(r"\x0C".to_owned()),
        Some('v') => return Ok(r"\x0B".to_owned()),
        Some('a') => return Ok(r"\x07".to_owned()),
        Some('b') if !in_class => return Ok(r"(?-u:\b)".to_owned()),
        Some('A') if !in_class => return Ok(r"\A".to_owned()),
        Some('z') if !in_class => return Ok(r"\z".to_owned()),
        Some(c) => return Err(format!("\\{c} is not understood; write {c} without the backslash, or / between folders")),
        None => return Err("a backslash stands at the end; write two, or remove it".to_owned()),
    })
    .map(|set: String| if in_class { set } else { format!("[{set}]") })
}

fn literal(c: char, in_class: bool) -> String {
    if in_class { format!(r"\x{{{:X}}}", u32::from(c)) } else { regex::escape(c.encode_utf8(&mut [0; 4])) }
}

/// One `[…]`: Go knows `^`, ranges, escapes and `[:name:]` in it, and nothing else is special.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    const OPEN: &str = "a [ is not followed by characters and a ]; close it, or write \\[";
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = chars.next().ok_or(OPEN)?;
        match c {
            ']' if !first => break,
            '\\' => out.push_str(&escape(chars.next(), true)?),
            '-' if !first && chars.peek().is_some_and(|next| *next != ']') => out.push('-'),
            '[' if chars.peek() == Some(&':') => named_class(chars, out),
            c => out.push_str(&literal(c, true)),
        }
        first = false;
    }
    out.push(']');
    Ok(())
}

/// `[:alpha:]` and its kin; anything else that begins like one is plain characters.
fn named_class(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    const NAMES: [&str; 14] =
        ["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"];
    let ahead: String = chars.clone().take(10).collect();
    let named = NAMES.iter().find(|name| ahead.starts_with(&format!(":{name}:]")));
    match named {
        Some(name) => {
            out.extend(["[:", name, ":]"]);
            for _ in 0..name.len() + 3 {
                chars.next();
            }
        }
        None => out.push_str(&literal('[', true)),
    }
}
