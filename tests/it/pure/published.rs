//! What is published: the README's figures come from a published record, and each record's report from the record alone.

use std::fs;
use std::path::{Path, PathBuf};

use loadline::record::Record;
use loadline::report::{self, ReportData};

use crate::support;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every published run, oldest first.
fn published() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("results/published")).expect("published results are checked in");
    let mut runs: Vec<PathBuf> =
        entries.map(|e| e.expect("an entry can be read").path()).filter(|p| p.join("run.json").is_file()).collect();
    assert!(!runs.is_empty(), "at least one run is published");
    runs.sort();
    runs
}

#[test]
fn the_readme_quotes_the_newest_published_run_as_it_is_recorded() {
    let newest = published().pop().expect("at least one run is published");
    let record = Record::read(&newest).expect("a published record can be read");
    let excerpt = report::markdown_excerpt(&ReportData::new(&record));
    let name = newest.file_name().expect("a run's folder has a name").to_string_lossy().into_owned();
    let (begin, end) = (format!("<!-- figures of results/published/{name} -->\n"), "<!-- end of figures -->");
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let from = readme.find("<!-- figures of ").expect("the README has a place for figures");
    let to = readme.find(end).expect("the place for figures has an end");
    let wanted = format!("{}{begin}\n{excerpt}\n{}", &readme[..from], &readme[to..]);
    support::checked_in("README.md", &wanted);
    assert!(readme.contains(&format!("results/published/{name}/sizes.svg")), "the README shows the chart of {name}");
}

#[test]
fn every_published_report_is_what_its_record_gives() {
    for run in published() {
        let record = Record::read(&run).expect("a published record can be read");
        assert_eq!(record.warnings, [], "{}", run.display());
        let again = tempfile::tempdir().expect("a temp folder");
        for made in report::write_all(again.path(), &record).expect("the report can be written") {
            let name = made.file_name().expect("a report file has a name");
            let (new, old) = (fs::read(&made).expect("just written"), fs::read(run.join(name)).expect("published"));
            assert!(new == old, "{}/{} differs; run `loadline report {}`", run.display(), name.display(), run.display());
        }
    }
}

#[test]
fn every_published_run_is_complete_and_explains_itself() {
    for run in published() {
        let record = Record::read(&run).expect("a published record can be read");
        assert!(loadline::judge::completeness(&record, false).is_complete(), "{}", run.display());
        assert!(run.join("README.md").is_file(), "{} has no README.md", run.display());
    }
}
