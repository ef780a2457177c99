//! Quantities as users write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::units::{LinkProfile, bytes, parse_bytes, parse_duration, seconds};

fuzz_target!(|text: &str| {
    if let Ok(value) = parse_bytes(text) {
        assert_eq!(parse_bytes(&format!("{value} B")), Ok(value));
        let shown = bytes(value);
        let read = parse_bytes(&shown).unwrap_or_else(|error| panic!("{shown}: {error}"));
        // One decimal of at least 1.0: off by a twentieth at most.
        assert!(read.abs_diff(value) <= value / 20 + 1, "{value} is shown as {shown}");
    }
    if let Ok(value) = parse_duration(text) {
        assert!(!seconds(value.as_secs_f64()).is_empty());
        assert_eq!(parse_duration(&format!(" {text} ")).ok(), Some(value));
    }
    if let Ok(link) = text.parse::<LinkProfile>() {
        assert_eq!(link.to_string().parse(), Ok(link));
    }
});
