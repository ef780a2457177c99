//! One [`ReportData`], then every format: pure functions of it.
//!
//! [`ReportData::new`] decides what is shown; the formats only write it down, and none reads or writes a file.
//! [`write_all`] alone touches the disk. Invariants: the same record gives the same bytes; every column and axis has one
//! unit and every size says which size it is; a variant without numbers is shown as what it is, with the reason, and
//! never with a number; names and messages come from outside and are escaped by each format for itself.

mod bounds;
mod builds;
mod changes;
mod chart;
mod check;
mod ci;
mod collect;
mod comparison;
mod csv;
mod data;
mod doubts;
mod downloads;
mod effort;

mod error;
mod figures;
mod json;
mod markdown;
mod noise;
mod notes;
mod overview;
mod publish;
mod redefined;
mod reproduction;
mod table;
mod terminal;
mod text;
mod trend;
mod updates;
mod weighing;
mod write;

pub use builds::{BuildReport, StepSeconds};
pub use changes::{CHANGES_VERSION, changes_csv, changes_json, changes_markdown, changes_schema, changes_terminal};
pub use chart::{TimelineFacts, layers_chart, sizes_chart, timeline_chart, times_chart};
pub use check::{CHECK_VERSION, CheckReport, check_json, check_schema, check_text};
pub use ci::{COMMENT_LIMIT, COMMENT_MARKER, CiFormat, SUMMARY_LIMIT};
pub use comparison::comparison;
pub use csv::{observations_csv, summary_csv};
pub use data::{
    BaseReport, BottleneckReport, Fact, IntervalReport, LayerReport, MeasureEstimate, ObservationRow, OverheadReport, REPORT_VERSION,
    ReportData, RunFacts, ScenarioReport, UpdateReport, VariantReport,
};
pub use error::ReportError;
pub use json::{json, report_schema};
pub use markdown::markdown;
pub use noise::{NoiseReport, noise_now};
pub use publish::{BESIDE, broadest, obstacles, published_readme, readme_chart, readme_figures};
pub use reproduction::reproduction;
pub use terminal::terminal;
pub(crate) use text::one_line;
pub use trend::{
    Glyphs, TREND_VERSION, TrendBaseline, TrendChangeReport, TrendEnd, TrendForecast, TrendGrowth, TrendNewest, TrendReport, TrendSeries,
    sparkline, trend_csv, trend_json, trend_markdown, trend_schema, trend_terminal,
};
pub use weighing::{
    AgainstReport, BaseNamed, ChangedFile, DuplicateReport, FileChange, FileReport, FilesChange, HostReport, InventoryFormat, ReadHow,
    SizeChange, SizeReport, SourceKind, SourceReport, TransferReport, WEIGHING_VERSION, WastePlaceReport, WasteReport, WeighedLayer,
    WeighingReport, against, inventory, weighing_csv, weighing_json, weighing_markdown, weighing_schema, weighing_terminal,
};
pub use write::write_all;
