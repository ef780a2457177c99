//! Names of repositories and tags, by the grammar of the OCI distribution spec 1.1 ("Pulling manifests").
//!
//! A name that parsed can do no harm in a header or a message. It is never made part of a path on disk.

use std::fmt;
use std::sync::Arc;

use crate::image::Digest;

/// The distribution spec's advice for name and host together; Docker holds names to the same length.
const MAX_NAME: usize = 255;

const MAX_TAG: usize = 128;

/// A repository's name: `library/golang`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RepositoryName(Arc<str>);

/// A tag: `1.23`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Tag(Box<str>);

/// What follows a repository's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Tag(Tag),
    Digest(Digest),
}

impl RepositoryName {
    /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`
    pub(super) fn parse(text: &str) -> Option<Self> {
        (text.len() <= MAX_NAME && text.split('/').all(is_component)).then(|| Self(text.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

/// Letters and digits, with single separators between them: `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut separators = text.trim_matches(word).split(word).filter(|separator| !separator.is_empty());
    text.starts_with(word) && text.ends_with(word) && separators.all(is_separator)
}

fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

impl Tag {
    /// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
    fn parse(text: &str) -> Option<Self> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let valid = text.len() <= MAX_TAG && text.starts_with(word) && text.chars().all(|c| word(c) || c == '.' || c == '-');
        valid.then(|| Self(text.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Reference {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains(':') { text.parse().ok().map(Self::Digest) } else { Tag::parse(text).map(Self::Tag) }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(&tag.0),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_the_grammar_are_taken() {
        for name in ["a", "library/golang", "host/a/b/c", "run-1--x/go_api", "a__b", "1.2.3"] {
            assert!(RepositoryName::parse(name).is_some(), "{name}");
        }
        assert!(RepositoryName::parse(&"a".repeat(255)).is_some());
    }

    #[test]
    fn names_outside_the_grammar_are_refused() {
        let long = "a".repeat(256);
        for name in
            ["", "/", "a/", "/a", "a//b", "..", "a/../b", ".a", "a.", "A", "a..b", "a___b", "a._b", "a-_b", "a%2fb", "a b", "ä", &long]
        {
            assert!(RepositoryName::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_reference_is_a_tag_or_a_whole_digest() {
        assert!(matches!(Reference::parse("1.23-alpine_X"), Some(Reference::Tag(_))));
        assert!(matches!(Reference::parse(&Digest::of(b"").to_string()), Some(Reference::Digest(_))));
        for text in ["", "-a", ".a", "a/b", "sha256:ab", "a b", "..", &"t".repeat(129)] {
            assert!(Reference::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_name_of_the_grammar_is_taken_and_no_other(
            name in "[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}(/[a-z0-9]{1,3}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}){0,2}",
            mutation in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(vec!['.', '_', '-', '/', 'a', 'A', '%']))),
        ) {
            let grammar = regex::Regex::new(r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$").expect("a valid pattern");
            let mut name = name;
            if let Some((index, character)) = mutation {
                name.insert(index.index(name.len()), character);
            }
            prop_assert_eq!(RepositoryName::parse(&name).is_some(), grammar.is_match(&name), "{}", name);
        }
    }
}
