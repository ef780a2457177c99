//! Steps of a build and what their names say.

/// One step of a build: a vertex of a `BuildKit` solve, or a step of the classic builder.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertex {
    /// Not stable between runs: the context's random URL is hashed into it. Empty for the classic builder.
    pub digest: String,
    /// As shown by docker build: `[build 2/4] RUN go build`, or `Step 2/4 : RUN go build`.
    pub name: String,
    /// Digests of the vertices it needs. Empty for the classic builder.
    pub inputs: Vec<String>,
    /// The builder's flag; says nothing for FROM, WORKDIR, metadata and export vertices.
    pub cached: bool,
    /// Seconds after the first vertex of this solve started, by the daemon's clock. Gives shape, not wall time.
    /// `None` for the classic builder, which tells no times.
    pub started: Option<f64>,
    /// As `started`; `None` when it never completed.
    pub completed: Option<f64>,
    /// The builder's message when this step failed.
    pub error: Option<String>,
}

impl Vertex {
    /// What the vertex's name says.
    pub fn kind(&self) -> VertexKind<'_> {
        VertexKind::parse(&self.name)
    }

    /// Whether the vertex runs a `RUN`, `COPY` or `ADD`: the only ones whose `cached` flag tells a cold build from a warm one.
    ///
    /// `WORKDIR` stays cached in a build without cache, the flag of `FROM` depends on what is built on it, and metadata and
    /// export vertices are never cached.
    pub fn tells_cache(&self) -> bool {
        matches!(self.kind(), VertexKind::Step(step) if step.tells_cache())
    }
}

/// What a vertex's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VertexKind<'a> {
    /// A Dockerfile instruction: `[build 2/4] RUN go build`, or the classic builder's `Step 2/4 : RUN go build`.
    Step(StepName<'a>),
    /// The builder's own work: `[internal] load metadata for docker.io/library/golang:1.23`; holds what follows the bracket.
    Internal(&'a str),
    /// `exporting to image` and its kin.
    Export,
    /// Anything else, such as `copy /context /`.
    Other,
}

/// The name of a Dockerfile step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepName<'a> {
    /// The stage as the builder names it (`build`, `stage-2`); `None` in a file of one stage and for the classic builder.
    pub stage: Option<&'a str>,
    /// Position in the stage, from 1. Two vertices of one stage may share it (`COPY --link` on the containerd store).
    pub index: u32,
    /// Steps of the stage.
    pub total: u32,
    /// `RUN`, `COPY`, …
    pub instruction: &'a str,
    /// What follows the instruction, on one line.
    pub arguments: &'a str,
}

impl StepName<'_> {
    /// Whether the instruction is `RUN`, `COPY` or `ADD`; see [`Vertex::tells_cache`].
    pub fn tells_cache(&self) -> bool {
        ["RUN", "COPY", "ADD"].iter().any(|word| self.instruction.eq_ignore_ascii_case(word))
    }
}

impl<'a> VertexKind<'a> {
    /// Reads a vertex's name. Never fails: what has no known form is [`Other`](Self::Other).
    pub fn parse(name: &'a str) -> Self {
        if let Some(rest) = name.strip_prefix("[internal]") {
            return Self::Internal(rest.trim_start());
        }
        if name.starts_with("exporting ") {
            return Self::Export;
        }
        bracketed(name).or_else(|| classic(name)).map_or(Self::Other, Self::Step)
    }
}

/// `[platform stage 2/4] RUN …`, where platform and stage are optional.
fn bracketed(name: &str) -> Option<StepName<'_>> {
    let (inside, rest) = name.strip_prefix('[')?.split_once("] ")?;
    let (before, position) = inside.rsplit_once(' ').unwrap_or(("", inside));
    // A stage's name cannot hold a slash, a platform always does.
    let stage = match before.split_once(' ') {
        Some((platform, stage)) if platform.contains('/') => stage,
        None if before.contains('/') => "",
        _ => before,
    };
    if stage.contains(' ') {
        return None;
    }
    step((!stage.is_empty()).then_some(stage), position, rest)
}

/// `Step 2/4 : RUN …`.
fn classic(name: &str) -> Option<StepName<'_>> {
    let (position, rest) = name.strip_prefix("Step ")?.split_once(" : ")?;
    step(None, position, rest)
}

fn step<'a>(stage: Option<&'a str>, position: &str, rest: &'a str) -> Option<StepName<'a>> {
    let (index, total) = position.split_once('/')?;
    let (index, total) = (number(index)?, number(total)?);
    // The containerd store shows the second half of `COPY --link` as `LINK COPY --link`.
    let rest = rest.strip_prefix("LINK ").unwrap_or(rest);
    let (instruction, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    let known = !instruction.is_empty() && instruction.bytes().all(|b| b.is_ascii_alphabetic());
    (known && (1..=total).contains(&index)).then_some(StepName { stage, index, total, instruction, arguments })
}

/// Decimal digits only: `u32::from_str` would take a sign.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step_of(name: &str) -> StepName<'_> {
        match VertexKind::parse(name) {
            VertexKind::Step(step) => step,
            other => panic!("{name} is {other:?}"),
        }
    }

    #[test]
    fn a_step_of_a_named_stage_gives_stage_position_and_instruction() {
        let step = step_of("[build 2/4] RUN go build -o /app ./...");
        assert_eq!(step, StepName { stage: Some("build"), index: 2, total: 4, instruction: "RUN", arguments: "go build -o /app ./..." });
    }

    #[test]
    fn a_step_of_a_single_stage_file_has_no_stage() {
        assert_eq!(step_of("[3/3] COPY . /x").stage, None);
        assert_eq!(step_of("[stage-2 1/10] FROM docker.io/library/alpine:3@sha256:aa").stage, Some("stage-2"));
    }

    #[test]
    fn a_platform_before_the_stage_is_not_part_of_it() {
        assert_eq!(step_of("[linux/arm64 build 2/4] RUN x").stage, Some("build"));
        assert_eq!(step_of("[linux/arm64 2/4] RUN x").stage, None);
    }

    #[test]
    fn a_linked_copy_is_a_copy() {
        assert_eq!(step_of("[3/4] LINK COPY --link f /a/b/").instruction, "COPY");
    }

    #[test]
    fn a_heredoc_is_a_run() {
        assert_eq!(step_of("[4/4] RUN <<EOF (echo hi)").instruction, "RUN");
    }

    #[test]
    fn a_classic_step_is_a_step() {
        let step = step_of("Step 4/10 : RUN go build");
        assert_eq!((step.index, step.total, step.instruction, step.arguments), (4, 10, "RUN", "go build"));
    }

    #[test]
    fn the_builders_own_work_is_no_step() {
        assert_eq!(VertexKind::parse("[internal] load remote build context"), VertexKind::Internal("load remote build context"));
        assert_eq!(VertexKind::parse("exporting to image"), VertexKind::Export);
        for name in
            ["copy /context /", "", "[", "[] x", "[1/2]", "[auth] library/golang:pull", "[a b 1/2] RUN x", "[0/2] RUN x", "[3/2] RUN x"]
        {
            assert_eq!(VertexKind::parse(name), VertexKind::Other, "{name}");
        }
    }

    #[test]
    fn a_position_must_be_plain_digits() {
        for name in ["[+1/2] RUN x", "[1/] RUN x", "[/2] RUN x", "[1/99999999999] RUN x"] {
            assert_eq!(VertexKind::parse(name), VertexKind::Other, "{name}");
        }
    }

    #[test]
    fn only_run_copy_and_add_tell_a_cold_build_from_a_warm_one() {
        let tells = |name| matches!(VertexKind::parse(name), VertexKind::Step(step) if step.tells_cache());
        assert!(["[2/4] RUN x", "[a 2/4] COPY . .", "[2/4] ADD a b", "[3/4] LINK COPY --link f /a"].iter().all(|n| tells(n)));
        assert!(!["[1/4] FROM x", "[2/4] WORKDIR /x", "exporting to image", "[internal] load metadata for RUN"].iter().any(|n| tells(n)));
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_panic(name in "\\PC{0,80}") {
            let _ = VertexKind::parse(&name);
        }

        #[test]
        fn what_is_written_is_read_back(stage in proptest::option::of("[a-z][a-z0-9_.-]{0,12}"), total in 1u32..500, at in 0u32..500, word in "[A-Z]{2,8}", rest in "[ -~]{0,40}") {
            prop_assume!(word != "LINK");
            let index = at % total + 1;
            let bracket = stage.as_ref().map_or_else(|| format!("[{index}/{total}]"), |stage| format!("[{stage} {index}/{total}]"));
            let name = format!("{bracket} {word} {rest}");
            let expected = StepName { stage: stage.as_deref(), index, total, instruction: &word, arguments: &rest };
            prop_assert_eq!(VertexKind::parse(&name), VertexKind::Step(expected));
        }
    }
}
