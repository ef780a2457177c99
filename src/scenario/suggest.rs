//! "Did you mean …?"

/// The candidate nearest to `word`, if it is near enough to be a slip of the fingers: one edit in words of up to five characters, else
/// one for every three that are begun, and at most three; or if one of the two words begins with the other. Letter case costs nothing.
/// Of equally near ones that with the fewest edits is taken, and of those the first.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SHORTEST: usize = 3;
    let word = folded(word)?;
    let begins = |a: &[char], b: &[char]| a.len().min(b.len()) >= SHORTEST && (a.starts_with(b) || b.starts_with(a));
    let edits = |other: &[char]| {
        let edits = distance(&word, other);
        (if begins(&word, other) { 1 } else { edits }, edits)
    };
    candidates
        .into_iter()
        .filter_map(|candidate| Some((edits(&folded(candidate)?), candidate)))
        .filter(|((edits, _), candidate)| *edits <= most(candidate.chars().count().max(word.len())))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// How many edits a slip in a word of so many characters is at most.
fn most(characters: usize) -> usize {
    const MOST_EDITS: usize = 3;
    if characters < 6 { 1 } else { characters.div_ceil(3).min(MOST_EDITS) }
}

/// The candidates as an English list in quotes: `'a', 'b' and 'c'`; at most 12 of them.
pub(super) fn list<'a>(candidates: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut quoted: Vec<String> = candidates.into_iter().map(|candidate| format!("'{candidate}'")).collect();
    if quoted.len() > SHOWN {
        let more = quoted.len() - SHOWN;
        quoted.truncate(SHOWN);
        quoted.push(format!("{more} more"));
    }
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "none".to_owned(),
    }
}

/// Lower case, or nothing for a word so long that comparing it would take noticeable time.
fn folded(word: &str) -> Option<Vec<char>> {
    const LONGEST: usize = 64;
    (word.len() <= LONGEST).then(|| word.to_lowercase().chars().collect())
}

/// Edits between two words: insertions, deletions, replacements and swaps of neighbours, none of which overlap (the
/// optimal string alignment distance).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(left != right);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left == b[j - 1] && a[i - 1] == right {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(a: &str, b: &str) -> usize {
        distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
    }

    #[test]
    fn edits_are_counted_as_a_typist_would() {
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("stauts", "status"), 1);
        assert_eq!(edits("dockerfile", "dockerfile"), 0);
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["dockerfile", "target", "build-args"];
        assert_eq!(closest("Dockerfile", keys), Some("dockerfile"));
        assert_eq!(closest("build_args", keys), Some("build-args"));
        assert_eq!(closest("tagret", keys), Some("target"));
        assert_eq!(closest("memory", keys), None);
        assert_eq!((closest("maximum", ["link", "max"]), closest("min", ["link", "max"])), (Some("max"), None));
        assert_eq!(closest("max-layer", ["max", "max-layers"]), Some("max-layers"));
        assert_eq!(closest(&"x".repeat(10_000), keys), None);
    }

    #[test]
    fn a_list_reads_as_a_sentence() {
        assert_eq!(list([]), "none");
        assert_eq!(list(["a"]), "'a'");
        assert_eq!(list(["a", "b", "c"]), "'a', 'b' and 'c'");
        let many: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        assert!(list(many.iter().map(String::as_str)).ends_with("'11' and 8 more"));
    }

    proptest::proptest! {
        #[test]
        fn the_distance_is_symmetric_and_zero_only_for_equal_words(a in "[abc]{0,6}", b in "[abc]{0,6}") {
            proptest::prop_assert_eq!(edits(&a, &b), edits(&b, &a));
            proptest::prop_assert_eq!(edits(&a, &b) == 0, a == b);
        }
    }
}
