//! What each format looks like.

use loadline::report::CiFormat;

use crate::support::{evaluations, records};

#[test]
fn every_format_of_the_same_evaluation() {
    for format in CiFormat::ALL {
        insta::assert_snapshot!(format.id(), format.render(&evaluations::every_outcome(), None));
    }
}

#[test]
fn figures_of_the_whole_record() {
    for format in [CiFormat::CustomSmallerIsBetter, CiFormat::Bmf, CiFormat::Openmetrics] {
        let text = format.render(&evaluations::every_outcome(), Some(&records::go_api()));
        let of_one: Vec<&str> = text.lines().filter(|line| line.contains("build") || line.contains("size D3")).take(12).collect();
        insta::assert_snapshot!(format!("{}-with-record", format.id()), of_one.join("\n"));
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in CiFormat::ALL {
        let render = || format.render(&evaluations::every_outcome(), Some(&records::go_api()));
        assert_eq!(render(), render());
    }
}
