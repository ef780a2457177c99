//! A fake engine in process.

mod builds;
mod link;
mod resume;
mod run;
mod stopping;
mod tryout;
