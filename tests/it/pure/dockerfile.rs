//! Dockerfiles as users write them, from text to what a run needs to know.

use std::collections::BTreeMap;
use std::fmt::Write;

use loadline::dockerfile::{Context, Dockerfile, VariantKind};

const SINGLE: &str = "\
# syntax=docker/dockerfile:1
ARG GO_VERSION=1.23

FROM golang:${GO_VERSION}
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \\
    go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /usr/local/bin/api .
EXPOSE 8080
CMD [\"api\"]
";

const MULTI: &str = "\
ARG GO_VERSION=1.23
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
COPY . .
RUN <<EOF
set -e
apt-get update && apt-get install -y --no-install-recommends ca-certificates
go build -o /api .
EOF

FROM build AS test
RUN go test ./...

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65534:65534 /api /api
COPY --from=ghcr.io/tools/probe:2 /probe /probe
USER 65534
ENTRYPOINT [\"/api\"]
";

fn describe(text: &str, target: Option<&str>, args: &BTreeMap<String, String>) -> String {
    let file = Dockerfile::parse(text).expect("the Dockerfile parses");
    let mut out = format!("{}\n", file.kind_with(target, args).expect("the graph is sound").id());
    for index in file.reachable_with(target, args).expect("the graph is sound") {
        let stage = &file.stages()[index];
        writeln!(out, "{}: {} ({})", stage.line, stage.name.as_deref().unwrap_or("-"), stage.from).expect("text");
        for step in &stage.steps {
            writeln!(out, "  {}: {}", step.line, step.text).expect("text");
        }
    }
    for base in file.bases(target, args).expect("the bases resolve") {
        writeln!(out, "base {} from line {}", base.reference, base.line).expect("text");
    }
    for call in file.package_managers(target, args).expect("the bases resolve") {
        writeln!(out, "{} on {} in line {}", call.manager.command(), call.base, call.line).expect("text");
    }
    out
}

#[test]
fn a_single_stage_service_is_described() {
    insta::assert_snapshot!(describe(SINGLE, None, &BTreeMap::new()), @r#"
    single-stage
    4: - (golang:${GO_VERSION})
      5: WORKDIR /src
      6: COPY go.mod go.sum ./
      7: RUN --mount=type=cache,target=/go/pkg/mod     go mod download
      9: COPY . .
      10: RUN CGO_ENABLED=0 go build -o /usr/local/bin/api .
      11: EXPOSE 8080
      12: CMD ["api"]
    base golang:1.23 from line 4
    "#);
}

#[test]
fn a_multi_stage_service_is_described() {
    insta::assert_snapshot!(describe(MULTI, None, &BTreeMap::new()), @r#"
    multi-stage
    2: build (golang:${GO_VERSION})
      3: WORKDIR /src
      4: COPY . .
      5: RUN <<EOF
    14: - (scratch)
      15: COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
      16: COPY --from=build --chown=65534:65534 /api /api
      17: COPY --from=ghcr.io/tools/probe:2 /probe /probe
      18: USER 65534
      19: ENTRYPOINT ["/api"]
    base golang:1.23 from line 2
    base ghcr.io/tools/probe:2 from line 17
    apt-get on golang:1.23 in line 5
    "#);
}

#[test]
fn a_target_with_another_version_is_described() {
    let args = BTreeMap::from([("GO_VERSION".to_owned(), "1.22".to_owned())]);
    insta::assert_snapshot!(describe(MULTI, Some("test"), &args), @r#"
    single-stage
    2: build (golang:${GO_VERSION})
      3: WORKDIR /src
      4: COPY . .
      5: RUN <<EOF
    11: test (build)
      12: RUN go test ./...
    base golang:1.22 from line 2
    apt-get on golang:1.22 in line 5
    "#);
}

#[test]
fn mistakes_are_told_with_their_line_and_the_cure() {
    let told = |text: &str| match Dockerfile::parse(text) {
        Err(error) => error.to_string(),
        Ok(file) => file.bases(None, &BTreeMap::new()).expect_err("a mistake").to_string(),
    };
    let texts = [
        "FROM golang:1.23\nRUNN go build\n",
        "FROM golang:1.23\nRUN <<EOF\ngo build\n",
        "RUN go build\n",
        "FROM golang:1.23 AS build stage\n",
        "ARG VERSION\nFROM golang:$VERSION\n",
        "FROM golang:1.23 AS build\nFROM scratch\nCOPY --from=$STAGE /api /api\n",
        "FROM golang:1.23\nCOPY --from=later /api /api\nFROM scratch AS later\nCOPY --from=0 / /\n",
    ];
    insta::assert_snapshot!(texts.map(told).join("\n"), @r#"
    line 2: unknown instruction 'RUNN'; see the Dockerfile reference for the form of this instruction
    line 2: the here-document has no closing line; end it with a line that holds only EOF
    line 1: expected FROM; see the Dockerfile reference for the form of this instruction
    line 1: expected newline or eof; see the Dockerfile reference for the form of this instruction
    line 2: FROM golang:$VERSION needs a value for VERSION; give a default with ARG before the first FROM, or a build arg
    line 3: from=$STAGE holds a variable; no variables are expanded there; add a stage `FROM … AS name` and take from it
    line 2: stage later is not defined above this stage; move that stage above this one
    "#);
}

#[test]
fn the_kind_is_what_the_record_writes() {
    assert_eq!([VariantKind::SingleStage.id(), VariantKind::MultiStage.id()], ["single-stage", "multi-stage"]);
}

#[test]
fn a_hundred_thousand_files_are_planned_and_written() {
    // In memory where there is such a place: making the files is what takes time here.
    let shared = std::path::Path::new("/dev/shm");
    let root = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.expect("a folder");
    std::fs::write(root.path().join("Dockerfile"), "FROM scratch\n").expect("a file");
    std::fs::write(root.path().join(".dockerignore"), "**/*.log\n!keep*\n").expect("a file");
    for folder in 0..100 {
        let folder = root.path().join(format!("{folder}"));
        std::fs::create_dir(&folder).expect("a folder");
        for file in 0..1_000 {
            std::fs::File::create(folder.join(format!("{file}.txt"))).expect("a file");
        }
    }
    let context = Context::plan(root.path(), &root.path().join("Dockerfile")).expect("planned");
    assert_eq!(context.entries().len(), 100_102);
    assert_eq!(context.write_tar(std::io::sink()).expect("written"), context.tar_size());
}
