//! A fake engine in process.

mod run;
mod tryout;
