//! A fake engine in process.

mod builds;
mod link;
mod run;
mod tryout;
