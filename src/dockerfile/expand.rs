//! Variables and quotes in a Dockerfile word.
//!
//! Follows `frontend/dockerfile/shell` of `BuildKit`: `$X`, `${X}`, `${X:-w}`, `${X-w}`, `${X:+w}`, `${X+w}`, `${X:?w}`,
//! `${X?w}`, `${X#p}`, `${X##p}`, `${X%p}`, `${X%%p}` with `*` and `?` in `p`; single quotes keep everything, double
//! quotes keep everything but variables and escapes, the escape character keeps the next character.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// How deep `${X:-${Y:-…}}` may nest; more is refused, so that hostile text cannot exhaust the stack.
const DEPTH: usize = 32;

/// A word with its variables replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    /// The result.
    pub(super) value: String,
    /// Variables that had no value.
    pub(super) unset: Vec<String>,
}

/// Replaces the variables of `word`. Errors say what is wrong, without a line.
pub(super) fn expand(word: &str, escape: char, values: &BTreeMap<String, String>) -> Result<Expanded, String> {
    let mut lexer = Lexer { chars: word.chars().peekable(), escape, values, unset: Vec::new(), depth: 0 };
    let value = lexer.until(None)?;
    Ok(Expanded { value, unset: lexer.unset })
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    escape: char,
    values: &'a BTreeMap<String, String>,
    unset: Vec<String>,
    depth: usize,
}

impl Lexer<'_> {
    fn until(&mut self, stop: Option<char>) -> Result<String, String> {
        let mut out = String::new();
        while let Some(c) = self.chars.next() {
            match c {
                c if Some(c) == stop => return Ok(out),
                '$' => out.push_str(&self.variable()?),
                '\'' => self.single_quoted(&mut out)?,
                '"' => self.double_quoted(&mut out)?,
                c if c == self.escape => out.extend(self.chars.next()),
                c => out.push(c),
            }
        }
        stop.map_or(Ok(out), |stop| Err(format!("a closing {stop} is missing")))
    }

    fn single_quoted(&mut self, out: &mut String) -> Result<(), String> {
        loop {
            match self.chars.next() {
                None => return Err("a closing single quote is missing".to_owned()),
                Some('\'') => return Ok(()),
                Some(c) => out.push(c),
            }
        }
    }

    fn double_quoted(&mut self, out: &mut String) -> Result<(), String> {
        let escape = self.escape;
        loop {
            match self.chars.next() {
                None => return Err("a closing double quote is missing".to_owned()),
                Some('"') => return Ok(()),
                Some('$') => out.push_str(&self.variable()?),
                Some(c) if c == escape => {
                    out.push(self.chars.next_if(|next| *next == '"' || *next == '$' || *next == escape).unwrap_or(c));
                }
                Some(c) => out.push(c),
            }
        }
    }

    fn variable(&mut self) -> Result<String, String> {
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(if name.is_empty() { "$".to_owned() } else { self.get(&name).unwrap_or_default() });
        }
        let name = self.name();
        if name.is_empty() {
            return Err("${ is not followed by a name".to_owned());
        }
        let Some(mut operator) = self.chars.next() else { return Err(format!("a closing }} is missing after ${{{name}")) };
        if operator == '}' {
            return Ok(self.get(&name).unwrap_or_default());
        }
        let null_is_unset = operator == ':';
        if null_is_unset {
            operator = self.chars.next().unwrap_or(' ');
        }
        self.modified(&name, operator, null_is_unset)
    }

    fn modified(&mut self, name: &str, operator: char, null_is_unset: bool) -> Result<String, String> {
        let greedy = matches!(operator, '#' | '%') && self.chars.next_if_eq(&operator).is_some();
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("variables are nested too deeply; use at most 32 levels".to_owned());
        }
        let unset_before = self.unset.len();
        let word = self.until(Some('}'))?;
        self.depth -= 1;
        let known = self.values.get(name).cloned();
        let set = known.as_deref().is_some_and(|v| !(null_is_unset && v.is_empty()));
        if operator != '-' && operator != '+' && known.is_none() {
            self.unset.push(name.to_owned());
        }
        let value = known.unwrap_or_default();
        match operator {
            '-' | '?' if set => {
                self.unset.truncate(unset_before);
                Ok(value)
            }
            '-' => Ok(word),
            '+' if set => Ok(word),
            '+' => Ok(String::new()),
            '?' if word.is_empty() => Err(format!("{name} has no value")),
            '?' => Err(format!("{name}: {word}")),
            '#' => Ok(without_prefix(&value, &word, greedy)),
            '%' => Ok(without_suffix(&value, &word, greedy)),
            other => Err(format!("the form ${{{name}{other}…}} is not understood")),
        }
    }

    fn get(&mut self, name: &str) -> Option<String> {
        let value = self.values.get(name).cloned();
        if value.is_none() {
            self.unset.push(name.to_owned());
        }
        value
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
        }
        name
    }
}

fn without_prefix(value: &str, pattern: &str, greedy: bool) -> String {
    let mut cuts = value.char_indices().map(|(i, _)| i).chain([value.len()]).filter(|i| glob(pattern, &value[..*i]));
    let cut = if greedy { cuts.next_back() } else { cuts.next() };
    value[cut.unwrap_or(0)..].to_owned()
}

fn without_suffix(value: &str, pattern: &str, greedy: bool) -> String {
    let mut cuts = value.char_indices().map(|(i, _)| i).chain([value.len()]).filter(|i| glob(pattern, &value[*i..]));
    let cut = if greedy { cuts.next() } else { cuts.next_back() };
    value[..cut.unwrap_or(value.len())].to_owned()
}

/// Whether `text` as a whole matches `pattern`, in which `*` is any text and `?` any character.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((sp, st)) => {
                    star = Some((sp, st + 1));
                    (p, t) = (sp + 1, st + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> BTreeMap<String, String> {
        [("X", "12"), ("E", ""), ("V", "3.12.1-slim")].into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    fn value(word: &str) -> String {
        expand(word, '\\', &values()).expect("the word is well formed").value
    }

    #[test]
    fn forms_with_and_without_a_value() {
        for (word, want) in [
            ("$X", "12"),
            ("${X}", "12"),
            ("a${X}b", "a12b"),
            ("$N", ""),
            ("${N:-y}", "y"),
            ("${N-y}", "y"),
            ("${E:-y}", "y"),
            ("${E-y}", ""),
            ("${X:-y}", "12"),
            ("${X:+y}", "y"),
            ("${E:+y}", ""),
            ("${E+y}", "y"),
            ("${N:+y}", ""),
            ("${N:-${X}}", "12"),
            ("${N:-${M:-z}}", "z"),
            ("${X:?no}", "12"),
            ("\"$X\"", "12"),
            ("'$X'", "$X"),
            ("\\$X", "$X"),
            ("\"a'b\"", "a'b"),
            ("\"\\$X\"", "$X"),
            ("a$", "a$"),
            ("${V%-*}", "3.12.1"),
            ("${V%%.*}", "3"),
            ("${V#*.}", "12.1-slim"),
            ("${V##*.}", "1-slim"),
        ] {
            assert_eq!(value(word), want, "{word}");
        }
    }

    #[test]
    fn unset_variables_are_named_unless_a_default_stands_in() {
        assert_eq!(expand("$N${M:-d}${X}", '\\', &values()).expect("fine").unset, ["N"]);
    }

    #[test]
    fn broken_words_are_errors() {
        for word in ["${X", "${}", "${:-x}", "'a", "\"a", "${N:?}", "${N?gone}", "${X!y}", "${X:"] {
            assert!(expand(word, '\\', &values()).is_err(), "{word}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(expand(&"${N:-".repeat(50_000), '\\', &values()).is_err());
    }

    proptest! {
        #[test]
        fn expanding_any_text_ends(word in "[\\PC${}:'\"\\\\?#%+-]{0,40}") {
            let _ = expand(&word, '\\', &values());
        }

        #[test]
        fn a_word_without_special_characters_stays(word in "[a-z0-9/:.@ -]{0,40}") {
            prop_assert_eq!(value(&word), word);
        }
    }
}
