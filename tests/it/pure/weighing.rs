//! What is said of one image, in every format, and how two images differ.

mod side_by_side;

use std::collections::BTreeMap;

use loadline::image::{DeltaKind, Digest, Weighed, delta, named_base};
use loadline::measure::{HostFact, Measure};
use loadline::report::{
    HostReport, InventoryFormat, ReadHow, SourceKind, SourceReport, WeighingReport, against, inventory, weighing_csv, weighing_json,
    weighing_markdown, weighing_schema, weighing_terminal,
};

use crate::support::checked_in;
use crate::support::golden::{Golden, base, shop};
use crate::support::layers::Layer;

fn registry() -> SourceReport {
    SourceReport {
        kind: SourceKind::Registry,
        place: "ghcr.io/me/shop:1".to_owned(),
        store: None,
        reported_size: None,
        read: ReadHow::EveryByte,
        known_layers: 0,
    }
}

fn archive() -> SourceReport {
    SourceReport {
        kind: SourceKind::DockerArchive,
        place: "shop.tar".to_owned(),
        store: None,
        reported_size: None,
        read: ReadHow::EveryByte,
        known_layers: 0,
    }
}

fn report(image: &Golden, source: SourceReport) -> WeighingReport {
    WeighingReport::new("shop:1", &image.weighed(), source, None)
}

fn diff_ids(image: &Weighed) -> Vec<Digest> {
    image.image.layers.iter().map(|layer| layer.diff_id).collect()
}

/// The app split at its base.
fn split() -> Weighed {
    let mut weighed = shop().weighed();
    assert!(weighed.weighing.split("debian:trixie-slim", &diff_ids(&base().weighed())));
    weighed
}

/// The app with one file changed, one of another mode, one gone, one new, and a layer that is made again.
fn newer() -> Golden {
    base()
        .layer("RUN /bin/sh -c apt-get install -y build-essential # buildkit", |layer| {
            layer.fill("usr/bin/x86_64-linux-gnu-gcc-14", 1_187_000, 10).fill("var/lib/dpkg/status", 131_900, 14)
        })
        .layer("COPY . /app # buildkit", |layer| {
            layer.fill("app/server", 1_800_000, 30).fill("app/config.json", 512, 22).fill("app/new.bin", 90_000, 31)
        })
}

fn compared() -> WeighingReport {
    let (old, new) = (shop().weighed(), newer().weighed());
    let data = |name: &str, image: &Weighed| WeighingReport::new(name, image, registry(), None);
    let (before, mut after) = (data("shop:1", &old), data("shop:2", &new));
    after.against = Some(against(&before, &after, &delta(&old, &new)));
    after
}

fn files(image: &Golden, format: InventoryFormat) -> String {
    let mut text = String::new();
    inventory(&image.weighed().tree, format, |piece| {
        text.push_str(piece);
        true
    })
    .expect("it is written");
    text
}

/// Names and instructions that would move a cursor, break a row, or be run by a spreadsheet.
fn hostile() -> Golden {
    Golden::new()
        .layer("RUN /bin/sh -c echo \x1b[2J\x07 | <script>alert(1)</script>\n\u{202e}gpj.exe # buildkit", |layer| {
            layer
                .file(b"a\x1b[31mred", &[b'x'; 5000])
                .file(b"b\nnew line|pipe`tick", &[b'x'; 5000])
                .file(b"\xff\xfenot utf-8", &[b'y'; 700])
                .file("=cmd()", &[b'z'; 600])
                .file("c\u{202e}txt.exe", &[b'w'; 500])
        })
        .layer("", |layer| layer.whiteout("c\u{202e}txt.exe").file(b"\xff\xfenot utf-8", &[b'v'; 300]))
}

fn many() -> Golden {
    (1..=127).fold(Golden::new(), |image, number| {
        image.layer(&format!("COPY part{number} /parts # buildkit"), |layer| {
            layer.fill(&format!("parts/{number}"), 100 * number, number as u64)
        })
    })
}

#[test]
fn the_terminal_view_of_an_image_from_a_registry() {
    let data = WeighingReport::new("shop:1", &split(), registry(), None);
    insta::assert_snapshot!(weighing_terminal(&data, 100, false));
}

#[test]
fn the_terminal_view_of_an_archive_at_80_columns_says_why_sizes_are_missing() {
    let text = weighing_terminal(&report(&shop().without_manifest(), archive()), 80, false);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_json_of_an_image_split_at_its_base() {
    let data = WeighingReport::new("shop:1", &split(), registry(), None);
    insta::assert_snapshot!(weighing_json(&data).expect("JSON"));
}

#[test]
fn the_csv_of_an_image() {
    insta::assert_snapshot!(weighing_csv(&report(&shop().without_manifest(), archive())).expect("CSV"));
}

#[test]
fn the_markdown_of_an_image() {
    insta::assert_snapshot!(weighing_markdown(&report(&shop(), registry())));
}

#[test]
fn the_terminal_view_of_an_image_against_another() {
    insta::assert_snapshot!(weighing_terminal(&compared(), 100, false));
}

#[test]
fn the_markdown_of_an_image_against_another() {
    insta::assert_snapshot!(weighing_markdown(&compared()));
}

#[test]
fn the_inventory_in_every_format() {
    let all = [InventoryFormat::Terminal, InventoryFormat::Csv, InventoryFormat::Json].map(|format| files(&shop(), format));
    insta::assert_snapshot!(all.join("\n"));
}

/// 20,000 files of a cache and a few big ones, which a later layer takes away; and an app that is copied with all its small files.
fn cached() -> Golden {
    let modules = |layer: Layer, folder: &str| (0..300).fold(layer, |layer, at| layer.fill(&format!("{folder}/m{at}/index.js"), 5_000, at));
    let cache =
        |layer: Layer| (0..20_000).fold(layer, |layer, at| layer.file(format!("root/.cache/go-build/{:02x}/{at}", at % 256), &[7; 500]));
    Golden::new()
        .layer("RUN /bin/sh -c go build ./... # buildkit", |layer| cache(layer).fill("usr/local/bin/server", 4_000_000, 1_000))
        .layer("COPY node_modules /app/node_modules # buildkit", |layer| modules(layer, "app/node_modules"))
        .layer("RUN /bin/sh -c cp -r /app/node_modules /srv && rm -rf /root/.cache # buildkit", |layer| {
            modules(layer, "srv/node_modules").whiteout("root/.cache")
        })
}

#[test]
fn waste_of_many_small_files_is_told_by_the_folder_that_has_them() {
    let data = report(&cached(), registry());
    let text = weighing_terminal(&data, 100, false);
    let waste = text.split("\n\n").find(|section| section.starts_with("Waste")).expect("a section");
    assert!(waste.contains("layer 1  /root/.cache/go-build (20000 files)\n"), "{waste}");
    assert!(waste.contains("copies  /srv/node_modules (300 files)"), "{waste}");
    assert!(weighing_markdown(&data).contains("/root/.cache/go-build (20000 files)"));
    insta::assert_snapshot!(waste);
}

#[test]
fn folders_and_files_are_told_in_one_unit_with_their_paths_under_each_other() {
    let image = Golden::new().layer("", |layer| layer.fill("a/b/big", 4_000_000, 1).fill("a/c/small", 300, 2));
    let text = weighing_terminal(&report(&image, registry()), 80, false);
    let rows: Vec<&str> = text.lines().skip_while(|line| *line != "Biggest folders").filter(|line| line.contains(" /a")).collect();
    let unit = |row: &&str| row.split_whitespace().nth(1).map(str::to_owned);
    assert!(rows.len() == 4 && rows.iter().all(|row| unit(row) == unit(&rows[0])), "{text}");
    assert!(rows.iter().all(|row| row.find('/') == rows[0].find('/')), "{text}");
}

#[test]
fn the_biggest_files_are_paths_that_are_left() {
    let image = Golden::new()
        .layer("", |layer| layer.fill("usr/lib/old.so", 50_000, 1).hard_link("usr/lib/kept.so", "usr/lib/old.so"))
        .layer("", |layer| layer.fill("usr/lib/old.so", 400, 2));
    let data = report(&image, registry());
    let files: Vec<(&str, u64)> = data.biggest_files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
    assert_eq!(files, [("/usr/lib/kept.so", 50_000), ("/usr/lib/old.so", 400)]);
    assert_eq!(data.waste.total, 0);
    let listed = files_of_fate(&image);
    assert_eq!(listed, [("live".to_owned(), 50_400), ("overwritten".to_owned(), 0)]);
}

/// The bytes of all rows of the inventory, fate by fate.
fn files_of_fate(image: &Golden) -> Vec<(String, u64)> {
    let mut sums = BTreeMap::new();
    for line in files(image, InventoryFormat::Csv).lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        *sums.entry(cells[4].to_owned()).or_insert(0) += cells[3].parse::<u64>().expect("bytes");
    }
    sums.into_iter().collect()
}

#[test]
fn hostile_names_reach_no_terminal_no_table_and_no_spreadsheet() {
    let data = report(&hostile(), registry());
    let (terminal, markdown) = (weighing_terminal(&data, 100, false), weighing_markdown(&data));
    let texts = [terminal, markdown, weighing_csv(&data).expect("CSV"), weighing_json(&data).expect("JSON")];
    let lists = [InventoryFormat::Terminal, InventoryFormat::Csv, InventoryFormat::Json].map(|format| files(&hostile(), format));
    for text in texts.iter().chain(&lists) {
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text}");
    }
    assert!(!texts[1].contains("<script>"), "{}", texts[1]);
    assert!(lists[1].lines().all(|line| !line.starts_with('=')), "{}", lists[1]);
    serde_json::from_str::<Vec<serde_json::Value>>(&lists[2]).expect("an array");
    insta::assert_snapshot!(format!("{}\n{}\n{}", texts[0], texts[1], lists[0]));
}

#[test]
fn an_image_without_layers_is_nothing_and_says_so() {
    let data = report(&Golden::new(), registry());
    assert_eq!(data.sizes[&Measure::UncompressedSize].value(), Some(0));
    assert_eq!(data.waste.percent, None);
    assert_eq!(files(&Golden::new(), InventoryFormat::Json), "[\n]\n");
    insta::assert_snapshot!(weighing_terminal(&data, 80, false));
}

#[test]
fn an_image_of_127_layers_has_a_line_for_each() {
    let data = report(&many(), registry());
    let text = weighing_terminal(&data, 80, false);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("COPY part")).count(), 127, "{text}");
    assert_eq!(data.layers.last().map(|layer| layer.number), Some(127));
}

#[test]
fn layers_without_a_history_say_that_the_image_does_not_say() {
    let data = report(&shop().without_history(), registry());
    assert!(data.layers.iter().all(|layer| layer.created_by.is_none() && layer.instruction.is_none()));
    let text = weighing_terminal(&data, 100, false);
    assert_eq!(text.matches("(the image does not say)").count(), data.layers.len(), "{text}");
}

#[test]
fn the_figures_of_an_image_are_those_of_its_files() {
    let data = report(&shop(), registry());
    let value = |measure| data.sizes[&measure].value();
    assert_eq!(data.waste.deleted, 3_310_044 + 1_904_120);
    assert_eq!(data.waste.overwritten, 92_018 + 2_412_544);
    assert_eq!(data.waste.duplicate, 640_000);
    assert_eq!(data.waste.total, data.waste.deleted + data.waste.overwritten + data.waste.duplicate);
    let files: u64 = data.layers.iter().filter_map(|layer| layer.content).map(|content| content.live).sum();
    assert_eq!(value(Measure::LiveSize), Some(files));
    let all = files + data.waste.deleted + data.waste.overwritten;
    assert_eq!(value(Measure::ClassicSize), Some(all));
    assert_eq!(value(Measure::ClassicSizeBuilt), Some(all - ("usr/bin".len() + "usr/lib".len()) as u64));
    assert_eq!(data.biggest_files[0].path, "/usr/libexec/gcc/x86_64-linux-gnu/14/cc1");
    assert_eq!(data.waste.worst_deleted[0].path, "/var/lib/apt/lists/trixie_main_Packages");
    assert_eq!((data.duplicates[0].copies, data.duplicates[0].paths.len()), (2, 2));
}

#[test]
fn a_split_image_is_its_base_and_its_app() {
    let weighed = split();
    let base = weighed.weighing.base.clone().expect("it was split");
    assert_eq!((base.layers, base.uncompressed_size + base.app_size), (2, weighed.weighing.uncompressed_size));
    let data = WeighingReport::new("shop:1", &weighed, registry(), None);
    assert_eq!(data.sizes[&Measure::AppSize].value(), Some(base.app_size));
    assert_eq!(data.layers.iter().filter(|layer| layer.of_base).count(), 2);
}

#[test]
fn a_base_that_an_image_names_is_proposed_and_not_believed() {
    use loadline::image::LayerSource as _;
    let image = shop().label("org.opencontainers.image.base.name", "docker.io/library/debian:trixie-slim");
    let named = named_base(None, &image.config(None).expect("a configuration"));
    let data = WeighingReport::new("shop:1", &image.weighed(), registry(), named);
    let loadline::report::SizeReport::Unavailable { unavailable, .. } = &data.sizes[&Measure::AppSize] else { panic!("no figure") };
    assert!(unavailable.contains("docker.io/library/debian:trixie-slim"), "{unavailable}");
    assert!(data.base.is_none());
}

#[test]
fn what_an_update_changes_and_moves_is_told_file_by_file() {
    let (old, new) = (shop().weighed(), newer().weighed());
    let found = delta(&old, &new);
    assert_eq!((found.added.files, found.added.after), (1, 90_000));
    assert_eq!((found.changed.files, found.changed.before, found.changed.after), (1, 1_704_960, 1_800_000));
    // The compiler and the two bundles are gone; three files are the same out of layers that were made again.
    assert_eq!((found.removed.files, found.removed.before), (3, 6_902_112 + 2 * 640_000));
    assert_eq!((found.moved.files, found.moved.after), (3, 1_187_000 + 131_900 + 512));
    assert_eq!(found.biggest[0].kind, DeltaKind::Removed);
    let moved = found.transfer.expect("both have a manifest");
    let fetched: u64 = new.weighing.layers[2..].iter().filter_map(|layer| layer.compressed).sum();
    assert_eq!((moved.blob, moved.chain), (fetched + new.image.config_bytes, fetched + new.image.config_bytes));
}

#[test]
fn an_image_differs_from_itself_in_nothing() {
    let (once, again) = (shop().weighed(), shop().weighed());
    let found = delta(&once, &again);
    assert!(found.biggest.is_empty() && found.by_size == 0, "{found:?}");
    assert_eq!(found.transfer.map(|moved| (moved.blob, moved.chain)), Some((0, 0)));
    let bare = shop().without_manifest().weighed();
    assert_eq!(delta(&once, &bare).transfer, None);
}

#[test]
fn a_layer_that_moves_up_is_known_to_stores_of_blobs_and_not_to_stores_of_chains() {
    let one = |image: Golden| image.layer("COPY one /", |layer| layer.fill("one", 10_000, 1));
    let two = |image: Golden| image.layer("COPY two /", |layer| layer.fill("two", 20_000, 2));
    let (old, new) = (two(one(Golden::new())).weighed(), one(two(Golden::new())).weighed());
    let moved = delta(&old, &new).transfer.expect("both have a manifest");
    assert_eq!(moved.blob, new.image.config_bytes);
    assert_eq!(moved.chain, new.image.config_bytes + new.weighing.layer_transfer_size.expect("it has a manifest"));
}

#[test]
fn the_schema_of_weighings_checked_in_is_that_of_the_type() {
    let schema = serde_json::to_string_pretty(&weighing_schema()).expect("a schema is JSON") + "\n";
    checked_in("schemas/weighing.schema.json", &schema);
}

#[test]
fn only_a_terminal_that_takes_colour_gets_it() {
    let data = report(&shop(), registry());
    assert!(!weighing_terminal(&data, 80, false).contains('\x1b') && weighing_terminal(&data, 80, true).contains('\x1b'));
}

#[test]
fn colour_is_all_that_a_terminal_with_colour_adds() {
    let escape = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    let on_a_host = |mut data: WeighingReport| {
        data.on_this_host = Some(host());
        data
    };
    for data in [WeighingReport::new("shop:1", &split(), registry(), None), compared(), on_a_host(report(&hostile(), archive()))] {
        for width in [60, 80, 120, 200] {
            let (plain, coloured) = (weighing_terminal(&data, width, false), weighing_terminal(&data, width, true));
            assert_eq!(escape.replace_all(&coloured, ""), plain);
            assert!(plain.lines().all(|line| line.chars().count() <= usize::from(width.max(80))), "{plain}");
        }
    }
}

/// Facts about a host with one that is not to be had.
fn host() -> HostReport {
    let mut report = HostReport { file_system: Some("ext4".to_owned()), ..HostReport::default() };
    for (fact, bytes) in HostFact::ALL.into_iter().zip([31_457_280, 0, 27_300_352, 8_404_000, 18_800_000, 2]) {
        let found = if fact == HostFact::DiskUsage { Err("this store keeps no blobs".to_owned()) } else { Ok(bytes) };
        report.set(fact, found);
    }
    report
}

#[test]
fn facts_about_a_host_stand_in_a_section_of_their_own_in_every_format() {
    let mut data = report(&shop(), registry());
    data.on_this_host = Some(host());
    let terminal = weighing_terminal(&data, 80, false);
    let section = terminal.split("\n\n").find(|section| section.starts_with("On this host")).expect("a section");
    let markdown = weighing_markdown(&data);
    let table = markdown.split("**On this host**").nth(1).and_then(|rest| rest.split("\n\n").nth(1)).expect("a table");
    let csv = weighing_csv(&data).expect("CSV");
    let rows: Vec<&str> = csv.lines().filter(|line| ["D5", "D6", "D7", "D8"].iter().any(|id| line.contains(&format!(",{id},")))).collect();
    let json: serde_json::Value = serde_json::from_str(&weighing_json(&data).expect("JSON")).expect("JSON");
    let json = serde_json::to_string_pretty(&json["on_this_host"]).expect("JSON");
    insta::assert_snapshot!(format!("{section}\n\n{table}\n\n{}\n\n{json}", rows.join("\n")));
}
