//! A build request as the query of `POST /build`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, BuilderVersion as Version};

use crate::rig::engine::{BuildRequest, BuilderVersion, CacheUse, Product};

/// The query for `request`. Podman has one builder, which takes no session, whatever version it is asked for.
pub(super) fn of(request: &BuildRequest, product: Product) -> BuildImageOptions {
    let builder = BuildImageOptionsBuilder::new()
        .dockerfile(request.context.dockerfile())
        .t(&request.tag)
        .nocache(request.cache == CacheUse::NoCache)
        .rm(true)
        .forcerm(true)
        .networkmode(request.network.id())
        .platform(request.platform.as_deref().unwrap_or_default())
        .target(request.target.as_deref().unwrap_or_default())
        .buildargs(&owned(&request.build_args))
        .labels(&owned(&request.labels));
    match request.builder {
        BuilderVersion::BuildKit if product == Product::Docker => builder.version(Version::BuilderBuildKit).session(&session()).build(),
        BuilderVersion::BuildKit | BuilderVersion::Classic => builder.version(Version::BuilderV1).build(),
    }
}

fn owned(map: &BTreeMap<String, String>) -> HashMap<String, String> {
    map.clone().into_iter().collect()
}

/// An id that no other session of the engine has: another program's, or an earlier one of this process.
fn session() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("loadline-{}-{}-{:016x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed), fastrand::u64(..))
}
