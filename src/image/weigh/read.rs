//! The documents and layers of an image, read and held against each other.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::{CountedLayer, Image, LayerFacts, LayerName, LayerSource, StoredManifest};
use crate::image::listing::Listing;
use crate::image::{Descriptor, Digest, ImageConfig, ImageError, Manifest, chain_ids};

/// Everything that `source` has of one image, if it agrees with itself; and what its layers hold, lowest first.
pub(super) fn image(source: &impl LayerSource) -> Result<(Image, Vec<Arc<Listing>>), ImageError> {
    let mut wrong = Vec::new();
    let manifest = source.manifest()?.map(|bytes| stored(&bytes)).transpose()?;
    let named = manifest.as_ref().map(|stored| &stored.manifest.config);
    let config_bytes = source.config(named.map(|config| &config.digest))?;
    let id = Digest::of(&config_bytes);
    if let Some(said) = named {
        check_bytes("config", said, id, config_bytes.len() as u64, &mut wrong);
    }
    // A configuration that is not what the manifest names may not parse either; the cause comes first.
    let config = ImageConfig::parse(&config_bytes).map_err(|error| if wrong.is_empty() { error } else { mismatch(&wrong) })?;
    let layer_names = names(&config, manifest.as_ref(), &mut wrong);
    let layers = layers(source, &layer_names, &mut wrong)?;
    if !wrong.is_empty() {
        return Err(ImageError::Mismatch(wrong));
    }
    let parts = |facts: LayerFacts| {
        let LayerFacts { stored, diff_id, uncompressed, listing } = facts;
        // A layer that is no tar was refused by now.
        listing.ok().map(|listing| (CountedLayer { stored, diff_id, uncompressed }, listing))
    };
    let (layers, listings) = layers.into_iter().flatten().filter_map(parts).unzip();
    Ok((Image { id, config_bytes: config_bytes.len() as u64, config, manifest, layers }, listings))
}

fn stored(bytes: &[u8]) -> Result<StoredManifest, ImageError> {
    Ok(StoredManifest { digest: Digest::of(bytes), bytes: bytes.len() as u64, manifest: Manifest::parse(bytes)? })
}

/// The layers as the configuration and, where there is one, the manifest name them: as many as both have.
fn names(config: &ImageConfig, manifest: Option<&StoredManifest>, wrong: &mut Vec<String>) -> Vec<LayerName> {
    let stored: Option<&[Descriptor]> = manifest.map(|stored| stored.manifest.layers.as_slice());
    if let Some(stored) = stored.filter(|stored| stored.len() != config.diff_ids.len()) {
        wrong.push(format!("the manifest has {} layers and the configuration {}", stored.len(), config.diff_ids.len()));
    }
    let count = stored.map_or(config.diff_ids.len(), |stored| stored.len().min(config.diff_ids.len()));
    let name = |(number, (&diff_id, chain_id)): (usize, (&Digest, Digest))| LayerName {
        number,
        diff_id,
        chain_id,
        stored: stored.map(|stored| stored[number].clone()),
    };
    config.diff_ids.iter().zip(chain_ids(&config.diff_ids)).take(count).enumerate().map(name).collect()
}

/// What was counted of every layer; `None` for one whose content is broken, which is noted in `wrong`.
fn layers(source: &impl LayerSource, names: &[LayerName], wrong: &mut Vec<String>) -> Result<Vec<Option<LayerFacts>>, ImageError> {
    let mut layers = Vec::with_capacity(names.len());
    for (name, read) in names.iter().zip(read_all(source, names)) {
        let what = format!("layer {}", name.number + 1);
        match read {
            Ok(facts) => {
                check_layer(&what, name, &facts, wrong);
                layers.push(Some(facts));
            }
            Err(ImageError::Blob { digest, fault }) if fault.is_corruption() => {
                wrong.push(format!("{what}: the blob {digest} {fault}"));
                layers.push(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(layers)
}

/// Reads every layer, one that is there twice once, on as many threads as there are cores: big ones first, so that none is left
/// for the end.
fn read_all(source: &impl LayerSource, names: &[LayerName]) -> Vec<Result<LayerFacts, ImageError>> {
    let mut first: BTreeMap<(Digest, Option<Digest>), usize> = BTreeMap::new();
    let key = |name: &LayerName| (name.diff_id, name.stored.as_ref().map(|stored| stored.digest));
    for name in names {
        first.entry(key(name)).or_insert(name.number);
    }
    let mut order: Vec<usize> = first.values().copied().collect();
    order.sort_by_key(|&number| std::cmp::Reverse(source.load(&names[number])));
    let done: Vec<Mutex<Option<Result<LayerFacts, ImageError>>>> = names.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&number) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let read = source.layer(&names[number]);
            *done[number].lock().expect("nobody panics while holding it") = Some(read);
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(order.len());
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut read: Vec<Option<Result<LayerFacts, ImageError>>> =
        done.into_iter().map(|slot| slot.into_inner().expect("nobody panics while holding it")).collect();
    for name in names {
        let original = first[&key(name)];
        if original != name.number {
            read[name.number] = match &read[original] {
                Some(Ok(facts)) => Some(Ok(facts.clone())),
                // The first of them says what is wrong.
                _ => Some(source.layer(name)),
            };
        }
    }
    read.into_iter().map(|slot| slot.expect("every layer was read")).collect()
}

fn check_layer(what: &str, name: &LayerName, facts: &LayerFacts, wrong: &mut Vec<String>) {
    if let (Some(said), Some(stored)) = (&name.stored, &facts.stored) {
        check_bytes(what, said, stored.digest, stored.size, wrong);
    }
    if facts.diff_id != name.diff_id {
        wrong.push(format!("{what}: the configuration says {} and the tar hashes to {}", name.diff_id, facts.diff_id));
    } else if let Err(fault) = &facts.listing {
        wrong.push(format!("{what} {fault}"));
    }
}

fn check_bytes(what: &str, said: &Descriptor, digest: Digest, size: u64, wrong: &mut Vec<String>) {
    if said.digest != digest {
        wrong.push(format!("{what}: the manifest says {} and the bytes hash to {digest}", said.digest));
    }
    if said.size != size {
        wrong.push(format!("{what}: the manifest says {} B and there are {size} B", said.size));
    }
}

fn mismatch(wrong: &[String]) -> ImageError {
    ImageError::Mismatch(wrong.to_vec())
}
