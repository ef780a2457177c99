use proptest::prelude::*;

use super::*;

fn shape(text: &str) -> LinkShape {
    text.parse::<LinkProfile>().unwrap_or_else(|error| panic!("{text}: {error}")).shape().expect("a limit")
}

fn refusal(text: &str) -> String {
    text.parse::<LinkProfile>().expect_err(text).to_string()
}

#[test]
fn rates_are_decimal_bits_and_the_time_is_a_round_trip() {
    let link = shape("20mbit,30ms");
    assert_eq!((link.rate(), link.round_trip()), (20_000_000, Duration::from_millis(30)));
    assert_eq!(link.one_way(), Duration::from_millis(15));
    assert_eq!(link.bytes_in(Duration::from_secs(1)), 2_500_000);
    assert_eq!(link.time_of(2_500_000), Duration::from_secs(1));
    assert_eq!(link.bytes_in_flight(), 37_500);
}

#[test]
fn names_stand_for_links() {
    assert_eq!("loopback".parse(), Ok(LinkProfile::Loopback));
    assert_eq!(shape("lan"), shape("1gbit,0.2ms"));
    assert_eq!(LinkProfile::LAN.to_string(), "1gbit,0.2ms");
    assert_eq!(shape("100mbit").round_trip(), Duration::ZERO);
}

#[test]
fn one_link_has_one_spelling() {
    let same = [("1000mbit", "1gbit"), ("1.50Mbit , 5000us", "1.5mbit,5ms"), (" 0.5gbit,0s", "500mbit"), ("64kbit,1s", "64kbit,1000ms")];
    for (written, canonical) in same {
        assert_eq!(written.parse::<LinkProfile>().expect("a link").to_string(), canonical);
    }
}

#[test]
fn what_is_wrong_is_named_with_what_would_do() {
    let cases = [
        ("fast", "'fast' is no link; write loopback, lan, or a rate"),
        ("", "'' is no link"),
        ("100", "'100' is no rate; write a number and kbit, mbit or gbit"),
        ("100MB", "'100mb' is no rate"),
        ("1.mbit", "'1.mbit' is no rate"),
        ("1.2.3mbit", "'1.2.3mbit' is no rate"),
        ("20mbit,30", "'30' is no round-trip time; write a number and us, ms or s"),
        ("20mbit,", "'' is no round-trip time"),
        ("20mbit,30ms,1", "'30ms,1' is no round-trip time"),
        ("1.2345kbit", "'1.2345kbit' has too many digits"),
        ("99999999999999999999gbit", "has too many digits"),
        ("1kbit", "a link of 1kbit is out of range; use 64kbit to 10gbit"),
        ("11gbit", "a link of 11gbit is out of range"),
        ("1mbit,3s", "a round trip of 3000ms is out of range; use 2s or less"),
        ("10gbit,1s", "10gbit,1000ms has 625 MB on their way at once"),
        ("\u{1b}[31m", "'\\u{1b}[31m' is no link"),
    ];
    for (text, said) in cases {
        let error = refusal(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn the_burst_is_at_most_a_hundredth_of_a_transfer_that_counts() {
    for text in ["64kbit", "20mbit", "100mbit", "1gbit", "10gbit"] {
        assert!(shape(text).burst() <= 20_000_000 / 100, "{text}");
    }
    assert_eq!(shape("100mbit").burst(), 18_750);
}

#[test]
fn a_profile_is_a_text_in_a_record() {
    let json = serde_json::to_string(&LinkProfile::LAN).expect("it serializes");
    assert_eq!(json, "\"1gbit,0.2ms\"");
    assert_eq!(serde_json::from_str::<LinkProfile>(&json).expect("it is read"), LinkProfile::LAN);
    let error = serde_json::from_str::<LinkProfile>("\"slow\"").expect_err("no link");
    assert!(error.to_string().contains("'slow' is no link"), "{error}");
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back_as_the_same_link(rate in MIN_RATE..=MAX_RATE, micros in 0..2_000_000_u64) {
        if let Ok(shape) = LinkShape::new(rate, Duration::from_micros(micros)) {
            let profile = LinkProfile::Shaped(shape);
            prop_assert_eq!(profile.to_string().parse(), Ok(profile));
        }
    }

    #[test]
    fn no_text_breaks_the_reader_and_what_it_takes_is_within_range(text in "[0-9.]{0,24}[kmgbitusKM ,.é]{0,8}[0-9.]{0,6}[ums]{0,2}|.{0,12}") {
        if let Ok(LinkProfile::Shaped(shape)) = text.parse() {
            prop_assert!((MIN_RATE..=MAX_RATE).contains(&shape.rate()) && shape.round_trip() <= MAX_ROUND_TRIP);
            prop_assert!(shape.bytes_in_flight() <= MAX_IN_FLIGHT);
        }
    }

    #[test]
    fn bytes_and_their_time_agree(rate in MIN_RATE..=MAX_RATE, bytes in 0..10_000_000_000_u64) {
        let shape = LinkShape::new(rate, Duration::ZERO).expect("in range");
        let back = shape.bytes_in(shape.time_of(bytes));
        // One nanosecond of the greatest rate is 1.25 bytes.
        prop_assert!((bytes..=bytes + 2).contains(&back), "{bytes} became {back}");
    }
}
