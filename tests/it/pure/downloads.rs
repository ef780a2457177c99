//! What builds download, in a record, its comparison and its reports.

use loadline::judge::{Verdict, compare};
use loadline::measure::{Measure, Unit};
use loadline::record::{DownloadRecord, Observation, Record, Store, Warning};
use loadline::report::{self, ReportData};

use crate::support::records::{go_api, updated};

/// A download that was counted, with its figure.
fn with_download(record: &mut Record, received: u64, interfaces: u64, observed: Option<u64>) {
    for outcome in record.trials.iter_mut().filter(|outcome| outcome.status.has_numbers()) {
        let counted = DownloadRecord { received, sent: 9_000, connections: 3, interfaces: Some(interfaces), ..DownloadRecord::default() };
        outcome.download = Some(counted);
        outcome.observations.extend(observed.map(|bytes| Observation {
            measure: Measure::BuildDownload,
            definition: None,
            phase: None,
            value: bytes as f64,
            unit: Unit::Bytes,
        }));
    }
    record.run.conditions.download_link = Some("20mbit,30ms".to_owned());
    record.run.settings.download_link = Some("20mbit,30ms".to_owned());
}

/// Every trial downloads, and one after an edit again.
fn counted() -> Record {
    let mut record = go_api();
    record.run.settings.builds.push("edit".to_owned());
    record.run.plan.iter_mut().for_each(|planned| planned.edits.push("source".to_owned()));
    record.trials.push(updated("go-api", "multi", "source", (4_000, 9_000), "COPY . ."));
    with_download(&mut record, 70_000_000, 71_000_000, Some(70_000_000));
    record
}

/// Why the first trial of `record` is not written.
fn refusal(record: &Record) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::create(folder.path()).expect("it is empty");
    record.trials.iter().find_map(|outcome| store.append(outcome).err()).map(|error| error.to_string())
}

#[test]
fn a_figure_without_two_counts_that_agree_is_refused() {
    assert_eq!(refusal(&counted()), None);
    for (interfaces, observed, why) in [
        (71_000_000, 69_999_999, "build-download is 69999999 observed and 70000000 counted"),
        (75_000_000, 70_000_000, "its two counts do not agree"),
    ] {
        let mut record = go_api();
        with_download(&mut record, 70_000_000, interfaces, Some(observed));
        assert!(refusal(&record).is_some_and(|text| text.contains(why)), "{why}");
    }
    let mut record = counted();
    record.trials.iter_mut().for_each(|outcome| outcome.download = None);
    assert!(refusal(&record).is_some_and(|text| text.contains("nothing that it was counted by")));
}

/// What is said of `record` when it is read again.
fn read_again(record: &Record) -> Result<(), String> {
    Record::new(record.run.clone(), record.trials.clone()).map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_build_time_over_a_link_that_the_build_is_not_known_to_have_kept_to_is_refused() {
    let mut record = go_api();
    with_download(&mut record, 70_000_000, 71_000_000, None);
    assert_eq!(read_again(&record), Ok(()));
    for bypassed in [true, false] {
        let mut record = record.clone();
        let first = &mut record.trials[0];
        first.download = first.download.map(|counts| DownloadRecord { interfaces: Some(90_000_000), ..counts }).filter(|_| bypassed);
        let refused = read_again(&record).expect_err("it is not known");
        assert!(refused.contains("not known to have kept to the link 20mbit,30ms"), "{refused}");
        record.run.conditions.download_link = Some("loopback".to_owned());
        assert_eq!(read_again(&record), Ok(()), "counting alone shapes nothing");
        record.run.conditions.download_link = Some("20mbit,30ms".to_owned());
        record.trials[0].observations.retain(|o| o.measure != Measure::BuildTime);
        assert_eq!(read_again(&record), Ok(()), "without the time nothing is claimed");
    }
}

#[test]
fn counts_that_do_not_agree_are_kept_without_a_figure() {
    let mut record = go_api();
    with_download(&mut record, 1_000, 70_000_000, None);
    assert_eq!(refusal(&record), None);
}

#[test]
fn reports_have_a_column_for_each_build_that_downloaded() {
    let data = ReportData::new(&counted());
    let page = report::markdown(&data);
    assert!(page.contains("| build download, cold, MB | build download, edit source, MB |"), "{page}");
    let table = report::terminal(&data, 200, false);
    assert!(table.contains(" download, ") && table.contains(" 70.0 "), "{table}");
    assert!(page.contains("| link of downloads, which are counted | 20mbit,30ms |"));
    let csv = report::observations_csv(&data).expect("it is written");
    let rows: Vec<&str> = csv.lines().filter(|line| line.contains(",build-download,")).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("\"20mbit,30ms\"") && row.contains(",70000000,bytes,")), "{rows:?}");
}

#[test]
fn reports_of_runs_that_count_nothing_say_nothing_of_it() {
    let data = ReportData::new(&go_api());
    let text = report::terminal(&data, 200, false) + &report::markdown(&data);
    assert!(!text.contains("download"), "{text}");
}

#[test]
fn downloads_without_a_figure_are_told_once_for_a_variant() {
    let mut record = go_api();
    with_download(&mut record, 1_000, 70_000_000, None);
    for outcome in record.trials.iter_mut().filter(|outcome| outcome.download.is_some()) {
        let why = outcome.download.and_then(|download| download.counted().err()).expect("it went past").to_string();
        outcome.warnings.push(Warning { message: why });
    }
    let text = report::terminal(&ReportData::new(&record), 200, false);
    let told: Vec<&str> = text.lines().filter(|line| line.contains("not available (bypassed): 70.0 MB")).collect();
    let variants = record.run.plan.len();
    assert!(!told.is_empty() && told.len() <= variants, "{text}");
    assert!(told.iter().any(|line| line.ends_with("no figure in 2 other trials either")), "{told:?}");
}

#[test]
fn build_times_through_the_proxy_are_not_compared_with_those_without() {
    let compared = compare(&go_api(), &counted());
    assert!(compared.findings.iter().all(|finding| finding.measure != Measure::BuildDownload), "only one of them counted");
    let times: Vec<_> = compared.findings.iter().filter(|finding| finding.measure == Measure::BuildTime).collect();
    assert!(!times.is_empty());
    for finding in times {
        let Verdict::NotComparable { condition } = &finding.verdict else { panic!("{finding:?}") };
        assert_eq!(condition, "the link of downloads differs: none in the baseline, 20mbit,30ms here");
    }
    let sizes = compared.findings.iter().find(|finding| finding.measure == Measure::UncompressedSize).expect("a size");
    assert_eq!(sizes.verdict, Verdict::Reproduced);
}
