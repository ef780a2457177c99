//! Names of images, as far as requests need them taken apart.

use super::EngineError;

/// Refuses what no engine takes as a reference or an image id, before it becomes part of a request's path.
pub(super) fn checked(reference: &str) -> Result<&str, EngineError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
    let sound = !reference.is_empty()
        && reference.bytes().all(allowed)
        && reference.split('/').all(|part| part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()));
    if sound { Ok(reference) } else { Err(EngineError::Reference { reference: reference.to_owned() }) }
}

/// `repository:tag` taken apart; the tag is what follows the last colon of the last component.
pub(super) fn split(reference: &str) -> Result<(&str, &str), EngineError> {
    let parts = checked(reference)?.rsplit_once(':').filter(|(_, tag)| !tag.contains('/') && !tag.is_empty());
    parts.filter(|(name, _)| !name.contains('@')).ok_or_else(|| EngineError::Reference { reference: reference.to_owned() })
}

/// The form in which the engine lists a name: `docker.io/library/golang` is `golang:latest`. Ids and digests stay as they are.
pub(super) fn familiar(reference: &str) -> String {
    if reference.starts_with("sha256:") {
        return reference.to_owned();
    }
    let short = ["docker.io/", "index.docker.io/"].iter().find_map(|domain| reference.strip_prefix(domain));
    let short = short.map_or(reference, |rest| rest.strip_prefix("library/").unwrap_or(rest));
    let last = short.rsplit('/').next().unwrap_or(short);
    if last.contains([':', '@']) { short.to_owned() } else { format!("{short}:latest") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reference_splits_into_repository_and_tag() {
        assert_eq!(split("127.0.0.1:5000/a/b:x").expect("a reference"), ("127.0.0.1:5000/a/b", "x"));
        for wrong in ["golang", "127.0.0.1:5000/a", "a@sha256:00", "", ":x", "a:"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_could_change_the_request_is_no_reference() {
        for wrong in ["a/../../containers/x", "a?x=y", "a#b", "a b", "../x", "/x", "a//b", "a%2fb", "ä"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
        for right in ["golang:1.23", "a@sha256:0011", "sha256:0011", "127.0.0.7:5000/run-1/x:a"] {
            assert!(checked(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn names_compare_in_the_engines_own_form() {
        for (long, short) in [
            ("docker.io/library/golang:1.23", "golang:1.23"),
            ("index.docker.io/grafana/loki", "grafana/loki:latest"),
            ("golang", "golang:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("quay.io/library/x:1", "quay.io/library/x:1"),
            ("a@sha256:00", "a@sha256:00"),
            ("sha256:00", "sha256:00"),
        ] {
            assert_eq!(familiar(long), short);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,40}") {
            let _ = (checked(&text).is_ok(), split(&text).is_ok(), familiar(&text));
        }
    }
}
