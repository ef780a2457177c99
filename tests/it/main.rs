//! Integration tests in four rings: pure (everything outside the modules below), `fake` (an engine in process), `wire` (a
//! scripted daemon and registry over a socket that lie, cut and stall) and `live` (a private engine).

#![expect(clippy::print_stderr, reason = "a skipped test says so where a person looks")]

mod cli;
mod docs;
mod fake;
mod layering;
mod live;
mod pure;
mod scripts;
mod support;
mod wire;
