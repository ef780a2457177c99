//! What became of series over many runs, in every format. [`TrendReport::new`] decides what is told; the formats only write it down.

mod data;
mod output;
mod spark;
mod terminal;
mod words;

pub use data::{
    TREND_VERSION, TrendBaseline, TrendChangeReport, TrendEnd, TrendForecast, TrendGrowth, TrendNewest, TrendReport, TrendSeries,
};
pub use output::{trend_csv, trend_json, trend_markdown, trend_schema};
pub use spark::{Glyphs, sparkline};
pub use terminal::trend_terminal;
