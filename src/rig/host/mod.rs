//! What loadline makes on an engine that is the user's own, and how it is told from what is theirs.
//!
//! Every image and container carries two labels: the run, and the process that owns it. Temporary folders carry their owner
//! in their name. Only what has an owner is ever removed, only by the names that loadline gave, and of other owners only
//! what is known to be dead. Nothing is pruned and nothing is retagged.
//!
//! [`probe`](probe()) asks whether the engine reaches loadline's registry; [`Before`] looks at what is there before a run, and tells
//! after it what the run left.

mod before;
mod folder;
mod owner;
mod probe;
mod sweep;

pub use before::{Before, CacheLeft, FoundBase, Left, named_in_steps};
pub use folder::Folder;
pub use owner::{CONTAINER_LABEL, OWNER_LABEL, Owner, RUN_LABEL, container_labels, labels};
pub use probe::{PROBE_LIMIT, probe};
pub use sweep::{HostLeftover, Thing, leftovers, remove_own, sweep};
