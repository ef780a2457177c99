//! What has the name that it has in the baseline, and is another thing.

use loadline::judge::{BudgetSource, Definition, Question, changes, check, redefined};
use loadline::measure::Measure;
use loadline::record::{Record, SmokeRecord};
use loadline::report::{changes_markdown, changes_terminal, check_text};

use super::{FIVE, max, run};

fn proven(requests: &[&str], digest: &str) -> Record {
    let mut record = run(&FIVE);
    let check = SmokeRecord { requests: requests.iter().map(|&request| request.to_owned()).collect(), digest: digest.to_owned() };
    record.run.smoke_checks = Some([("go-api".to_owned(), check)].into());
    record
}

fn told(baseline: &Record, run: &Record) -> Vec<String> {
    let evaluation = check(run, Some(baseline), BudgetSource::Record, &[max(Measure::UncompressedSize, "1 GB")]);
    check_text(&evaluation).lines().filter_map(|line| line.strip_prefix("redefined      ").map(str::to_owned)).collect()
}

#[test]
fn a_smoke_check_that_asks_for_less_is_told() {
    let (old, new) = (proven(&["GET /health: 200", "GET /api/items: 200 with JSON"], "sha256:1"), proven(&["GET /: 200"], "sha256:2"));
    let sentence = "go-api: another smoke check proves it than in the baseline: no longer GET /health: 200, GET /api/items: 200 with JSON; \
                    now GET /: 200";
    assert_eq!(told(&old, &new), [sentence]);
    assert_eq!(told(&old, &old), [""; 0]);
    let compared = changes(&old, &new, &Question::default());
    assert!(changes_terminal(&compared, false, 100).contains(&format!("\nwarning: {sentence}\n")));
    assert!(changes_markdown(&compared, false).contains("> **Warning**: go-api: another smoke check proves it"));
}

#[test]
fn a_smoke_check_that_wants_something_else_of_the_same_requests_is_told() {
    let (old, new) = (proven(&["GET /: 200 with a text"], "sha256:1"), proven(&["GET /: 200 with a text"], "sha256:2"));
    let sentence = "go-api: another smoke check proves it than in the baseline: the same requests in another order, or with another port, \
                    environment, command, body or wanted answer";
    assert_eq!(told(&old, &new), [sentence]);
}

#[test]
fn a_smoke_check_that_is_gone_is_told_unless_nobody_knows() {
    let old = proven(&["GET /health: 200"], "sha256:1");
    let mut new = run(&FIVE);
    new.run.smoke_checks = Some([].into());
    assert_eq!(told(&old, &new), ["go-api: no smoke check proves it any more; in the baseline it was GET /health: 200"]);
    assert_eq!(told(&new, &old), [""; 0], "more is proven");
    new.run.plan.clear();
    assert_eq!(told(&old, &new), [""; 0], "it was not measured");
}

#[test]
fn a_record_that_does_not_say_what_proved_it_tells_nothing() {
    let (silent, new) = (run(&FIVE), proven(&["GET /: 200"], "sha256:2"));
    assert_eq!((told(&silent, &new), told(&new, &silent)), (Vec::new(), Vec::new()));
}

#[test]
fn a_variant_that_is_built_from_another_file_is_told() {
    let old = run(&FIVE);
    let mut new = old.clone();
    let multi = new.run.plan.iter_mut().find(|planned| planned.variant == "multi").expect("it is planned");
    multi.dockerfile = "slim\x1b[2J.Dockerfile".to_owned();
    assert_eq!(told(&old, &new), ["go-api/multi: built from slim [2J.Dockerfile, and from multi.Dockerfile in the baseline"]);
    assert_eq!(redefined(&old, &new)[0].what, Definition::Dockerfile);
}

#[test]
fn what_differs_is_named_however_long_the_check_is() {
    let same: Vec<String> = (0..9).map(|n| format!("GET /{n}: 200")).collect();
    let with = |more: Vec<String>, digest| proven(&same.iter().chain(&more).map(String::as_str).collect::<Vec<_>>(), digest);
    let one = |path: &str| vec![format!("GET /{path}: 200")];
    let differs = told(&with(one("before"), "sha256:1"), &with(one(&"x".repeat(900)), "sha256:2"));
    let long = format!("now GET /{}…", "x".repeat(75));
    assert_eq!(differs, [format!("go-api: another smoke check proves it than in the baseline: no longer GET /before: 200; {long}")]);
    let [more] = &told(&proven(&["GET /: 200"], "sha256:1"), &with(Vec::new(), "sha256:2"))[..] else { panic!("one is told") };
    assert!(
        more.ends_with("no longer GET /: 200; now GET /0: 200, GET /1: 200, GET /2: 200, GET /3: 200, GET /4: 200 and 4 more"),
        "{more}"
    );
}
