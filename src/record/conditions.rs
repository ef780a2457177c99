//! Where the conditions of two records, or of two parts of one, are not the same.

use std::fmt;

use super::Conditions;

/// A condition that is not the same on two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which: `engine version`.
    pub what: String,
    /// On the first side.
    pub first: String,
    /// On the second.
    pub second: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} was {} and is {}", self.what, self.first, self.second)
    }
}

impl Conditions {
    /// Every condition of times that differs, the host and the digests of single base images aside.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let limit = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        let both = |what: &'static str, of: &dyn Fn(&Self) -> String| (what, of(self), of(other));
        [
            both("base set", &|c| c.base_set.id().to_owned()),
            both("platform", &|c| c.platform.clone()),
            both("compressor", &|c| c.compressor.clone()),
            both("engine", &|c| c.engine.clone()),
            both("engine version", &|c| c.engine_version.clone()),
            both("API version", &|c| c.api_version.clone()),
            both("store", &|c| c.store.clone()),
            both("builder", &|c| c.builder.clone()),
            both("network of RUN steps", &|c| c.run_network.clone()),
            both("registry", &|c| c.registry.id().to_owned()),
            both("link", &|c| c.link.clone()),
            both("link of downloads", &|c| limit(c.download_link.clone())),
            both("CPU limit", &|c| limit(c.cpus.map(|cpus| cpus.to_string()))),
            both("memory limit", &|c| limit(c.memory.map(|memory| memory.to_string()))),
            both("file system of the data root", &|c| c.data_root_file_system.clone()),
            both("presence of unpigz", &|c| c.unpigz.to_string()),
        ]
        .into_iter()
        .filter(|(_, first, second)| first != second)
        .map(|(what, first, second)| Difference { what: what.to_owned(), first, second })
        .collect()
    }

    /// Base images of both whose digests differ.
    pub fn moved_bases(&self, other: &Self) -> Vec<Difference> {
        let pairs = self.bases.iter().filter_map(|(name, base)| Some((name, base, other.bases.get(name)?)));
        let moved = pairs.filter(|(_, first, second)| first.digest != second.digest);
        moved
            .map(|(name, first, second)| Difference {
                what: format!("base image {name}"),
                first: first.digest.clone(),
                second: second.digest.clone(),
            })
            .collect()
    }
}
