//! What a Dockerfile says of the container that will run: ports, health check, environment.
//!
//! Only what the Dockerfile itself says: an image from outside may say more. Words that cannot be expanded are passed over,
//! since nothing here decides what is built.

use std::collections::BTreeMap;

use regex::Regex;

use super::expand::expand;
use super::graph::Graph;
use super::parse::{Dockerfile, DockerfileError, Step};

/// More ports than anybody writes by hand.
const MOST_PORTS: usize = 100;

/// What the stages that a target stands on announce, the nearest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// TCP ports of `EXPOSE`, each once, in order of first use, with the line.
    pub ports: Vec<(u16, usize)>,
    /// Where `HEALTHCHECK` asks over HTTP, if it does.
    pub health: Option<HealthUrl>,
    /// `ENV`, the last value of each.
    pub env: BTreeMap<String, String>,
    /// The image from outside below all of it; `None` for scratch.
    pub base: Option<String>,
}

/// A URL of the container's own that a `HEALTHCHECK` asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthUrl {
    /// The port, where the URL names one.
    pub port: Option<u16>,
    /// Path and query, starting with `/`.
    pub path: String,
    /// Line of the `HEALTHCHECK`.
    pub line: usize,
}

impl Dockerfile {
    /// What the target and the stages below it announce.
    pub fn announced(&self, target: Option<&str>, build_args: &BTreeMap<String, String>) -> Result<Announced, DockerfileError> {
        let graph = Graph::new(self, build_args)?;
        let lineage = graph.lineage(target)?;
        let mut walk = Walk { escape: self.escape, build_args, values: BTreeMap::new(), announced: Announced::default() };
        for &stage in &lineage {
            walk.stage(graph.steps(stage));
        }
        let root = lineage.first().and_then(|&stage| graph.roots().into_iter().nth(stage));
        walk.announced.base = root.and_then(Result::ok).flatten().map(str::to_owned);
        Ok(walk.announced)
    }
}

struct Walk<'a> {
    escape: char,
    build_args: &'a BTreeMap<String, String>,
    values: BTreeMap<String, String>,
    announced: Announced,
}

impl Walk<'_> {
    fn stage<'s>(&mut self, steps: impl Iterator<Item = &'s Step>) {
        // An ARG ends with its stage, an ENV does not.
        self.values = self.announced.env.clone();
        for step in steps {
            let (instruction, rest) = step.text.trim_start().split_once(char::is_whitespace).unwrap_or((&step.text, ""));
            match instruction.to_ascii_uppercase().as_str() {
                "ARG" => self.arg(rest),
                "ENV" => self.env(rest),
                "EXPOSE" => self.expose(rest, step.line),
                "HEALTHCHECK" => self.health(rest, step.line),
                _ => {}
            }
        }
    }

    fn expanded(&self, word: &str) -> Option<String> {
        expand(word, self.escape, &self.values).ok().map(|expanded| expanded.value)
    }

    fn arg(&mut self, text: &str) {
        for word in words(text) {
            let (name, default) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            let value = self.build_args.get(name).cloned().or_else(|| self.expanded(default?));
            // ENV goes before ARG of the same name.
            if let Some(value) = value.filter(|_| !self.announced.env.contains_key(name)) {
                self.values.insert(name.to_owned(), value);
            }
        }
    }

    /// `ENV a=1 b="2 3"`, or the older `ENV a 1`.
    fn env(&mut self, text: &str) {
        let first = text.split_whitespace().next().unwrap_or_default();
        let pairs: Vec<(String, String)> = if first.contains('=') {
            let pair = |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            words(text).iter().filter_map(pair).collect()
        } else {
            let pair = text.trim().split_once(char::is_whitespace);
            pair.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).into_iter().collect()
        };
        // All values of one instruction are expanded before any of them counts.
        let pairs: Vec<_> = pairs.into_iter().filter_map(|(name, value)| Some((name, self.expanded(&value)?))).collect();
        self.values.extend(pairs.iter().cloned());
        self.announced.env.extend(pairs);
    }

    /// `EXPOSE 80 443/tcp 8000-8002`; what is not TCP is passed over.
    fn expose(&mut self, text: &str, line: usize) {
        let words: Vec<String> = words(text).iter().filter_map(|word| self.expanded(word)).collect();
        for word in words {
            for port in word.split_whitespace().flat_map(ports) {
                let ports = &mut self.announced.ports;
                if ports.len() < MOST_PORTS && !ports.iter().any(|(known, _)| *known == port) {
                    ports.push((port, line));
                }
            }
        }
    }

    /// The last one counts, and `NONE` takes it back.
    fn health(&mut self, text: &str, line: usize) {
        let text = self.expanded(text).unwrap_or_else(|| text.to_owned());
        self.announced.health = health_url(&text).map(|(port, path)| HealthUrl { port, path, line });
    }
}

/// The ports that a word of `EXPOSE` names.
fn ports(word: &str) -> Vec<u16> {
    let (number, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
    let (first, last) = number.split_once('-').unwrap_or((number, number));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if protocol.eq_ignore_ascii_case("tcp") && first > 0 => (first..=last).take(MOST_PORTS).collect(),
        _ => Vec::new(),
    }
}

/// The first URL in `text` that leads back into the container.
fn health_url(text: &str) -> Option<(Option<u16>, String)> {
    let url =
        Regex::new(r#"(?i)(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?(/[!-~&&[^"'`|;)\]#<>,]]*)?"#).ok()?;
    let found = url.captures_iter(text).find(|found| found.get(1).is_some() || found.get(2).is_some() || found[0].contains("://"))?;
    let port = found.get(1).and_then(|port| port.as_str().parse().ok()).filter(|port| *port != 0);
    Some((port, found.get(2).map_or("/", |path| path.as_str()).to_owned()))
}

/// Words between blanks; quotes and escaped blanks keep a word together and stay in it.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quote, mut escaped) = (None, false);
    for c in text.chars() {
        let blank = c.is_whitespace() && quote.is_none() && !escaped;
        match quote {
            _ if escaped => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        match words.last_mut() {
            Some(word) if !blank => word.push(c),
            Some(word) if !word.is_empty() => words.push(String::new()),
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn announced(text: &str) -> Announced {
        Dockerfile::parse(text).expect("a Dockerfile").announced(None, &BTreeMap::new()).expect("its stages are right")
    }

    fn ports_of(text: &str) -> Vec<u16> {
        announced(text).ports.into_iter().map(|(port, _)| port).collect()
    }

    #[test]
    fn ports_are_those_of_the_last_stage_and_what_it_stands_on() {
        let text = "FROM golang AS build\nEXPOSE 1\nFROM alpine AS base\nEXPOSE 8080\nFROM base\nCOPY --from=build /a /a\nEXPOSE 9090/tcp 53/udp 8080\n";
        assert_eq!(announced(text).ports, [(8080, 4), (9090, 7)]);
        assert_eq!(announced(text).base.as_deref(), Some("alpine"));
    }

    #[test]
    fn a_port_may_come_from_a_variable_or_a_range() {
        assert_eq!(
            ports_of("FROM a\nARG PORT=3000\nENV P=$PORT Q=\"1 2\"\nEXPOSE ${P}\nEXPOSE 7000-7002 $UNKNOWN\n"),
            [3000, 7000, 7001, 7002]
        );
        assert_eq!(ports_of("FROM a\nENV PORT 5000\nEXPOSE $PORT\n"), [5000]);
        assert_eq!(ports_of("FROM a\nEXPOSE 0 70000 x 9-1\n"), [0_u16; 0]);
    }

    #[test]
    fn a_health_check_says_port_and_path() {
        let of = |check: &str| announced(&format!("FROM a\nENV PORT=3000\n{check}\n")).health.map(|url| (url.port, url.path));
        assert_eq!(of("HEALTHCHECK CMD curl -f http://localhost:$PORT/health || exit 1"), Some((Some(3000), "/health".to_owned())));
        assert_eq!(
            of("HEALTHCHECK CMD [\"wget\", \"-qO-\", \"http://127.0.0.1:8080/ready?x=1\"]"),
            Some((Some(8080), "/ready?x=1".to_owned()))
        );
        assert_eq!(of("HEALTHCHECK CMD curl -f http://localhost/"), Some((None, "/".to_owned())));
        assert_eq!(of("HEALTHCHECK CMD wget -q --spider localhost:8080"), Some((Some(8080), "/".to_owned())));
        assert_eq!(of("HEALTHCHECK CMD pg_isready -h localhost"), None);
        assert_eq!(of("HEALTHCHECK CMD curl http://localhost/x\nHEALTHCHECK NONE"), None);
    }

    proptest! {
        #[test]
        fn no_text_of_an_instruction_panics(text in "[A-Z0-9a-z$/{}:\"'\\\\ =.-]{0,60}") {
            for instruction in ["EXPOSE", "ENV", "ARG", "HEALTHCHECK CMD"] {
                if let Ok(file) = Dockerfile::parse(&format!("FROM a\n{instruction} {text}\n")) {
                    let announced = file.announced(None, &BTreeMap::new()).expect("its stages are right");
                    prop_assert!(announced.health.is_none_or(|url| url.path.starts_with('/')));
                }
            }
        }
    }
}
