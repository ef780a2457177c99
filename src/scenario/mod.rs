//! What a user writes: `scenario.toml`, its variants and smoke check, how scenarios are found, and the form of `loadline.toml`.
//!
//! Owns the file format (`docs/scenario-file.md` is its page for users). All problems of all files are reported at once,
//! each with file, line, column and cure. Files are read as untrusted input: their size, their depth and the number of
//! problems reported for one of them are bounded, and nothing in them makes this room panic.

mod bare;
mod budgets;
mod check;
mod discover;
mod edits;
mod expect;
mod held;
mod model;
mod name;
mod parse;
mod problem;
mod proposal;
mod reader;
mod render;
mod select;
mod sketch;
mod smoke;
mod smoke_container;
mod source;
pub(crate) mod suggest;
mod variants;
mod workspace;

pub use discover::{Discovered, discover};
pub use held::{BudgetFiles, ChangedLines, Rewritten, read_budget_files, read_budgets, with_max};
pub use model::{Builder, Change, Edit, Expectation, Language, Scenario, Smoke, SmokeCheck, SmokeExpect, SmokeRequest, Variant};
pub use parse::{FILE_NAME, known_keys, parse_scenario};
pub use problem::{Excerpt, Place, Problem, Problems, Related, Severity, Spot};
pub use proposal::{Asked, Good, Proof, proposed};
pub use select::{means_variant, select_variants};
pub use sketch::{Details, Hint, Sketch, is_described, sketch};
pub use smoke_container::is_variable_name;
pub use workspace::{Fault, Given, Judge, Setting, SettingTable, Takes, WORKSPACE_FILE, find_workspace, read_workspace};
