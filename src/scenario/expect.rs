//! Whether an answer's body holds what a smoke check wants.

use serde_json::Value;

use super::model::SmokeExpect;

/// At most this many characters of a body are repeated in a message.
const SHOWN: usize = 200;

impl SmokeExpect {
    /// Compares the body of an answer; the error says what was wanted, what came, and where in the JSON they differ.
    ///
    /// JSON is compared as the format says: an object may have more keys than wanted, a list must have the same length,
    /// numbers are compared by value (`1` is `1.0`), everything else is equal or not.
    pub fn compare(&self, body: &[u8]) -> Result<(), String> {
        match self {
            Self::Text(text) if contains(body, text.as_bytes()) => Ok(()),
            Self::Text(text) => Err(format!("the body does not hold '{}'; it is '{}'", clip(text), clip(&String::from_utf8_lossy(body)))),
            Self::Json(wanted) => {
                let came = serde_json::from_slice(body)
                    .map_err(|error| format!("the body is not JSON ({error}); it is '{}'", clip(&String::from_utf8_lossy(body))))?;
                compare_json(wanted, &came, "$")
            }
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

/// `at` is the place in the answer in the notation of RFC 9535 (`$.items[0].name`).
fn compare_json(wanted: &Value, came: &Value, at: &str) -> Result<(), String> {
    match (wanted, came) {
        (Value::Object(wanted), Value::Object(came)) => wanted.iter().try_for_each(|(key, value)| match came.get(key) {
            Some(other) => compare_json(value, other, &format!("{at}.{key}")),
            None => Err(format!("{at} has no key '{key}'")),
        }),
        (Value::Array(wanted), Value::Array(came)) if wanted.len() == came.len() => {
            wanted.iter().zip(came).enumerate().try_for_each(|(n, (value, other))| compare_json(value, other, &format!("{at}[{n}]")))
        }
        (Value::Array(wanted), Value::Array(came)) => Err(format!("{at} has {} entries, wanted {}", came.len(), wanted.len())),
        _ if wanted == came || same_number(wanted, came) => Ok(()),
        _ => Err(format!("{at} is {}, wanted {}", clip(&came.to_string()), clip(&wanted.to_string()))),
    }
}

/// Both were written in decimal, so the same value has the same nearest double.
fn same_number(wanted: &Value, came: &Value) -> bool {
    matches!((wanted, came), (Value::Number(a), Value::Number(b)) if (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64())
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn compare(wanted: Value, body: &str) -> Result<(), String> {
        SmokeExpect::Json(wanted).compare(body.as_bytes())
    }

    #[test]
    fn text_may_stand_anywhere_in_the_body() {
        let expect = SmokeExpect::Text("ok".to_owned());
        assert_eq!(expect.compare(b"all ok\xff"), Ok(()));
        assert_eq!(expect.compare(b"o"), Err("the body does not hold 'ok'; it is 'o'".to_owned()));
    }

    #[test]
    fn objects_may_have_more_keys_and_lists_may_not_be_longer() {
        assert_eq!(compare(json!({"items": [{"id": 1}]}), r#"{"items":[{"id":1,"name":"a"}],"next":null}"#), Ok(()));
        assert_eq!(compare(json!({"items": []}), r#"{"items":[1]}"#), Err("$.items has 1 entries, wanted 0".to_owned()));
        assert_eq!(compare(json!({"a": 1}), "{}"), Err("$ has no key 'a'".to_owned()));
    }

    #[test]
    fn a_difference_is_named_by_its_place() {
        let error = compare(json!({"items": [{"id": 1}, {"id": 2}]}), r#"{"items":[{"id":1},{"id":"2"}]}"#).expect_err("differs");
        assert_eq!(error, "$.items[1].id is \"2\", wanted 2");
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert_eq!(compare(json!(1), "1.0"), Ok(()));
        assert!(compare(json!(9_007_199_254_740_993_i64), "9007199254740992").is_err());
    }

    #[test]
    fn a_body_that_is_no_json_is_shown() {
        let error = compare(json!({}), "<html>").expect_err("no JSON");
        assert!(error.starts_with("the body is not JSON") && error.ends_with("it is '<html>'"), "{error}");
    }

    proptest! {
        #[test]
        fn arbitrary_bodies_are_compared_without_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{1,5}") {
            let mut held = body.clone();
            held.extend_from_slice(text.as_bytes());
            prop_assert_eq!(SmokeExpect::Text(text).compare(&held), Ok(()));
            let _ = SmokeExpect::Json(json!({"a": [1]})).compare(&body);
        }
    }
}
