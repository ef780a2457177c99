//! The layers of two images in pairs, in their order.

use crate::image::LayerWeight;

/// The most pairs that are held against each other: images have some hundred layers at most, and a record may claim any number.
const MOST: usize = 1 << 20;

/// What a pair of equal contents counts, where one of equal instructions counts 1.
const SAME: u32 = 2;

/// A layer of the one image, of the other, or of both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) before: Option<&'a LayerWeight>,
    pub(super) after: Option<&'a LayerWeight>,
}

impl Pair<'_> {
    /// Whether the contents are not the same.
    pub(super) fn differs(&self) -> bool {
        self.before.map(|layer| &layer.diff_id) != self.after.map(|layer| &layer.diff_id)
    }
}

/// Every layer of both images once, in order: the pairs are those that together count most (a longest common subsequence with weights).
/// Images with too many layers to be held against each other have none but those that they begin with in common.
pub(super) fn aligned<'a>(before: &'a [LayerWeight], after: &'a [LayerWeight]) -> Vec<Pair<'a>> {
    let same = before.iter().zip(after).take_while(|(a, b)| a.diff_id == b.diff_id).count();
    let ((common, before), (others, after)) = (before.split_at(same), after.split_at(same));
    let mut pairs: Vec<Pair<'a>> = common.iter().zip(others).map(|(a, b)| Pair { before: Some(a), after: Some(b) }).collect();
    pairs.extend(if before.len().saturating_mul(after.len()) > MOST { apart(before, after) } else { matched(before, after) });
    pairs
}

fn apart<'a>(before: &'a [LayerWeight], after: &'a [LayerWeight]) -> Vec<Pair<'a>> {
    let gone = before.iter().map(|layer| Pair { before: Some(layer), after: None });
    gone.chain(after.iter().map(|layer| Pair { before: None, after: Some(layer) })).collect()
}

fn matched<'a>(before: &'a [LayerWeight], after: &'a [LayerWeight]) -> Vec<Pair<'a>> {
    let best = best(before, after);
    let (mut a, mut b) = (0, 0);
    let mut pairs = Vec::new();
    while a < before.len() || b < after.len() {
        let both = before.get(a).zip(after.get(b));
        let counts = both.map_or(0, |(old, new)| likeness(old, new));
        if counts > 0 && best[a][b] == counts + best[a + 1][b + 1] {
            pairs.push(Pair { before: before.get(a), after: after.get(b) });
            (a, b) = (a + 1, b + 1);
        } else if a < before.len() && (b == after.len() || best[a][b] == best[a + 1][b]) {
            pairs.push(Pair { before: before.get(a), after: None });
            a += 1;
        } else {
            pairs.push(Pair { before: None, after: after.get(b) });
            b += 1;
        }
    }
    pairs
}

/// The most that pairs of the layers from `a` and from `b` on can count, for all `a` and `b`.
fn best(before: &[LayerWeight], after: &[LayerWeight]) -> Vec<Vec<u32>> {
    let mut best = vec![vec![0; after.len() + 1]; before.len() + 1];
    for a in (0..before.len()).rev() {
        for b in (0..after.len()).rev() {
            let counts = likeness(&before[a], &after[b]);
            let pair = if counts > 0 { counts + best[a + 1][b + 1] } else { 0 };
            best[a][b] = pair.max(best[a + 1][b]).max(best[a][b + 1]);
        }
    }
    best
}

/// What a pair of two layers counts; 0 where they are none.
fn likeness(old: &LayerWeight, new: &LayerWeight) -> u32 {
    let lines = old.dockerfile_line.as_ref().zip(new.dockerfile_line.as_ref());
    let made = old.created_by.as_ref().zip(new.created_by.as_ref());
    if old.diff_id == new.diff_id {
        SAME
    } else {
        u32::from(lines.is_some_and(|(a, b)| a.instruction == b.instruction) || made.is_some_and(|(a, b)| a == b))
    }
}
