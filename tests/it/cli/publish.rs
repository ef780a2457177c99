//! `scripts/publish.sh` and the page that it lets loadline write.

use std::path::Path;

use loadline::record::{Record, RunState, Status, Store};

use super::{BINARY, Desk, Ran, ran};
use crate::support::fleet::{five_apps, go_api_complete};
use crate::support::records::failed;

/// A desk with a record in `run`.
fn with(record: &Record) -> Desk {
    let desk = Desk::new();
    let mut store = Store::create(&desk.path().join("run")).expect("the folder is new");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    store.finish(&record.run).expect("run.json is written");
    desk
}

fn publish(desk: &Desk, name: &str) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/publish.sh");
    let mut command = desk.program(script, &["run", name]);
    command.env("LOADLINE", BINARY).env("LOADLINE_PUBLISHED", desk.path().join("published"));
    command.env("LOADLINE_CACHE_DIR", desk.path().join("cache"));
    ran(&command.output().expect("bash starts"), desk.path())
}

#[test]
fn a_published_run_has_its_record_its_report_and_a_page_that_explains_it() {
    let desk = with(&five_apps());
    let done = publish(&desk, "2026-11-21-five-apps");
    assert_eq!(done.code, Some(0), "{done:?}");
    let folder = desk.path().join("published/2026-11-21-five-apps");
    let files =
        ["run.json", "trials.jsonl", "report.md", "observations.csv", "summary.csv", "report.json", "sizes.svg", "times.svg", "bases.md"];
    for file in files {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let page = std::fs::read_to_string(folder.join("README.md")).expect("the page is there");
    insta::assert_snapshot!(page);
    assert_eq!(Record::read(&folder).expect("the record is whole"), Record::read(&desk.path().join("run")).expect("the record is whole"));
}

#[test]
fn a_published_run_is_not_replaced_and_its_name_has_a_date() {
    let desk = with(&go_api_complete());
    assert_eq!(publish(&desk, "2026-11-21-go-api").code, Some(0));
    let again = publish(&desk, "2026-11-21-go-api");
    assert!(again.code == Some(2) && again.err.contains("published runs are not replaced"), "{again:?}");
    assert!(desk.path().join("published/2026-11-21-go-api/README.md").is_file(), "the first one is left alone");
    for name in ["go-api", "2026-11-21", "../2026-11-21-x", "2026-11-21-X y"] {
        assert_eq!(publish(&desk, name).code, Some(2), "{name}");
    }
}

#[test]
fn a_run_that_lacks_a_trial_or_a_commit_is_not_published_and_leaves_nothing() {
    let mut cut = go_api_complete();
    cut.run.state = RunState::Interrupted;
    cut.trials.pop();
    let mut uncommitted = go_api_complete();
    uncommitted.run.receipt.scenarios_dirty = Some(true);
    let mut nowhere = go_api_complete();
    nowhere.run.receipt.scenarios_commit = None;
    let mut broken = go_api_complete();
    broken.trials.retain(|o| o.trial.variant != "multi");
    broken.trials.push(failed("go-api", "multi", Status::BuildFailed { reason: "step 4 failed".to_owned() }));
    let reasons =
        ["did not end by itself", "changes that are in no commit", "names no commit", "go-api/multi is build-failed: step 4 failed"];
    for (record, reason) in [cut, uncommitted, nowhere, broken].iter().zip(reasons) {
        let desk = with(record);
        let refused = publish(&desk, "2026-11-21-go-api");
        assert!(refused.code == Some(5) && refused.err.contains(reason), "{reason}: {refused:?}");
        assert!(!desk.path().join("published").exists(), "{reason}");
    }
}
