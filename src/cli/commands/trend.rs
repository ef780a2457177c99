//! `trend`: what changed over many runs.

use crate::cli::args::{BaselineArg, TrendArgs, TrendFormat};
use crate::cli::{Exit, Failure, plain, printer};
use crate::judge::{self, BaselineChoice, TrendQuestion};
use crate::record::{self, History, SeriesKey};
use crate::report::{self, Glyphs, TrendReport};
use crate::scenario;

use super::print;

/// Reads the history and prints what there is to tell of it.
pub(super) fn trend(args: &TrendArgs) -> Result<Exit, Failure> {
    let history = History::read(&args.places).map_err(|e| Failure::new(Exit::Record, e))?;
    for warning in &history.warnings {
        printer::talk(&format!("warning: {}", plain::line(&warning.message)));
    }
    let question = question(args)?;
    let trends = judge::trends(&history, &question, |key| wanted(args, key));
    if trends.is_empty() {
        return Err(nothing_wanted(&history));
    }
    with_baseline(&trends)?;
    let unheld = args.limits.iter().filter(|limit| !trends.iter().any(|trend| trend.key.measure == limit.measure));
    for limit in unheld {
        let measure = limit.measure.id();
        printer::talk(&format!("warning: --limit {measure} is held against nothing: no series that was asked for is of {measure}"));
    }
    let report = TrendReport::new(&history, &trends, &question, args.all);
    let text = match args.format {
        TrendFormat::Terminal => Ok(printer::for_people(report::trend_terminal(&report, glyphs()))),
        TrendFormat::Markdown => Ok(report::trend_markdown(&report)),
        TrendFormat::Csv => report::trend_csv(&report),
        TrendFormat::Json => report::trend_json(&report),
    };
    print(&text.map_err(|e| Failure::new(Exit::Record, e))?)
}

/// A baseline that no series has is a mistake, not a calm history.
fn with_baseline(trends: &[judge::Trend]) -> Result<(), Failure> {
    let newest = || trends.iter().filter(|trend| trend.earlier.is_none());
    let why = newest().find_map(|trend| trend.baseline.as_ref()?.as_ref().err());
    let any = newest().any(|trend| matches!(trend.baseline, Some(Ok(_))));
    match why {
        Some(why) if !any => Err(Failure::new(Exit::Record, plain::line(&why.to_string()))),
        _ => Ok(()),
    }
}

fn wanted(args: &TrendArgs, key: &SeriesKey) -> bool {
    let scenario = |pattern: &String| scenario::means_variant(&format!("{pattern}/*"), &key.scenario, &key.variant);
    let variant = |pattern: &String| scenario::means_variant(pattern, &key.scenario, &key.variant);
    (args.scenarios.is_empty() || args.scenarios.iter().any(scenario))
        && (args.variants.is_empty() || args.variants.iter().any(variant))
        && (args.measures.is_empty() || args.measures.contains(&key.measure))
}

fn nothing_wanted(history: &History) -> Failure {
    let mut variants: Vec<String> = history.series.keys().map(|key| format!("{}/{}", key.scenario, key.variant)).collect();
    variants.dedup();
    let message = format!("no series of the history is what --scenario, --variant and --measure ask for; it has {}", variants.join(", "));
    Failure::new(Exit::Usage, plain::line(&message))
}

fn question(args: &TrendArgs) -> Result<TrendQuestion, Failure> {
    let twice = args.limits.iter().enumerate().find(|(n, limit)| args.limits[..*n].iter().any(|first| first.measure == limit.measure));
    if let Some((_, limit)) = twice {
        let message = format!("--limit says twice what {} may be; give each measure one limit", limit.measure.id());
        return Err(Failure::new(Exit::Usage, message));
    }
    let limits = args.limits.iter().map(|limit| (limit.measure, limit.limit)).collect();
    let baseline = args.baseline.as_ref().map(|baseline| choice(args, baseline)).transpose()?;
    Ok(TrendQuestion { limits, baseline, smallest: args.smallest })
}

/// The baseline, with what git knows of it.
fn choice(args: &TrendArgs, baseline: &BaselineArg) -> Result<BaselineChoice, Failure> {
    let unknown = |what: &str| {
        let folder = args.repository.display();
        let message = if record::is_in_repository(&args.repository) {
            format!("git knows no {what} in {folder}; name another, or the repository with --repository")
        } else {
            format!("{folder} is in no git repository, or there is no git; name the repository with --repository")
        };
        Failure::new(Exit::Usage, plain::line(&message))
    };
    Ok(match baseline {
        BaselineArg::MergeBase(other) => {
            let commits = record::merge_base_line(&args.repository, other);
            BaselineChoice::MergeBase(commits.ok_or_else(|| unknown(&format!("common commit of HEAD and {other}")))?)
        }
        BaselineArg::LastRelease => {
            let commits = record::release_commits(&args.repository).filter(|commits| !commits.is_empty());
            BaselineChoice::LastRelease(commits.ok_or_else(|| unknown("tag that leads to HEAD"))?)
        }
        BaselineArg::Run(id) => BaselineChoice::Run(id.clone()),
        BaselineArg::Window(runs) => BaselineChoice::Window(*runs),
    })
}

/// Blocks, unless the terminal or the locale says that it has no more than ASCII.
fn glyphs() -> Glyphs {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).map(|value| value.to_lowercase());
    let plain_locale = locale.is_some_and(|locale| !locale.contains("utf-8") && !locale.contains("utf8"));
    let plain_terminal = variable("TERM").is_some_and(|term| term == "dumb" || term == "linux");
    if printer::data_on_terminal() && (plain_locale || plain_terminal) { Glyphs::Ascii } else { Glyphs::Blocks }
}
