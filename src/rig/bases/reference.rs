//! Image references as Dockerfiles write them, and the one form under which they are looked up.

use std::fmt;

/// A reference taken apart. Shown in the form in which an engine lists it: `docker.io/library/golang` is `golang:latest`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// Reads `[host/]path[:tag][@digest]`; the error says in words what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) if is_digest(digest) => (name, Some(digest.to_owned())),
            Some((_, digest)) => return Err(format!("'{digest}' is no sha256 digest")),
            None => (text, None),
        };
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (name, None),
        };
        let repository = familiar(repository);
        if !repository.split('/').all(is_component) || !tag.is_none_or(is_tag) {
            return Err(format!("'{text}' is no image reference"));
        }
        let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
        Ok(Self { repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }

    /// The name without tag and digest.
    pub(super) fn repository(&self) -> &str {
        &self.repository
    }

    /// What a mirror of Docker Hub has the image as, such as `library/golang:1.23`; `None` for one of another registry, and for one
    /// that names a digest.
    pub(super) fn on_hub(&self) -> Option<String> {
        let tag = self.tag.as_ref().filter(|_| self.digest.is_none())?;
        let repository = &self.repository;
        match repository.split_once('/') {
            None => Some(format!("library/{repository}:{tag}")),
            Some((host, _)) if host == "localhost" || host.contains(['.', ':']) => None,
            Some(_) => Some(format!("{repository}:{tag}")),
        }
    }

    /// The digest that the reference itself names.
    pub(super) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same repository by digest alone.
    pub(super) fn at(&self, digest: &str) -> String {
        format!("{}@{digest}", self.repository)
    }

    /// The name to which a pulled or loaded image must answer: `repository:tag`, or by digest when no tag is written.
    pub(super) fn name(&self) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => format!("{}:{tag}", self.repository),
            (None, Some(digest)) => self.at(digest),
            (None, None) => self.repository.clone(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// Whether `text` is `sha256:` and 64 lower-case hexadecimal digits.
pub(super) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn familiar(repository: &str) -> &str {
    let short = ["docker.io/", "index.docker.io/"].iter().find_map(|host| repository.strip_prefix(host));
    short.map_or(repository, |rest| rest.strip_prefix("library/").unwrap_or(rest))
}

/// A path component or a host with its port.
fn is_component(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-:".contains(&b);
    text.len() <= 255 && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && text.bytes().all(allowed)
}

fn is_tag(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mirror_of_the_hub_is_asked_for_a_path_below_library_and_never_for_other_registries() {
        let on_hub = |text: &str| Reference::parse(text).expect("a reference").on_hub();
        assert_eq!(on_hub("golang:1.23").as_deref(), Some("library/golang:1.23"));
        assert_eq!(on_hub("docker.io/library/golang").as_deref(), Some("library/golang:latest"));
        assert_eq!(on_hub("grafana/grafana:11").as_deref(), Some("grafana/grafana:11"));
        for other in ["gcr.io/distroless/static:nonroot", "localhost/a:1", "127.0.0.1:5000/a:1"] {
            assert_eq!(on_hub(other), None, "{other}");
        }
        assert_eq!(on_hub(&format!("golang:1.23@sha256:{}", "a".repeat(64))), None);
    }

    #[test]
    fn every_way_to_write_a_published_name_is_one_name() {
        for (written, shown) in [
            ("golang:1.23", "golang:1.23"),
            ("docker.io/library/golang:1.23", "golang:1.23"),
            ("index.docker.io/grafana/loki", "grafana/loki:latest"),
            ("golang", "golang:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("quay.io/library/x:1", "quay.io/library/x:1"),
        ] {
            assert_eq!(Reference::parse(written).expect("a reference").to_string(), shown);
        }
    }

    #[test]
    fn a_digest_stays_with_its_reference() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let both = Reference::parse(&format!("golang:1.23@{digest}")).expect("tag and digest");
        assert_eq!((both.name(), both.digest(), both.at(&digest)), ("golang:1.23".into(), Some(&*digest), format!("golang@{digest}")));
        let bare = Reference::parse(&format!("golang@{digest}")).expect("digest");
        assert_eq!(bare.name(), format!("golang@{digest}"));
    }

    #[test]
    fn what_is_no_reference_is_said() {
        for wrong in ["", ":", "a:", "a b", "a//b", "/a", "../a", "a@sha256:00", "a:-x", "${BASE}", "a\u{1b}[2J"] {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(text in "(docker.io/|gcr.io:443/)?[a-z][a-z0-9._-]{0,9}(/[a-z]{1,5})?(:[a-z0-9._]{1,9})?(@sha256:[0-9a-f]{64})?") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()).expect("shown form"), reference);
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,60}") {
            let _ = Reference::parse(&text);
        }
    }
}
