use std::os::unix::fs::MetadataExt;

use super::*;
use crate::record::Status;

fn trial(scenario: &str) -> Trial {
    Trial {
        scenario: scenario.to_owned(),
        variant: "multi".to_owned(),
        iteration: 1,
        cache_state: "cold".to_owned(),
        edit: None,
        warmup: false,
    }
}

/// Root can give files to anybody; everybody can give their own to themselves.
fn somebody() -> (u32, u32) {
    if rustix::process::geteuid().is_root() {
        return (54_321, 54_322);
    }
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

#[test]
fn everything_that_a_run_creates_belongs_to_the_caller() {
    let (uid, gid) = somebody();
    let owner = Owner::from_variables(|name| Some(if name == "SUDO_UID" { uid } else { gid }.to_string().into()));
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = outside.path().join("results/2026-11-30-1");
    let mut store = Store::create_for(&folder, owner).expect("a new folder");
    store.log(&trial("go-api")).expect("a log");
    let outcome = TrialOutcome {
        trial: trial("go-api"),
        started: jiff::Timestamp::UNIX_EPOCH,
        status: Status::Interrupted,
        observations: Vec::new(),
        steps: Vec::new(),
        push: None,
        pull: None,
        weighing: None,
        delta: None,
        starts: Vec::new(),
        download: None,
        warnings: Vec::new(),
        log: None,
        lost: false,
        noise: None,
    };
    store.append(&outcome).expect("a believable outcome");
    replace_file(&folder.join("run.json"), b"{}", owner).expect("a file");
    let created: Vec<_> = walkdir::WalkDir::new(outside.path()).min_depth(1).into_iter().map(|e| e.expect("an entry")).collect();
    assert_eq!(created.len(), 6, "results, the run, log, its file, trials.jsonl and run.json: {created:?}");
    for entry in created {
        let metadata = entry.metadata().expect("metadata");
        assert_eq!((metadata.uid(), metadata.gid()), (uid, gid), "{}", entry.path().display());
    }
}

#[test]
fn a_name_becomes_a_part_of_a_file_name_that_cannot_leave_its_folder() {
    assert_eq!(file_part("go-api"), "go-api");
    assert_eq!(file_part(".."), "_..");
    assert_eq!(file_part("a/b\0c"), "a_b_c");
    assert_eq!(file_part(""), "_");
    assert_eq!(file_part(&"x".repeat(300)).len(), 80);
}
