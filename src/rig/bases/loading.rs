//! Loading stand-ins from the cache: what shares layers in one archive, two archives at a time.

use std::collections::BTreeMap;

use super::BaseError;
use super::cache::{Entry, bytes_of};
use super::making::Site;
use super::progress::Teller;
use super::standin::blocking;
use crate::rig::Engine;

/// A stand-in's name and its image in the cache.
pub(super) type Cached = (&'static str, Entry);

/// What became of loading: for each image the reason why it is not in the engine, or its entry.
pub(super) type Loaded = Vec<(&'static str, Result<Entry, String>)>;

/// Loads `images` into the engine. An image of which a layer does not verify is left out; the others come.
pub(super) async fn load_all<E: Engine>(site: Site<'_, E>, images: Vec<Cached>) -> Result<Loaded, BaseError> {
    let [first, second] = halves(images);
    let (mut loaded, more) = tokio::try_join!(load_in_turn(site, first), load_in_turn(site, second))?;
    loaded.extend(more);
    Ok(loaded)
}

async fn load_in_turn<E: Engine>(site: Site<'_, E>, families: Vec<Vec<Cached>>) -> Result<Loaded, BaseError> {
    let mut loaded = Loaded::new();
    for family in families {
        loaded.extend(load(site, family).await?);
    }
    Ok(loaded)
}

async fn load<E: Engine>(site: Site<'_, E>, images: Vec<Cached>) -> Result<Loaded, BaseError> {
    let _steps: Vec<_> = images.iter().map(|(name, _)| Teller::new(site.sink, name).step("load from the cache")).collect();
    let (cache, place) = (site.cache.clone(), site.cache.workplace()?);
    let archive = place.path().join("load.tar");
    let path = archive.clone();
    let (names, entries): (Vec<_>, Vec<_>) = images.into_iter().unzip();
    let (entries, damage) = blocking(move || cache.assemble(&entries, &path).map(|damage| (entries, damage))).await??;
    if damage.iter().any(Option::is_none) {
        site.engine.load(&archive).await?;
    }
    let outcomes = entries.into_iter().zip(damage).map(|(entry, damage)| damage.map_or(Ok(entry), Err));
    Ok(names.into_iter().zip(outcomes).collect())
}

/// Images with the same lowest layer are one family. The families in two lots of about the same number of bytes.
fn halves(images: Vec<Cached>) -> [Vec<Vec<Cached>>; 2] {
    let mut families: BTreeMap<String, Vec<Cached>> = BTreeMap::new();
    for image in images {
        let lowest = image.1.layers.first().map(|layer| layer.diff_id.clone()).unwrap_or_default();
        families.entry(lowest).or_default().push(image);
    }
    let mut families: Vec<_> = families.into_values().map(|family| (bytes_of(family.iter().map(|(_, entry)| entry)), family)).collect();
    families.sort_by_key(|(bytes, family)| (std::cmp::Reverse(*bytes), family[0].0));
    let mut lots = [(0, Vec::new()), (0, Vec::new())];
    for (bytes, family) in families {
        let lot = usize::from(lots[1].0 < lots[0].0);
        lots[lot].0 += bytes;
        lots[lot].1.push(family);
    }
    lots.map(|(_, families)| families)
}
