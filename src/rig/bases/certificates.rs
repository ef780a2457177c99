//! The machine's extra CA certificates: what an administrator added to the distribution's own.

use std::path::{Path, PathBuf};

use super::BaseError;

/// Where Debian's and Ubuntu's `update-ca-certificates` looks for certificates that the administrator added.
const FOLDER: &str = "/usr/local/share/ca-certificates";
/// A file beyond this is no certificate.
const LARGEST: u64 = 1 << 20;

/// Extra certificates, sorted by file name. Empty on a machine that trusts nothing beyond its distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Certificates(Vec<(String, Vec<u8>)>);

impl Certificates {
    /// Those of this machine.
    pub(super) fn of_machine() -> Result<Self, BaseError> {
        Self::read(Path::new(FOLDER))
    }

    /// Every `*.crt` below `folder`; a folder that is not there holds none.
    pub(super) fn read(folder: &Path) -> Result<Self, BaseError> {
        let mut found = Vec::new();
        for entry in walkdir::WalkDir::new(folder).max_depth(4).follow_links(true).into_iter().filter_map(Result::ok) {
            let path = entry.path();
            if entry.file_type().is_file() && path.extension().is_some_and(|e| e == "crt") {
                found.push((file_name(folder, path), content(path)?));
            }
        }
        found.sort();
        Ok(Self(found))
    }

    /// File names and bytes, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// Writes them into `folder`.
    pub(super) fn write(&self, folder: &Path) -> std::io::Result<()> {
        self.iter().try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes))
    }
}

/// One flat name for a certificate: what stands between the folders becomes a dash.
fn file_name(folder: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
    relative.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect()
}

fn content(path: &Path) -> Result<Vec<u8>, BaseError> {
    let error = |source| BaseError::Certificate { path: PathBuf::from(path), source };
    let size = std::fs::metadata(path).map_err(error)?.len();
    if size > LARGEST {
        return Err(error(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "larger than 1 MiB")));
    }
    std::fs::read(path).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_extra_certificates_adds_nothing() {
        let none = Certificates::read(Path::new("/nonexistent/ca-certificates")).expect("no folder is no error");
        assert_eq!(none, Certificates::default());
    }

    #[test]
    fn certificates_are_found_in_subfolders_and_keep_flat_names() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("our office")).expect("a folder");
        for (name, text) in [("b.crt", "B"), ("our office/a.crt", "A"), ("readme.txt", "no")] {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let found = Certificates::read(folder.path()).expect("readable");
        assert_eq!(found.iter().collect::<Vec<_>>(), [("b.crt", &b"B"[..]), ("our-office-a.crt", &b"A"[..])]);
    }

    #[test]
    fn a_huge_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("huge.crt");
        std::fs::File::create(&path).and_then(|file| file.set_len(LARGEST + 1)).expect("a sparse file");
        let error = Certificates::read(folder.path()).expect_err("too large");
        assert!(error.to_string().contains("huge.crt"), "{error}");
    }
}
