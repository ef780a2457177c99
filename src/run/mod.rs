//! The plan and its execution: blocks and trials, the smoke check, events and clean-up.
//!
//! Drives the rig and reads images; hands every outcome to a sink and never knows where records are kept. Prints nothing:
//! whoever wants to show progress listens to [`Event`]s.

mod bench;
mod cache_state;
mod computed;
mod conditions;
mod downloads;
mod emitter;
mod event;
mod execute;
mod failure;
mod gone;
mod hosted;
mod http;
mod named;
mod noise;
mod origin;
mod outcome;
mod plan;
mod rigging;
mod settled;
mod smoke;
mod smoke_record;
mod stop;
mod stopping;
mod stopwatch;
mod transfer;
mod trial;
mod tryout;
mod way;

pub use bench::Bench;
pub use conditions::undecided;
pub use downloads::Downloads;
pub use emitter::Emitter;
pub use event::{Event, EventKind, Listener, event_schema};
pub use execute::{End, Execution, Limits, Sink};
pub use gone::Gone;
pub use named::Named;
pub use noise::{NOISE_OVERHEAD, Prober};
pub use plan::{Block, Builds, Plan};
pub use rigging::{EngineKind, RigError, RigSettings, Rigged, references, skipped, variant_references};
pub use settled::Settled;
pub use smoke_record::smoke_record;
pub use stopping::{Clock, StopRules, precise};
pub use stopwatch::Stopwatch;
pub use tryout::{TryError, TryOut};
