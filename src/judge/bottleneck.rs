//! What bounds a push or a pull over a shaped link: the link, or the engine at its end.

use crate::record::{LinkRecord, PlannedVariant, Record, TransferRecord, TrialOutcome};
use crate::units::LinkShape;

/// From this share of its rate on, between the first and the last byte, a link is what a transfer waits for.
pub const LINK_BOUND: f64 = 0.9;

/// A link that carried bytes for less than this share of a transfer's time did not bound it, however fast they went.
pub const LINK_TIME: f64 = 0.5;

/// Round trips one after another that a transfer may need whatever is in the image: two connections, `/v2/`, configuration, manifest.
const ROUND_TRIPS: usize = 10;

/// Round trips that each blob may need: whether it is there, and an upload that is opened, sent and closed.
const ROUND_TRIPS_OF_A_BLOB: usize = 4;

/// Which way an image goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the registry.
    Push,
    /// From the registry.
    Pull,
}

impl Direction {
    /// `push` or `pull`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }

    const fn of(self, outcome: &TrialOutcome) -> Option<&TransferRecord> {
        match self {
            Self::Push => outcome.push.as_ref(),
            Self::Pull => outcome.pull.as_ref(),
        }
    }
}

/// What a transfer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The link's rate.
    Link,
    /// It moves so little that the round trips of its requests may be all that it waits for beside the rate.
    RoundTrips,
    /// A push on a store that compresses each time.
    Gzip,
    /// A pull: writing and unpacking what came.
    Extraction,
    /// Something else in the engine.
    Engine,
}

impl Bound {
    /// As it is written in `report.json`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::RoundTrips => "round-trips",
            Self::Gzip => "gzip",
            Self::Extraction => "extraction",
            Self::Engine => "engine",
        }
    }
}

/// What bounds the transfers of a variant in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bottleneck {
    /// Which way.
    pub direction: Direction,
    /// What it is.
    pub bound: Bound,
    /// Payload between the first and the last byte on the link by what its rate would have carried meanwhile.
    pub rate_share: f64,
    /// The time between the first and the last byte on the link by the time of the engine's calls, 1 at most.
    pub time_share: f64,
}

/// The transfers of one direction, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transfers {
    /// How many.
    pub count: usize,
    /// Payload that crossed the link in this direction.
    pub bytes: u64,
    /// Blobs that moved.
    pub blobs: usize,
    /// Between the first and the last byte on the link, seconds.
    pub on_link: f64,
    /// The engine's calls, seconds.
    pub seconds: f64,
}

impl Transfers {
    fn of<'a>(direction: Direction, records: impl Iterator<Item = (&'a TransferRecord, LinkRecord)>) -> Self {
        records.fold(Self::default(), |sum, (record, link)| Self {
            count: sum.count + 1,
            bytes: sum.bytes + if direction == Direction::Push { link.bytes_up } else { link.bytes_down },
            blobs: sum.blobs + record.blobs.len(),
            on_link: sum.on_link + link.seconds(),
            seconds: sum.seconds + record.seconds,
        })
    }

    /// What round trips may take at most, seconds.
    fn round_trips(&self, shape: LinkShape) -> f64 {
        let trips = self.count * ROUND_TRIPS + self.blobs * ROUND_TRIPS_OF_A_BLOB;
        trips as f64 * shape.round_trip().as_secs_f64()
    }
}

/// What bounds the cold pushes and pulls of a variant; nothing without a link, or without a transfer over it.
pub fn bottlenecks(record: &Record, planned: &PlannedVariant) -> Vec<Bottleneck> {
    let conditions = &record.run.conditions;
    let Some(shape) = conditions.link_shape() else { return Vec::new() };
    let counts = |o: &&TrialOutcome| {
        let (trial, of) = (&o.trial, (&planned.scenario, &planned.variant));
        (&trial.scenario, &trial.variant) == of && trial.cache_state == "cold" && !trial.warmup && o.status.has_numbers()
    };
    let found = |direction: Direction| {
        let records = record.trials.iter().filter(counts).filter_map(|o| direction.of(o)).filter_map(|t| Some((t, t.link?)));
        bottleneck(direction, shape, conditions.compresses_at_push(), Transfers::of(direction, records))
    };
    [Direction::Push, Direction::Pull].into_iter().filter_map(found).collect()
}

/// What bounds `transfers` over a link of `shape`; `compresses` says whether a push does. `None` where nothing took any time.
pub fn bottleneck(direction: Direction, shape: LinkShape, compresses: bool, transfers: Transfers) -> Option<Bottleneck> {
    let Transfers { on_link, seconds, .. } = transfers;
    let needed = shape.time_of(transfers.bytes).as_secs_f64();
    let (rate_share, time_share) = (needed / on_link, (on_link / seconds).min(1.0));
    if !rate_share.is_finite() || !time_share.is_finite() {
        return None;
    }
    let (at_rate, most_of_it) = (rate_share >= LINK_BOUND, time_share >= LINK_TIME);
    let bound = match direction {
        _ if at_rate && most_of_it => Bound::Link,
        _ if most_of_it && on_link - needed <= transfers.round_trips(shape) => Bound::RoundTrips,
        Direction::Push if compresses && !at_rate => Bound::Gzip,
        Direction::Push => Bound::Engine,
        Direction::Pull => Bound::Extraction,
    };
    Some(Bottleneck { direction, bound, rate_share, time_share })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::LinkProfile;

    fn shape(text: &str) -> LinkShape {
        text.parse::<LinkProfile>().expect("a link").shape().expect("a limit")
    }

    /// What bounds one transfer of `megabytes` in two blobs that was on the link for `on_link` of `seconds`.
    fn bound(direction: Direction, link: &str, compresses: bool, (megabytes, on_link, seconds): (u64, f64, f64)) -> Bound {
        let transfers = Transfers { count: 1, bytes: megabytes * 1_000_000, blobs: 2, on_link, seconds };
        bottleneck(direction, shape(link), compresses, transfers).expect("it took time").bound
    }

    #[test]
    fn a_link_that_keeps_its_rate_is_what_is_waited_for() {
        // 100 MB take 8 s at 100 Mbit/s: 90 % of the rate is 8.89 s.
        for direction in [Direction::Push, Direction::Pull] {
            assert_eq!(bound(direction, "100mbit", true, (100, 8.0, 8.5)), Bound::Link);
            assert_eq!(bound(direction, "100mbit", true, (100, 8.88, 9.0)), Bound::Link);
        }
    }

    #[test]
    fn below_nine_tenths_of_the_rate_it_is_the_engine() {
        let below = (100, 8.9, 9.0);
        assert_eq!(bound(Direction::Push, "100mbit", true, below), Bound::Gzip);
        assert_eq!(bound(Direction::Push, "100mbit", false, below), Bound::Engine);
        assert_eq!(bound(Direction::Pull, "100mbit", true, below), Bound::Extraction);
    }

    #[test]
    fn a_link_that_is_fast_and_then_idle_bounds_nothing() {
        let soon_through = (100, 0.8, 5.0);
        assert_eq!(bound(Direction::Pull, "1gbit", true, soon_through), Bound::Extraction);
        assert_eq!(bound(Direction::Push, "1gbit", true, soon_through), Bound::Engine, "gzip would hold the link up");
    }

    #[test]
    fn a_small_image_over_a_long_link_waits_for_answers() {
        // 1 MB takes 0.4 s at 20 Mbit/s; 18 round trips of 30 ms are 0.54 s.
        assert_eq!(bound(Direction::Push, "20mbit,30ms", true, (1, 0.93, 1.0)), Bound::RoundTrips);
        assert_eq!(bound(Direction::Push, "20mbit,30ms", true, (1, 0.95, 1.0)), Bound::Gzip);
        assert_eq!(bound(Direction::Push, "20mbit", true, (1, 0.93, 1.0)), Bound::Gzip, "there is nothing to wait for");
    }

    #[test]
    fn what_took_no_time_has_no_bound() {
        for (on_link, seconds) in [(0.0, 1.0), (0.0, 0.0)] {
            let transfers = Transfers { count: 1, bytes: 0, blobs: 0, on_link, seconds };
            assert_eq!(bottleneck(Direction::Pull, shape("lan"), true, transfers), None);
        }
    }

    proptest! {
        #[test]
        fn a_slower_transfer_of_the_same_bytes_is_never_bound_by_the_link_where_a_faster_one_is_not(
            bytes in 1..1_000_000_000_u64, fast in 0.001..100.0_f64, slower in 1.0..10.0_f64, rate in 1..1_000_u64,
        ) {
            let shape = LinkShape::new(rate * 1_000_000, std::time::Duration::ZERO).expect("a link");
            let at = |on_link: f64| {
                let transfers = Transfers { count: 1, bytes, blobs: 1, on_link, seconds: on_link };
                bottleneck(Direction::Pull, shape, true, transfers).expect("it took time")
            };
            let (before, after) = (at(fast), at(fast * slower));
            prop_assert!(before.bound == Bound::Link || after.bound != Bound::Link);
            prop_assert!(after.rate_share <= before.rate_share * 1.000_001);
        }
    }
}
