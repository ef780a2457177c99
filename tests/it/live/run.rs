//! Live tests of whole runs, nearly all of them through the program's binary.

mod bench;
mod contexts;
mod failures;
mod go_api;
mod host;
mod hub;
mod outages;
mod signals;
