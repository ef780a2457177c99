//! A `.dockerignore` and a path: the last line is the path, all before it are patterns.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::dockerfile::Ignore;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let (patterns, path) = data.split_at(end);
    let path = path.strip_prefix(b"\n").unwrap_or(path);
    let Ok(ignore) = Ignore::parse(patterns) else { return };
    let ignored = ignore.is_ignored(path);
    // Empty lines and comments say nothing, whatever stands before and after them.
    let mut padded = b"# a comment\n\n".to_vec();
    padded.extend_from_slice(patterns.strip_prefix(b"\xef\xbb\xbf").unwrap_or(patterns));
    padded.extend_from_slice(b"\n\n# another");
    if let Ok(same) = Ignore::parse(&padded) {
        assert_eq!(same.is_ignored(path), ignored);
    }
});
