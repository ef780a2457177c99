//! A private engine, for real.

mod bases;
mod context;
mod docker;
mod private;
mod registry;
mod run;
