//! Live tests of whole runs, nearly all of them through the program's binary.

mod apps;
mod bench;
mod contexts;
mod downloads;
mod failures;
mod first;
mod flat;
mod gate;
mod go_api;
mod host;
mod hub;
mod link;
mod named;
mod outages;
mod resume;
mod signals;
mod starts;
mod stores;
mod updates;
mod users_engine;
