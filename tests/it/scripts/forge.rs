//! `comment.sh`, `issue.sh` and `gitlab-note.sh`: what they ask of forges, and what they refuse of strangers.

use serde_json::Value;

use super::desk::{Desk, Ran};

const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";
const MARKER: &str = "<!-- loadline -->\n";

/// An artifact with this number and comment, and what came of commenting.
fn commented(desk: &Desk, number: &str, comment: &str, variables: &[(&str, &str)]) -> Ran {
    desk.write("artifact/number", number);
    desk.write("artifact/comment.md", comment);
    let usual = [("FOLDER", "artifact"), ("HEAD_SHA", HEAD), ("GITHUB_REPOSITORY", "me/app"), ("GH_TOKEN", "secret"), ("FAKE_HEAD", HEAD)];
    desk.run("comment.sh", &[&usual[..], variables].concat(), &[])
}

fn body(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("calls.body")).unwrap_or_else(|error| panic!("{error}: {}", desk.read("calls.body")))
}

#[test]
fn a_first_comment_is_written_and_a_second_one_renews_it() {
    let text = format!("{MARKER}fine \"$(x)\" `y` \\ %s\n");
    let desk = Desk::new();
    let ran = commented(&desk, "7\n", &text, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(desk.calls().contains("gh api --method POST repos/me/app/issues/7/comments --input -"), "{}", desk.calls());
    assert_eq!(body(&desk), serde_json::json!({ "body": text }));
    let desk = Desk::new();
    commented(&desk, "7\n", &text, &[("FAKE_FOUND", "99\n100\n")]);
    assert!(desk.calls().contains("gh api --method PATCH repos/me/app/issues/comments/99 --input -"), "{}", desk.calls());
}

#[test]
fn what_is_no_number_of_a_pull_request_is_refused() {
    for number in ["", "0", "-1", "7; x", "7\n8", "$(x)", "../7", "٧", "12345678901"] {
        let desk = Desk::new();
        let ran = commented(&desk, number, MARKER, &[]);
        assert_eq!(ran.code, Some(2), "{number:?}");
        assert_eq!(desk.calls(), "", "{number:?}: something was asked for");
    }
}

#[test]
fn a_run_that_ended_before_its_verdict_is_told_where_to_look() {
    let desk = Desk::new();
    let variables = [("FOLDER", "artifact"), ("HEAD_SHA", HEAD), ("GITHUB_REPOSITORY", "me/app"), ("GH_TOKEN", "t"), ("FAKE_HEAD", HEAD)];
    for there in ["", "number"] {
        if !there.is_empty() {
            desk.write(&format!("artifact/{there}"), "7\n");
        }
        let ran = desk.run("comment.sh", &variables, &[]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("see why in the log of the job that measures"), "{}", ran.err);
        assert!(!desk.calls().contains("--method"), "{}", desk.calls());
    }
}

#[test]
fn another_ones_pull_request_gets_no_comment() {
    let desk = Desk::new();
    let ran = commented(&desk, "8", MARKER, &[("FAKE_HEAD", "fedcba9876543210fedcba9876543210fedcba98")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("is not what was measured"), "{}", ran.err);
    assert!(!desk.calls().contains("--method"), "{}", desk.calls());
}

#[test]
fn a_text_that_is_not_loadlines_is_refused() {
    let long = format!("{MARKER}{}", "x".repeat(65_536));
    for comment in ["hello", "", " <!-- loadline -->\n", &long] {
        let desk = Desk::new();
        assert_eq!(commented(&desk, "7", comment, &[]).code, Some(2));
        assert!(!desk.calls().contains("--method"), "{}", desk.calls());
    }
}

#[test]
fn a_link_in_an_artifact_is_not_followed() {
    let desk = Desk::new();
    desk.write("secret", MARKER);
    std::fs::create_dir(desk.path("artifact")).expect("a folder");
    desk.write("artifact/number", "7");
    std::os::unix::fs::symlink(desk.path("secret"), desk.path("artifact/comment.md")).expect("a link");
    let variables = [("FOLDER", "artifact"), ("HEAD_SHA", HEAD), ("GITHUB_REPOSITORY", "me/app"), ("GH_TOKEN", "t"), ("FAKE_HEAD", HEAD)];
    let ran = desk.run("comment.sh", &variables, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn nobody_is_called_and_no_terminal_is_moved_by_a_strangers_text() {
    let desk = Desk::new();
    let ran = commented(&desk, "7", &format!("{MARKER}@everyone \x1b[2J a@b\n"), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(body(&desk)["body"], format!("{MARKER}@\u{200b}everyone [2J a@\u{200b}b\n"));
}

fn issue(desk: &Desk, verdict: &str, found: &str) -> Ran {
    desk.write("comment.md", &format!("{MARKER}2 limits\n"));
    let variables = [
        ("VERDICT", verdict),
        ("BODY", "comment.md"),
        ("GITHUB_REPOSITORY", "me/app"),
        ("GH_TOKEN", "t"),
        ("RUN_URL", "https://forge.test/run/1"),
        ("FAKE_FOUND", found),
    ];
    desk.run("issue.sh", &variables, &[])
}

#[test]
fn there_is_one_issue_as_long_as_something_is_wrong() {
    let cases = [
        ("fail", "", "--method POST repos/me/app/issues --input", Value::Null, "Container images exceed their budgets".into()),
        (
            "incomplete",
            "12\n13\n",
            "--method PATCH repos/me/app/issues/12 --input",
            "open".into(),
            "Container images could not be held to all of their budgets".into(),
        ),
        (
            "nothing-checked",
            "",
            "--method POST repos/me/app/issues --input",
            Value::Null,
            "Container images are held to no budget yet".into(),
        ),
        ("pass", "12", "--method PATCH repos/me/app/issues/12 --input", "closed".into(), Value::Null),
    ];
    for (verdict, found, call, state, title) in cases {
        let desk = Desk::new();
        let ran = issue(&desk, verdict, found);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(desk.calls().contains(call), "{verdict}: {}", desk.calls());
        assert_eq!((&body(&desk)["state"], &body(&desk)["title"]), (&state, &title), "{verdict}");
        assert_eq!(body(&desk)["labels"], serde_json::json!(["loadline"]));
        assert!(body(&desk)["body"].as_str().is_some_and(|text| text.starts_with(MARKER) && text.ends_with("https://forge.test/run/1\n")));
    }
}

#[test]
fn without_an_issue_a_good_night_writes_nothing() {
    let desk = Desk::new();
    assert_eq!(issue(&desk, "pass", "").code, Some(0));
    assert!(!desk.calls().contains("--method"), "{}", desk.calls());
    assert_eq!(issue(&desk, "", "").code, Some(2));
    assert_eq!(issue(&desk, "good", "").code, Some(2));
}

#[test]
fn a_night_that_ended_before_its_verdict_has_an_issue_without_a_file() {
    let desk = Desk::new();
    let variables =
        [("VERDICT", "none"), ("BODY", ""), ("GITHUB_REPOSITORY", "me/app"), ("GH_TOKEN", "t"), ("RUN_URL", "https://forge.test/1")];
    let ran = desk.run("issue.sh", &variables, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(body(&desk)["title"], "Container images could not be measured");
    let text = body(&desk)["body"].as_str().expect("a text").to_owned();
    assert!(text.starts_with(MARKER) && text.contains("before it had a verdict") && text.ends_with("https://forge.test/1\n"), "{text}");
    assert_eq!(desk.run("issue.sh", &[&variables[1..], &[("VERDICT", "fail")]].concat(), &[]).code, Some(2), "a verdict has a text");
}

#[test]
fn a_night_that_lacks_a_variant_is_no_good_night() {
    let desk = Desk::new();
    desk.write("comment.md", &format!("{MARKER}fine\n"));
    let variables =
        [("VERDICT", "pass"), ("COMPLETE", "false"), ("BODY", "comment.md"), ("GITHUB_REPOSITORY", "me/app"), ("GH_TOKEN", "t")];
    assert_eq!(desk.run("issue.sh", &variables, &[]).code, Some(0));
    assert_eq!(body(&desk)["title"], "Container images could not be held to all of their budgets");
    assert!(body(&desk)["body"].as_str().is_some_and(|text| text.contains("lacks a variant")), "{}", body(&desk));
}

fn noted(desk: &Desk, found: &str, number: &str) -> Ran {
    desk.write("out/comment.md", &format!("{MARKER}fine\n"));
    let variables = [
        ("FOLDER", "out"),
        ("GITLAB_TOKEN", "glpat-secret"),
        ("CI_API_V4_URL", "http://127.0.0.1/api/v4"),
        ("CI_PROJECT_ID", "5"),
        ("CI_MERGE_REQUEST_IID", number),
        ("FAKE_FOUND", found),
    ];
    desk.run("gitlab-note.sh", &variables, &[])
}

#[test]
fn a_merge_request_has_one_note_and_the_token_is_in_no_argument() {
    let others = r#"[{"id":1,"system":false,"body":"hi"},{"id":2,"system":true,"body":"<!-- loadline -->"}]"#;
    let ours = r#"[{"id":1,"system":false,"body":"hi"},{"id":3,"system":false,"body":"<!-- loadline -->\nold"}]"#;
    for (found, call) in [(others, "--request POST"), (ours, "--request PUT")] {
        let desk = Desk::new();
        let ran = noted(&desk, found, "9");
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(desk.calls().contains(call), "{}", desk.calls());
        assert!(desk.calls().contains("/projects/5/merge_requests/9/notes"), "{}", desk.calls());
        assert!(!desk.calls().contains("secret"), "{}", desk.calls());
        assert_eq!(body(&desk)["body"], format!("{MARKER}fine\n"));
    }
    assert_eq!(noted(&Desk::new(), others, "9/x").code, Some(2));
}
