//! Scenario files: what is understood, what is refused, and with which words.

mod apps;
mod budgets;
mod discovery;
mod edits;
mod format;
mod java;
mod javascript;
mod properties;
mod proposals;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use loadline::scenario::Problems;
use tempfile::TempDir;

/// A copy of `tests/data/scenarios/NAME`, links kept.
fn tree(name: &str) -> TempDir {
    let copy = TempDir::new().expect("a temporary folder");
    copy_folder(&repository().join("tests/data/scenarios").join(name), copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a kind");
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).expect("a link"), target).expect("a copied link");
        } else if kind.is_dir() {
            fs::create_dir(&target).expect("a copied folder");
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copied file");
        }
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Problems as a terminal shows them, with the place of the temporary folder taken out.
fn shown(problems: &Problems, folder: &Path) -> String {
    problems.render(false).replace(&folder.display().to_string(), "DIR")
}

/// The messages alone.
fn messages(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.message.as_str()).collect()
}
