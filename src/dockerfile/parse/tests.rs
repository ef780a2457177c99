use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Dockerfile {
    Dockerfile::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn error(text: &str) -> DockerfileError {
    Dockerfile::parse(text).expect_err("the text is refused")
}

fn args(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn texts(stage: &Stage) -> Vec<&str> {
    stage.steps.iter().map(|s| s.text.as_str()).collect()
}

fn bases(text: &str, given: &[(&str, &str)]) -> Vec<(String, usize)> {
    let found = parse(text).bases(None, &args(given)).unwrap_or_else(|e| panic!("{e}\n{text}"));
    found.into_iter().map(|b| (b.reference, b.line)).collect()
}

fn base_error(text: &str) -> DockerfileError {
    parse(text).bases(None, &BTreeMap::new()).expect_err("the base is refused")
}

#[test]
fn directives_are_seen_and_late_ones_are_comments() {
    let file = parse("# syntax=docker/dockerfile:1\r\n# check=skip=all\r\n# escape=`\r\nFROM a\r\nRUN x `\r\n  y\r\n");
    assert_eq!(texts(&file.stages[0]), ["RUN x   y"]);
    let file = parse("# a comment\n# escape=`\nFROM a\nRUN x \\\n  y\n");
    assert_eq!(texts(&file.stages[0]), ["RUN x   y"]);
}

#[test]
fn an_instruction_in_a_heredoc_body_is_no_instruction() {
    for text in [
        "FROM a\nRUN <<EOF\nFROM x\nEOF\nCMD y\n",
        "FROM a\nRUN python3 <<EOF\nFROM x\nEOF\nCMD y\n",
        "FROM a\nRUN a && \\\n  cat <<EOF > y\nFROM x\nEOF\nCMD y\n",
        "FROM a\nRUN cat <<-\"ONE\" 3<<'TWO'\nFROM x\n\tONE\nRUNN\nTWO\nCMD y\n",
        "FROM a\nCOPY <<EOF /etc/x\nFROM x\nEOF\nCMD y\n",
        "FROM a\nONBUILD RUN <<EOF\nFROM x\nEOF\nCMD y\n",
        "FROM a\nADD --chown=1:1 <<a <<b /x/\nFROM x\na\ny\nb\nCMD y\n",
    ] {
        let file = parse(text);
        assert_eq!(file.stages.len(), 1, "{text}");
        assert_eq!(file.stages[0].steps.len(), 2, "{text}");
        assert!(file.stages[0].steps[0].heredocs[0].contains("FROM x"), "{text}");
        assert_eq!(texts(&file.stages[0])[1], "CMD y", "{text}");
    }
}

#[test]
fn words_that_look_like_heredocs_leave_the_next_line_alone() {
    for word in ["echo \"<<EOF\"", "echo $((1<<2))", "cat <<<word", "echo '<<EOF'", "[\"<<EOF\"]"] {
        let file = parse(&format!("FROM a\nRUN {word}\nCMD y\n"));
        assert_eq!(texts(&file.stages[0]), [format!("RUN {word}").as_str(), "CMD y"]);
    }
}

#[test]
fn flags_of_every_kind_are_accepted() {
    let file = parse(
        "FROM --platform=$BUILDPLATFORM golang:1 AS Build\nFROM a\n\
         COPY --from=0 --link --chown=1:1 --chmod=755 --exclude=*.md --parents x y\n\
         RUN --mount=type=secret,id=t --mount=type=cache,target=/c,from=Build --network=none go build\n\
         RUN --mount=from=build,source=/a,target=/b --mount=type=tmpfs,target=/t,from=build x\n",
    );
    let steps = &file.stages[1].steps;
    assert_eq!(file.stages[0].name.as_deref(), Some("build"));
    assert_eq!(steps[0].from, ["0"]);
    assert_eq!(steps[1].from, ["Build"]);
    assert_eq!(steps[2].from, ["build"]);
}

#[test]
fn odd_white_space_is_accepted() {
    let file = parse("\u{feff}  FROM a\r\n\tRUN x \\ \r\n # note\r\n\r\n   y\r\nCMD z\\");
    assert_eq!(texts(&file.stages[0]), ["RUN x    y", "CMD z"]);
    assert_eq!(file.stages[0].steps.iter().map(|s| s.line).collect::<Vec<_>>(), [2, 6]);
}

#[test]
fn json_forms_are_accepted() {
    let file = parse(
        "FROM a\nCOPY [\"a b\", \"/c\"]\nSHELL [\"/bin/bash\", \"-c\"]\nHEALTHCHECK CMD [\"x\"]\nVOLUME [\"/d\"]\n\
         ONBUILD COPY [\"a\", \"b\"]\nENTRYPOINT [\"x\"]\n",
    );
    assert_eq!(file.stages[0].steps.len(), 6);
    assert_eq!(file.stages[0].triggers[0].text, "COPY [\"a\", \"b\"]");
}

#[test]
fn one_byte_order_mark_is_passed_over_and_a_second_one_is_refused() {
    assert_eq!(parse("\u{feff}FROM a\nARG x\n").stages().len(), 1);
    let told = error("\u{feff}\u{feff}\nARG FROM ");
    assert!(told.line == 1 && told.message.contains("a second byte order mark"), "{told}");
}

#[test]
fn errors_carry_their_line() {
    assert_eq!(error("FROM a\n\nRUNN x\n").line, 3);
    assert_eq!(error("# nothing\n").line, 1);
    assert_eq!(error("").line, 1);
    assert_eq!(error("\nRUN x\n").line, 2);
    assert_eq!(error("FROM a\nCOPY x\n").line, 2);
    assert_eq!(error("FROM a AS 1x\n").line, 1);
    assert_eq!(error("# escape=x\nFROM a\n").line, 1);
    assert!(error("FROM a\n\nRUNN x\n").message.contains("RUNN"));
}

#[test]
fn a_later_stage_of_the_same_name_hides_the_earlier_one() {
    let text = "FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x / /\n";
    assert_eq!(parse(text).reachable(None), Ok(vec![1, 2]));
}

#[test]
fn only_what_the_target_needs_is_reachable() {
    let text = "FROM a AS base\nFROM base AS test\nRUN t\nFROM base AS build\nRUN b\nFROM d AS assets\n\
                FROM c AS final\nCOPY --from=build / /\nRUN --mount=type=bind,from=ASSETS,target=/x y\n";
    let file = parse(text);
    assert_eq!(file.reachable(None), Ok(vec![0, 2, 3, 4]));
    assert_eq!(file.reachable(Some("Test")), Ok(vec![0, 1]));
    assert_eq!(file.reachable(Some("base")), Ok(vec![0]));
}

#[test]
fn an_unknown_target_is_an_error_that_names_the_stages() {
    let error = parse("FROM a AS one\nFROM b AS two\nRUN x\n").reachable(Some("three")).expect_err("unknown");
    assert_eq!((error.line, error.message.as_str()), (2, "there is no stage \"three\"; use one of one, two"));
}

#[test]
fn a_stage_cannot_take_from_itself_or_from_below() {
    for (text, line) in [
        ("FROM a AS x\nCOPY --from=x / /\n", 2),
        ("FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nCOPY --from=x / /\n", 2),
        ("FROM a\nCOPY --from=0 / /\n", 2),
        ("FROM a\nCOPY --from=7 / /\n", 2),
        ("FROM a AS x\nFROM b\nCOPY --from=$X / /\n", 3),
    ] {
        assert_eq!(parse(text).reachable(None).expect_err("refused").line, line, "{text}");
    }
}

#[test]
fn the_kind_tells_whether_files_cross_stages() {
    for (text, want) in [
        ("FROM a\nCOPY . .\n", VariantKind::SingleStage),
        ("FROM a AS production\nFROM production AS debug\nRUN x\n", VariantKind::SingleStage),
        ("FROM a\nCOPY --from=nginx:1 /etc /etc\n", VariantKind::SingleStage),
        ("FROM a\nRUN --mount=type=cache,target=/c x\n", VariantKind::SingleStage),
        ("FROM a AS b\nFROM c\nCOPY --from=b / /\n", VariantKind::MultiStage),
        ("FROM a\nFROM c\nCOPY --from=0 / /\n", VariantKind::MultiStage),
        ("FROM a AS b\nFROM c\nRUN --mount=from=b,target=/b x\n", VariantKind::MultiStage),
        ("FROM a AS b\nFROM c AS d\nCOPY --from=b / /\nFROM e\nRUN x\n", VariantKind::SingleStage),
        ("FROM a AS b\nFROM c AS d\nONBUILD COPY --from=b / /\nFROM d\n", VariantKind::MultiStage),
        ("FROM a AS b\nFROM c AS d\nCOPY --from=b / /\nFROM d AS e\n", VariantKind::MultiStage),
    ] {
        assert_eq!(parse(text).kind(None), Ok(want), "{text}");
    }
}

#[test]
fn build_args_may_choose_the_stage() {
    let text = "ARG FLAVOUR=small\nFROM a AS x\nFROM b AS small\nFROM c AS big\nCOPY --from=x / /\nFROM ${FLAVOUR}\n";
    let file = parse(text);
    assert_eq!(file.kind_with(None, &args(&[])), Ok(VariantKind::SingleStage));
    assert_eq!(file.kind_with(None, &args(&[("FLAVOUR", "big")])), Ok(VariantKind::MultiStage));
    assert_eq!(file.reachable_with(None, &args(&[("FLAVOUR", "big")])), Ok(vec![0, 2, 3]));
}

#[test]
fn without_its_build_arg_a_from_counts_as_an_image_from_outside() {
    assert_eq!(parse("ARG BASE\nFROM a AS b\nFROM $BASE\nCOPY --from=b / /\n").kind(None), Ok(VariantKind::MultiStage));
}

#[test]
fn bases_are_expanded_and_listed_once() {
    let text = "ARG V=1.23 W=\"12\"\nARG D=${W:-11}\nFROM golang:${V:-1} AS build\nFROM golang:$V AS again\nFROM debian:${D}-slim\n\
                COPY --from=build / /\nCOPY --from=again / /\nCOPY --from=nginx:1 / /\nRUN --mount=from=nginx:1,target=/n x\n\
                COPY --from=scratch / /\n";
    let want = [("golang:1.23".to_owned(), 3), ("debian:12-slim".to_owned(), 5), ("nginx:1".to_owned(), 8)];
    assert_eq!(bases(text, &[]), want);
    assert_eq!(bases(text, &[("V", "1.22"), ("UNDECLARED", "x")])[0], ("golang:1.22".to_owned(), 3));
}

#[test]
fn platform_args_are_defined() {
    let text = "FROM --platform=$BUILDPLATFORM golang:1 AS b\nFROM x/$TARGETOS-$TARGETARCH:1\nCOPY --from=b / /\n";
    let found = bases(text, &[("TARGETARCH", "riscv64")]);
    assert_eq!(found[1].0, "x/linux-riscv64:1");
    assert!(!bases(text, &[])[1].0.ends_with("-:1"));
}

#[test]
fn a_from_without_a_value_is_an_error_with_its_line_and_cure() {
    let error = base_error("ARG BASE\nFROM a AS x\nFROM $BASE\n");
    let want = "FROM $BASE needs a value for BASE; give a default with ARG before the first FROM, or a build arg";
    assert_eq!((error.line, error.message.as_str()), (3, want));
    assert_eq!(base_error("FROM golang:${V}\n").line, 1);
    assert_eq!(base_error("ARG V=\nFROM x:$V\n").line, 2);
    assert_eq!(base_error("FROM ${V:?unset}\n").line, 1);
    assert!(base_error("FROM Golang\n").message.contains("lower case"));
}

#[test]
fn bases_that_only_unneeded_stages_use_are_left_out() {
    assert_eq!(bases("FROM a AS x\nFROM $NOTHING AS y\nFROM b\n", &[]), [("b".to_owned(), 3)]);
}

#[test]
fn references_of_every_shape_are_bases() {
    let digest = format!("a@sha256:{}", "0".repeat(64));
    for reference in
        ["a", "a:b", "localhost:5000/a/b:c", "127.0.0.1:5/x", "ghcr.io/A/b".to_lowercase().as_str(), "a__b/c--d.e:1_2-x", &digest]
    {
        assert_eq!(bases(&format!("FROM {reference}\n"), &[])[0].0, reference);
    }
}

#[test]
fn a_huge_text_is_refused() {
    assert!(Dockerfile::parse(&" ".repeat(MAX_TEXT + 1)).is_err());
}

#[test]
fn a_stage_of_many_stages_is_walked_without_recursion() {
    let mut text = "FROM a AS s0\n".to_owned();
    for i in 1..5_000 {
        writeln!(text, "FROM s{} AS s{i}", i - 1).expect("text");
    }
    assert_eq!(parse(&text).reachable(None).expect("resolves").len(), 5_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parsing_and_asking_never_panics(
        text in "(?s)(FROM |AS |ARG |RUN |COPY |ADD |ONBUILD |CMD |--from=|--mount=|a|x|0|\\$X|\\$\\{|:-|\\}|\\[|\\]|,|\"|'|\\\\|`|<<|<<-|EOF|=|#|# escape=`|# syntax=x|\n|\r\n| |\t|é|\u{feff}){0,60}"
    ) {
        if let Ok(file) = Dockerfile::parse(&text) {
            let given = args(&[("X", "x")]);
            let _ = (file.reachable(None), file.kind_with(None, &given), file.bases(None, &given), file.package_managers(None, &given));
            let lines = text.matches('\n').count() + 1;
            for step in file.stages.iter().flat_map(|s| &s.steps) {
                prop_assert!(step.line >= 1 && step.line <= lines);
            }
        }
    }

    #[test]
    fn parsing_any_text_never_panics(text in "\\PC*(\n\\PC*){0,5}") {
        let _ = Dockerfile::parse(&text);
    }

    #[test]
    fn what_is_reachable_is_ascending_and_ends_with_the_target(count in 1_usize..8, links in proptest::collection::vec((0_usize..8, 0_usize..8), 0..12)) {
        let mut text = String::new();
        for i in 0..count {
            writeln!(text, "FROM img AS s{i}").expect("text");
            for (_, to) in links.iter().filter(|(from, to)| *from == i && *to < i) {
                writeln!(text, "COPY --from=s{to} / /").expect("text");
            }
        }
        let found = parse(&text).reachable(None).expect("links point upwards");
        prop_assert!(found.windows(2).all(|w| w[0] < w[1]));
        prop_assert_eq!(found.last(), Some(&(count - 1)));
    }
}
