//! Numbers to verdicts. Pure: reads records, touches no engine.
//!
//! Owns no state. A verdict is given only where the conditions that a measure depends on are equal in both records;
//! everywhere else the answer is which condition differs, in words.

mod compare;
mod completeness;
mod conditions;
mod reference;

pub use compare::{Comparison, Finding, MIN_TIMES, RATIO_TOLERANCE, Subject, TIME_EFFECT, Verdict, compare};
pub use completeness::{Completeness, Shortfall, completeness};
pub use reference::reference;
