//! The list of stand-ins as Markdown, CSV and JSON: pure functions of it.

use std::fmt::Write as _;

use serde_json::json;

use super::layer::COMPRESSOR;
use super::{BaseStatus, Listing, Recipe};
use crate::units::ByteUnit;

/// Where a stand-in is not in the cache.
const NOT_BUILT: &str = "not built";

/// Where the table stands in `docs/bases.md`.
pub const PAGE_BEGIN: &str = "<!-- stand-ins: begin, written by the tests -->\n";
/// Where it ends.
pub const PAGE_END: &str = "<!-- stand-ins: end -->\n";

/// Differences that at least three quarters of the `bases` have, and the names of those that have not: said once, not in every row.
pub fn common(bases: &[BaseStatus]) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut common: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for differs in bases.iter().flat_map(|base| base.recipe.differs) {
        let (with, without): (Vec<_>, Vec<_>) = bases.iter().partition(|base| base.recipe.differs.contains(differs));
        if without.len() * 4 <= bases.len() && with.len() > 1 && !common.iter().any(|(known, _)| known == differs) {
            common.push((differs, without.iter().map(|base| base.recipe.name).collect()));
        }
    }
    common
}

/// What differs in this one beyond what is [`common`].
pub fn own(recipe: &Recipe, common: &[(&str, Vec<&str>)]) -> Vec<&'static str> {
    recipe.differs.iter().copied().filter(|differs| !common.iter().any(|(known, _)| known == differs)).collect()
}

/// The list as a Markdown table; what the sizes are, when ours were made and what most have in common stand below it.
pub fn markdown(bases: &[BaseStatus]) -> String {
    let measured = |base: &BaseStatus| {
        let ours = base.cached.as_ref().map_or_else(|| NOT_BUILT.to_owned(), |cached| ByteUnit::Mega.number(cached.compressed_size));
        (ours, base.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}")))
    };
    table(bases, measured, &days(bases))
}

/// The table with measured cells from `measured`, and the days on which they were measured.
pub(super) fn table(bases: &[BaseStatus], measured: impl Fn(&BaseStatus) -> (String, String), days: &str) -> String {
    let mut text =
        "| Stand-in for | Published, MB | Of | Ours, MB | Ratio | Limit | What differs besides |\n|---|--:|---|--:|--:|--:|---|\n"
            .to_owned();
    let common = common(bases);
    for base in bases {
        let Recipe { name, published, limit_percent, .. } = base.recipe;
        let ((ours, ratio), differs) = (measured(base), own(base.recipe, &common).join("; "));
        let (bytes, of) = (ByteUnit::Mega.number(published.bytes), format!("{}, {}", published.version, published.date));
        writeln!(text, "| `{name}` | {bytes} | {of} | {ours} | {ratio} | ±{limit_percent} % | {differs} |")
            .expect("a String takes every write");
    }
    write!(
        text,
        "\nSizes are compressed: published = Σ layers of the registry's manifest for linux/amd64; ours = Σ layers under {COMPRESSOR}, {days}.\n"
    )
    .expect("a String takes every write");
    text.push('\n');
    for (differs, without) in common {
        let names: Vec<String> = without.iter().map(|name| format!("`{name}`")).collect();
        writeln!(text, "- {}: {differs}.", all_but(&names)).expect("a String takes every write");
    }
    text
}

/// `All`, or `All but debian:bookworm`.
pub fn all_but<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.is_empty() { "All".to_owned() } else { format!("All but {}", names.join(", ")) }
}

/// When the stand-ins were made.
fn days(bases: &[BaseStatus]) -> String {
    let day = |base: &BaseStatus| base.cached.as_ref().map(|cached| cached.created.strftime("%Y-%m-%d").to_string());
    let mut days: Vec<String> = bases.iter().filter_map(day).collect();
    days.sort();
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if first != last => format!("made from {first} to {last}"),
        (Some(day), _) => format!("made on {day}"),
        _ => "none made".to_owned(),
    }
}

/// One stand-in a row, sizes in bytes.
pub fn csv(bases: &[BaseStatus]) -> Result<String, csv::Error> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record([
        "name",
        "published_bytes",
        "published_version",
        "published_date",
        "compressed_bytes",
        "ratio",
        "limit_percent",
        "created",
        "image_id",
        "differs",
    ])?;
    for base in bases {
        let Recipe { name, published, limit_percent, differs, .. } = base.recipe;
        let cached = base.cached.as_ref();
        let of_cached = |text: fn(&super::CachedBase) -> String| cached.map(text).unwrap_or_default();
        rows.write_record([
            (*name).to_owned(),
            published.bytes.to_string(),
            published.version.to_owned(),
            published.date.to_owned(),
            of_cached(|cached| cached.compressed_size.to_string()),
            base.ratio().map(|ratio| ratio.to_string()).unwrap_or_default(),
            limit_percent.to_string(),
            of_cached(|cached| cached.created.to_string()),
            of_cached(|cached| cached.image_id.clone()),
            differs.join("; "),
        ])?;
    }
    let bytes = rows.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The whole listing, sizes in bytes.
pub fn json(listing: &Listing) -> String {
    let base = |base: &BaseStatus| {
        let Recipe { name, published, limit_percent, differs, package_managers, .. } = base.recipe;
        let cached = base.cached.as_ref().map(|cached| {
            json!({
                "created": cached.created.to_string(),
                "image_id": cached.image_id,
                "compressed_bytes": cached.compressed_size,
                "uncompressed_bytes": cached.uncompressed_size,
                "versions": cached.versions,
            })
        });
        json!({
            "name": name,
            "published": { "bytes": published.bytes, "version": published.version, "date": published.date },
            "cached": cached,
            "ratio": base.ratio(),
            "limit_percent": limit_percent,
            "differs": differs,
            "package_managers": package_managers,
        })
    };
    let Listing { bases, folder, bytes, unused } = listing;
    let unused = json!({ "images": unused.images, "files": unused.files, "bytes": unused.bytes });
    let cache = json!({ "folder": folder.display().to_string(), "bytes": bytes, "unused": unused });
    let bases: Vec<_> = bases.iter().map(base).collect();
    format!("{:#}\n", json!({ "compressor": COMPRESSOR, "cache": cache, "bases": bases }))
}
