//! A run that is shown to others: whether it may be, its README, and what this project's own README quotes of it.
//!
//! Pure functions of records. Invariants: no figure and no caveat is written by hand, each follows from the record; a run
//! that lacks a trial, or that nobody else could repeat, is not published.

mod caveats;
mod choose;
mod quote;
mod readme;

pub use choose::{broadest, obstacles};
pub use quote::{readme_chart, readme_figures};
pub use readme::{BESIDE, published_readme};
