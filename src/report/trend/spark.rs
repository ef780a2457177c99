//! A series as a line of small bars.

/// What bars are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Eight blocks of Unicode.
    Blocks,
    /// Five characters of ASCII, for terminals that have no others.
    Ascii,
}

impl Glyphs {
    const fn all(self) -> &'static [char] {
        match self {
            Self::Blocks => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &['_', '.', '-', '=', '#'],
        }
    }
}

/// Bars for `values` in `columns` at most, from the smallest value to the largest; of more values than columns each bar is the median
/// of as many neighbours. Where all values are equal, so are the bars; nothing for what is no number.
pub fn sparkline(values: &[f64], columns: usize, glyphs: Glyphs) -> String {
    let bars: Vec<f64> = values.chunks(values.len().div_ceil(columns.max(1)).max(1)).filter_map(crate::stats::median).collect();
    let (Some(low), Some(high)) = (crate::stats::min(&bars), crate::stats::max(&bars)) else { return String::new() };
    let all = glyphs.all();
    let top = all.len() - 1;
    bars.iter().map(|bar| all[height((bar - low) / (high - low), top)]).collect()
}

/// A share from 0 to 1 as one of the heights up to `top`; what is no number is the lowest.
fn height(share: f64, top: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    let height = (share * top as f64).round() as usize;
    height.min(top)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bars_go_from_the_smallest_value_to_the_largest() {
        assert_eq!(sparkline(&[1.0, 2.0, 8.0], 10, Glyphs::Blocks), "▁▂█");
        assert_eq!(sparkline(&[1.0, 2.0, 8.0], 10, Glyphs::Ascii), "_.#");
        assert_eq!(sparkline(&[4.0, 4.0], 10, Glyphs::Blocks), "▁▁");
        assert_eq!(sparkline(&[], 10, Glyphs::Blocks), "");
    }

    proptest! {
        #[test]
        fn a_line_is_never_wider_than_its_columns(values in prop::collection::vec(any::<f64>(), 0..300), columns in 1_usize..60) {
            prop_assert!(sparkline(&values, columns, Glyphs::Blocks).chars().count() <= columns);
        }
    }
}
