//! Docker archives whose word is taken for what their layers hash to.

use super::docker::{dialects, index};
use super::*;

/// As [`content`], without what tells contents apart: where nothing is verified, only those are hashed that may be duplicates.
fn without_hashes(weighed: &Weighed) -> (Vec<u64>, String, Vec<String>, String) {
    let (sizes, layers, _) = content(weighed);
    let mut rows = Vec::new();
    weighed.tree.rows(|row: &Row<'_>| rows.push(format!("{:?}", Row { content: None, ..*row })));
    (sizes, layers, rows, format!("{:?}", weighed.duplicates))
}

fn trusted(bytes: &[u8]) -> Result<(Weighed, bool), ImageError> {
    let folder = place();
    let archive = DockerArchive::open(&written(&folder, bytes), None)?.trusting()?;
    Ok((weigh(&archive)?, archive.is_trusted()))
}

#[test]
fn an_archive_that_is_trusted_comes_to_the_same_rows_sizes_waste_and_duplicates() {
    for (name, files) in dialects() {
        let archive = tar(&files);
        let (found, _) = trusted(&archive).expect(name);
        let read = docker(&archive, None).expect(name);
        assert_eq!(without_hashes(&found), without_hashes(&read), "{name}");
    }
}

/// A docker archive of plain layers.
fn saved(tars: &[Vec<u8>]) -> Vec<u8> {
    let names: Vec<String> = (0..tars.len()).map(|number| format!("{number}.tar")).collect();
    let listed: Vec<&str> = names.iter().map(String::as_str).collect();
    let files = names.iter().zip(tars).map(|(name, tar)| file(name, tar));
    tar(&files.chain([file("c.json", &config(tars)), index("c.json", &listed)]).collect::<Vec<_>>())
}

/// A layer of files with the given lengths; equal seeds make equal contents.
fn layer_of(files: &[(u8, usize)]) -> Vec<u8> {
    let files: Vec<_> = files.iter().enumerate().map(|(at, &(seed, size))| file(&format!("d/{at}"), &vec![seed; size])).collect();
    tar(&files)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn trusted_and_verified_layers_have_the_same_duplicates(
        layers in prop::collection::vec(
            prop::collection::vec((0_u8..3, prop::sample::select(vec![0_usize, 5, 4095, 4096, 32_256, 32_768, 40_000, 140_000])), 0..9),
            1..4,
        ),
    ) {
        let tars: Vec<Vec<u8>> = layers.iter().map(|files| layer_of(files)).collect();
        let archive = saved(&tars);
        let (found, is_trusted) = trusted(&archive).expect("it is sound");
        prop_assert!(is_trusted);
        prop_assert_eq!(without_hashes(&found), without_hashes(&docker(&archive, None).expect("it is sound")));
    }

    #[test]
    fn a_layer_that_is_cut_is_refused_where_it_is_trusted_as_where_it_is_read(cut in 1_usize..60_000) {
        let mut layer = layer_of(&[(1, 5000), (2, 40_000), (3, 9000)]);
        layer.truncate(layer.len() - cut.min(layer.len() - 1));
        let archive = saved(&[layer]);
        let (found, read) = (trusted(&archive), docker(&archive, None));
        prop_assert_eq!(found.is_ok(), read.is_ok());
        if let (Err(found), Err(read)) = (found, read) {
            prop_assert_eq!(found.to_string(), read.to_string());
        }
    }
}

#[test]
fn what_a_trusted_layer_hashes_to_is_not_looked_at() {
    let (said, is) = (layer_of(&[(1, 5000)]), layer_of(&[(2, 5000)]));
    let archive = tar(&[file("0.tar", &is), file("c.json", &config(&[said])), index("c.json", &["0.tar"])]);
    assert!(told(docker(&archive, None)).contains("hashes to"));
    assert!(trusted(&archive).expect("nobody looks").1);
}

#[test]
fn an_archive_with_a_compressed_layer_is_read_as_always() {
    let [one, two] = layers();
    let files = [file("1", &gzip(&one)), file("2", &one), file("c.json", &config(&[one, two])), index("c.json", &["1", "2"])];
    let found = trusted(&tar(&files));
    assert!(told(found).contains("hashes to"));
}
