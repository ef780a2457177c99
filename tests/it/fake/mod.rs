//! A fake engine in process.

mod builds;
mod case;
mod downloads;
mod link;
mod resume;
mod run;
mod starts;
mod stopping;
mod stores;
mod tryout;
