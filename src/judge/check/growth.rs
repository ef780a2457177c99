//! What grew, for a check that has a baseline.

use crate::budget::Budget;
use crate::judge::Growth;
use crate::record::Record;

/// What grew of an image since the baseline, where a limit on bytes or counts does not hold; `None` where nothing is known of it.
pub(super) fn growth_of(_baseline: &Record, _run: &Record, _budget: &Budget, _variant: &str) -> Option<Growth> {
    None
}
