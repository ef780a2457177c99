//! Which stages and images a target needs.
//!
//! Follows `frontend/dockerfile/dockerfile2llb` of `BuildKit`. A FROM names the latest stage above it with exactly that
//! name, else an image. A `--from` of COPY is a stage index if it is a number, else the last stage of that name in any
//! case, else an image; a mount knows no indexes. What a stage takes from must stand above it. The ONBUILD triggers of
//! a stage run in every stage that starts from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use super::expand::expand;
use super::parse::{BaseReference, Dockerfile, DockerfileError, Stage, Step, StepKind, VariantKind};

/// What a stage starts from.
enum Parent {
    Stage(usize),
    Scratch,
    Image(String),
    /// The FROM has no value under the given build args.
    Unresolved(DockerfileError),
}

/// Where a COPY or a mount takes from.
enum Source {
    Stage(usize),
    Image(String),
}

/// A Dockerfile under given build args.
pub(super) struct Graph<'a> {
    file: &'a Dockerfile,
    parents: Vec<Parent>,
    /// The last stage of each name.
    names: HashMap<&'a str, usize>,
}

impl Dockerfile {
    /// Indexes of the stages that `BuildKit` needs for `target` (`None`: the last one), ascending, without build args: a
    /// FROM that needs one counts as an image from outside.
    pub fn reachable(&self, target: Option<&str>) -> Result<Vec<usize>, DockerfileError> {
        self.reachable_with(target, &BTreeMap::new())
    }

    /// [`reachable`](Self::reachable) under `build_args`, which may choose the stage that a FROM names.
    pub fn reachable_with(&self, target: Option<&str>, build_args: &BTreeMap<String, String>) -> Result<Vec<usize>, DockerfileError> {
        Graph::new(self, build_args)?.reachable(self.target(target)?)
    }

    /// Whether `target` is a multi-stage build, without build args.
    pub fn kind(&self, target: Option<&str>) -> Result<VariantKind, DockerfileError> {
        self.kind_with(target, &BTreeMap::new())
    }

    /// [`kind`](Self::kind) under `build_args`.
    pub fn kind_with(&self, target: Option<&str>, build_args: &BTreeMap<String, String>) -> Result<VariantKind, DockerfileError> {
        let graph = Graph::new(self, build_args)?;
        for stage in graph.reachable(self.target(target)?)? {
            if graph.sources(stage)?.iter().any(|(_, source)| matches!(source, Source::Stage(_))) {
                return Ok(VariantKind::MultiStage);
            }
        }
        Ok(VariantKind::SingleStage)
    }

    /// The images from outside that `target` needs, `scratch` left out, each once, in order of first use.
    pub fn bases(&self, target: Option<&str>, build_args: &BTreeMap<String, String>) -> Result<Vec<BaseReference>, DockerfileError> {
        let graph = Graph::new(self, build_args)?;
        let mut bases = Vec::new();
        let mut seen = BTreeSet::new();
        let mut add = |reference: &str, line: usize| {
            if reference != "scratch" && seen.insert(reference.to_owned()) {
                bases.push(BaseReference { reference: checked(reference, line)?, line });
            }
            Ok(())
        };
        for stage in graph.reachable(self.target(target)?)? {
            match &graph.parents[stage] {
                Parent::Image(reference) => add(reference, self.stages[stage].line)?,
                Parent::Unresolved(error) => return Err(error.clone()),
                Parent::Stage(_) | Parent::Scratch => {}
            }
            for (line, source) in graph.sources(stage)? {
                if let Source::Image(reference) = source {
                    add(&reference, line)?;
                }
            }
        }
        Ok(bases)
    }

    /// The index of the stage to build.
    fn target(&self, target: Option<&str>) -> Result<usize, DockerfileError> {
        let Some(target) = target else { return Ok(self.stages.len() - 1) };
        let name = target.to_lowercase();
        self.stages.iter().rposition(|s| s.name.as_deref() == Some(name.as_str())).ok_or_else(|| {
            let names: Vec<&str> = self.stages.iter().filter_map(|s| s.name.as_deref()).collect();
            let cure = if names.is_empty() {
                "no stage has a name; add AS to a FROM".to_owned()
            } else {
                format!("use one of {}", names.join(", "))
            };
            DockerfileError::new(self.stages[self.stages.len() - 1].line, format!("there is no stage {target:?}; {cure}"))
        })
    }

    /// The values of the ARGs before the first FROM.
    fn globals(&self, build_args: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, DockerfileError> {
        let mut values = platform_args();
        for (name, value) in &mut values {
            if let Some(given) = build_args.get(name) {
                value.clone_from(given);
            }
        }
        for arg in &self.globals {
            let value = match (build_args.get(&arg.name), &arg.default) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(default)) => {
                    let expanded = expand(default, self.escape, &values);
                    Some(
                        expanded
                            .map_err(|e| DockerfileError::new(arg.line, format!("ARG {}: {e}; write a plain default", arg.name)))?
                            .value,
                    )
                }
                (None, None) => None,
            };
            if let Some(value) = value {
                values.insert(arg.name.clone(), value);
            }
        }
        Ok(values)
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(file: &'a Dockerfile, build_args: &BTreeMap<String, String>) -> Result<Self, DockerfileError> {
        let values = file.globals(build_args)?;
        let mut names = HashMap::new();
        let mut parents = Vec::with_capacity(file.stages.len());
        for (index, stage) in file.stages.iter().enumerate() {
            parents.push(parent(file.escape, stage, &names, &values));
            if let Some(name) = &stage.name {
                names.insert(name.as_str(), index);
            }
        }
        Ok(Self { file, parents, names })
    }

    /// The stages that `target` needs, ascending.
    fn reachable(&self, target: usize) -> Result<Vec<usize>, DockerfileError> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![target];
        while let Some(stage) = todo.pop() {
            if !seen.insert(stage) {
                continue;
            }
            if let Parent::Stage(parent) = self.parents[stage] {
                todo.push(parent);
            }
            todo.extend(self.sources(stage)?.iter().filter_map(|(_, source)| match source {
                Source::Stage(index) => Some(*index),
                Source::Image(_) => None,
            }));
        }
        Ok(seen.into_iter().collect())
    }

    pub(super) fn needed(&self, target: Option<&str>) -> Result<Vec<usize>, DockerfileError> {
        self.reachable(self.file.target(target)?)
    }

    /// The target's stage and those it stands on, the lowest first.
    pub(super) fn lineage(&self, target: Option<&str>) -> Result<Vec<usize>, DockerfileError> {
        let mut stages = vec![self.file.target(target)?];
        // A stage stands on an earlier one only.
        while let Some(&Parent::Stage(parent)) = stages.last().map(|stage| &self.parents[*stage]) {
            stages.push(parent);
        }
        stages.reverse();
        Ok(stages)
    }

    /// What runs in a stage: the triggers of the stage it starts from, then its own steps.
    pub(super) fn steps(&self, stage: usize) -> impl Iterator<Item = &'a Step> {
        let triggers: &'a [Step] = match self.parents[stage] {
            Parent::Stage(parent) => &self.file.stages[parent].triggers,
            _ => &[],
        };
        triggers.iter().chain(&self.file.stages[stage].steps)
    }

    /// The image from outside on which each stage stands, through any number of stages; `None` for scratch.
    pub(super) fn roots(&self) -> Vec<Result<Option<&str>, DockerfileError>> {
        let mut roots: Vec<Result<Option<&str>, DockerfileError>> = Vec::with_capacity(self.parents.len());
        for parent in &self.parents {
            roots.push(match parent {
                Parent::Stage(parent) => roots[*parent].clone(),
                Parent::Scratch => Ok(None),
                Parent::Image(reference) => Ok(Some(reference)),
                Parent::Unresolved(error) => Err(error.clone()),
            });
        }
        roots
    }

    fn sources(&self, stage: usize) -> Result<Vec<(usize, Source)>, DockerfileError> {
        let mut sources = Vec::new();
        for step in self.steps(stage) {
            for from in &step.from {
                sources.push((step.line, self.source(stage, step, from)?));
            }
        }
        Ok(sources)
    }

    fn source(&self, stage: usize, step: &Step, from: &str) -> Result<Source, DockerfileError> {
        if from.contains('$') {
            let cure = "no variables are expanded there; add a stage `FROM … AS name` and take from it";
            return Err(DockerfileError::new(step.line, format!("from={from} holds a variable; {cure}")));
        }
        let index = from.parse::<usize>().ok().filter(|_| step.kind != StepKind::Run);
        let Some(index) = index.or_else(|| self.names.get(from.to_lowercase().as_str()).copied()) else {
            return Ok(Source::Image(from.to_owned()));
        };
        if index >= stage {
            let cure = if index < self.file.stages.len() { "move that stage above this one" } else { "count the stages from 0" };
            return Err(DockerfileError::new(step.line, format!("stage {from} is not defined above this stage; {cure}")));
        }
        Ok(Source::Stage(index))
    }
}

fn parent(escape: char, stage: &Stage, above: &HashMap<&str, usize>, values: &BTreeMap<String, String>) -> Parent {
    let expanded = match expand(&stage.from, escape, values) {
        Ok(expanded) => expanded,
        Err(e) => return Parent::Unresolved(DockerfileError::new(stage.line, format!("FROM {}: {e}; write the image's name", stage.from))),
    };
    if expanded.value == "scratch" {
        return Parent::Scratch;
    }
    if let Some(parent) = above.get(expanded.value.as_str()) {
        return Parent::Stage(*parent);
    }
    let usable = is_reference(&expanded.value);
    if !usable && !expanded.unset.is_empty() {
        let names = expanded.unset.join(", ");
        let message =
            format!("FROM {} needs a value for {names}; give a default with ARG before the first FROM, or a build arg", stage.from);
        return Parent::Unresolved(DockerfileError::new(stage.line, message));
    }
    match checked(&expanded.value, stage.line) {
        Ok(reference) => Parent::Image(reference),
        Err(error) => Parent::Unresolved(error),
    }
}

fn checked(reference: &str, line: usize) -> Result<String, DockerfileError> {
    if is_reference(reference) {
        return Ok(reference.to_owned());
    }
    let message = format!("{reference:?} is neither a stage above nor the name of an image; write it as name:tag, in lower case");
    Err(DockerfileError::new(line, message))
}

/// The grammar of `distribution/reference`: `[domain[:port]/]path[:tag][@digest]`.
fn is_reference(text: &str) -> bool {
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        let domain =
            r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/";
        let part = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
        let rest = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?";
        Regex::new(&format!("^(?:{domain})?{part}(?:/{part})*{rest}$")).expect("the expression is constant and well formed")
    });
    text.len() <= 1024 && REFERENCE.is_match(text)
}

/// The args that `BuildKit` defines by itself, for the platform of this machine.
fn platform_args() -> BTreeMap<String, String> {
    let (arch, variant) = match std::env::consts::ARCH {
        "x86_64" => ("amd64", ""),
        "aarch64" => ("arm64", ""),
        "arm" => ("arm", "v7"),
        "x86" => ("386", ""),
        "powerpc64" => ("ppc64le", ""),
        other => (other, ""),
    };
    let platform = if variant.is_empty() { format!("linux/{arch}") } else { format!("linux/{arch}/{variant}") };
    let mut args = BTreeMap::new();
    for side in ["BUILD", "TARGET"] {
        for (name, value) in [("PLATFORM", platform.as_str()), ("OS", "linux"), ("OSVERSION", ""), ("ARCH", arch), ("VARIANT", variant)] {
            args.insert(format!("{side}{name}"), value.to_owned());
        }
    }
    args
}
