//! What is published: this project's README quotes a published record, and each record's report and README follow from
//! the record alone.

use std::fs;
use std::path::{Path, PathBuf};

use loadline::record::Record;
use loadline::report;

use crate::support;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every published run with the name of its folder, by name.
fn published() -> Vec<(String, Record)> {
    let entries = fs::read_dir(root().join("results/published")).expect("published results are checked in");
    let runs = entries.map(|e| e.expect("an entry can be read").path()).filter(|p| p.join("run.json").is_file());
    let named = |path: PathBuf| {
        let record = Record::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (path.file_name().expect("a run's folder has a name").to_string_lossy().into_owned(), record)
    };
    let mut runs: Vec<(String, Record)> = runs.map(named).collect();
    assert!(!runs.is_empty(), "at least one run is published");
    runs.sort_by(|a, b| a.0.cmp(&b.0));
    runs
}

fn folder(name: &str) -> PathBuf {
    root().join("results/published").join(name)
}

/// The page with `text` between its marks for `block`.
fn with_block(page: &str, block: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- begin {block} -->\n"), format!("<!-- end {block} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has no {end}"));
    format!("{before}{begin}\n{}\n\n{end}{after}", text.trim())
}

#[test]
fn the_readme_quotes_the_broadest_published_run_as_it_is_recorded() {
    let runs = published();
    let (name, record) = report::broadest(&runs).expect("at least one run is published");
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let wanted = with_block(&readme, "published chart", &report::readme_chart(name, record));
    let wanted = with_block(&wanted, "published figures", &report::readme_figures(name, record));
    support::checked_in("README.md", &wanted);
}

#[test]
fn a_block_is_replaced_between_its_marks_and_nothing_else() {
    let page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
    let once = with_block(page, "x", "\nnew\n");
    assert_eq!(once, "a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n");
    assert_eq!(with_block(&once, "x", "new"), once);
}

#[test]
fn every_published_report_is_what_its_record_gives() {
    for (name, record) in published() {
        let again = tempfile::tempdir().expect("a temp folder");
        for made in report::write_all(again.path(), &record).expect("the report can be written") {
            let file = made.strip_prefix(again.path()).expect("it is written there").to_string_lossy().into_owned();
            let text = fs::read_to_string(&made).expect("just written");
            support::checked_in(&format!("results/published/{name}/{file}"), &text);
        }
    }
}

#[test]
fn every_published_run_may_be_published() {
    for (name, record) in published() {
        assert_eq!(report::obstacles(&record), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_published_run_explains_itself() {
    for (name, record) in published() {
        let beside: Vec<&str> = report::BESIDE.into_iter().filter(|file| folder(&name).join(file).is_file()).collect();
        let page = report::published_readme(&name, &record, &beside);
        support::checked_in(&format!("results/published/{name}/README.md"), &page);
        let commit = record.run.receipt.scenarios_commit.clone().expect("a published run names its commit");
        let command = record.run.receipt.command_line();
        for fact in [&record.run.run_id, &commit, &command, &record.run.conditions.base_set.id().to_owned()] {
            assert!(page.contains(fact.as_str()), "{name}/README.md does not say {fact}");
        }
        for scenario in &report::ReportData::new(&record).scenarios {
            assert!(scenario.variants.iter().all(|v| page.contains(&v.name)), "{name}/README.md lacks a variant of {}", scenario.name);
        }
    }
}
