//! A part of the scenarios, as it is typed: `2/3`.

use std::fmt;
use std::str::FromStr;

use crate::record::Shard;
use crate::scenario::Discovered;

use super::{Exit, Failure};

/// The K-th of N parts; 1 ≤ K ≤ N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    number: u32,
    of: u32,
}

impl From<&Shard> for Part {
    fn from(shard: &Shard) -> Self {
        Self { number: shard.number, of: shard.of }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
        let parsed = text.split_once('/').and_then(|(part, of)| Some(Self { number: number(part)?, of: number(of)? }));
        parsed.filter(|part| part.number <= part.of).ok_or_else(|| "a part is K/N with K from 1 to N, such as 2/3".to_owned())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Part {
    /// Leaves this part of the scenarios.
    pub(super) fn cut(self, found: &mut Discovered) -> Result<Shard, Failure> {
        let scenarios: Vec<String> = found.scenarios.iter().map(|scenario| scenario.name.clone()).collect();
        let shard = Shard { number: self.number, of: self.of, scenarios };
        let own: Vec<String> = shard.own().map(str::to_owned).collect();
        if usize::try_from(shard.of).unwrap_or(usize::MAX) > shard.scenarios.len() {
            let message = format!(
                "--shard {self}: a scenario is measured whole on one machine, and there are {}; take at most as many parts",
                crate::units::count(shard.scenarios.len(), "scenario")
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        found.scenarios.retain(|scenario| own.contains(&scenario.name));
        Ok(shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_number_of_a_number() {
        assert_eq!("2/3".parse::<Part>(), Ok(Part { number: 2, of: 3 }));
        for wrong in ["", "2", "0/3", "4/3", "1/0", "-1/2", "1/2/3", "a/b"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
