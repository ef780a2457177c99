//! What came of a comparison.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::judge::{Growth, Redefined};
use crate::measure::{Measure, Unit};

/// A run set beside a baseline, or a variant beside another.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Changes {
    /// Id of the baseline's run.
    pub baseline: String,
    /// Id of the run; the baseline's where two variants of one run are compared.
    pub run: String,
    /// The smallest relative change of a time that matters: 0.05 is 5 %.
    pub noise: f64,
    /// Whether two variants of one run are compared, and so times iteration by iteration.
    pub paired: bool,
    /// What one side lacks of what the other has figures of; its figures are of the trials that there are.
    pub missing: Vec<MissingTrials>,
    /// What has the name that it has in the baseline, and is defined otherwise.
    pub redefined: Vec<Redefined>,
    /// Figures that one side has and the other was never to have.
    pub unasked: Vec<Unasked>,
    /// In the order of the plan.
    pub variants: Vec<VariantChange>,
}

impl Changes {
    /// All figures.
    pub fn figures(&self) -> impl Iterator<Item = &FigureChange> {
        self.variants.iter().flat_map(|variant| &variant.figures)
    }

    /// How many figures have which verdict.
    pub fn tally(&self) -> Tally {
        Tally::of(self.figures())
    }

    /// Whether there is a verdict on at least one figure.
    pub fn has_comparable(&self) -> bool {
        self.figures().any(|figure| figure.verdict.condition().is_none())
    }

    /// Whether any figure became worse.
    pub fn has_regressed(&self) -> bool {
        self.figures().any(|figure| figure.verdict == ChangeVerdict::Regressed)
    }

    /// Whether the run lost a figure, because what it is of broke or vanished.
    pub fn has_lost(&self) -> bool {
        self.figures().any(|figure| matches!(figure.verdict, ChangeVerdict::Lost { .. }))
    }

    /// Whether the run lacks trials of what it is compared for: what is left of it proves nothing about them.
    pub fn lacks_trials(&self) -> bool {
        self.missing.iter().any(|lack| lack.side == Side::Run)
    }
}

/// One of the two things that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The baseline, or the variant that another is compared with.
    Baseline,
    /// The run, or the other variant.
    Run,
}

/// Trials that one side lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MissingTrials {
    /// Which side.
    pub side: Side,
    /// Scenario name; absent with `variant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The variant whose trials are not all there; absent where the record as a whole has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The status of the first trial that fell short and its reason, or how many trials there are.
    pub why: String,
}

/// Figures that only one side can have, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unasked {
    /// Why the other side has none, in words: `this run made no warm builds`.
    pub why: String,
    /// How many.
    pub figures: usize,
}

/// A variant in both.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VariantChange {
    /// Scenario name.
    pub scenario: String,
    /// The variant's name in the baseline.
    pub before: String,
    /// Its name in the run; the other variant's where two of one run are compared.
    pub after: String,
    /// One for every figure of either record.
    pub figures: Vec<FigureChange>,
    /// The base images that are others than before, by reference.
    pub bases: Vec<BaseChange>,
    /// How the image differs, where both are weighed, differ, and sizes may be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
}

/// A base image that is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaseChange {
    /// As the Dockerfile names it.
    pub name: String,
    /// Its digest in the baseline, `unknown` where that is not recorded; absent where the variant did not need it.
    pub before: Option<String>,
    /// Its digest in the run, in the same way.
    pub after: Option<String>,
}

/// One figure in both.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FigureChange {
    /// What was measured.
    pub measure: Measure,
    /// Which definition of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<String>,
    /// Unit of `before`, `after` and `difference`.
    pub unit: Unit,
    /// Median in the baseline; absent where it has none.
    #[serde(serialize_with = "number")]
    pub before: Option<f64>,
    /// Median in the run.
    #[serde(serialize_with = "number")]
    pub after: Option<f64>,
    /// Values in the baseline.
    pub before_values: usize,
    /// Values in the run.
    pub after_values: usize,
    /// Values of times that lie apart from the others of their side, or pairs that do, and that `change`, `interval` and `verdict` leave out.
    pub set_aside: usize,
    /// `after` less `before`, where they may be compared.
    #[serde(serialize_with = "number")]
    pub difference: Option<f64>,
    /// The relative change: 0.1 is a tenth more. Of bytes and counts from median to median; of times the estimate of Hodges and Lehmann,
    /// which the interval is about. Absent where the figures may not be compared, and where the baseline's is 0.
    pub change: Option<f64>,
    /// Where the change of times lies; absent for bytes and counts, and below two values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<ChangeInterval>,
    /// What follows.
    #[serde(flatten)]
    pub verdict: ChangeVerdict,
}

/// Where a relative change lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangeInterval {
    /// Lower end: −0.02 is 2 % less.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The probability that an interval made this way holds the change, 0 to 1.
    pub coverage: f64,
}

/// What follows from two figures. Less is better of every measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum ChangeVerdict {
    /// Less than before: bytes and counts by any, a time by more than noise with its whole interval.
    Improved,
    /// More than before, in the same way.
    Regressed,
    /// Bytes and counts that are the same to the last one.
    Equal,
    /// A time whose interval does not lie beyond noise as a whole; bytes and counts that differ by no more than the trials of one side do.
    WithinNoise,
    /// Too few times to tell.
    TooFew {
        /// How many a side would do.
        need: usize,
    },
    /// The baseline has the figure, and the run has no such trial with numbers, though it planned the variant or was asked for as much as the
    /// baseline: something broke or vanished.
    Lost {
        /// What became of the run's trial, in words.
        condition: String,
    },
    /// No verdict is possible.
    NotComparable {
        /// The condition that differs, or what is missing, in words.
        condition: String,
    },
}

impl ChangeVerdict {
    /// The word in every output: `improved`, `regressed`, `equal`, `within-noise`, `too-few`, `lost`, `not-comparable`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Regressed => "regressed",
            Self::Equal => "equal",
            Self::WithinNoise => "within-noise",
            Self::TooFew { .. } => "too-few",
            Self::Lost { .. } => "lost",
            Self::NotComparable { .. } => "not-comparable",
        }
    }

    /// Why there is no verdict, in words; `None` where the figures were compared.
    pub fn condition(&self) -> Option<&str> {
        match self {
            Self::Lost { condition } | Self::NotComparable { condition } => Some(condition),
            _ => None,
        }
    }

    /// Whether something changed beyond doubt.
    pub const fn is_change(&self) -> bool {
        matches!(self, Self::Improved | Self::Regressed)
    }
}

/// How many figures have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// That became worse.
    pub regressed: usize,
    /// That became better.
    pub improved: usize,
    /// That are the same to the last byte.
    pub equal: usize,
    /// That noise may explain.
    pub within_noise: usize,
    /// With too few values.
    pub too_few: usize,
    /// That the run has no more, because something broke or vanished.
    pub lost: usize,
    /// That may not be compared.
    pub not_comparable: usize,
}

impl Tally {
    /// Counts the verdicts of `figures`.
    pub fn of<'a>(figures: impl Iterator<Item = &'a FigureChange>) -> Self {
        let mut tally = Self::default();
        for figure in figures {
            *match figure.verdict {
                ChangeVerdict::Regressed => &mut tally.regressed,
                ChangeVerdict::Improved => &mut tally.improved,
                ChangeVerdict::Equal => &mut tally.equal,
                ChangeVerdict::WithinNoise => &mut tally.within_noise,
                ChangeVerdict::TooFew { .. } => &mut tally.too_few,
                ChangeVerdict::Lost { .. } => &mut tally.lost,
                ChangeVerdict::NotComparable { .. } => &mut tally.not_comparable,
            } += 1;
        }
        tally
    }
}

/// Writes a whole number without a decimal point, so that bytes read as bytes, also where they became fewer.
fn number<'a, S: Serializer>(value: impl Into<Option<&'a f64>>, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(clippy::cast_possible_truncation, reason = "tested to be whole and within 2⁵³")]
    match value.into().copied() {
        Some(value) if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 => serializer.serialize_i64(value as i64),
        Some(value) => serializer.serialize_f64(value),
        None => serializer.serialize_none(),
    }
}
