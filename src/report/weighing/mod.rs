//! One image's weighing as it is read: terminal, Markdown, CSV and JSON, each a pure function of one [`WeighingReport`].
//!
//! [`WeighingReport::new`] decides what is shown. Every size stands under its definition; one that cannot be had says why and
//! never shows a number. Lists are bounded; the whole inventory is [`inventory`]'s, which hands it on piece by piece, so
//! that no image needs memory for its text. Paths and instructions come from outside and are made fit by each format.

mod against;
mod collect;
mod csv;
mod data;
mod files;
mod host;
mod instruction;
mod layout;
mod markdown;
mod output;
mod sizes;
mod terminal;

pub use against::against;
pub use csv::weighing_csv;
pub use data::{
    AgainstReport, BaseNamed, ChangedFile, DuplicateReport, FileChange, FileReport, FilesChange, ReadHow, SizeChange, SizeReport,
    SourceKind, SourceReport, TransferReport, WEIGHING_VERSION, WastePlaceReport, WasteReport, WeighedLayer, WeighingReport,
};
pub use files::{InventoryFormat, inventory};
pub use host::HostReport;
pub(super) use instruction::instruction;
pub(super) use layout::{fit_path, shown};
pub use markdown::weighing_markdown;
pub use output::{weighing_json, weighing_schema};
pub use terminal::weighing_terminal;
