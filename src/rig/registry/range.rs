//! Byte ranges: RFC 9110 §14 for downloads, and the distribution spec's own form for uploads.

use axum::http::{HeaderMap, HeaderValue, header};

/// The part of a blob that a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// `length` is at least 1, and the part lies within the blob.
    Part {
        from: u64,
        length: u64,
    },
    /// Bytes that the blob has not.
    Nothing,
}

/// Reads `Range` of a download. What is no single byte range is ignored, as RFC 9110 §14.2 allows.
pub(super) fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    let field = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = field.and_then(|text| text.strip_prefix("bytes=")).and_then(|text| text.split_once('-')) else {
        return Wanted::All;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => Wanted::All,
        (Some(first), _) if first >= size && (last.is_empty() || number(last).is_some()) => Wanted::Nothing,
        (Some(from), Some(last)) => Wanted::Part { from, length: last.min(size - 1) - from + 1 },
        (Some(from), None) if last.is_empty() => Wanted::Part { from, length: size - from },
        (None, Some(suffix)) if first.is_empty() => match suffix.min(size) {
            0 => Wanted::Nothing,
            length => Wanted::Part { from: size - length, length },
        },
        _ => Wanted::All,
    }
}

/// Reads `Content-Range` of an upload, `<first>-<last>`, both inclusive and in order.
pub(super) fn content_range(field: &HeaderValue) -> Option<(u64, u64)> {
    let (first, last) = field.to_str().ok()?.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

/// `Range` of an upload's answer: `0-<last>`, inclusive. Docker takes the blob's size from it, so that one too many would
/// end up in the manifest. Nothing received reads the same as one byte; the specification knows no other way.
pub(super) fn received(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

/// Digits alone: `parse` would take a sign too.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(text: &str, size: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_str(text).expect("a legal value"));
        wanted(&headers, size)
    }

    #[test]
    fn the_three_forms_of_a_range_are_read() {
        assert_eq!(range("bytes=2-4", 10), Wanted::Part { from: 2, length: 3 });
        assert_eq!(range("bytes=2-400", 10), Wanted::Part { from: 2, length: 8 });
        assert_eq!(range("bytes=9-", 10), Wanted::Part { from: 9, length: 1 });
        assert_eq!(range("bytes=-3", 10), Wanted::Part { from: 7, length: 3 });
        assert_eq!(range("bytes=-30", 10), Wanted::Part { from: 0, length: 10 });
    }

    #[test]
    fn bytes_that_are_not_there_cannot_be_had() {
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(range(text, 10), Wanted::Nothing, "{text}");
        }
        assert_eq!(range("bytes=0-0", 0), Wanted::Nothing);
    }

    #[test]
    fn what_is_no_single_byte_range_is_ignored() {
        for text in ["bytes=1-2,4-5", "bytes=4-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=+1-2", "bytes=99999999999999999999-"] {
            assert_eq!(range(text, 10), Wanted::All, "{text}");
        }
    }

    #[test]
    fn the_last_byte_received_is_one_less_than_their_number() {
        assert_eq!((received(100).as_str(), received(1).as_str(), received(0).as_str()), ("0-99", "0-0", "0-0"));
    }

    proptest! {
        #[test]
        fn a_part_always_lies_within_the_blob(text in "bytes=[0-9]{0,4}-[0-9]{0,4}", size in 0_u64..2000) {
            if let Wanted::Part { from, length } = range(&text, size) {
                prop_assert!(length >= 1 && from + length <= size, "{} of {}", text, size);
            }
        }
    }
}
