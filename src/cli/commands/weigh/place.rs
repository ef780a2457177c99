//! Where an image is: what the user typed, told apart by the word before the colon.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::cli::{Exit, Failure, plain};

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// An engine's, by name or id.
    Engine(String),
    /// A registry's, by reference.
    Registry(String),
    /// A file that `docker save` wrote.
    DockerArchive(Stored),
    /// A folder with an OCI layout.
    Oci(Stored),
    /// A tar of an OCI layout.
    OciArchive(Stored),
}

/// An image on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// The file or folder.
    pub path: PathBuf,
    /// Which of several images.
    pub reference: Option<String>,
}

impl Place {
    /// Reads `engine:NAME`, `registry:REF`, `docker-archive:PATH[:NAME]`, `oci:DIR[:NAME]`, `oci-archive:PATH[:NAME]`, or a name or id
    /// that an engine knows. A file or folder that is typed without the word before it is told what to type.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let place = match text.split_once(':') {
            Some(("engine", name)) => Self::Engine(name.to_owned()),
            Some(("registry", name)) => Self::Registry(name.trim_start_matches("//").to_owned()),
            Some(("docker-archive", rest)) => Self::DockerArchive(Stored::parse(rest)),
            Some(("oci", rest)) => Self::Oci(Stored::parse(rest)),
            Some(("oci-archive", rest)) => Self::OciArchive(Stored::parse(rest)),
            _ => match looks_like(text) {
                Some(advice) => return Err(Failure::new(Exit::Usage, advice)),
                None => Self::Engine(text.to_owned()),
            },
        };
        if place.rest().is_empty() {
            return Err(Failure::new(Exit::Usage, format!("'{}' names no image; write what stands after the colon", plain::line(text))));
        }
        Ok(place)
    }

    fn rest(&self) -> String {
        match self {
            Self::Engine(name) | Self::Registry(name) => name.clone(),
            Self::DockerArchive(stored) | Self::Oci(stored) | Self::OciArchive(stored) => stored.path.to_string_lossy().into_owned(),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine",
            Self::Registry(_) => "registry",
            Self::DockerArchive(_) => "docker-archive",
            Self::Oci(_) => "oci",
            Self::OciArchive(_) => "oci-archive",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.word(), plain::line(&self.rest()))
    }
}

impl Stored {
    /// A path that exists as a whole is one; else what stands behind a colon that no path part follows is the tag.
    fn parse(text: &str) -> Self {
        let whole = || Self { path: PathBuf::from(text), reference: None };
        if Path::new(text).exists() {
            return whole();
        }
        let colons = text.match_indices(':').map(|(at, _)| at);
        // The longest path that exists, since a reference may have colons of its own: `a.tar:shop:1`.
        let split = colons.rev().find(|&at| Path::new(&text[..at]).exists()).or_else(|| text.rfind(':'));
        match split.map(|at| (&text[..at], &text[at + 1..])) {
            Some((path, reference)) if !path.is_empty() && !reference.is_empty() => {
                Self { path: PathBuf::from(path), reference: Some(reference.to_owned()) }
            }
            _ => whole(),
        }
    }
}

/// What is the matter with a file or folder that stands there without a word before it, and what to type; `None` for a name. What is
/// there, or is written as a path, is no name.
fn looks_like(text: &str) -> Option<String> {
    let written_as_path = text.starts_with(['.', '/', '~']);
    let split = Stored::parse(text);
    // A folder may have the name of an image, which has a tag more often than a folder is an OCI layout.
    let is_split = written_as_path || split.path.is_file() || is_archive(&split.path);
    let Stored { path, reference } = if is_split { split } else { Stored { path: text.into(), reference: None } };
    let (shown, behind) =
        (plain::line(&path.to_string_lossy()), reference.map(|name| format!(":{}", plain::line(&name))).unwrap_or_default());
    let typed = |word: &str| format!("{shown} is a file or folder; to weigh the image in it, type {word}:{shown}{behind}");
    let or_engine = if written_as_path { String::new() } else { format!("; type engine:{shown} if an engine has an image of that name") };
    if path.is_dir() {
        return Some(match lacking(&path) {
            None => typed("oci"),
            Some(why) => format!("{shown} is a folder and no OCI layout: {why}{or_engine}"),
        });
    }
    if path.is_file() {
        return Some(match word_for(&path) {
            Some(word) => typed(word),
            None => format!("{shown} is a file and no archive of an image{or_engine}"),
        });
    }
    if path.exists() || written_as_path || is_archive(&path) {
        let there = if path.exists() { "is neither a file nor a folder" } else { "is not there" };
        return Some(format!("there is no file {shown}: it {there}; check the path{or_engine}"));
    }
    None
}

/// Whether it has the name of an archive.
fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["tar", "tgz", "gz"].iter().any(|known| extension == *known))
}

/// Why a folder is no OCI layout, and what may be meant; `None` for one that is.
fn lacking(folder: &Path) -> Option<String> {
    let has = |name: &str| folder.join(name).exists();
    let shown = plain::line(&folder.to_string_lossy());
    if has("oci-layout") {
        None
    } else if has("manifest.json") {
        Some(format!(
            "it has manifest.json, as an unpacked docker archive; pack it with `tar -cf FILE -C {shown} .` and type docker-archive:FILE"
        ))
    } else if has("Dockerfile") {
        Some(format!("it has no file oci-layout; `loadline run {shown}` builds and weighs its Dockerfile"))
    } else {
        Some("it has no file oci-layout; check the path".to_owned())
    }
}

/// The word for what is in a file. One that is compressed as a whole is not looked into.
fn word_for(path: &Path) -> Option<&'static str> {
    let archive = path.extension().is_some_and(|extension| extension == "gz" || extension == "tgz");
    if archive || holds(path, "manifest.json") {
        Some("docker-archive")
    } else if holds(path, "oci-layout") {
        Some("oci-archive")
    } else {
        None
    }
}

/// Whether a tar has an entry of this name. Entries are skipped, not read.
fn holds(path: &Path, name: &str) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut archive = tar::Archive::new(file);
    let Ok(entries) = archive.entries_with_seek() else { return false };
    let is_it = |entry: std::io::Result<tar::Entry<'_, _>>| {
        entry.is_ok_and(|entry| entry.path().is_ok_and(|path| path.strip_prefix(".").unwrap_or(&path) == Path::new(name)))
    };
    entries.take(10_000).any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Place {
        Place::parse(text).unwrap_or_else(|failure| panic!("{text}: {}", failure.chain()))
    }

    fn stored(path: &str, reference: Option<&str>) -> Stored {
        Stored { path: PathBuf::from(path), reference: reference.map(str::to_owned) }
    }

    #[test]
    fn the_word_before_the_colon_says_where_an_image_is() {
        assert_eq!(parsed("shop"), Place::Engine("shop".to_owned()));
        assert_eq!(parsed("ghcr.io/me/shop:1"), Place::Engine("ghcr.io/me/shop:1".to_owned()));
        assert_eq!(parsed("localhost:5000/shop"), Place::Engine("localhost:5000/shop".to_owned()));
        assert_eq!(parsed("engine:oci:1"), Place::Engine("oci:1".to_owned()));
        assert_eq!(parsed("registry:ghcr.io/me/shop:1"), Place::Registry("ghcr.io/me/shop:1".to_owned()));
        assert_eq!(parsed("docker-archive:a.tar"), Place::DockerArchive(stored("a.tar", None)));
        assert_eq!(parsed("oci:dir:1.0"), Place::Oci(stored("dir", Some("1.0"))));
        assert_eq!(parsed("oci-archive:/x/a.tar"), Place::OciArchive(stored("/x/a.tar", None)));
        assert!(Place::parse("oci:").is_err() && Place::parse("").is_err());
    }

    #[test]
    fn a_reference_behind_a_path_may_have_colons_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder is made");
        let path = folder.path().join("a.tar");
        std::fs::write(&path, "").expect("the file is written");
        let path = path.to_str().expect("text");
        assert_eq!(parsed(&format!("docker-archive:{path}:shop:1")), Place::DockerArchive(stored(path, Some("shop:1"))));
        assert_eq!(parsed(&format!("docker-archive:{path}")), Place::DockerArchive(stored(path, None)));
    }
}
