use proptest::prelude::*;

use super::*;

const SIZE: Measure = Measure::TransferSize;
const TIME: Measure = Measure::BuildTime;
const LAYERS: Measure = Measure::LayerCount;

fn max(measure: Measure, text: &str) -> f64 {
    match Limit::max(measure, text) {
        Ok(Limit::Max { value, .. }) => value,
        other => panic!("{text}: {other:?}"),
    }
}

fn by(measure: Measure, text: &str) -> Increase {
    match Limit::max_increase(measure, text) {
        Ok(Limit::MaxIncrease { by, .. }) => by,
        other => panic!("{text}: {other:?}"),
    }
}

#[expect(clippy::float_cmp, reason = "limits are exact")]
#[test]
fn amounts_are_read_in_the_units_people_write() {
    assert_eq!((max(SIZE, "25 MB"), max(SIZE, "12MiB"), max(SIZE, " 1.5 GB ")), (25e6, 12_582_912.0, 1.5e9));
    assert_eq!((max(SIZE, "0.29 MB"), max(SIZE, "12.3 MiB"), max(SIZE, "1.0005 kB")), (290_000.0, 12_897_484.0, 1_000.0));
    assert_eq!((max(TIME, "90 s"), max(TIME, "1h30m"), max(TIME, "250ms")), (90.0, 5_400.0, 0.25));
    assert_eq!((max(LAYERS, "12"), max(LAYERS, "12.0")), (12.0, 12.0));
    assert_eq!(max(Measure::DeltaTransferSize, "0 B"), 0.0);
}

#[test]
fn an_increase_is_a_share_or_an_amount() {
    assert_eq!(
        (by(SIZE, "1 %"), by(SIZE, "+1%"), by(TIME, "10.5%")),
        (Increase::Share(0.01), Increase::Share(0.01), Increase::Share(0.105))
    );
    assert_eq!(
        (by(SIZE, "+200 kB"), by(SIZE, "200kB"), by(LAYERS, "+2")),
        (Increase::Amount(2e5), Increase::Amount(2e5), Increase::Amount(2.0))
    );
    assert_eq!((by(SIZE, "0 %"), by(LAYERS, "+0")), (Increase::Share(0.0), Increase::Amount(0.0)));
}

#[test]
fn what_is_no_limit_is_refused_with_what_would_be_one() {
    for (measure, text, says) in [
        (SIZE, "25", "no unit"),
        (SIZE, "", "with a number"),
        (SIZE, "nan MB", "with a number"),
        (SIZE, "inf", "with a number"),
        (SIZE, "-5 MB", "negative"),
        (SIZE, "1.2.3 MB", "with a number"),
        (SIZE, ".5 MB", "with a number"),
        (SIZE, "1e3 MB", "'e3 MB'"),
        (SIZE, "25 parsecs", "'parsecs'"),
        (SIZE, "25 Mb", "'Mb' in '25 Mb' is no unit"),
        (SIZE, "25 mib", "'mib' in '25 mib' is no unit"),
        (SIZE, "25M", "'M' in '25M' is no unit"),
        (TIME, "25M", "'M' in '25M' is no unit"),
        (SIZE, "+1 MB", "begins with a plus"),
        (SIZE, "25 MB s", "'MB s'"),
        (SIZE, "90 s", "is a time, and transfer-size is a number of bytes"),
        (SIZE, "20 %", "is a share, and max is an amount"),
        (SIZE, "0 MB", "nothing"),
        (SIZE, "0.1 B", "whole number"),
        (SIZE, "99999999999 GB", "too large"),
        (SIZE, "1000000000000000000000 B", "18"),
        (TIME, "25 MB", "is a number of bytes, and build-time is a time"),
        (TIME, "0 s", "nothing"),
        (TIME, "3", "no unit"),
        (TIME, "1h30", "no unit known"),
        (LAYERS, "1.5", "whole"),
        (LAYERS, "12 MB", "is a number of bytes, and layer-count is a plain number"),
    ] {
        let error = Limit::max(measure, text).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    for (measure, text, says) in [
        (SIZE, "-1 %", "negative"),
        (SIZE, "1.00001 %", "four decimals"),
        (SIZE, "1001 %", "1000 %"),
        (SIZE, "x %", "no share"),
        (SIZE, "1", "write a share such as \"1 %\" or an amount"),
        (TIME, "soon", "write a share such as \"10 %\" or a time"),
        (LAYERS, "2 MB", "write a share such as \"10 %\" or a plain number"),
        (TIME, "0 %", "noise"),
        (TIME, "+0 s", "noise"),
    ] {
        let error = Limit::max_increase(measure, text).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    for (text, says) in [("0.2", "no share"), ("0 %", "nothing"), ("20 MB", "no share"), ("-20 %", "negative")] {
        let error = Limit::max_ratio(SIZE, "single", text).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn whole_bytes_in_any_unit_are_exact(number in 1_u64..9_000_000, unit in prop::sample::select(vec![("kB", 1_000_u64), ("MB", 1_000_000), ("KiB", 1_024), ("MiB", 1_048_576)])) {
        let expected = u128::from(number) * u128::from(unit.1);
        prop_assume!(expected <= LARGEST);
        prop_assert_eq!(max(SIZE, &format!("{number} {}", unit.0)).to_bits(), (expected as f64).to_bits());
    }

    #[test]
    fn decimals_of_megabytes_are_whole_bytes(bytes in 1_u64..1_000_000_000_000) {
        let text = format!("{}.{:06} MB", bytes / 1_000_000, bytes % 1_000_000);
        prop_assert_eq!(max(SIZE, &text).to_bits(), (bytes as f64).to_bits());
    }

    #[test]
    fn no_text_is_taken_for_a_limit_that_is_no_sane_number(text in "\\PC{0,24}|[-+]?[0-9.]{0,22} ?(%|[kMG]i?B|s|min|B)?") {
        for measure in Measure::ALL {
            if let Ok(Limit::Max { value, .. }) = Limit::max(measure, &text) {
                prop_assert!(value.is_finite() && value >= 0.0);
                prop_assert!(measure.kind() == Kind::Sampled || (value.fract() == 0.0 && value <= LARGEST as f64));
            }
            if let Ok(Limit::MaxIncrease { by: Increase::Share(value) | Increase::Amount(value), .. }) = Limit::max_increase(measure, &text) {
                prop_assert!(value.is_finite() && value >= 0.0);
            }
            if let Ok(Limit::MaxRatio { share, .. }) = Limit::max_ratio(measure, "x", &text) {
                prop_assert!(share > 0.0 && share <= LARGEST_SHARE);
            }
        }
    }
}
