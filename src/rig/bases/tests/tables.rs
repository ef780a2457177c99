//! The table of recipes, cache keys and the printed list.

use std::io;

use super::super::saved::Saved;
use super::*;
use crate::dockerfile::Dockerfile;

pub(super) fn workshop(recipes: &'static [Recipe]) -> Workshop {
    let (tools, certificates, platform) = (Tools::default(), Certificates::default(), "linux/amd64".to_owned());
    Workshop { recipes, tools, certificates, platform }
}

#[test]
fn every_recipe_says_what_it_stands_in_for_and_how_near_it_must_come() {
    for (number, recipe) in recipes().iter().enumerate() {
        let name = recipe.name;
        assert_eq!(Reference::parse(name).expect("a reference").to_string(), name, "names are in their shown form");
        assert!(recipe.published.bytes > 100_000, "{name}");
        assert!(recipe.published.date.parse::<jiff::civil::Date>().is_ok() && !recipe.published.version.is_empty(), "{name}");
        assert!(recipe.limit_percent > 0.0 && recipe.limit_percent <= 100.0, "{name}");
        assert!(!recipe.differs.is_empty() && !recipe.platforms.is_empty(), "{name}");
        let before: Vec<_> = recipes()[..number].iter().map(|recipe| recipe.name).collect();
        assert!(recipe.parents.iter().all(|parent| before.contains(parent)), "parents of {name} stand before it");
    }
}

#[test]
fn a_dockerfile_is_built_on_the_parents_that_its_recipe_names() {
    for recipe in recipes() {
        let (Method::SlimRoot(text) | Method::Dockerfile(text)) = recipe.method else { continue };
        let parsed = Dockerfile::parse(text).expect("it parses");
        let named: BTreeSet<String> =
            parsed.bases(None, &BTreeMap::new()).expect("references").into_iter().map(|base| base.reference).collect();
        assert!(named.iter().eq(recipe.parents), "{}: {named:?}", recipe.name);
    }
}

#[test]
fn no_recipe_names_a_host() {
    for text in recipes().iter().flat_map(|recipe| recipe.method.texts()) {
        assert!(!text.contains("://"), "{text}");
    }
}

#[test]
fn whatever_changes_a_stand_in_changes_its_key_and_those_of_its_children() {
    static CHANGED: [Recipe; 2] = [
        Recipe {
            name: "root:1",
            method: Method::DebianRoot { suite: "test", include: &["a", "b"], hook: "false", epoch: 7, changes: &["CMD [\"bash\"]"] },
            ..PLAIN
        },
        Recipe { name: "tool:1", parents: &["root:1"], method: Method::Dockerfile("FROM root:1\nRUN a\n"), ..PLAIN },
    ];
    let plain = workshop(&TEST_RECIPES);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.crt"), "X").expect("a file");
    let certified = Workshop { certificates: Certificates::read(folder.path()).expect("certificates"), ..workshop(&TEST_RECIPES) };
    let arm = Workshop { platform: "linux/arm64".to_owned(), ..workshop(&TEST_RECIPES) };
    let keys: BTreeSet<String> = [
        plain.key(&TEST_RECIPES[0]),
        plain.key(&TEST_RECIPES[1]),
        workshop(&CHANGED).key(&CHANGED[0]),
        workshop(&CHANGED).key(&CHANGED[1]),
        certified.key(&TEST_RECIPES[1]),
        arm.key(&TEST_RECIPES[1]),
    ]
    .into();
    assert_eq!(keys.len(), 6);
    assert_eq!(plain.key(&TEST_RECIPES[1]), workshop(&TEST_RECIPES).key(&TEST_RECIPES[1]), "the same recipe has the same key");
}

#[test]
fn a_platform_without_a_recipe_is_said() {
    let arm = Workshop { platform: "linux/arm64".to_owned(), ..workshop(&TEST_RECIPES) };
    let why = arm.recipe("root:1").expect_err("no recipe");
    assert_eq!(why, "the stand-in for root:1 is made for linux/amd64 only, not for linux/arm64");
}

#[test]
fn a_full_disk_is_told_apart_from_other_faults() {
    let error = |kind: io::ErrorKind| BaseError::cache("write", Path::new("/nonexistent-cache/x"))(kind.into());
    let BaseError::CacheFull { folder, needed: None, free: Some(_), .. } = error(io::ErrorKind::StorageFull) else {
        panic!("the disk is full")
    };
    assert_eq!(folder, Path::new("/nonexistent-cache"));
    let full = BaseError::CacheFull {
        folder: "/c".into(),
        needed: Some(302_145_613),
        free: Some(4096),
        source: io::ErrorKind::StorageFull.into(),
    };
    insta::assert_snapshot!(full, @"no space is left for base images in /c (302.1 MB needed, 4.1 kB free); free some there, remove what no recipe uses with `loadline bases prune`, or choose another place with LOADLINE_CACHE_DIR");
    assert_eq!(
        error(io::ErrorKind::PermissionDenied).to_string(),
        "cannot write /nonexistent-cache/x; choose another place for base images with LOADLINE_CACHE_DIR"
    );
}

#[test]
fn an_engine_that_cannot_write_into_the_cache_says_that_it_is_full() {
    let error = |kind: io::ErrorKind| {
        let source = kind.into();
        BaseError::writing(crate::rig::EngineError::File { action: "write", path: "/c/tmp/saved.tar".to_owned(), source })
    };
    assert!(matches!(error(io::ErrorKind::StorageFull), BaseError::CacheFull { folder, .. } if folder == Path::new("/c/tmp")));
    assert!(matches!(error(io::ErrorKind::NotFound), BaseError::Engine(_)));
}

#[test]
fn the_list_is_a_table_that_names_its_compressor() {
    let cached = CachedBase {
        created: jiff::Timestamp::UNIX_EPOCH,
        image_id: "sha256:0".to_owned(),
        compressed_size: 99_000_000,
        uncompressed_size: 3000,
        versions: BTreeMap::new(),
    };
    let near = BaseStatus { recipe: &TEST_RECIPES[0], cached: Some(cached.clone()) };
    let far = BaseStatus { recipe: &TEST_RECIPES[0], cached: Some(CachedBase { compressed_size: 102_100_000, ..cached }) };
    let absent = BaseStatus { recipe: &TEST_RECIPES[1], cached: None };
    assert_eq!((near.is_near(), far.is_near(), absent.is_near()), (Some(true), Some(false), None));
    let bases = [near, absent];
    insta::assert_snapshot!("list.md", markdown(&bases));
    insta::assert_snapshot!("list.csv", csv(&bases).expect("rows"));
    let unused = Pruned { images: vec!["tool:1 (2025-01-01)".to_owned()], files: 2, bytes: 77 };
    let listing = Listing { bases: bases.to_vec(), folder: "/c".into(), bytes: 99_000_077, unused };
    insta::assert_snapshot!("list.json", json(&listing));
}

#[test]
fn what_most_stand_ins_have_in_common_is_said_once() {
    static LISTED: [Recipe; 4] = [
        Recipe { name: "a:1", differs: &["old", "larger"], ..PLAIN },
        Recipe { name: "b:1", differs: &["old"], ..PLAIN },
        Recipe { name: "c:1", differs: &["no shell"], ..PLAIN },
        Recipe { name: "d:1", differs: &["old"], ..PLAIN },
    ];
    let bases: Vec<BaseStatus> = LISTED.iter().map(|recipe| BaseStatus { recipe, cached: None }).collect();
    let common = common(&bases);
    assert_eq!(common, [("old", vec!["c:1"])]);
    assert_eq!((own(&LISTED[0], &common), own(&LISTED[1], &common), own(&LISTED[2], &common)), (vec!["larger"], vec![], vec!["no shell"]));
    assert_eq!((all_but::<&str>(&[]), all_but(&["c:1", "d:1"])), ("All".to_owned(), "All but c:1, d:1".to_owned()));
}

/// Names, published sizes, limits and differences come from the recipes; what was measured stays as it stands on the page.
/// `LOADLINE_BLESS=1` writes the page anew, and with it the live test over all stand-ins writes what it measured.
#[test]
fn the_page_on_base_sets_shows_every_stand_in_as_its_recipe_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bases.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(PAGE_BEGIN).expect("the mark before the table");
    let (found, after) = rest.split_once(PAGE_END).expect("the mark behind the table");
    let cells = |base: &BaseStatus| {
        let row = found.lines().find(|line| line.starts_with(&format!("| `{}` |", base.recipe.name)));
        let cell = |number| row.and_then(|row| row.split(" | ").nth(number)).map(str::to_owned);
        (cell(3).unwrap_or_else(|| "not built".to_owned()), cell(4).unwrap_or_else(|| "–".to_owned()))
    };
    let days = found
        .split_once("all other layers), ")
        .and_then(|(_, rest)| rest.lines().next())
        .map_or("none made", |line| line.trim_end_matches('.'));
    let bases: Vec<BaseStatus> = recipes().iter().map(|recipe| BaseStatus { recipe, cached: None }).collect();
    let expected = format!("\n{}", super::super::listing::table(&bases, cells, days));
    if std::env::var_os("LOADLINE_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{PAGE_BEGIN}{expected}{PAGE_END}{after}")).expect("the page");
    } else {
        assert!(found == expected, "docs/bases.md is not what the recipes say; run the tests with LOADLINE_BLESS=1");
    }
}

#[test]
fn an_archive_that_is_none_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("saved.tar");
    let manifest = |text: &str| tar_of("manifest.json", text);
    for (bytes, reason) in [
        (b"no tar at all".repeat(100), "it is no tar"),
        (manifest("[]"), "0 images instead of one"),
        (manifest(r#"[{"Config":"c","Layers":[]}]"#), "it names c, which is not in it"),
        (manifest("{"), "manifest.json: "),
        (tar_of("x", ""), "it names manifest.json"),
    ] {
        std::fs::write(&path, bytes).expect("a file");
        let error = Saved::open(&path).expect_err("not an archive");
        assert!(error.contains(reason), "{error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_as_an_archive_without_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2048)) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("a file");
        let _ = Saved::open(file.path());
    }
}
