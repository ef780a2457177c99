//! What a request is about: path and query of the OCI distribution spec 1.1, "API".

use axum::http::Uri;

use super::name::{Reference, RepositoryName};
use super::reply::Refusal;
use crate::image::Digest;

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Version,
    /// `/v2/<name>/blobs/<digest>`
    Blob(RepositoryName, Digest),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(RepositoryName),
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload(RepositoryName, String),
    /// `/v2/<name>/manifests/<reference>`
    Manifest(RepositoryName, Reference),
    /// `/v2/<name>/tags/list`
    Tags(RepositoryName),
}

impl Route {
    /// Reads a path. Names may hold slashes and even words such as `blobs`, so that the end of the path decides. Nothing
    /// is percent-decoded: no legal name, tag, digest or upload id needs it.
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        if matches!(path, "/v2" | "/v2/") {
            return Ok(Self::Version);
        }
        let unknown = || Refusal::not_found("UNSUPPORTED", "there is nothing at this path");
        let (head, tail) = path.strip_prefix("/v2/").and_then(|path| path.rsplit_once('/')).ok_or_else(unknown)?;
        if let Some(name) = head.strip_suffix("/blobs/uploads") {
            return if tail.is_empty() {
                Ok(Self::Uploads(repository(name)?))
            } else {
                Ok(Self::Upload(repository(name)?, tail.to_owned()))
            };
        }
        if let Some(name) = head.strip_suffix("/blobs") {
            return if tail == "uploads" { Ok(Self::Uploads(repository(name)?)) } else { Ok(Self::Blob(repository(name)?, digest(tail)?)) };
        }
        if let Some(name) = head.strip_suffix("/manifests") {
            let reference = Reference::parse(tail);
            let invalid = || Refusal::bad_request("MANIFEST_INVALID", "this is neither a tag nor a digest");
            return Ok(Self::Manifest(repository(name)?, reference.ok_or_else(invalid)?));
        }
        match head.strip_suffix("/tags") {
            Some(name) if tail == "list" => Ok(Self::Tags(repository(name)?)),
            _ => Err(unknown()),
        }
    }
}

fn repository(text: &str) -> Result<RepositoryName, Refusal> {
    RepositoryName::parse(text).ok_or_else(|| Refusal::bad_request("NAME_INVALID", "this is no name of a repository"))
}

pub(super) fn digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|_| Refusal::bad_request("DIGEST_INVALID", "a digest is 'sha256:' and 64 lower-case hexadecimal digits"))
}

/// The value of a query parameter, decoded; unknown ones such as `ns=docker.io` are nobody's business.
pub(super) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| percent_decode(value))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%' {
            let digits = rest.get(..2).and_then(|pair| std::str::from_utf8(pair).ok())?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> RepositoryName {
        RepositoryName::parse(text).expect("a legal name")
    }

    #[test]
    fn the_end_of_a_path_decides_what_it_names() {
        let digest = Digest::of(b"x");
        let tag = |text: &str| Reference::parse(text).expect("a legal tag");
        let cases = [
            ("/v2/".to_owned(), Route::Version),
            (format!("/v2/a/b/blobs/{digest}"), Route::Blob(name("a/b"), digest)),
            ("/v2/a/blobs/uploads/".to_owned(), Route::Uploads(name("a"))),
            ("/v2/a/blobs/uploads/7f".to_owned(), Route::Upload(name("a"), "7f".to_owned())),
            ("/v2/blobs/uploads/manifests/latest".to_owned(), Route::Manifest(name("blobs/uploads"), tag("latest"))),
            (format!("/v2/manifests/manifests/{digest}"), Route::Manifest(name("manifests"), Reference::Digest(digest))),
            ("/v2/tags/tags/list".to_owned(), Route::Tags(name("tags"))),
        ];
        for (path, route) in cases {
            assert_eq!(Route::parse(&path).expect("a known path"), route, "{path}");
        }
    }

    #[test]
    fn names_that_are_none_are_refused_and_not_decoded() {
        for path in
            ["/v2/../manifests/a", "/v2/a/%2e%2e/manifests/a", "/v2//manifests/a", "/v2/A/blobs/uploads/", "/v2/manifests/a", "/", "/v1/a"]
        {
            assert!(Route::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_others_ignored() {
        let uri: Uri = "/v2/a/blobs/uploads/1?ns=docker.io&digest=sha256%3Aab&bad=%zz&cut=%2".parse().expect("a legal URI");
        assert_eq!(parameter(&uri, "digest").as_deref(), Some("sha256:ab"));
        assert_eq!((parameter(&uri, "bad"), parameter(&uri, "cut"), parameter(&uri, "none")), (None, None, None));
    }

    proptest! {
        #[test]
        fn no_path_makes_the_reader_panic(path in "(/v2)?/[a-z./%:]{0,30}(/(blobs|uploads|manifests|tags|list)){0,3}/?\\PC{0,10}") {
            let _ = Route::parse(&path);
            let _ = percent_decode(&path);
        }
    }
}
