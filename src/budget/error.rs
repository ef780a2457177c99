//! Why a limit cannot be read.

/// Why a text is no limit; says what would be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// There is no number in front.
    #[error("'{text}' does not begin with a number; write {wanted}")]
    NoNumber {
        /// As written.
        text: String,
        /// What would do.
        wanted: &'static str,
    },
    /// A number with more digits than any amount has.
    #[error("'{0}' has more digits than are kept; write at most 18")]
    TooManyDigits(String),
    /// Less than nothing.
    #[error("'{0}' is negative; leave out the sign: a limit is how much there may be at most, or how much more")]
    Negative(String),
    /// A plus in front of what is no increase.
    #[error("'{0}' begins with a plus, as an increase does; write it without, or as max-increase = \"{0}\"")]
    Plus(String),
    /// A number alone where the measure has a unit.
    #[error("'{text}' has no unit; write {wanted}")]
    NoUnit {
        /// As written.
        text: String,
        /// What would do.
        wanted: &'static str,
    },
    /// The unit is none that is known.
    #[error("'{unit}' in '{text}' is no unit known here; write {wanted}")]
    UnknownUnit {
        /// As written.
        text: String,
        /// The part that was taken for a unit.
        unit: String,
        /// What would do.
        wanted: &'static str,
    },
    /// The unit of another kind of measure.
    #[error("'{text}' is {is}, and {measure} is {of}; write {wanted}")]
    OtherKind {
        /// As written.
        text: String,
        /// What it is.
        is: &'static str,
        /// The measure's name.
        measure: &'static str,
        /// What the measure is.
        of: &'static str,
        /// What would do.
        wanted: &'static str,
    },
    /// A share where there is nothing to be a share of.
    #[error("'{text}' is a share, and max is an amount; write {wanted}, or max-increase = \"{text}\" to hold it against a baseline")]
    Share {
        /// As written.
        text: String,
        /// What would do.
        wanted: &'static str,
    },
    /// Something else than a share where only one will do.
    #[error("'{0}' is no share; write it in per cent, such as \"20 %\"")]
    NoShare(String),
    /// More decimals than a share is kept with.
    #[error("'{0}' has more than four decimals; write a share such as \"0.5 %\"")]
    TooFine(String),
    /// A part of something that is counted, or of a byte.
    #[error("'{0}' is no whole number; write one such as \"12\"")]
    NotWhole(String),
    /// Nothing at all.
    #[error("'{text}' is nothing, which {measure} never is; write {wanted}, or take the limit out")]
    Zero {
        /// As written.
        text: String,
        /// The measure's name.
        measure: &'static str,
        /// What would do.
        wanted: &'static str,
    },
    /// A time may not grow at all, which noise alone makes it do.
    #[error("'{text}' leaves {measure} no room for noise; write a share such as \"10 %\"")]
    NoRoom {
        /// As written.
        text: String,
        /// The measure's name.
        measure: &'static str,
    },
    /// More than a share can sensibly be.
    #[error("'{0}' is more than 1000 %, which limits nothing; write a share such as \"10 %\"")]
    ShareTooLarge(String),
    /// More than is counted exactly.
    #[error("'{0}' is too large; write a limit that something could reach")]
    TooLarge(String),
}
