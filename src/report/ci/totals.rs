//! What came of all limits together.

use crate::judge::{CheckOutcome, Evaluation};

/// How many limits came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) undecided: usize,
    pub(super) unmeasured: usize,
    pub(super) not_comparable: usize,
    pub(super) skipped: usize,
}

impl Totals {
    pub(super) fn of<'a>(outcomes: impl IntoIterator<Item = &'a CheckOutcome>) -> Self {
        let mut totals = Self::default();
        for outcome in outcomes {
            *totals.place(outcome) += 1;
        }
        totals
    }

    pub(super) fn all(evaluation: &Evaluation) -> Self {
        Self::of(evaluation.checks.iter().map(|check| &check.outcome))
    }

    const fn place(&mut self, outcome: &CheckOutcome) -> &mut usize {
        match outcome {
            CheckOutcome::Pass => &mut self.passed,
            CheckOutcome::Fail { .. } => &mut self.failed,
            CheckOutcome::Undecided { .. } => &mut self.undecided,
            CheckOutcome::Unmeasured { .. } => &mut self.unmeasured,
            CheckOutcome::NotComparable { .. } => &mut self.not_comparable,
            CheckOutcome::Skip { .. } => &mut self.skipped,
        }
    }

    /// All limits.
    pub(super) const fn checks(self) -> usize {
        self.passed + self.failed + self.undecided + self.unmeasured + self.not_comparable + self.skipped
    }

    /// Limits that had no figure to hold against them.
    pub(super) const fn errors(self) -> usize {
        self.unmeasured + self.not_comparable
    }

    /// One word for all: `incomplete` goes before `fail`, because a verdict needs complete data, and a run whose limits were all
    /// skipped proves nothing.
    pub(super) const fn verdict(self) -> &'static str {
        match self {
            Self { unmeasured: 1.., .. } | Self { not_comparable: 1.., .. } => "incomplete",
            Self { failed: 1.., .. } => "fail",
            Self { passed: 0, undecided: 0, .. } => "nothing-checked",
            _ => "pass",
        }
    }

    /// The same in words: `2 of 14 limits are exceeded, 1 could not be checked`.
    pub(super) fn headline(self) -> String {
        let all = self.checks();
        let limits = if all == 1 { "1 limit".to_owned() } else { format!("{all} limits") };
        let are = |n: usize| if n == 1 { "is" } else { "are" };
        match (self.failed, self.errors(), self.verdict()) {
            (0, 0, "nothing-checked") if all == 0 => "nothing was checked, there is no limit".to_owned(),
            (0, 0, "nothing-checked") => format!("nothing was checked ({limits} skipped)"),
            (0, 0, _) if self.passed == all => {
                if all == 1 {
                    "the limit is kept".to_owned()
                } else {
                    format!("all {limits} are kept")
                }
            }
            (0, 0, _) => format!("{} of {limits} {} kept, none is exceeded", self.passed, are(self.passed)),
            (0, errors, _) => format!("{errors} of {limits} could not be checked"),
            (failed, 0, _) => format!("{failed} of {limits} {} exceeded", are(failed)),
            (failed, errors, _) => format!("{failed} of {limits} {} exceeded, {errors} could not be checked", are(failed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_without_a_figure_outranks_one_that_is_exceeded() {
        let totals = Totals { passed: 3, failed: 2, not_comparable: 1, ..Totals::default() };
        assert_eq!((totals.verdict(), totals.headline().as_str()), ("incomplete", "2 of 6 limits are exceeded, 1 could not be checked"));
    }

    #[test]
    fn limits_that_were_all_skipped_are_no_pass() {
        assert_eq!(Totals::default().verdict(), "nothing-checked");
        let skipped = Totals { skipped: 2, ..Totals::default() };
        assert_eq!((skipped.verdict(), skipped.headline().as_str()), ("nothing-checked", "nothing was checked (2 limits skipped)"));
    }

    #[test]
    fn an_undecided_limit_is_not_said_to_be_kept() {
        let totals = Totals { passed: 1, undecided: 1, ..Totals::default() };
        assert_eq!((totals.verdict(), totals.headline().as_str()), ("pass", "1 of 2 limits is kept, none is exceeded"));
    }
}
