use proptest::prelude::*;

use super::*;

fn lines_of(chunks: &[&[u8]]) -> Vec<String> {
    let mut lines = Lines::default();
    let mut all = Vec::new();
    for chunk in chunks {
        lines.push(chunk, |line| all.push(line));
    }
    all.extend(lines.finish());
    all
}

#[test]
fn a_line_may_come_in_pieces_and_the_last_one_may_be_open() {
    assert_eq!(lines_of(&[b"he", b"llo\nwor", b"ld"]), ["hello", "world"]);
    assert_eq!(lines_of(&[b"a\n", b"\n", b"b\n"]), ["a", "", "b"]);
}

#[test]
fn colours_titles_and_links_are_dropped_even_when_cut_by_a_chunk() {
    let colours: &[&[u8]] = &[b"\x1b[9", b"1merr\x1b[0m\n"];
    assert_eq!(lines_of(colours), ["err"]);
    assert_eq!(lines_of(&[b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b(Bc\n"]), ["abc"]);
}

#[test]
fn an_escape_sequence_that_never_ends_hides_its_own_line_only() {
    assert_eq!(lines_of(&[b"a\x1b]never ends\nb\n\x1b[1;2;3\nc\n"]), ["a", "b", "", "c"]);
}

#[test]
fn a_progress_meter_keeps_what_it_ended_on() {
    assert_eq!(lines_of(&[b" 10%\r 50%\r100%\r\ndone\r\n"]), ["100%", "done"]);
}

#[test]
fn bytes_that_are_not_text_do_no_harm() {
    assert_eq!(lines_of(&[b"a\xff\x00\x07b\xc2\x9b31m\xe2\x80\xaec\td\n"]), ["a\u{fffd}b31mc d"]);
}

#[test]
fn a_line_of_ten_megabytes_is_kept_to_its_limit() {
    let mut lines = Lines::default();
    for _ in 0..10 {
        lines.push(&vec![b'x'; 1 << 20], |_| panic!("no line ended"));
    }
    assert!(lines.line.capacity() <= 4 * LINE_LIMIT);
    let line = lines.finish().expect("a line is open");
    assert!(line.len() <= LINE_LIMIT && line.ends_with(CUT));
}

#[test]
fn a_message_loses_its_wrapping_and_its_stack_trace() {
    let solve = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: RUNN";
    assert_eq!(message(solve), "dockerfile parse error line 2: unknown instruction: RUNN");
    let trace = "failed to solve: rpc error: code = Unknown desc = boom\ngoroutine 1 [running]:\nmain.main()";
    assert_eq!(message(trace), "boom");
    assert_eq!(message("first\nline\n\nsecond paragraph"), "first line");
    assert_eq!(message(" \n "), "the engine gave no message");
}

#[test]
fn a_full_disk_is_known_in_any_case_of_letters() {
    assert!(says_disk_full("dd: error writing '/x': No space left on device"));
    assert!(!says_disk_full("no space"));
}

#[test]
fn a_tail_keeps_the_last_lines_and_counts_the_rest() {
    let mut tail = Tail::new(3, 1000);
    for n in 0..10 {
        tail.push(LogLine { step: "s".to_owned(), text: n.to_string() });
    }
    let texts: Vec<_> = tail.into_lines().into_iter().map(|line| line.text).collect();
    assert_eq!(texts, ["(7 earlier lines are not kept)", "7", "8", "9"]);
}

#[test]
fn a_tail_is_bounded_in_bytes() {
    let mut tail = Tail::new(1000, 100);
    for _ in 0..100 {
        tail.push(LogLine { step: String::new(), text: "x".repeat(30) });
    }
    assert_eq!(tail.iter().count(), 3);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_printable_lines(bytes in proptest::collection::vec(any::<u8>(), 0..600), at in 0usize..600) {
        let at = at.min(bytes.len());
        let whole = lines_of(&[&bytes]);
        prop_assert_eq!(&lines_of(&[&bytes[..at], &bytes[at..]]), &whole);
        for line in whole {
            prop_assert!(line.len() <= LINE_LIMIT);
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        }
    }

    #[test]
    fn plain_text_passes_unchanged(texts in proptest::collection::vec("[ -~äöü→]{1,60}", 1..20)) {
        let joined = texts.join("\n");
        prop_assert_eq!(lines_of(&[joined.as_bytes()]), texts);
    }

    #[test]
    fn any_message_is_one_bounded_line(text in "\\PC{0,200}|(\\x1b|\\n|[a-z ]){0,200}") {
        let line = message(&text);
        prop_assert!(!line.is_empty() && line.len() <= LINE_LIMIT && !line.chars().any(char::is_control));
    }
}
