//! A run held to budgets, in the formats that CI systems and trackers of benchmarks read.
//!
//! Pure functions of one [`Evaluation`], with the run's [`Record`] where a format has room for every figure. Owns no state. Invariants:
//! whatever stands in a record, the text is well-formed for its consumer; a limit that could not be checked is never shown as one that
//! holds; the same limit has the same name in every run, so that consumers can follow it; byte figures are whole bytes in one unit for ever.

mod bmf;
mod comment;
mod figures;
mod github;
mod gitlab;
mod junit;
mod openmetrics;
mod page;
mod smaller_is_better;
mod totals;
mod words;

use crate::judge::Evaluation;
use crate::record::Record;

pub use comment::{COMMENT_LIMIT, COMMENT_MARKER, SUMMARY_LIMIT};

/// A format for another program to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CiFormat {
    /// `JUnit` XML: a test case for each limit.
    Junit,
    /// Workflow commands of GitHub Actions, for its log: annotations at the budgets' lines.
    Github,
    /// Markdown for `GITHUB_STEP_SUMMARY`.
    GithubSummary,
    /// Lines for `GITHUB_OUTPUT`.
    GithubOutputs,
    /// GitLab's code quality report.
    GitlabCodequality,
    /// `OpenMetrics` 1.0 text.
    Openmetrics,
    /// The custom JSON of github-action-benchmark.
    CustomSmallerIsBetter,
    /// Bencher Metric Format, JSON.
    Bmf,
    /// Markdown for a comment on a pull or merge request.
    Comment,
}

impl CiFormat {
    /// All formats, in the order that help shows them.
    pub const ALL: [Self; 9] = [
        Self::Junit,
        Self::Github,
        Self::GithubSummary,
        Self::GithubOutputs,
        Self::GitlabCodequality,
        Self::Openmetrics,
        Self::CustomSmallerIsBetter,
        Self::Bmf,
        Self::Comment,
    ];

    /// The word on the command line: `junit`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Github => "github",
            Self::GithubSummary => "github-summary",
            Self::GithubOutputs => "github-outputs",
            Self::GitlabCodequality => "gitlab-codequality",
            Self::Openmetrics => "openmetrics",
            Self::CustomSmallerIsBetter => "custom-smaller-is-better",
            Self::Bmf => "bmf",
            Self::Comment => "comment",
        }
    }

    /// What it is, for the help of an option.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Junit => "JUnit XML, a test case for each limit",
            Self::Github => "Annotations for the log of GitHub Actions",
            Self::GithubSummary => "Markdown to append to $GITHUB_STEP_SUMMARY",
            Self::GithubOutputs => "Lines to append to $GITHUB_OUTPUT",
            Self::GitlabCodequality => "Code quality report of GitLab",
            Self::Openmetrics => "OpenMetrics text, also for GitLab's metrics report",
            Self::CustomSmallerIsBetter => "JSON of github-action-benchmark's tool customSmallerIsBetter",
            Self::Bmf => "Bencher Metric Format",
            Self::Comment => "Markdown of less than 64 kB for a comment on a pull request",
        }
    }

    /// The format of that id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }

    /// `evaluation` in this format; ends with a line break unless there is nothing to say. `record` is the run that was evaluated: with
    /// it, formats of figures hold every series, without it those alone that have a limit.
    pub fn render(self, evaluation: &Evaluation, record: Option<&Record>) -> String {
        match self {
            Self::Junit => junit::junit(evaluation, record),
            Self::Github => github::annotations(evaluation),
            Self::GithubSummary => comment::summary(evaluation, record),
            Self::GithubOutputs => github::outputs(evaluation),
            Self::GitlabCodequality => gitlab::code_quality(evaluation, record),
            Self::Openmetrics => openmetrics::openmetrics(evaluation, record),
            Self::CustomSmallerIsBetter => smaller_is_better::smaller_is_better(evaluation, record),
            Self::Bmf => bmf::bmf(evaluation, record),
            Self::Comment => comment::comment(evaluation, record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_id() {
        for format in CiFormat::ALL {
            assert_eq!(CiFormat::from_id(format.id()), Some(format));
        }
        assert_eq!(CiFormat::from_id("xml"), None);
    }
}
