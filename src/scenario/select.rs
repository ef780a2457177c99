//! Choosing variants by name.

use super::discover::Discovered;
use super::problem::{Problem, Problems};
use super::suggest;

/// Keeps the variants that at least one of `patterns` means, and the scenarios that have one; all when there are none.
///
/// A pattern is `VARIANT` or `SCENARIO/VARIANT`, in which `*` stands for any characters and `?` for one. One that means no
/// variant is an error, and then nothing is taken away.
pub fn select_variants(discovered: &mut Discovered, patterns: &[String]) -> Result<(), Problems> {
    let names: Vec<(String, String)> = discovered
        .scenarios
        .iter()
        .flat_map(|scenario| scenario.variants.iter().map(|variant| (scenario.name.clone(), variant.name.clone())))
        .collect();
    let idle = patterns.iter().filter(|pattern| !names.iter().any(|(scenario, variant)| means_variant(pattern, scenario, variant)));
    let problems = Problems(idle.map(|pattern| no_match(pattern, &names)).collect());
    if problems.has_errors() {
        return Err(problems);
    }
    if !patterns.is_empty() {
        for scenario in &mut discovered.scenarios {
            let name = &scenario.name;
            scenario.variants.retain(|variant| patterns.iter().any(|pattern| means_variant(pattern, name, &variant.name)));
        }
        discovered.scenarios.retain(|scenario| !scenario.variants.is_empty());
    }
    Ok(())
}

fn no_match(pattern: &str, names: &[(String, String)]) -> Problem {
    let full: Vec<String> = names.iter().map(|(scenario, variant)| format!("{scenario}/{variant}")).collect();
    let candidates =
        if pattern.contains('/') { full.iter().collect::<Vec<_>>() } else { names.iter().map(|(_, variant)| variant).collect() };
    let all = suggest::list(full.iter().map(String::as_str));
    let cure = match suggest::closest(pattern, candidates.into_iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'? The variants are {all}"),
        None => format!("the variants are {all}"),
    };
    Problem::error(format!("no variant matches '{pattern}'"), cure)
}

/// Whether `pattern`, which is `VARIANT` or `SCENARIO/VARIANT` with `*` and `?`, means a variant.
pub fn means_variant(pattern: &str, scenario: &str, variant: &str) -> bool {
    match pattern.split_once('/') {
        Some((left, right)) => glob(left.as_bytes(), scenario.as_bytes()) && glob(right.as_bytes(), variant.as_bytes()),
        None => glob(pattern.as_bytes(), variant.as_bytes()),
    }
}

/// Whether `name` matches a pattern of `*`, `?` and literal bytes, in time proportional to both lengths' product: on a
/// mismatch only the last `*` is made to take one more byte, which is enough.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_names_a_variant_with_or_without_its_scenario() {
        for pattern in ["multi", "m*", "*", "go-api/multi", "*/multi", "go-*/*", "?ulti", "*l*i"] {
            assert!(means_variant(pattern, "go-api", "multi"), "{pattern}");
        }
        for pattern in ["", "mult", "multi?", "node/multi", "multi/go-api", "go-api", "go-api/multi/x", "M*"] {
            assert!(!means_variant(pattern, "go-api", "multi"), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn globs_agree_with_the_regular_expression_they_stand_for(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            let expression = format!("^{}$", pattern.replace('*', ".*").replace('?', "."));
            let regex = regex::Regex::new(&expression).expect("made of letters, dots and stars");
            prop_assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), regex.is_match(&name));
        }
    }
}
