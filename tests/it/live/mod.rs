//! A private engine, for real.

mod bases;
mod context;
mod docker;
mod endpoints;
mod engine_root;
mod java;
mod node;
mod private;
mod python;
mod registry;
mod run;
mod slow_start;
mod weigh;
