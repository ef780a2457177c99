//! `weigh`: one image, all its sizes, layer by layer.

mod host;
mod open;
mod place;

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::args::{WeighArgs, WeighFormat};
use crate::cli::{Exit, Failure, plain, printer};
use crate::dockerfile::Dockerfile;
use crate::image::{self, Digest, LayerCache, LayerSource as _, NamedBase, Weighed};
use crate::report::{self, InventoryFormat, SourceReport, WeighingReport};
use crate::rig::bases::cache_folder;

use open::{Opened, Wanted};
use place::Place;

use super::print;

/// Weighs an image and prints one format.
pub(super) fn weigh(args: &WeighArgs) -> Result<Exit, Failure> {
    let wanted = wanted(args);
    let Places { image, base, against } = Places::of(args)?;
    let mut found = Found::at(&image, &wanted)?;
    if let Some(base) = &base {
        found.split(args.base.as_deref().unwrap_or_default(), &open::diff_ids(base, &wanted)?)?;
    }
    if let Some(file) = &args.file {
        found.trace(file, args.target.as_deref())?;
    }
    if args.files {
        if let Some(note) = found.note {
            printer::talk(&format!("note: {note}"));
        }
        return files(&found.weighed, args.format);
    }
    let mut data = found.report(&args.image);
    if let (Some(text), Some(place)) = (&args.against, &against) {
        set_against(&mut data, &found, text, &Found::at(place, &wanted)?);
    }
    if args.host_facts {
        data.on_this_host = Some(host::facts(&image, &found.diff_ids())?);
    }
    print(&written(&data, args.format)?)
}

/// How images are opened.
fn wanted(args: &WeighArgs) -> Wanted {
    // What nobody verified is not kept under the name of a hash.
    let cache =
        if args.fresh || args.verify || args.no_verify { None } else { cache_folder().ok().map(|folder| LayerCache::open(&folder)) };
    Wanted { platform: args.platform.clone(), cache, verify: args.verify, trust: args.no_verify }
}

/// Where the images of one weighing are.
struct Places {
    image: Place,
    base: Option<Place>,
    against: Option<Place>,
}

impl Places {
    /// Refuses what no image there can be asked for.
    fn of(args: &WeighArgs) -> Result<Self, Failure> {
        let image = Place::parse(&args.image)?;
        if args.no_verify && !matches!(image, Place::DockerArchive(_)) {
            let why = "is for docker-archive:FILE, whose layers are not compressed; leave it out for other images";
            return Err(Failure::new(Exit::Usage, format!("--no-verify {why}")));
        }
        let (base, against) = (args.base.as_deref().map(Place::parse).transpose()?, args.against.as_deref().map(Place::parse).transpose()?);
        if args.host_facts {
            host::check(&image)?;
        }
        Ok(Self { image, base, against })
    }
}

/// Sets the report of `found` against the image `old`, which was named by `text`.
fn set_against(data: &mut WeighingReport, found: &Found, text: &str, old: &Found) {
    let delta = image::delta(&old.weighed, &found.weighed);
    data.warnings.extend(old.note.iter().map(|note| format!("{}: {note}", plain::line(text))));
    data.against = Some(report::against(&old.report(text), data, &delta));
}

/// A report in one format.
fn written(data: &WeighingReport, format: WeighFormat) -> Result<String, Failure> {
    let text = match format {
        WeighFormat::Terminal => Ok(report::weighing_terminal(data, printer::width(), printer::colour())),
        WeighFormat::Markdown => Ok(report::weighing_markdown(data)),
        WeighFormat::Csv => report::weighing_csv(data),
        WeighFormat::Json => report::weighing_json(data),
    };
    text.map_err(|error| Failure::new(Exit::Internal, error))
}

/// An image that was opened and weighed.
struct Found {
    weighed: Weighed,
    source: SourceReport,
    named: Option<NamedBase>,
    note: Option<&'static str>,
}

impl Found {
    fn at(place: &Place, wanted: &Wanted) -> Result<Self, Failure> {
        let Opened { source, facts, note } = open::open(place, wanted)?;
        let before = wanted.known();
        let weighed = image::weigh(&source).map_err(|error| open::broken(place, error))?;
        let facts = SourceReport { known_layers: wanted.known() - before, ..facts };
        let has = &weighed.image.config.platform;
        if let Some(asked) = wanted.platform.as_ref().filter(|asked| !same_platform(asked, has)) {
            let text = format!("{place} is for {has} and not for {}; leave --platform out", plain::line(asked));
            return Err(Failure::new(Exit::Usage, text));
        }
        // What does not parse was refused by now, and what it names is a hint.
        let manifest = source.manifest().ok().flatten();
        let config = weighed.image.manifest.as_ref().map(|stored| stored.manifest.config.digest);
        let config = source.config(config.as_ref()).unwrap_or_default();
        let named = image::named_base(manifest.as_deref(), &config);
        Ok(Self { weighed, source: facts, named, note })
    }

    fn split(&mut self, name: &str, base: &[Digest]) -> Result<(), Failure> {
        if self.weighed.weighing.split(name, base) {
            return Ok(());
        }
        let why = format!(
            "the image is not built on {}: its lowest layers are others; name its base with --base, or leave it out",
            plain::line(name)
        );
        Err(Failure::new(Exit::Usage, why))
    }

    /// Finds the line of the Dockerfile at `path` behind every layer. One that made none of them is another image's.
    fn trace(&mut self, path: &Path, target: Option<&str>) -> Result<(), Failure> {
        let shown = plain::line(&path.to_string_lossy());
        let wrong = |why: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{shown}: {why}"));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&format!("cannot be read ({error}); check the path")))?;
        let dockerfile = Dockerfile::parse(&text).map_err(|error| wrong(&error))?;
        let no_args = BTreeMap::new();
        // An unknown target, and what else keeps the file from being built.
        dockerfile.base(target, &no_args).map_err(|error| wrong(&error))?;
        let layers = &mut self.weighed.weighing.layers;
        let lines = dockerfile.layer_lines(&shown, target, &no_args, &self.weighed.image.config.history, layers.len());
        if lines.iter().all(Option::is_none) && !layers.is_empty() {
            return Err(wrong(&"made none of the image's layers; name the Dockerfile that it was built from, and its stage with --target"));
        }
        for (layer, line) in layers.iter_mut().zip(lines) {
            layer.dockerfile_line = line;
        }
        Ok(())
    }

    fn diff_ids(&self) -> Vec<String> {
        self.weighed.weighing.layers.iter().map(|layer| layer.diff_id.clone()).collect()
    }

    fn report(&self, name: &str) -> WeighingReport {
        let mut report = WeighingReport::new(name, &self.weighed, self.source.clone(), self.named.clone());
        report.warnings.extend(self.note.map(str::to_owned));
        report
    }
}

/// `linux/arm64/v8` asks for the image that is `linux/arm64`.
fn same_platform(asked: &str, has: &str) -> bool {
    asked == has || asked.strip_prefix(has).is_some_and(|variant| variant.starts_with('/'))
}

fn files(weighed: &Weighed, format: WeighFormat) -> Result<Exit, Failure> {
    let format = match format {
        WeighFormat::Terminal => InventoryFormat::Terminal,
        WeighFormat::Csv => InventoryFormat::Csv,
        WeighFormat::Json => InventoryFormat::Json,
        WeighFormat::Markdown => {
            return Err(Failure::new(
                Exit::Usage,
                "--files has no Markdown: an image has too many files for a page; use terminal, csv or json",
            ));
        }
    };
    let mut failed = None;
    let take = |piece: &str| {
        failed = print(piece).err();
        failed.is_none()
    };
    report::inventory(&weighed.tree, format, take).map_err(|error| Failure::new(Exit::Internal, error))?;
    failed.map_or(Ok(Exit::Ok), Err)
}
