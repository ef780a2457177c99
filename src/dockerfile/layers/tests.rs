use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A history: `-` before what made no layer.
fn history(lines: &[&str]) -> Vec<HistoryLine> {
    let line = |text: &&str| match text.strip_prefix('-') {
        Some(text) => HistoryLine { created_by: Some(text.to_owned()), empty: true },
        None => HistoryLine { created_by: Some((*text).to_owned()), empty: false },
    };
    lines.iter().map(line).collect()
}

/// The line number behind each layer; 0 for none.
fn lines(dockerfile: &str, target: Option<&str>, told: &[&str]) -> Vec<usize> {
    let file = Dockerfile::parse(dockerfile).expect("a Dockerfile");
    let told = history(told);
    let layers = told.iter().filter(|line| !line.empty).count();
    let found = file.layer_lines("Dockerfile", target, &BTreeMap::new(), &told, layers);
    found.into_iter().map(|line| line.map_or(0, |line| line.line)).collect()
}

const GO: &str = "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\nARG V=1\nRUN --mount=type=cache,target=/c \\\n  # a word\n  go build \\\n    -o /app .\n\nFROM build AS test\nENV A=b\nRUN [\"go\", \"test\", \"./...\"]\n\nFROM scratch\nCOPY --from=build --chown=1:1 /app /app\nUSER 1\nENTRYPOINT [\"/app\"]\n";

#[test]
fn the_instructions_of_buildkit_stand_behind_their_layers_and_none_behind_those_of_the_base() {
    let told = [
        "/bin/sh -c #(nop) ADD file:5a1 in / ",
        "-/bin/sh -c #(nop)  CMD [\"bash\"]",
        "-ENV PATH=/usr/local/go/bin:/usr/bin",
        "COPY /target/ / # buildkit",
        "WORKDIR /src",
        "COPY go.mod ./ # buildkit",
        "RUN /bin/sh -c go mod download # buildkit",
        "COPY . . # buildkit",
        "-ARG V=1",
        "RUN |1 V=1 /bin/sh -c go build     -o /app . # buildkit",
    ];
    assert_eq!(lines(GO, Some("build"), &told), [0, 0, 2, 3, 4, 5, 7]);
    let test = [&told[..], &["-ENV A=b", "RUN |1 V=1 go test ./... # buildkit"]].concat();
    assert_eq!(lines(GO, Some("test"), &test), [0, 0, 2, 3, 4, 5, 7, 14]);
}

#[test]
fn an_image_from_scratch_has_the_last_stage_alone() {
    assert_eq!(lines(GO, None, &["COPY --chown=1:1 /app /app # buildkit", "-USER 1", "-ENTRYPOINT [\"/app\"]"]), [17]);
    assert_eq!(lines(GO, None, &["COPY /app /app # buildkit", "-USER 1", "-ENTRYPOINT [\"/app\"]"]), [17]);
}

#[test]
fn the_classic_builders_lines_are_read_too() {
    let file = "FROM a\nWORKDIR /app\nADD x.tar /opt/\nCOPY a b ./lib/\nRUN make\nRUN [\"ls\", \"-l\"]\nLABEL x=y\nCMD z\n";
    let told = [
        "base",
        "-/bin/sh -c #(nop) WORKDIR /app",
        "/bin/sh -c #(nop) ADD file:1f3 in /opt/ ",
        "/bin/sh -c #(nop) COPY multi:77a in /app/lib/ ",
        "/bin/sh -c make",
        "ls -l",
        "-/bin/sh -c #(nop)  LABEL x=y",
        "-/bin/sh -c #(nop)  CMD [\"/bin/sh\" \"-c\" \"z\"]",
    ];
    // The path is not as the file says it: `./lib/` is somewhere below the root.
    assert_eq!(lines(file, None, &told), [0, 3, 4, 5, 6]);
}

#[test]
fn a_history_that_says_another_thing_ends_the_walk() {
    let file = "FROM a\nRUN one\nRUN two\nRUN three\n";
    let told = |second: &str| {
        let lines = ["RUN /bin/sh -c one # buildkit", second, "RUN /bin/sh -c three # buildkit"];
        super::tests::lines(file, None, &lines)
    };
    assert_eq!(told("RUN /bin/sh -c two # buildkit"), [2, 3, 4]);
    assert_eq!(told("RUN /bin/sh -c not two # buildkit"), [0, 0, 4]);
    assert_eq!(told("COPY two # buildkit"), [0, 0, 4]);
    assert_eq!(told("something else"), [0, 0, 4]);
}

#[test]
fn a_history_that_has_more_or_fewer_lines_than_layers_tells_nothing() {
    let file = Dockerfile::parse("FROM a\nRUN one\n").expect("a Dockerfile");
    let told = history(&["RUN /bin/sh -c one # buildkit"]);
    for layers in [0, 2] {
        assert_eq!(file.layer_lines("f", None, &BTreeMap::new(), &told, layers), vec![None; layers]);
    }
    let silent = [HistoryLine { created_by: None, empty: false }];
    assert_eq!(file.layer_lines("f", None, &BTreeMap::new(), &silent, 1), [None]);
}

#[test]
fn variables_here_documents_and_shells_of_ones_own_are_understood() {
    let file = "FROM a\nENV D=/srv V=2\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nWORKDIR $D/app\nCOPY x-${V}.jar $D/\nRUN <<EOF\nset -e\nmake all\nEOF\nCOPY <<EOF /etc/x\nhello\nEOF\nRUN curl x | sh\n";
    let told = [
        "-ENV D=/srv V=2",
        "-SHELL [/bin/bash -o pipefail -c]",
        "WORKDIR /srv/app",
        "COPY x-2.jar /srv/ # buildkit",
        "RUN /bin/bash -o pipefail -c set -e\nmake all\n # buildkit",
        "COPY <<EOF /etc/x # buildkit",
        "RUN /bin/bash -o pipefail -c curl x | sh # buildkit",
    ];
    assert_eq!(lines(file, None, &told), [4, 5, 6, 10, 13]);
}

#[test]
fn triggers_of_a_stage_run_before_the_steps_of_the_next() {
    let file = "FROM a AS base\nONBUILD COPY x /x\nFROM base\nRUN y\n";
    assert_eq!(lines(file, None, &["COPY x /x # buildkit", "RUN /bin/sh -c y # buildkit"]), [2, 4]);
}

#[test]
fn the_base_is_what_the_target_stands_on() {
    let base = |text: &str, target| Dockerfile::parse(text).expect("a Dockerfile").base(target, &BTreeMap::new());
    assert_eq!(base(GO, None), Ok(None));
    assert_eq!(base(GO, Some("test")), Ok(Some("golang:1.23".to_owned())));
    assert_eq!(base("ARG V=3\nFROM x AS y\nFROM alpine:$V\nCOPY --from=y / /\n", None), Ok(Some("alpine:3".to_owned())));
    assert!(base("ARG V\nFROM $V\n", None).is_err());
}

#[test]
fn a_long_instruction_is_cut() {
    let text = format!("FROM a\nRUN echo {}\n", "ä ".repeat(500));
    let file = Dockerfile::parse(&text).expect("a Dockerfile");
    let told = history(&[&format!("RUN /bin/sh -c echo {}# buildkit", "ä ".repeat(500))]);
    let found = file.layer_lines("f", None, &BTreeMap::new(), &told, 1).remove(0).expect("it fits");
    assert_eq!(found.instruction.chars().count(), LONGEST);
    assert!(found.instruction.ends_with('…'));
}

/// An instruction, what `BuildKit` writes of it, and whether that makes a layer.
fn instruction() -> impl Strategy<Value = (String, String, bool)> {
    let word = || "[a-z0-9._/=-]{0,6}[a-z0-9]";
    let shell = prop::collection::vec("[a-z0-9./|>&;=-]{1,8}", 1..5);
    prop_oneof![
        (shell, 1..4_usize).prop_map(|(words, blanks)| {
            let command = words.join(&" ".repeat(blanks));
            (format!("RUN x{}", words.join(" \\\n  ")), format!("RUN /bin/sh -c x{command} # buildkit"), true)
        }),
        prop::collection::vec(word(), 1..4).prop_map(|words| {
            let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            (format!("RUN [{}]", quoted.join(", ")), format!("RUN {} # buildkit", words.join(" ")), true)
        }),
        (prop_oneof![Just("COPY"), Just("ADD")], "[a-z.]{1,6}", "/[a-z]{1,6}/?", any::<bool>()).prop_map(|(word, from, to, flag)| {
            let flags = if flag { "--chown=1:2 " } else { "" };
            (format!("{word} {flags}{from} {to}"), format!("{word} {from} {to} # buildkit"), true)
        }),
        ("/[a-z]{1,8}", any::<bool>()).prop_map(|(path, layer)| (format!("WORKDIR {path}"), format!("WORKDIR {path}"), layer)),
        ("[A-Z]{1,4}", "[a-z]{0,4}").prop_map(|(name, value)| (format!("ENV {name}={value}"), format!("ENV {name}={value}"), false)),
        ("[a-z]{1,4}", "[a-z]{0,4}").prop_map(|(name, value)| (format!("LABEL {name}={value}"), format!("LABEL {name}={value}"), false)),
    ]
}

proptest! {
    #[test]
    fn every_layer_has_the_line_that_made_it(steps in prop::collection::vec(instruction(), 0..20), base in 0..4_usize) {
        let mut file = "FROM base\n".to_owned();
        let mut told: Vec<HistoryLine> = history(&vec!["RUN /bin/sh -c of the base # buildkit"; base]);
        let mut wanted = vec![0; base];
        for (instruction, created_by, layer) in &steps {
            if *layer {
                wanted.push(1 + file.matches('\n').count());
            }
            file.push_str(instruction);
            file.push('\n');
            told.push(HistoryLine { created_by: Some(created_by.clone()), empty: !layer });
        }
        let parsed = Dockerfile::parse(&file).expect("a Dockerfile");
        let found = parsed.layer_lines("f", None, &BTreeMap::new(), &told, wanted.len());
        let found: Vec<usize> = found.into_iter().map(|line| line.map_or(0, |line| line.line)).collect();
        prop_assert_eq!(found, wanted, "{}", file);
    }

    #[test]
    fn no_history_breaks_it(lines in prop::collection::vec(("(RUN |COPY |ADD |WORKDIR |#\\(nop\\) | in |--|\\[|\"|/|\\$|é|x| ){0,12}", any::<bool>()), 0..6),
                            text in "(RUN |COPY |WORKDIR |--|\\[|\"|/|\\$|é|x| |\n){0,20}") {
        let told: Vec<HistoryLine> = lines.into_iter().map(|(text, empty)| HistoryLine { created_by: Some(text), empty }).collect();
        let layers = told.iter().filter(|line| !line.empty).count();
        if let Ok(file) = Dockerfile::parse(&format!("FROM a\n{text}\n")) {
            prop_assert_eq!(file.layer_lines("f", None, &BTreeMap::new(), &told, layers).len(), layers);
        }
    }
}
