//! The way of a push and a pull: loadline's own registry, and the shaped link that may stand before it.
//!
//! Where there is a link, bytes are counted twice: by the registry in blobs and manifests, by the link in payload of TCP. What
//! the registry counted must have crossed the link, or the time would be of something else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Instant;

use crate::record::{LinkRecord, TransferRecord};
use crate::rig::link::{Link, LinkMark, LinkUse, Passage};
use crate::rig::registry::{BlobTransfer, ManifestTransfer, Mark, Moved as Bytes, Registry, Traffic};
use crate::rig::{EngineError, Transfer};

use super::Gone;
use super::stop::{Stop, chain, invalid};
use super::transfer::Moved;

/// What HTTP may add each way for a request, and for a connection before its first one, bytes: lines and headers, an answer without
/// a body that counts, the beginning of TLS that engines try first.
const WORDS: u64 = 4_096;

/// One part in so many of all bodies may be added for sending them in chunks. dockerd has 8 bytes around each 4096.
const FRAMING: u64 = 100;

/// Registry and link of a bench.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub registry: &'a Registry,
    pub link: Option<&'a Link>,
}

/// A moment in the books of both.
#[derive(Debug)]
pub(super) struct WayMark {
    registry: Mark,
    link: Option<LinkMark>,
}

/// What crossed since a mark, by both counts.
#[derive(Debug)]
pub(super) struct Crossed {
    pub traffic: Traffic,
    link: Option<(Instant, LinkUse)>,
}

impl Way<'_> {
    /// Where engines push to and pull from.
    pub(super) fn address(self) -> SocketAddr {
        self.link.map_or_else(|| self.registry.address(), Link::address)
    }

    pub(super) fn mark(self) -> WayMark {
        WayMark { registry: self.registry.mark(), link: self.link.map(Link::mark) }
    }

    /// Blob bytes that crossed the registry since `mark`.
    pub(super) fn moved_since(self, mark: &WayMark) -> Bytes {
        self.registry.moved_since(&mark.registry)
    }

    pub(super) fn since(self, mark: &WayMark) -> Crossed {
        let on_link = self.link.zip(mark.link.as_ref()).map(|(link, from)| (from.at(), link.since(from)));
        Crossed { traffic: self.registry.since(&mark.registry), link: on_link }
    }

    /// Waits for `work`, and tells how far it is, as long as everything on the way listens. An engine would try again for most of
    /// a minute before it gave up.
    pub(super) async fn carry<T>(
        self,
        action: &'static str,
        mark: &WayMark,
        work: impl Future<Output = Result<T, EngineError>>,
        told: impl Future<Output = Infallible>,
    ) -> Result<T, Stop> {
        tokio::select! {
            biased;
            gone = self.gone(action) => Err(Stop::Gone(gone)),
            done = work => done.map_err(|error| self.blamed(mark, error)),
            never = told => match never {},
        }
    }

    /// What stops listening first.
    async fn gone(self, action: &'static str) -> Gone {
        let link = async {
            match self.link {
                Some(link) => link.stopped().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.registry.stopped() => Gone::Registry { address: self.registry.address(), action },
            () = link => Gone::Link { address: self.address(), action },
        }
    }

    /// The engine's error; where the link could not connect to the registry, with the reason, which the engine does not know.
    fn blamed(self, mark: &WayMark, error: EngineError) -> Stop {
        let refusal = self.since(mark).link.and_then(|(_, used)| used.refusal);
        match refusal.filter(|_| !error.is_fatal()) {
            Some(refusal) => invalid(format!("{}; the link could not connect to the registry: {refusal}", chain(&error))),
            None => error.into(),
        }
    }
}

impl Crossed {
    /// The transfer with what the link says of it. A transfer that went past the link is invalid.
    pub(super) fn moved(self, action: &str, transfer: Transfer, record: TransferRecord) -> Result<Moved, Stop> {
        let Some((began, used)) = &self.link else { return Ok(Moved { transfer, record, warnings: Vec::new() }) };
        let mut warnings: Vec<String> = refusals(action, used).into_iter().collect();
        for (way, carried, bodies) in [("up", &used.up, self.bodies_up()), ("down", &used.down, self.bodies_down())] {
            let exchanges = self.traffic.requests + used.connections;
            warnings.extend(
                agreed(carried, bodies, exchanges).map_err(|short| invalid(short.text(action, way)))?.map(|over| over.text(action, way)),
            );
        }
        let link = Some(link_record(*began, used).ok_or_else(|| invalid(format!("nothing of the {action} crossed the link")))?);
        Ok(Moved { transfer, record: TransferRecord { link, ..record }, warnings })
    }

    fn bodies_up(&self) -> u64 {
        bodies(&self.traffic.uploads, &self.traffic.manifest_uploads)
    }

    fn bodies_down(&self) -> u64 {
        bodies(&self.traffic.downloads, &self.traffic.manifest_downloads)
    }
}

fn bodies(blobs: &[BlobTransfer], manifests: &[ManifestTransfer]) -> u64 {
    blobs.iter().map(|blob| blob.bytes).chain(manifests.iter().map(|manifest| manifest.bytes)).sum()
}

fn link_record(began: Instant, used: &LinkUse) -> Option<LinkRecord> {
    let after = |at: Instant| at.saturating_duration_since(began).as_secs_f64();
    Some(LinkRecord {
        first_byte: after(used.first_byte()?),
        last_byte: after(used.last_byte()?),
        bytes_up: used.up.bytes,
        bytes_down: used.down.bytes,
        connections: used.connections,
    })
}

fn refusals(action: &str, used: &LinkUse) -> Option<String> {
    let reason = used.refusal.as_deref()?;
    let connections = crate::units::count(usize::try_from(used.refused).unwrap_or(usize::MAX), "connection");
    Some(format!("in the {action} the link could not connect {connections} to the registry, and the engine tried again: {reason}"))
}

/// One direction in which the two counts are further apart than they may be.
#[derive(Debug, PartialEq, Eq)]
struct Apart {
    carried: u64,
    bodies: u64,
    /// What HTTP may add to the bodies.
    words: u64,
}

/// Holds what the link carried one way against the bodies that the registry counted there, of which all must have crossed it: the error.
/// More than HTTP explains is worth a word.
fn agreed(carried: &Passage, bodies: u64, exchanges: u64) -> Result<Option<Apart>, Apart> {
    let apart = Apart { carried: carried.bytes, bodies, words: exchanges * WORDS + bodies / FRAMING };
    match apart.carried.checked_sub(bodies) {
        None => Err(apart),
        Some(over) => Ok((over > apart.words).then_some(apart)),
    }
}

impl Apart {
    fn text(&self, action: &str, way: &str) -> String {
        let Self { carried, bodies, words } = self;
        if carried < bodies {
            return format!("the registry counted {bodies} bytes {way} in the {action}, but the link carried {carried}: some went past it");
        }
        format!(
            "the link carried {carried} bytes {way} in the {action}, where blobs and manifests are {bodies} and HTTP explains {words} more: \
             something else crossed it, and the time is of that too"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn passage(bytes: u64) -> Passage {
        Passage { bytes, first_byte: None, last_byte: None }
    }

    #[test]
    fn bodies_with_the_words_around_them_agree() {
        for carried in [10_000, 10_000 + 2 * WORDS + 100] {
            assert_eq!(agreed(&passage(carried), 10_000, 2), Ok(None));
        }
        assert_eq!(agreed(&passage(0), 0, 0), Ok(None));
    }

    #[test]
    fn a_byte_that_went_past_the_link_is_an_error_and_one_too_many_a_word() {
        let short = agreed(&passage(9_999), 10_000, 2).expect_err("one is missing");
        assert!(short.text("push", "up").ends_with("10000 bytes up in the push, but the link carried 9999: some went past it"));
        let over = agreed(&passage(10_000 + 2 * WORDS + 101), 10_000, 2).expect("all crossed it").expect("one is too many");
        assert!(over.text("pull", "down").contains("carried 18293 bytes down in the pull, where blobs and manifests are 10000"));
    }

    #[test]
    fn times_are_after_the_call_and_of_either_direction() {
        let began = Instant::now();
        let at = |ms| Some(began + Duration::from_millis(ms));
        let up = Passage { bytes: 5, first_byte: at(250), last_byte: at(500) };
        let down = Passage { bytes: 7, first_byte: at(375), last_byte: at(1_250) };
        let used = LinkUse { up, down, connections: 2, ..LinkUse::default() };
        let record = link_record(began, &used).expect("bytes went");
        assert_eq!(record, LinkRecord { first_byte: 0.25, last_byte: 1.25, bytes_up: 5, bytes_down: 7, connections: 2 });
        assert_eq!(link_record(began, &LinkUse::default()), None);
    }
}
