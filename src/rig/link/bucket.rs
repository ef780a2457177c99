//! One direction's line as a token bucket on a virtual clock. Pure: it is told the time.

use std::time::Duration;

use tokio::time::Instant;

use crate::units::LinkShape;

/// When the line is free again. Parts pass one after the other, each for as long as its bytes take.
#[derive(Debug)]
pub(super) struct Bucket {
    shape: LinkShape,
    credit: Duration,
    next_free: Option<Instant>,
}

impl Bucket {
    /// A free line on which a part may begin `credit` before it came.
    pub(super) const fn new(shape: LinkShape, credit: Duration) -> Self {
        Self { shape, credit, next_free: None }
    }

    /// For how long the line is taken already.
    pub(super) fn ahead(&self, now: Instant) -> Duration {
        self.next_free.map_or(Duration::ZERO, |free| free.saturating_duration_since(now))
    }

    /// Puts `bytes` that came at `came` on the line: when the last of them has passed it.
    pub(super) fn take(&mut self, came: Instant, bytes: u64) -> Instant {
        let earliest = came.checked_sub(self.credit).unwrap_or(came);
        let start = self.next_free.map_or(earliest, |free| free.max(earliest));
        let passed = start + self.shape.time_of(bytes);
        self.next_free = Some(passed);
        passed.max(came)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(rate: u64) -> LinkShape {
        LinkShape::new(rate, Duration::ZERO).expect("in range")
    }

    #[test]
    fn parts_that_wait_pass_without_a_gap() {
        let (start, mut bucket) = (Instant::now(), Bucket::new(shape(8_000_000), Duration::ZERO));
        let passed: Vec<_> = (0..3).map(|_| bucket.take(start, 1_000).duration_since(start).as_micros()).collect();
        assert_eq!(passed, [1_000, 2_000, 3_000]);
        assert_eq!(bucket.ahead(start), Duration::from_millis(3));
    }

    #[test]
    fn a_pause_earns_the_credit_and_no_more() {
        let (start, mut bucket) = (Instant::now(), Bucket::new(shape(8_000_000), Duration::from_millis(1)));
        bucket.take(start, 1_000);
        let later = start + Duration::from_mins(1);
        assert_eq!(bucket.take(later, 1_000), later, "the bytes of the credit pass at once");
        assert_eq!(bucket.take(later, 1_000), later + Duration::from_millis(1), "and the next ones wait");
    }

    #[test]
    fn a_part_that_waited_for_its_turn_loses_no_time_of_the_line() {
        let (start, mut bucket) = (Instant::now(), Bucket::new(shape(8_000_000), Duration::ZERO));
        let free = bucket.take(start, 1_000);
        // Put on the line far too late, but it was there before the line was free.
        assert_eq!(bucket.take(start, 1_000), free + Duration::from_millis(1));
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_passes_more_than_its_rate_the_credit_and_one_part(
            rate in 64_000..10_000_000_000_u64,
            credit in 0..5_000_u64,
            parts in prop::collection::vec((0..20_000_u64, 1..65_536_u64), 1..60),
        ) {
            let (shape, credit) = (shape(rate), Duration::from_micros(credit));
            let (start, mut bucket) = (Instant::now(), Bucket::new(shape, credit));
            let mut now = start;
            let mut passed = Vec::new();
            for (pause, bytes) in parts {
                now += Duration::from_micros(pause);
                passed.push((bucket.take(now, bytes), bytes));
            }
            prop_assert!(passed.is_sorted_by_key(|(at, _)| *at), "parts keep their order");
            for first in 0..passed.len() {
                for last in first + 1..passed.len() {
                    let bytes: u64 = passed[first + 1..=last].iter().map(|(_, bytes)| bytes).sum();
                    let allowed = shape.bytes_in(passed[last].0 - passed[first].0 + credit);
                    prop_assert!(bytes <= allowed + 1, "{bytes} B where {allowed} B may pass");
                }
            }
        }

        #[test]
        fn a_line_that_never_waits_passes_its_rate_to_the_nanosecond_of_each_part(
            rate in 64_000..10_000_000_000_u64,
            parts in prop::collection::vec(1..65_536_u64, 1..200),
        ) {
            let shape = shape(rate);
            let (start, mut bucket) = (Instant::now(), Bucket::new(shape, Duration::ZERO));
            let bytes: u64 = parts.iter().sum();
            let end = parts.iter().map(|part| bucket.take(start, *part)).max().expect("a part") - start;
            let ideal = shape.time_of(bytes);
            let lost = end.saturating_sub(ideal);
            prop_assert!(end >= ideal && lost <= Duration::from_nanos(parts.len() as u64), "{lost:?} were lost");
        }
    }
}
