//! From the name of a `BuildKit` vertex back to a line of the Dockerfile.
//!
//! A name is `[stage 3/4] RUN go build`: the stage's name (`stage-N` without one, nothing when there is but one stage),
//! the position among FROM, RUN, COPY, ADD and WORKDIR, and the text with variables replaced. Position and text must
//! agree, else the text must be the only one of its stage that fits; when neither holds there is no answer.

use super::parse::{Dockerfile, Stage, Step, StepKind};

impl Dockerfile {
    /// The line, from 1, of the instruction that the vertex `name` runs. `None` when that is not certain.
    pub fn line_of_vertex(&self, name: &str) -> Option<usize> {
        if let Some(image) = name.strip_prefix("[internal] load metadata for ") {
            return self.stages.iter().find(|s| full_name(&s.from) == full_name(image)).map(|s| s.line);
        }
        let vertex = Vertex::parse(name)?;
        let stage = self.stage_called(vertex.stage)?;
        if let Some(text) = vertex.text.strip_prefix("ONBUILD ") {
            return only(self.stages.iter().flat_map(|s| &s.triggers).filter(|step| fits(step, text)));
        }
        if vertex.text.starts_with("FROM ") {
            return (vertex.position == 1).then_some(stage.line);
        }
        let steps = || stage.steps.iter().filter(|s| has_vertex(s));
        // A FROM of another stage or of scratch has no vertex; whether this one has is told by the number of vertices.
        let skipped = vertex.count.checked_sub(steps().count());
        let placed = skipped.and_then(|n| vertex.position.checked_sub(n + 1)).and_then(|i| steps().nth(i));
        match placed.filter(|step| fits(step, vertex.text)) {
            Some(step) => Some(step.line),
            None => only(steps().filter(|step| fits(step, vertex.text))),
        }
    }

    fn stage_called(&self, name: &str) -> Option<&Stage> {
        if name.is_empty() {
            return self.stages.first().filter(|_| self.stages.len() == 1);
        }
        let named = self.stages.iter().rfind(|s| s.name.as_deref() == Some(name));
        named.or_else(|| self.stages.get(name.strip_prefix("stage-")?.parse::<usize>().ok()?).filter(|s| s.name.is_none()))
    }
}

struct Vertex<'a> {
    stage: &'a str,
    position: usize,
    count: usize,
    text: &'a str,
}

impl<'a> Vertex<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (head, text) = name.strip_prefix('[')?.split_once(']')?;
        // A build for several platforms puts the platform before the stage.
        let words: Vec<&str> = head.split_whitespace().filter(|w| w.split_once('/').is_none_or(|(n, _)| is_number(n))).collect();
        let (stage, place) = match words[..] {
            [place] => ("", place),
            [stage, place] => (stage, place),
            _ => return None,
        };
        let (position, count) = place.split_once('/')?;
        let text = text.trim_start();
        let text = text.strip_prefix("LINK ").unwrap_or(text);
        Some(Self { stage, position: position.parse().ok()?, count: count.parse().ok()?, text })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn has_vertex(step: &Step) -> bool {
    step.kind != StepKind::Other || step.text.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("WORKDIR"))
}

fn only<'a>(mut steps: impl Iterator<Item = &'a Step>) -> Option<usize> {
    let first = steps.next()?;
    steps.next().is_none().then_some(first.line)
}

/// Whether the vertex text can come from the step: equal but for blanks, quotes and escapes, with any text where the
/// step has a variable, and with the summary in parentheses that follows a here-document.
fn fits(step: &Step, vertex: &str) -> bool {
    let mut parts = literal_parts(&step.text);
    if !step.heredocs.is_empty() {
        parts.push(String::new());
    }
    fits_parts(&parts, &bare(vertex))
}

/// Whether `text` is the parts in their order with any text between them; the first one in any case.
pub(super) fn fits_parts(parts: &[String], text: &str) -> bool {
    let Some((first, rest)) = parts.split_first() else { return false };
    let Some(mut text) = text.get(..first.len()).filter(|head| head.eq_ignore_ascii_case(first)).map(|head| &text[head.len()..]) else {
        return false;
    };
    let Some((last, middle)) = rest.split_last() else { return text.is_empty() };
    for part in middle {
        let Some(at) = text.find(part.as_str()) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last.as_str())
}

/// What a builder may change in a text without changing what it says.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\' | '`')).collect()
}

/// The texts between variables.
pub(super) fn literal_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '$' {
            parts.last_mut().expect("there is always a part").push(c);
            continue;
        }
        if chars.next_if_eq(&'{').is_some() {
            skip_braces(&mut chars);
        } else {
            while chars.next_if(|c| c.is_alphanumeric() || *c == '_').is_some() {}
        }
        parts.push(String::new());
    }
    parts.iter().map(|part| bare(part)).collect()
}

fn skip_braces(chars: &mut impl Iterator<Item = char>) {
    let mut open = 1_usize;
    for c in chars {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return;
        }
    }
}

/// `golang:1.23` as the builder writes it: `docker.io/library/golang:1.23`, digest left out.
fn full_name(reference: &str) -> String {
    let reference = reference.split('@').next().unwrap_or_default();
    let domain = reference.split_once('/').map(|(first, _)| first).filter(|d| d.contains(['.', ':']) || *d == "localhost");
    let name = match domain {
        Some(_) => reference.to_owned(),
        None if reference.contains('/') => format!("docker.io/{reference}"),
        None => format!("docker.io/library/{reference}"),
    };
    let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if tagged { name } else { format!("{name}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "\
ARG V=1
FROM golang:$V AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go   mod download \\
    && true
COPY . .
RUN CGO_ENABLED=0 go build -ldflags \"-X v=${V}\" -o /app
RUN true
RUN true

FROM scratch
COPY --from=build /app /app
COPY <<EOF /etc/x
a
EOF
";

    fn line(name: &str) -> Option<usize> {
        Dockerfile::parse(TEXT).expect("well formed").line_of_vertex(name)
    }

    #[test]
    fn names_are_found_by_stage_position_and_text() {
        for (name, want) in [
            ("[build 1/8] FROM docker.io/library/golang:1@sha256:00", Some(2)),
            ("[build 2/8] WORKDIR /src", Some(3)),
            ("[build 4/8] RUN go   mod download     && true", Some(5)),
            ("[build 6/8] RUN CGO_ENABLED=0 go build -ldflags \"-X v=9.1\" -o /app", Some(8)),
            ("[build 7/8] RUN true", Some(9)),
            ("[build 8/8] RUN true", Some(10)),
            ("[linux/amd64 build 8/8] RUN true", Some(10)),
            ("[stage-1 1/2] COPY --from=build /app /app", Some(13)),
            ("[stage-1 2/2] COPY <<EOF /etc/x", Some(14)),
        ] {
            assert_eq!(line(name), want, "{name}");
        }
    }

    #[test]
    fn what_is_not_certain_has_no_line() {
        for name in [
            "[build 3/9] RUN true",
            "[build 3/8] RUN false",
            "[other 1/2] RUN true",
            "[2/8] RUN true",
            "exporting to image",
            "[",
            "[1/0] x",
        ] {
            assert_eq!(line(name), None, "{name}");
        }
    }

    #[test]
    fn a_wrong_position_is_forgiven_when_only_one_text_fits() {
        assert_eq!(line("[build 3/11] COPY . ."), Some(7));
    }

    #[test]
    fn the_metadata_of_an_image_belongs_to_its_from() {
        let file = Dockerfile::parse("FROM node:20\nFROM ghcr.io/a/b AS x\nFROM python\n").expect("well formed");
        assert_eq!(file.line_of_vertex("[internal] load metadata for docker.io/library/node:20"), Some(1));
        assert_eq!(file.line_of_vertex("[internal] load metadata for ghcr.io/a/b:latest"), Some(2));
        assert_eq!(file.line_of_vertex("[internal] load metadata for docker.io/library/python:latest"), Some(3));
        assert_eq!(file.line_of_vertex("[internal] load metadata for docker.io/library/ruby:3"), None);
    }

    #[test]
    fn the_only_stage_may_be_named_or_not() {
        let file = Dockerfile::parse("FROM a AS one\nRUN x\n").expect("well formed");
        assert_eq!(file.line_of_vertex("[2/2] RUN x"), Some(2));
        assert_eq!(file.line_of_vertex("[one 2/2] RUN x"), Some(2));
        let file = Dockerfile::parse("FROM a\nRUN --mount=type=cache,target=/c x\n").expect("well formed");
        assert_eq!(file.line_of_vertex("[stage-0 2/2] RUN --mount=type=cache,target=/c x"), Some(2));
    }

    #[test]
    fn a_heredoc_summary_and_a_link_vertex_are_understood() {
        let file = Dockerfile::parse("FROM a\nRUN <<EOF\necho hi\nEOF\nCOPY --link f /a/b/\n").expect("well formed");
        assert_eq!(file.line_of_vertex("[2/3] RUN <<EOF (echo hi)"), Some(2));
        assert_eq!(file.line_of_vertex("[3/3] LINK COPY --link f /a/b/"), Some(5));
    }

    proptest! {
        #[test]
        fn any_name_is_survived(name in "(\\[|\\]|/|[0-9]|RUN |FROM |build|stage-|\\PC){0,30}") {
            let _ = line(&name);
        }
    }
}
