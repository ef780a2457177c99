//! The text of a `bases.lock`: what is read is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::rig::bases::LockFile;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match LockFile::parse(text) {
        Ok(lock) => assert_eq!(LockFile::parse(&lock.text()), Ok(lock)),
        Err((offset, reason)) => assert!(offset <= text.len() && !reason.contains('\n'), "{offset}: {reason}"),
    }
});
