//! Which windows of a series are asked for a change of level, and how sure each has to be.

/// The narrowest window: two levels of ten.
pub(super) const NARROWEST: usize = 20;
/// How many of the newest values have a window of their own, so that a step is found soon after it was made.
const NEWEST: usize = 40;
/// Windows of one length begin a quarter of it after one another, so that one of them ends near the end of a level that came and went.
const OVERLAP: usize = 4;

/// A window of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// Its first place.
    pub(super) from: usize,
    /// The place after its last.
    pub(super) to: usize,
    /// Its share of the significance: those of all windows add up to 1 at most.
    pub(super) share: f64,
}

/// The windows of a series of `n` values, narrow ones first: the whole, the newest values, and halves, quarters and so on.
pub(super) fn windows(n: usize) -> Vec<Window> {
    let mut all = vec![Window { from: 0, to: n, share: 0.3 }];
    if n > NEWEST {
        all.push(Window { from: n - NEWEST, to: n, share: 0.3 });
    }
    let lengths: Vec<usize> =
        std::iter::successors(Some(n / 2), |length| Some(length / 2)).take_while(|length| *length >= NARROWEST).collect();
    for length in &lengths {
        let apart = length / OVERLAP;
        let count = (n - length).div_ceil(apart) + 1;
        let share = 0.4 / (lengths.len() * count) as f64;
        let window = |i: usize| (i * apart).min(n - length);
        all.extend((0..count).map(window).map(|from| Window { from, to: from + length, share }));
    }
    all.sort_by_key(|window| (window.to - window.from, window.from));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_one_at_most_and_every_value_is_in_narrow_windows() {
        for n in [10, 39, 41, 80, 200, 1_000] {
            let windows = windows(n);
            assert!(windows.iter().map(|w| w.share).sum::<f64>() <= 1.0 + 1e-9, "{n}");
            assert!(windows.iter().all(|w| w.from < w.to && w.to <= n), "{n}: {windows:?}");
            assert!(windows.contains(&Window { from: 0, to: n, share: 0.3 }), "{n}");
            let narrow = |at: usize| windows.iter().any(|w| w.from <= at && at < w.to && w.to - w.from <= NEWEST.min(n));
            assert!((0..n).all(narrow), "{n}");
        }
    }
}
