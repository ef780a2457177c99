//! What a build downloaded, by two counts: the build proxy's, and the interfaces', which shows what went past it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units;

/// One part in so many of what was downloaded may have gone past the proxy: 5 %.
const TOLERATED: u64 = 20;

/// Less than this may always have gone past the proxy, bytes: what a machine exchanges by itself, such as lookups of names.
const BACKGROUND: u64 = 65_536;

/// What a build downloaded through loadline's proxy, beside what the machine's interfaces received meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DownloadRecord {
    /// Payload of TCP that the proxy received from servers, bytes: TLS and HTTP's own words are in it, TCP's and IP's are not.
    pub received: u64,
    /// Those of `received` that came from the engine's machine itself, which its interfaces do not count.
    pub received_locally: u64,
    /// Payload of TCP that the proxy sent to servers, bytes.
    pub sent: u64,
    /// Connections to servers.
    pub connections: u64,
    /// Those of them on which the build had not said its last word when it had ended.
    pub unfinished: u64,
    /// Connections that no server took.
    pub refused: u64,
    /// The most payload that the machine's interfaces can have received during the build, bytes, whoever asked for it; absent where their
    /// counters do not tell.
    pub interfaces: Option<u64>,
}

/// Why what the proxy received is not what a build downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// The interfaces' counters do not tell, so that nothing shows what went past the proxy.
    #[error(
        "build-download is not available: the counters of the network interfaces cannot be read or went back, so that nothing shows what \
         went past the proxy"
    )]
    NoCounters,
    /// Something of the build went on after its end.
    #[error(
        "build-download is not available: {} of the build to servers went on after it had ended, so that what came is not known to be all; \
         let no step leave a program running",
        units::count(usize::try_from(*connections).unwrap_or(usize::MAX), "connection")
    )]
    Unfinished {
        /// Connections to servers on which the build had not said its last word.
        connections: u64,
    },
    /// The interfaces received less than the proxy.
    #[error(
        "build-download is not available: the network interfaces received {} at most, and the proxy {} from other machines, so that they \
         are not those that it uses",
        units::bytes(*interfaces),
        units::bytes(*received)
    )]
    OtherInterfaces {
        /// What they received at most, bytes.
        interfaces: u64,
        /// What the proxy received from other machines, bytes.
        received: u64,
    },
    /// More than 5 % went past the proxy.
    #[error(
        "build-download is not available (bypassed): {} came past the proxy and {} through it; not every tool heeds HTTP_PROXY (Maven reads \
         its own settings.xml, the engine fetches ADD of a URL by itself), and other programs on the machine count too",
        units::bytes(*past),
        units::bytes(*received)
    )]
    Bypassed {
        /// What came past the proxy, bytes.
        past: u64,
        /// What came through it, bytes.
        received: u64,
    },
}

impl DownloadRecord {
    /// The bytes that were downloaded; the error where they are not all that the build fetched.
    ///
    /// All connections of the build have ended. Past the proxy came what the interfaces received and the proxy did not: more than 5 % of both together and more than 64 KiB
    /// is too much. Interfaces that received less than the proxy did from other machines, by as much, are not those that it uses.
    pub fn counted(&self) -> Result<u64, NotCounted> {
        let received = self.received;
        let interfaces = self.interfaces.ok_or(NotCounted::NoCounters)?;
        if self.unfinished > 0 {
            return Err(NotCounted::Unfinished { connections: self.unfinished });
        }
        let far = received.saturating_sub(self.received_locally);
        if is_too_much(far.saturating_sub(interfaces), far) {
            return Err(NotCounted::OtherInterfaces { interfaces, received: far });
        }
        let past = interfaces.saturating_sub(received);
        if is_too_much(past, received.saturating_add(past)) { Err(NotCounted::Bypassed { past, received }) } else { Ok(received) }
    }

    /// Whether so much came from this machine itself that as much could have come past the proxy unseen.
    pub fn is_half_seen(&self) -> bool {
        self.counted().is_ok() && is_too_much(self.received_locally, self.received)
    }
}

const fn is_too_much(part: u64, whole: u64) -> bool {
    part > BACKGROUND && part > whole / TOLERATED
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(received: u64, interfaces: u64) -> DownloadRecord {
        DownloadRecord { received, interfaces: Some(interfaces), ..DownloadRecord::default() }
    }

    #[test]
    fn what_both_counts_agree_on_was_downloaded() {
        assert_eq!(record(10_000_000, 10_100_000).counted(), Ok(10_000_000));
        assert_eq!(record(0, BACKGROUND).counted(), Ok(0), "a warm build downloads nothing, on a machine that is never quite still");
    }

    #[test]
    fn one_part_in_twenty_may_go_past_the_proxy_and_no_more() {
        assert_eq!(record(19_000_000, 20_000_000).counted(), Ok(19_000_000));
        assert_eq!(record(19_000_000, 20_000_020).counted(), Err(NotCounted::Bypassed { past: 1_000_020, received: 19_000_000 }));
        assert_eq!(record(0, BACKGROUND + 1).counted(), Err(NotCounted::Bypassed { past: BACKGROUND + 1, received: 0 }));
    }

    #[test]
    fn interfaces_that_saw_less_than_the_proxy_prove_nothing() {
        assert_eq!(
            record(10_000_000, 9_000_000).counted(),
            Err(NotCounted::OtherInterfaces { interfaces: 9_000_000, received: 10_000_000 })
        );
        assert_eq!(DownloadRecord { interfaces: None, ..record(1, 1) }.counted(), Err(NotCounted::NoCounters));
    }

    #[test]
    fn what_goes_on_after_the_build_is_not_known_to_be_all() {
        let half = DownloadRecord { connections: 3, unfinished: 1, ..record(10_000_000, 10_000_000) };
        assert_eq!(half.counted(), Err(NotCounted::Unfinished { connections: 1 }));
        let text = half.counted().expect_err("it goes on").to_string();
        assert!(text.starts_with("build-download is not available: 1 connection of the build to servers went on"), "{text}");
    }

    #[test]
    fn what_came_from_the_machine_itself_crosses_no_interface() {
        let local = DownloadRecord { received_locally: 10_000_000, ..record(10_000_000, 100) };
        assert_eq!((local.counted(), local.is_half_seen()), (Ok(10_000_000), true));
        assert!(!record(10_000_000, 10_000_000).is_half_seen());
    }

    #[test]
    fn a_bypass_is_told_with_its_bytes_and_what_may_cause_it() {
        let text = record(1_000, 70_000_000).counted().expect_err("it went past").to_string();
        assert!(
            text.starts_with("build-download is not available (bypassed): 70.0 MB came past the proxy and 1.0 kB through it"),
            "{text}"
        );
        assert!(text.contains("settings.xml"), "{text}");
    }

    proptest! {
        #[test]
        fn a_figure_is_never_off_by_more_than_a_twentieth_and_the_background(received: u64, local: u64, interfaces: u64) {
            let record = DownloadRecord { received_locally: local, ..record(received, interfaces) };
            if let Ok(bytes) = record.counted() {
                let past = interfaces.saturating_sub(received);
                prop_assert!(bytes == received && past <= BACKGROUND.max(received.saturating_add(past) / TOLERATED));
            }
        }
    }
}
