//! How many pairs are measured and who goes first in each.

use crate::finding::Finding;
use crate::request::{Part, Request};

/// Pairs of a part whose bound is a time.
const CACHED_PAIRS: usize = 50;
/// The most pairs of a part whose bound is a quotient.
const MOST_PAIRS: usize = 60;
/// After so many pairs a line says how far it is.
const STRIDE: usize = 5;

/// Decides about pairs. The same seed decides the same.
pub(crate) struct Course {
    random: fastrand::Rng,
    pairs: Option<usize>,
}

impl Course {
    /// As asked for.
    pub(crate) fn new(request: &Request) -> Self {
        Self { random: fastrand::Rng::with_seed(request.seed), pairs: request.pairs }
    }

    /// Whether loadline's side goes first.
    pub(crate) fn coin(&mut self) -> bool {
        self.random.bool()
    }

    /// Whether one more pair is to be measured; where `until_fine`, only as long as the interval is too wide.
    pub(crate) fn wants_more(&self, finding: &Finding, until_fine: bool) -> bool {
        let n = finding.ours_first.len();
        let most = self.pairs.unwrap_or(if finding.part == Part::Cached { CACHED_PAIRS } else { MOST_PAIRS });
        if n > 0 && n.is_multiple_of(STRIDE) {
            eprintln!("overhead: {}: {n} of at most {most} pairs", finding.part.id());
        }
        n < most && !(until_fine && finding.is_fine())
    }
}
