//! Builds container images, proves that they work, weighs them and times build, push and pull.
//!
//! A number's way through the house: `cli → scenario → run (drives rig, reads image) → record → judge → report`.
//! `DESIGN.md` says what each room owns and which room may use which; `tests/it/layering.rs` holds the code to it.
//!
//! The library exists for the binary, its tests and its benches: its API follows the program's needs and is not stable.

pub mod budget;
pub mod cli;
pub mod dockerfile;
pub mod image;
pub mod judge;
pub mod measure;
pub mod record;
pub mod report;
pub mod rig;
pub mod run;
pub mod scenario;
pub mod stats;
pub mod units;
