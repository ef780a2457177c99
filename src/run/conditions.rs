//! What decides whether figures may be compared, read off the bench and the machine.

use std::collections::BTreeMap;

use crate::image::COMPRESSOR;
use crate::record::{BaseRecord, BaseSet, COMPRESSES_AT_PUSH, Conditions, HostFacts, RegistryKind, UNKNOWN};
use crate::rig::EngineInfo;
use crate::rig::bases::{self, BaseSetKind, Provided};
use crate::rig::link::Link;
use crate::rig::private::EngineLimits;
use crate::units::{Cpus, LinkProfile};

use super::{EngineKind, RigSettings, Rigged};

/// What is known of the conditions before there is a bench: the machine, whose engine it is to be, and the link.
pub fn undecided(settings: &RigSettings, host: &HostFacts, unpigz: bool) -> Conditions {
    let unknown = || UNKNOWN.to_owned();
    let private = matches!(settings.engine, EngineKind::Private { .. });
    let limits = match &settings.engine {
        EngineKind::Private { limits, .. } => *limits,
        EngineKind::Host => EngineLimits::default(),
    };
    Conditions {
        base_set: if private { BaseSet::Undecided } else { BaseSet::Engine },
        bases: BTreeMap::new(),
        platform: unknown(),
        compressor: unknown(),
        engine: if private { "private" } else { "host" }.to_owned(),
        engine_version: unknown(),
        api_version: unknown(),
        store: unknown(),
        builder: unknown(),
        run_network: unknown(),
        link: settings.link.to_string(),
        download_link: settings.downloads.map(|link| link.to_string()),
        registry: RegistryKind::Own,
        cpus: limits.cpus.map(Cpus::number),
        memory: limits.memory,
        data_root_file_system: unknown(),
        unpigz,
        host: host.host.clone(),
    }
}

impl Rigged {
    /// The conditions under which this bench measures on the machine of `host`.
    pub fn conditions(&self, host: &HostFacts, unpigz: bool) -> Conditions {
        let info = &self.info;
        Conditions {
            base_set: self.provided.as_ref().map_or(BaseSet::Engine, base_set),
            bases: self.provided.as_ref().map(base_records).unwrap_or_default(),
            platform: info.platform.clone(),
            compressor: match self.bench.unreachable {
                Some(_) => COMPRESSOR.to_owned(),
                None => compressor(info, self.provided.as_ref()),
            },
            engine: if self.bench.isolated { "private" } else { "host" }.to_owned(),
            engine_version: info.version.clone(),
            api_version: info.api_version.clone(),
            store: info.store.clone(),
            builder: info.buildkit.clone().unwrap_or_else(|| format!("BuildKit of Engine {}", info.version)),
            run_network: self.bench.network.id().to_owned(),
            link: self.link(),
            download_link: self.bench.downloads.as_ref().map(|downloads| downloads.link().to_string()),
            registry: if self.bench.named.is_some() { RegistryKind::Named } else { RegistryKind::Own },
            cpus: self.limits.cpus.map(Cpus::number),
            memory: self.limits.memory,
            data_root_file_system: self.data_root_file_system.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
            unpigz,
            host: host.host.clone(),
        }
    }
}

impl Rigged {
    /// The way of push and pull: to a named registry it is known by the registry alone.
    fn link(&self) -> String {
        match (&self.bench.named, &self.bench.unreachable) {
            (Some(named), _) => format!("to {}", named.remote().name().host()),
            (None, Some(_)) => "none".to_owned(),
            (None, None) => {
                let shape = self.bench.link.as_ref().map(Link::shape);
                shape.map_or(LinkProfile::Loopback, LinkProfile::Shaped).to_string()
            }
        }
    }
}

/// A classic store compresses at every push, in the daemon. A containerd store pushes the blobs it keeps: of what was built as the builder
/// compressed it, of base images as they came.
fn compressor(info: &EngineInfo, provided: Option<&Provided>) -> String {
    let version = &info.version;
    if !info.containerd_store {
        return format!("dockerd {version}, {COMPRESSES_AT_PUSH}");
    }
    let of_bases = match provided.map(|provided| provided.set) {
        Some(BaseSetKind::StandIn) => format!("; base images by loadline, {}", bases::COMPRESSOR),
        Some(BaseSetKind::Hub) => "; base images as published".to_owned(),
        None => String::new(),
    };
    format!("dockerd {version}, gzip as stored{of_bases}")
}

const fn base_set(provided: &Provided) -> BaseSet {
    match provided.set {
        BaseSetKind::Hub => BaseSet::Hub,
        BaseSetKind::StandIn => BaseSet::StandIn,
    }
}

fn base_records(provided: &Provided) -> BTreeMap<String, BaseRecord> {
    let record = |base: &crate::rig::bases::ProvidedBase| BaseRecord {
        digest: base.digest.clone(),
        uncompressed_size: base.uncompressed_size,
        differs: (!base.differs.is_empty()).then(|| base.differs.join("; ")),
    };
    provided.images.iter().map(|(reference, base)| (reference.clone(), record(base))).collect()
}
