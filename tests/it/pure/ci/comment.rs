//! The Markdown of comments and summaries: bounded, closed, and nothing in it but text.

use loadline::judge::Evaluation;
use loadline::report::{COMMENT_LIMIT, COMMENT_MARKER, CiFormat, SUMMARY_LIMIT};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::{evaluations, records};

/// What is wrong with a page, as far as its lines tell: tables with rows of another width, tags that are not ours or not closed.
fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut width = None;
    for line in page.lines() {
        let cells = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
        let expected = *width.get_or_insert(cells);
        if !line.starts_with('|') {
            width = None;
        } else if cells != expected {
            faults.push(format!("{cells} cells where {expected} are: {line}"));
        }
    }
    let ours = ["<details>", "</details>", "<summary>", "</summary>", COMMENT_MARKER];
    let rest = ours.iter().fold(page.to_owned(), |text, tag| text.replace(tag, ""));
    faults.extend(rest.find('<').map(|at| format!("a tag: {}", rest[at..].chars().take(40).collect::<String>())));
    let count = |tag: &str| page.matches(tag).count();
    if count("<details>") != count("</details>") || count("<summary>") != count("</summary>") {
        faults.push("something is not closed".to_owned());
    }
    if page.contains("@e") || page.contains("#1") || page.contains("https://x") {
        faults.push("somebody is called".to_owned());
    }
    faults
}

/// An evaluation with `times` as many limits.
fn long(times: usize) -> Evaluation {
    let mut evaluation = evaluations::every_outcome();
    evaluation.checks = evaluation.checks.iter().cycle().take(evaluation.checks.len() * times).cloned().collect();
    evaluation
}

#[test]
fn a_comment_says_the_totals_first() {
    let page = CiFormat::Comment.render(&evaluations::every_outcome(), None);
    let lines: Vec<&str> = page.lines().take(2).collect();
    assert_eq!(lines, [COMMENT_MARKER, "## loadline: 1 of 6 limits is exceeded, 2 could not be checked"]);
    assert_eq!(faults(&page), Vec::<String>::new());
}

#[test]
fn a_long_comment_is_cut_where_it_fits_and_says_what_it_lacks() {
    let page = CiFormat::Comment.render(&long(500), Some(&records::go_api()));
    assert!(page.len() < COMMENT_LIMIT && page.len() > COMMENT_LIMIT / 2, "{}", page.len());
    let last = page.lines().last().unwrap_or_default();
    assert!(last.starts_with("Left out for want of room: ") && last.contains(" limits that hold"), "{last}");
    assert!(page.contains("| 500 | 500 | 500 | 500 | 500 | 500 | 3000 |"), "{}", &page[..600]);
    assert_eq!(faults(&page), Vec::<String>::new());
}

#[test]
fn a_summary_has_room_for_more() {
    let page = CiFormat::GithubSummary.render(&long(500), None);
    assert!(page.len() > COMMENT_LIMIT && page.len() <= SUMMARY_LIMIT, "{}", page.len());
    assert!(!page.contains(COMMENT_MARKER) && !page.contains("Left out"));
}

#[test]
fn a_name_that_is_markup_is_found_by_this_test() {
    assert_eq!(faults("| a | b |\n| --- | --- |\n| x |\n<b>").len(), 2);
}

#[test]
fn hostile_names_in_any_number_stay_within_the_limit() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..5 {
        let evaluation = evaluations::hostile(80).new_tree(&mut runner).expect("a value").current();
        let page = CiFormat::Comment.render(&evaluation, None);
        assert!(page.len() < COMMENT_LIMIT, "{}", page.len());
        assert_eq!(faults(&page), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn no_name_is_more_than_text(evaluation in evaluations::hostile(8)) {
        for (format, limit) in [(CiFormat::Comment, COMMENT_LIMIT - 1), (CiFormat::GithubSummary, SUMMARY_LIMIT)] {
            let page = format.render(&evaluation, None);
            prop_assert!(page.len() <= limit, "{}", page.len());
            prop_assert_eq!(faults(&page), Vec::<String>::new());
            prop_assert_eq!(page.matches(COMMENT_MARKER).count(), usize::from(format == CiFormat::Comment));
        }
    }
}
