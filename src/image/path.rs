//! Paths of files in images as text.

use std::fmt::Write as _;

/// A path from the root as text: a byte that is no UTF-8 is `\xff`. Not yet fit for a terminal.
pub(crate) fn path_text(path: &[u8]) -> String {
    let mut text = String::from("/");
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a string takes any text");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_bytes_is_text_that_tells_it_from_others() {
        assert_eq!(path_text(b"a/b"), "/a/b");
        assert_eq!(path_text(b"a\xff\xc3\xa4"), "/a\\xffä");
    }
}
