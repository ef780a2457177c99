//! A fake engine in process.

mod builds;
mod run;
mod tryout;
