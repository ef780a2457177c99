//! Names of scenarios and variants.
//!
//! They become parts of image and container names, so their alphabet is the common part of both: lower-case letters,
//! digits and single dashes between them. Docker wants at least two characters in a container name
//! (`[a-zA-Z0-9][a-zA-Z0-9_.-]+`), and at most 255 in an image's repository, of which a name here takes 64 at most.

const SHORTEST: usize = 2;
const LONGEST: usize = 64;

/// What is wrong with a name, or nothing.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    if name.len() < SHORTEST {
        Some("has fewer than 2 characters")
    } else if name.len() > LONGEST {
        Some("has more than 64 characters")
    } else if !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        Some("has other characters than lower-case letters, digits and dashes")
    } else if name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        Some("has a dash that does not stand between two letters or digits")
    } else {
        None
    }
}

/// The name nearest to `text` that is valid, or nothing if too little is left of it.
pub(super) fn made_valid(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('-');
    (name.len() >= SHORTEST).then(|| name.to_owned())
}

/// `name`, which is valid, or the first of `name-2`, `name-3`, … that is not taken.
pub(super) fn free(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    let numbered = |number: usize| {
        let end = format!("-{number}");
        let stem: String = name.chars().take(LONGEST - end.len()).collect();
        format!("{}{end}", stem.trim_end_matches('-'))
    };
    (2..=10_000).map(numbered).find(|name| !taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_images_and_containers_can_carry_are_accepted() {
        for name in ["go-api", "ab", "a1-b2-c3", "0x"] {
            assert_eq!(fault(name), None, "{name}");
        }
        for name in ["", "a", "Go", "go_api", "go--api", "-go", "go-", "go api", "gö", &"a".repeat(65)] {
            assert!(fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn other_texts_are_bent_into_names() {
        assert_eq!(made_valid("My App (v2)").as_deref(), Some("my-app-v2"));
        assert_eq!(made_valid("__x__"), None);
        assert_eq!(made_valid("grüße").as_deref(), Some("gr-e"));
    }

    proptest! {
        #[test]
        fn what_was_made_valid_is_valid_and_stays_as_it_is(text in "\\PC{0,100}") {
            if let Some(name) = made_valid(&text) {
                prop_assert_eq!(fault(&name), None);
                prop_assert_eq!(made_valid(&name), Some(name.clone()));
            }
        }
    }
}
