//! A docker archive: what is weighed of it does not depend on whether it can be sought, and a link or a length leads nowhere else.
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use loadline::image::{DockerArchive, Exported, Repack, Weighed, weigh};

fuzz_target!(|data: &[u8]| {
    // Compressed as a whole it would be streamed twice.
    if data.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let mut file = tempfile::NamedTempFile::new().expect("there is room for a file");
    file.write_all(data).expect("there is room for a file");
    let sought = DockerArchive::open(file.path(), None).and_then(|archive| weigh(&archive));
    let streamed = Exported::read(data, Repack::No).and_then(|exported| weigh(&exported));
    match (sought, streamed) {
        (Ok(Weighed { weighing: sought, .. }), Ok(Weighed { weighing: streamed, .. })) => assert_eq!(sought, streamed),
        (Err(_), Err(_)) => {}
        (sought, streamed) => panic!("{:?} and {:?}", sought.map(|found| found.weighing), streamed.map(|found| found.weighing)),
    }
});
