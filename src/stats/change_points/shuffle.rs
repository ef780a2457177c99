//! Shuffles that are the same everywhere and always.

/// Shuffles from a fixed seed. The generator is written here, so that no new version of a library changes a verdict.
pub(super) struct Shuffle(u64);

impl Shuffle {
    /// For slices of `n` values: the same shuffles every time.
    pub(super) fn new(n: usize) -> Self {
        Self(0x6c6f_6164_6c69_6e65 ^ n as u64)
    }

    /// The next number. Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014, figure 15.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Puts `values` into an order in which every order is equally probable, but for 1 in 2⁶⁴ by the length. Source: Durstenfeld,
    /// Algorithm 235, Communications of the ACM 7 (1964), p. 420.
    pub(super) fn shuffle(&mut self, values: &mut [f64]) {
        for last in (1..values.len()).rev() {
            let scaled = (u128::from(self.next()) * (last as u128 + 1)) >> 64;
            // What is shifted is at most `last`.
            values.swap(last, usize::try_from(scaled).unwrap_or(last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_published_generator() {
        let mut shuffle = Shuffle(1_234_567);
        assert_eq!(
            [shuffle.next(), shuffle.next(), shuffle.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_order_of_three_is_as_frequent() {
        let mut shuffle = Shuffle::new(3);
        let mut seen = std::collections::BTreeMap::<Vec<u64>, u32>::new();
        for _ in 0..6_000 {
            let mut values = [1.0, 2.0, 3.0];
            shuffle.shuffle(&mut values);
            *seen.entry(values.iter().map(|v| v.to_bits()).collect()).or_default() += 1;
        }
        assert!(seen.len() == 6 && seen.values().all(|n| (850..1_150).contains(n)), "{seen:?}");
    }
}
