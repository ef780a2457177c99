//! `bases.lock`: the digests of published base images, by reference and platform.
//!
//! TOML, sorted, one table for each image, made to be committed and to give small diffs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::BaseError;
use super::owner::{Owner, hand_over};
use super::reference::{Reference, is_digest};

/// The version of the file's format.
const VERSION: u32 = 1;
/// A larger file is refused unread.
const LARGEST: u64 = 4 << 20;

/// The content of a `bases.lock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile {
    /// (reference, platform) → digest.
    digests: BTreeMap<(String, String), String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Spanned<u32>,
    #[serde(default, rename = "base")]
    bases: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    reference: Spanned<String>,
    platform: Spanned<String>,
    digest: Spanned<String>,
}

impl LockFile {
    /// Reads `path`; a file that is not there locks nothing.
    pub(super) fn read(path: &Path) -> Result<Self, BaseError> {
        let error = |source| BaseError::LockFile { action: "read", path: path.to_owned(), source };
        match std::fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(metadata) if metadata.len() > LARGEST => return Err(error(io::ErrorKind::FileTooLarge.into())),
            Err(e) => return Err(error(e)),
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(path).map_err(error)?;
        Self::parse(&text).map_err(|(offset, reason)| {
            let (line, column) = position(&text, offset);
            BaseError::LockSyntax { path: path.to_owned(), line, column, reason }
        })
    }

    /// Reads the text of a lock file; the error is a byte offset and a reason.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let document: Document =
            toml::from_str(text).map_err(|e| (e.span().map_or(0, |span| span.start), e.message().replace('\n', " ")))?;
        if *document.version.get_ref() != VERSION {
            let found = document.version.get_ref();
            return Err((document.version.span().start, format!("version {found} is not known; this loadline writes version {VERSION}")));
        }
        let mut file = Self::default();
        for table in document.bases {
            file.take(table)?;
        }
        Ok(file)
    }

    fn take(&mut self, table: Table) -> Result<(), (usize, String)> {
        let at = |value: &Spanned<String>, reason: String| (value.span().start, reason);
        let shown = Reference::parse(table.reference.get_ref()).map_err(|reason| at(&table.reference, reason))?.to_string();
        if !table.platform.get_ref().contains('/') || table.platform.get_ref().chars().any(char::is_control) {
            return Err(at(&table.platform, "the platform is no os/architecture, such as linux/amd64".to_owned()));
        }
        if !is_digest(table.digest.get_ref()) {
            return Err(at(&table.digest, "the digest is not sha256: and 64 lower-case hexadecimal digits".to_owned()));
        }
        let start = table.reference.span().start;
        let key = (shown, table.platform.into_inner());
        if self.digests.contains_key(&key) {
            return Err((start, format!("{} is locked twice for {}", key.0, key.1)));
        }
        self.digests.insert(key, table.digest.into_inner());
        Ok(())
    }

    /// The digest of `reference`, given in its shown form.
    pub(super) fn get(&self, reference: &Reference, platform: &str) -> Option<&str> {
        self.digests.get(&(reference.to_string(), platform.to_owned())).map(String::as_str)
    }

    /// Sets a digest and gives back another one that stood there.
    pub(super) fn set(&mut self, reference: &Reference, platform: &str, digest: &str) -> Option<String> {
        let old = self.digests.insert((reference.to_string(), platform.to_owned()), digest.to_owned());
        old.filter(|old| old != digest)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!("# Digests of published base images, written by loadline. Commit this file.\nversion = {VERSION}\n");
        for ((reference, platform), digest) in &self.digests {
            let [reference, platform, digest] = [reference, platform, digest].map(|value| toml::Value::String(value.clone()));
            write!(text, "\n[[base]]\nreference = {reference}\nplatform = {platform}\ndigest = {digest}\n")
                .expect("a String takes every write");
        }
        text
    }

    /// Writes the file whole or not at all.
    pub(super) fn write(&self, path: &Path, owner: Option<Owner>) -> Result<(), BaseError> {
        let write = || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut file = tempfile::Builder::new().prefix(".bases.lock-").permissions(readable()).tempfile_in(folder)?;
            file.write_all(self.text().as_bytes())?;
            hand_over(owner, file.path())?;
            file.persist(path).map_err(|e| e.error)
        };
        write().map(drop).map_err(|source| BaseError::LockFile { action: "write", path: path.to_owned(), source })
    }
}

/// A committed file is readable by everyone, unlike a temporary one.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn reference(text: &str) -> Reference {
        Reference::parse(text).expect("a reference")
    }

    #[test]
    fn the_file_is_sorted_and_says_what_it_is() {
        let mut lock = LockFile::default();
        lock.set(&reference("golang:1.23"), "linux/amd64", DIGEST);
        lock.set(&reference("docker.io/library/debian"), "linux/amd64", DIGEST);
        insta::assert_snapshot!(lock.text(), @r#"
        # Digests of published base images, written by loadline. Commit this file.
        version = 1

        [[base]]
        reference = "debian:latest"
        platform = "linux/amd64"
        digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

        [[base]]
        reference = "golang:1.23"
        platform = "linux/amd64"
        digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        "#);
    }

    #[test]
    fn an_error_names_file_line_and_column() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bases.lock");
        let text = "version = 1\n\n[[base]]\nreference = \"golang:1.23\"\nplatform = \"linux/amd64\"\ndigest = \"sha256:12\"\n";
        std::fs::write(&path, text).expect("a file");
        let message = LockFile::read(&path).expect_err("a short digest").to_string().replace(folder.path().to_str().expect("utf-8"), "");
        insta::assert_snapshot!(message, @"/bases.lock:6:10: the digest is not sha256: and 64 lower-case hexadecimal digits; repair the file, or remove it to have it written anew");
    }

    #[test]
    fn what_a_lock_file_cannot_mean_is_refused() {
        let table = |reference: &str| format!("[[base]]\nreference = \"{reference}\"\nplatform = \"linux/amd64\"\ndigest = \"{DIGEST}\"\n");
        for (text, reason) in [
            (format!("version = 1\n{}{}", table("golang:1"), table("docker.io/library/golang:1")), "locked twice"),
            ("version = 2\n".to_owned(), "version 2 is not known"),
            ("base = []\n".to_owned(), "missing field `version`"),
            (format!("version = 1\n{}", table("a b")), "no image reference"),
            (format!("version = 1\n{}size = 3\n", table("a")), "unknown field"),
            ("version = ".to_owned(), ""),
        ] {
            let (_, found) = LockFile::parse(&text).expect_err("not a lock file");
            assert!(found.contains(reason), "{found}");
        }
    }

    #[test]
    fn a_missing_file_locks_nothing() {
        assert_eq!(LockFile::read(Path::new("/nonexistent/bases.lock")).expect("no file"), LockFile::default());
    }

    #[test]
    fn a_moved_digest_is_given_back() {
        let mut lock = LockFile::default();
        let golang = reference("golang:1.23");
        assert_eq!(lock.set(&golang, "linux/amd64", DIGEST), None);
        assert_eq!(lock.set(&golang, "linux/amd64", DIGEST), None);
        assert_eq!(lock.set(&golang, "linux/amd64", &DIGEST.replace('0', "1")).as_deref(), Some(DIGEST));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(entries in proptest::collection::vec(("[a-z]{1,6}(/[a-z]{1,4})?(:[a-z0-9.]{1,6})?", "linux/(amd64|arm64)", "[0-9a-f]{64}"), 0..8)) {
            let mut lock = LockFile::default();
            for (name, platform, hex) in &entries {
                if let Ok(name) = Reference::parse(name) {
                    lock.set(&name, platform, &format!("sha256:{hex}"));
                }
            }
            prop_assert_eq!(LockFile::parse(&lock.text()), Ok(lock));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,80}") {
            let _ = LockFile::parse(&text).map_err(|(offset, _)| position(&text, offset));
        }
    }
}
