//! Numbers to verdicts. Pure: reads records, touches no engine.
//!
//! Owns no state. A verdict is given only where the conditions that a measure depends on are equal in both records;
//! everywhere else the answer is which condition differs, in words.

mod baseline;
mod bottleneck;
mod changes;
mod check;
mod compare;
mod completeness;
mod conditions;
mod evaluation;
mod growth;
mod layers;
mod noise;
mod redefined;
mod reference;
mod reproduction;
mod sides;
mod trend;

pub use baseline::{BaselineChoice, Candidate, NoBaseline, baseline};
pub use bottleneck::{Bottleneck, Bound, Direction, LINK_BOUND, LINK_TIME, Transfers, bottleneck, bottlenecks};
pub use changes::{
    BaseChange, ChangeInterval, ChangeVerdict, Changes, FigureChange, MissingTrials, NOISE, Question, Side, Tally, Unasked, VariantChange,
    changes, changes_between,
};
pub use check::{Ruling, check, usual_budgets};
pub use compare::{Comparison, Finding, MIN_TIMES, RATIO_TOLERANCE, Subject, TIME_EFFECT, Verdict, compare};
pub use completeness::{Completeness, Shortfall, completeness};
pub use evaluation::{BudgetSource, Check, CheckOutcome, Evaluation, Loosened, Unheld, Unlimited};
pub use growth::{FileGrowth, Growth, LayerGrowth, growth};
pub use layers::{Layers, layers};
pub use noise::{Calm, Disturbance, Factors, MUCH_BY_OTHERS, MUCH_STOLEN, Noise, Part, What, When, look, noise};
pub use redefined::{Definition, Redefined, redefined};
pub use reference::reference;
pub use reproduction::{LAYER_TOLERANCE, MIN_RATIO_TIMES, Outcome, Reproduction, TIME_RATIO_EFFECT, reproduce};
pub use trend::{
    Beside, Cause, Forecast, HORIZON_DAYS, SMALLEST_CHANGE, SlowGrowth, Trend, TrendChange, TrendPoint, TrendQuestion, newest_differs,
    trends,
};
