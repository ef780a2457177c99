//! Where the cache lies.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::BaseError;
use super::owner::Owner;

/// The cache's folder: `$LOADLINE_CACHE_DIR`, else `loadline` below `$XDG_CACHE_HOME`, else below `.cache` of the home folder.
/// Under `sudo` that is the calling user's home, so that both find the same images. Relative paths are passed over.
pub fn cache_folder() -> Result<PathBuf, BaseError> {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = Owner::of_caller().and_then(|owner| owner.home(&passwd));
    choose(|name| std::env::var_os(name), home.as_deref()).ok_or(BaseError::NoCacheFolder)
}

/// Bytes of all files below the cache's folder; 0 where there is none yet.
pub fn cache_bytes(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    files.filter_map(|entry| entry.metadata().ok()).filter(std::fs::Metadata::is_file).map(|file| file.len()).sum()
}

fn choose(variable: impl Fn(&str) -> Option<OsString>, callers_home: Option<&Path>) -> Option<PathBuf> {
    let path = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || callers_home.map(Path::to_owned).or_else(|| path("HOME"));
    path("LOADLINE_CACHE_DIR")
        .or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("loadline")))
        .or_else(|| home().map(|home| home.join(".cache/loadline")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[(&str, &str)], callers_home: Option<&str>) -> Option<PathBuf> {
        let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value));
        choose(variable, callers_home.map(Path::new))
    }

    #[test]
    fn the_nearest_setting_decides() {
        let all = [("LOADLINE_CACHE_DIR", "/a"), ("XDG_CACHE_HOME", "/b"), ("HOME", "/c")];
        assert_eq!(chosen(&all, None), Some("/a".into()));
        assert_eq!(chosen(&all[1..], None), Some("/b/loadline".into()));
        assert_eq!(chosen(&all[2..], None), Some("/c/.cache/loadline".into()));
        assert_eq!(chosen(&all[2..], Some("/home/ann")), Some("/home/ann/.cache/loadline".into()));
        assert_eq!(chosen(&[], None), None);
    }

    #[test]
    fn a_relative_path_is_no_place() {
        assert_eq!(chosen(&[("LOADLINE_CACHE_DIR", "x"), ("HOME", "/c")], None), Some("/c/.cache/loadline".into()));
    }
}
