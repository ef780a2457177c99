//! What the build of a trial downloads, where that is counted.

use crate::rig::BuildRequest;

use super::super::downloads::{self, Counting};
use super::super::stop::{Stop, chain, invalid};
use super::{Draft, TrialRunner};

/// Where what the proxy says stands in a trial's log.
const WHOSE: &str = "build proxy";

impl<E: crate::rig::Engine> TrialRunner<'_, E> {
    /// Leads the build to its account, where downloads are counted and nothing stands in the way.
    pub(super) fn begin_counting(&self, request: &mut BuildRequest, draft: &mut Draft) -> Result<Option<Counting>, Stop> {
        let Some(downloads) = &self.bench.downloads else { return Ok(None) };
        if let Some(why) = downloads::obstacle(&request.build_args, &self.variant.dockerfile) {
            draft.warn(why);
            self.not_of_the_link(draft);
            return Ok(None);
        }
        downloads.begin(&mut request.build_args).map(Some).map_err(|error| invalid(chain(&error)))
    }

    /// Takes what a build downloaded that came out. A figure that is not all of it is none.
    pub(super) async fn end_counting(&self, counting: Option<Counting>, draft: &mut Draft) {
        let Some(counting) = counting else { return };
        let (record, refusals) = self.emitter.watch().overhead("interface counters", counting.end()).await;
        draft.note(WHOSE, refusals.as_deref());
        match record.counted() {
            Ok(bytes) => draft.numbers.downloaded(bytes),
            Err(why) => {
                draft.warn(why.to_string());
                self.not_of_the_link(draft);
            }
        }
        if record.is_half_seen() {
            draft.warn(format!(
                "{} of what the build downloaded came from this machine itself, where no interface counts: as much could have come past \
                 the proxy unseen",
                crate::units::bytes(record.received_locally)
            ));
        }
        draft.download = Some(record);
    }

    /// A build that was not wholly counted need not have kept to the link that its conditions name: its time is that of no known one.
    fn not_of_the_link(&self, draft: &mut Draft) {
        let Some(shape) = self.bench.downloads.as_ref().and_then(|downloads| downloads.link().shape()) else { return };
        draft.numbers.take_no_build_time();
        draft.warn(format!(
            "build-time is not available: what the build fetched is not known to have kept to {shape}, the link of downloads; to have a time \
             of the machine's own network, measure without --download-link"
        ));
    }

    /// Waits for a build as long as the proxy that it fetches through is there.
    pub(super) async fn with_proxy<T>(&self, counting: Option<&Counting>, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let (Some(downloads), Some(_)) = (&self.bench.downloads, counting) else { return work.await };
        tokio::select! {
            biased;
            gone = downloads.gone() => Err(Stop::Gone(gone)),
            done = work => done,
        }
    }

    /// Says in the log of a build that failed which servers the proxy did not reach for it.
    pub(super) fn note_refusals(counting: Option<&Counting>, draft: &mut Draft) {
        draft.note(WHOSE, counting.and_then(Counting::refusals).as_deref());
    }
}
