//! Real output of tools that failed, and what is picked from any output at all.

use proptest::prelude::*;

use super::*;

/// The excerpt with what it leaves out and its hint, as one text.
fn shown(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let Excerpt { lines, left_out, hint } = excerpt(&lines);
    format!("{}\n({left_out} left out)\nhint: {}", lines.join("\n"), hint.as_deref().unwrap_or("none"))
}

macro_rules! real {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let output = include_str!(concat!("logs/", stringify!($name), ".log"));
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "logs" }, {
                insta::assert_snapshot!(stringify!($name), shown(output));
            });
        })*
    };
}

real! {
    npm_refused npm_unknown_host npm_no_such_package npm_without_lock npm_script_throws
    pip_refused pip_no_such_package pip_metadata_fails
    go_refused go_unknown_host go_does_not_compile go_panics go_test_fails
    apt_refused apt_unknown_host
    maven_refused maven_refused_with_traces maven_no_such_artifact maven_does_not_compile
    c_does_not_compile c_does_not_link java_does_not_compile typescript_does_not_compile
    curl_unknown_host wget_refused python_raises
}

#[test]
fn a_full_disk_and_an_untrusted_certificate_get_their_own_hint() {
    insta::assert_snapshot!(shown("cp: error writing '/x': No space left on device"), @"
    cp: error writing '/x': No space left on device
    (0 left out)
    hint: no space was left where the step writes; free space there, or choose another place with --data-root
    ");
    insta::assert_snapshot!(shown("npm error code SELF_SIGNED_CERT_IN_CHAIN\nnpm error request to https://me:secret@registry.example/x failed, reason: self-signed certificate in certificate chain"), @"
    npm error code SELF_SIGNED_CERT_IN_CHAIN
    npm error request to https://me:secret@registry.example/x failed, reason: self-signed certificate in certificate chain
    (0 left out)
    hint: the image does not trust the certificate of the host registry.example; where a proxy inspects traffic, its CA must be in the image: stand-ins carry those of /usr/local/share/ca-certificates
    ");
}

#[test]
fn output_of_an_unknown_tool_gives_its_last_lines() {
    let output: Vec<String> = (0..40).map(|n| format!("word number {n}")).collect();
    let picked = excerpt(&output.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((picked.lines.as_slice(), picked.left_out), (&output[28..], 28));
}

#[test]
fn nothing_printed_gives_nothing() {
    assert_eq!(excerpt(&[]), Excerpt::default());
}

fn any_line() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("npm error "),
        Just("[ERROR] "),
        Just("    at f (x.js:1)"),
        Just("E: "),
        Just("Traceback (most recent call last):"),
        Just("  File \"x\", line 3"),
        Just("ValueError: "),
        Just("go: "),
        Just("Get:1 "),
        Just("http://u:p@h/"),
        Just("ECONNREFUSED "),
        Just(""),
        Just("goroutine 1 [running]:"),
        Just("\t/x.go:3 +0x1"),
        Just("Retry 0x12"),
    ];
    (words, "\\PC{0,12}").prop_map(|(word, rest)| format!("{word}{rest}"))
}

proptest! {
    #[test]
    fn the_lines_are_few_and_come_from_the_output_in_its_order(output in proptest::collection::vec(any_line(), 0..80)) {
        let picked = excerpt(&output.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(picked.lines.is_empty(), output.is_empty());
        prop_assert!(picked.lines.len() <= MOST_LINES);
        prop_assert_eq!(picked.lines.len() + picked.left_out, output.len());
        let mut rest = output.iter();
        for line in &picked.lines {
            prop_assert!(rest.any(|of_output| of_output.trim_end() == line), "{line} is not in the rest of the output");
        }
    }

    #[test]
    fn any_text_is_judged_and_long_lines_are_cut(output in proptest::collection::vec("\\PC{0,900}", 0..6)) {
        let picked = excerpt(&output.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert!(picked.lines.iter().all(|line| line.chars().count() <= LONGEST_LINE + 1));
    }

    #[test]
    fn a_hint_never_holds_a_password(user in "[a-z]{3,9}", password in "[A-Z0-9@:/]{4,12}") {
        let line = format!("fatal: unable to access 'https://{user}:{password}@git.example/x': Connection refused");
        let hint = excerpt(&[&line]).hint.unwrap_or_default();
        prop_assert!(!hint.contains(&password), "{hint}");
    }
}
