use proptest::prelude::*;

use super::*;

fn ignored(patterns: &[&str], path: &str) -> bool {
    ignore(&patterns.join("\n")).is_ignored(path.as_bytes())
}

fn ignore(text: &str) -> Ignore {
    Ignore::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn error(text: &str) -> IgnoreError {
    Ignore::parse(text.as_bytes()).expect_err("the pattern is refused")
}

#[test]
fn single_patterns() {
    for (pattern, path, want) in [
        ("*", "main.go", true),
        ("*.go", "main.go", true),
        ("*.go", "cmd/main.go", false),
        ("*.go", "main.go/x", true),
        ("**", "file", true),
        ("**", "dir/file", true),
        ("**/", "file", true),
        ("**/", "dir/file", true),
        ("**/**", "dir/file", true),
        ("dir/**", "dir/file", true),
        ("dir/**", "dir/sub/file", true),
        ("dir/**", "dir", false),
        ("**/dir", "dir", true),
        ("**/dir", "dir/file", true),
        ("**/dir", "a/dir/file", true),
        ("**/dir", "xdir", false),
        ("**dir", "xdir", true),
        ("**/sub/*", "dir/sub/file", true),
        ("**/sub/**", "dir/sub/x/file", true),
        ("**file", "a/b/file", true),
        ("**/file*", "a/b/file.txt", true),
        ("**/file*.txt", "a/file.txt", true),
        ("**/**/*.txt", "file.txt", true),
        ("**/**/*.txt", "a/b/file.txt", true),
        ("**/**/*.txt2", "a/b/file.txt", false),
        ("a**/*.txt", "a/b/c/file.txt", true),
        ("a**/*.txt", "ab/file.txt", true),
        ("a/*.txt", "a/b/file.txt", false),
        ("a/*.txt**", "a/file.txt", true),
        ("a[b-d]e", "ace", true),
        ("a[b-d]e", "aae", false),
        ("a[^b-d]e", "aze", true),
        ("a[^b-d]e", "ace", false),
        (".*", ".env", true),
        (".*", "env", false),
        ("abc.def", "abcXdef", false),
        ("abc?def", "abcXdef", true),
        ("abc?def", "abcdef", false),
        ("abc?def", "abc/def", false),
        ("a\\*b", "a*b", true),
        ("a\\*b", "aXb", false),
        ("a\\\\", "a\\", true),
        ("a(b)c/d", "a(b)c/d", true),
        ("a.|)$(}+{b", "a.|)$(}+{b", true),
        ("a.|)$(}+{b*", "a.|)$(}+{b!", true),
        ("**/.env", ".env", true),
        ("**/.env", "x.env", false),
        ("dir", "dir/a/b", true),
        ("dir/", "dir/a", true),
        ("/dir", "dir/a", true),
        ("./dir", "dir/a", true),
        ("x/../dir", "dir/a", true),
        ("dir//a", "dir/a", true),
        ("  dir  ", "dir/a", true),
        ("\u{a0}dir\t", "dir", true),
        ("a*/b", "abc/b", true),
        ("a*/b", "a/c/b", false),
        ("a?b", "a☺b", true),
        ("a???b", "a☺b", false),
        ("a[^a]b", "a☺b", true),
        ("[a-ζ]*", "α", true),
        ("*[a-ζ]", "A", false),
        ("[\\]a]", "]", true),
        ("[\\-x]", "-", true),
        ("[x\\-]", "z", false),
        ("a[b&&c]", "a&", true),
        ("a[b~~c]", "a~", true),
        ("a[[]b", "a[b", true),
        ("[[:alpha:]]1", "x1", true),
        ("a\\d", "a5", true),
        ("a\\d", "ad", false),
        ("a]", "a]", true),
        ("a]*", "a]x", true),
        (".", "x", false),
        ("/", "x", false),
        ("..", "x", false),
        ("#x", "#x", false),
        (" #x", "#x", true),
        ("\\#x", "#x", true),
        ("a b", "a b", true),
    ] {
        assert_eq!(ignored(&[pattern], path), want, "{pattern:?} on {path:?}");
    }
}

#[test]
fn the_last_pattern_that_matches_decides() {
    for (patterns, path, want) in [
        (&["*.go", "!main.go"][..], "main.go", false),
        (&["!main.go", "*.go"], "main.go", true),
        (&["docs", "!docs/README.md"], "docs/README.md", false),
        (&["docs/", "!docs/README.md"], "docs/x", true),
        (&["docs/*", "!docs/README.md"], "docs/README.md", false),
        (&["**", "!util/docker/web"], "util/docker/web/foo", false),
        (&["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", true),
        (&["**", "!dist/*.whl"], "dist/a-1.0+g0.whl", false),
        (&["*", "! keep "], "keep", false),
        (&["*", "!/keep"], "keep", false),
        (&["*", "!a", "a/b"], "a/b/c", true),
        (&["*", "!a", "a/b"], "a/d", false),
        (&["a", "!**/keep"], "a/b/keep", false),
    ] {
        assert_eq!(ignored(patterns, path), want, "{patterns:?} on {path:?}");
    }
}

#[test]
fn comments_blank_lines_and_marks_are_no_patterns() {
    let ignore = ignore("\u{feff}# *\r\n\r\n   \r\nx\r\n");
    assert!(ignore.is_ignored(b"x"));
    assert!(!ignore.is_ignored(b"y"));
}

#[test]
fn bad_patterns_are_errors_with_their_line() {
    for pattern in
        ["[", "[^", "[^bc", "a[", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "\\", "a\\", "!", "! ", "!/", "[z-a]", "a\\Qb", "a[\\"]
    {
        assert_eq!(error(&format!("ok\n# note\n{pattern}\n")).line, 3, "{pattern}");
    }
}

#[test]
fn bytes_that_are_no_text_are_matched_one_by_one() {
    let ignore = Ignore::parse(b"a?b\n\xff\xfe\n").expect("well formed");
    assert!(ignore.is_ignored(b"a\xffb"));
    assert!(!ignore.is_ignored(b"a\xff\xffb"));
    assert!(ignore.is_ignored(b"\xff\xfe/x"));
    assert!(!ignore.is_ignored(b"\xff"));
}

#[test]
fn a_line_feed_in_a_name_is_matched_by_a_star_but_not_by_two() {
    assert!(ignored(&["a*c"], "a\nc"));
    assert!(!ignored(&["x**/*c"], "x\n/c"));
}

#[test]
fn folders_are_walked_only_where_an_exception_can_lie_below() {
    let cases =
        [("!a/b/c", "a", true), ("!a/b/c", "a/b", true), ("!a/b/c", "a/b/c", false), ("!a/b/c", "a/x", false), ("!a/b/c", "ab", false)];
    let open = [
        ("!**/x", "q", true),
        ("!*/x", "q", true),
        ("!a/*.md", "a", true),
        ("!a/*.md", "b", false),
        ("!a/*.md", "a/b", true),
        ("x", "x", false),
    ];
    for (pattern, folder, want) in cases.into_iter().chain(open) {
        assert_eq!(ignore(pattern).may_except_below(folder.as_bytes()), want, "{pattern} in {folder}");
    }
}

#[test]
fn paths_are_cleaned_as_go_does() {
    for (path, want) in [
        ("", "."),
        ("a//b/", "a/b"),
        ("./a/./b", "a/b"),
        ("a/../b", "b"),
        ("../a", "../a"),
        ("a/../../b", "../b"),
        ("/..", "/"),
        ("//a", "/a"),
    ] {
        assert_eq!(clean(path.as_bytes()), want.as_bytes(), "{path}");
    }
}

/// Matches by trying every split, without expressions: `*` within a component, `**` as a whole component.
fn oracle(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**"], path) => !path.is_empty(),
        (["**", rest @ ..], path) => (0..=path.len()).any(|i| oracle(rest, &path[i..])),
        ([first, rest @ ..], [name, below @ ..]) => super::super::expand::glob(first, name) && oracle(rest, below),
        _ => false,
    }
}

/// The rule as Docker's walk applies it: what matched a folder matches everything below it, but a pattern that could
/// change nothing for the folder is not tried there.
fn oracle_ignores(patterns: &[(bool, String)], path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let mut matched = vec![false; patterns.len()];
    let mut ignored = false;
    for n in 1..=parts.len() {
        ignored = false;
        for ((exception, pattern), matched) in patterns.iter().zip(&mut matched) {
            let pattern: Vec<&str> = pattern.split('/').collect();
            *matched = *matched || (*exception == ignored && oracle(&pattern, &parts[..n]));
            if *matched {
                ignored = !exception;
            }
        }
    }
    ignored
}

/// A `.dockerignore` of patterns and exceptions.
fn file_of(patterns: &[(bool, String)]) -> String {
    let lines: Vec<String> = patterns.iter().map(|(exception, p)| format!("{}{p}\n", if *exception { "!" } else { "" })).collect();
    lines.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn matching_agrees_with_a_naive_matcher(
        patterns in proptest::collection::vec((any::<bool>(), "([ab*?]|\\*a|b\\*|ab)(/([ab?]|a\\*|\\*|\\*\\*/a)){0,3}"), 0..5),
        path in "[ab]{1,2}(/[ab]{1,2}){0,4}",
    ) {
        let text = file_of(&patterns);
        prop_assert_eq!(ignore(&text).is_ignored(path.as_bytes()), oracle_ignores(&patterns, &path), "{}", text);
    }

    #[test]
    fn an_exception_is_never_missed_by_a_walk(
        patterns in proptest::collection::vec((any::<bool>(), "([ab*]|\\*\\*)(/([ab?]|a\\*|\\*\\*)){0,3}"), 0..5),
        path in "[ab](/[ab]){1,4}",
    ) {
        let text = file_of(&patterns);
        let ignore = ignore(&text);
        if !ignore.is_ignored(path.as_bytes()) {
            for (at, _) in path.match_indices('/') {
                let folder = &path.as_bytes()[..at];
                prop_assert!(!ignore.is_ignored(folder) || ignore.may_except_below(folder), "{} loses {}", text, path);
            }
        }
    }

    #[test]
    fn any_file_is_read_or_refused(text in proptest::collection::vec(prop_oneof![Just(b'*'), Just(b'['), Just(b']'), Just(b'\\'), Just(b'!'), Just(b'\n'), Just(b'^'), Just(b'-'), any::<u8>()], 0..60)) {
        if let Ok(ignore) = Ignore::parse(&text) {
            ignore.is_ignored(&text);
        }
    }
}
