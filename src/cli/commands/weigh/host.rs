//! Facts about the host that an image is on. What cannot be had is told with the reason; a lost engine is a failure.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::cli::{Exit, Failure, plain};
use crate::measure::HostFact;
use crate::report::HostReport;
use crate::rig::classic::ClassicLayers;
use crate::rig::docker::Docker;
use crate::rig::{Engine, EngineError, EngineInfo, ImageInfo, ImageUsage};
use crate::units;

use super::super::runtime;
use super::open::inspected;
use super::place::Place;

/// How a file begins that is compressed with gzip (RFC 1952, ID1 and ID2).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Refuses the places where no fact about a host can be had.
pub(super) fn check(place: &Place) -> Result<(), Failure> {
    match place {
        Place::Engine(_) | Place::DockerArchive(_) => Ok(()),
        Place::Registry(_) | Place::Oci(_) | Place::OciArchive(_) => {
            let text = format!(
                "--host-facts is not for {place}: unpacked usage (D5), disk usage (D6), shared and unique size (D8) need an engine that \
                 has the image, and archive size (D7) an engine or a docker-archive; pull it and weigh engine:NAME, or leave \
                 --host-facts out"
            );
            Err(Failure::new(Exit::Usage, text))
        }
    }
}

/// The facts about the image at `place`, whose layers are `diff_ids`.
pub(super) fn facts(place: &Place, diff_ids: &[String]) -> Result<HostReport, Failure> {
    match place {
        Place::Engine(name) => runtime()?.block_on(of_engine(place, name, diff_ids)),
        Place::DockerArchive(stored) => Ok(of_file(&stored.path)),
        Place::Registry(_) | Place::Oci(_) | Place::OciArchive(_) => check(place).map(|()| HostReport::default()),
    }
}

/// A file has its own length, and nothing else: what the image takes is up to the engine that loads it.
fn of_file(path: &Path) -> HostReport {
    let mut report = HostReport::default();
    for fact in HostFact::ALL {
        report.set(fact, Err("only an engine unpacks an image; load the archive and weigh engine:NAME".to_owned()));
    }
    report.set(HostFact::ArchiveSize, archive_length(path));
    report
}

/// D7 is the archive as an engine writes it: neither what a tool made of it since nor what came through a pipe has that length.
fn archive_length(path: &Path) -> Result<u64, String> {
    let unread = |error: io::Error| format!("the file's length cannot be read: {error}");
    if !path.is_file() {
        return Err("the archive came through a pipe; weigh the file".to_owned());
    }
    let (mut file, mut start) = (File::open(path).map_err(unread)?, Vec::new());
    file.by_ref().take(2).read_to_end(&mut start).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    if start == GZIP {
        let text =
            format!("the file was compressed after it was saved, to {}; unpack it with `gzip -d` and weigh that", units::bytes(length));
        return Err(text);
    }
    Ok(length)
}

async fn of_engine(place: &Place, name: &str, diff_ids: &[String]) -> Result<HostReport, Failure> {
    let (docker, info, image) = inspected(name).await?;
    if image.diff_ids != diff_ids {
        let text = format!("{place} became another image while it was weighed; weigh it again");
        return Err(Failure::new(Exit::Incomplete, text));
    }
    let mut report = HostReport::default();
    let usage = known(docker.usage(&image.id).await)?;
    let layers = in_its_store(&docker, &info, &image);
    unpacked(&mut report, &info, layers.as_ref(), &usage);
    report.set(HostFact::DiskUsage, disk_usage(&info, &usage));
    report.set(HostFact::ArchiveSize, known(archive_size(&docker, name).await)?);
    shared(&mut report, &docker, &image, layers.ok().as_ref(), usage).await?;
    Ok(report)
}

/// What the engine told, or in a sentence why it did not. One that is gone tells nothing more.
fn known<T>(answer: Result<T, EngineError>) -> Result<Result<T, String>, Failure> {
    match answer {
        Err(error) if error.is_fatal() => Err(Failure::new(Exit::Engine, error)),
        other => Ok(other.map_err(sentence)),
    }
}

fn sentence(error: impl std::error::Error + Send + Sync + 'static) -> String {
    plain::line(&Failure::new(Exit::Engine, error).chain())
}

/// The image's layers in a classic store on this machine, or why they cannot be looked at.
fn in_its_store(docker: &Docker, info: &EngineInfo, image: &ImageInfo) -> Result<ClassicLayers, String> {
    if docker.is_remote() {
        return Err("the engine is on another machine".to_owned());
    }
    let id = image.id.parse().map_err(sentence)?;
    ClassicLayers::open(Path::new(&info.data_root), &id).map_err(sentence)
}

fn unpacked(report: &mut HostReport, info: &EngineInfo, layers: Result<&ClassicLayers, &String>, usage: &Result<ImageUsage, String>) {
    if info.containerd_store {
        let told = usage.as_ref().map_err(String::clone).and_then(|usage| {
            usage.unpacked.ok_or_else(|| "the engine does not tell it of this image; it does from API 1.47 on, of one platform".to_owned())
        });
        return report.set(HostFact::UnpackedUsage, told);
    }
    let found = layers.map_err(String::clone).and_then(|layers| layers.disk_use().map_err(sentence));
    report.file_system = found.as_ref().ok().and_then(|found| found.file_system.clone());
    report.set(HostFact::UnpackedUsage, found.map(|found| found.bytes));
}

fn disk_usage(info: &EngineInfo, usage: &Result<ImageUsage, String>) -> Result<u64, String> {
    if info.containerd_store {
        return usage.as_ref().map(|usage| usage.listed).map_err(String::clone);
    }
    Err(format!("defined for the containerd store alone; this is {}, which keeps no blobs", plain::line(&info.store)))
}

/// The bytes of the archive, none of which is kept.
async fn archive_size(docker: &Docker, name: &str) -> Result<u64, EngineError> {
    let counted = docker.export(name, |archive| io::copy(archive, &mut io::sink())).await?;
    counted.map_err(|source| EngineError::File { action: "read", path: format!("the export of {name}"), source })
}

/// Shared and unique bytes. A classic store has what it shares by the chain ids of its layers; of any other the engine is asked.
async fn shared(
    report: &mut HostReport,
    docker: &Docker,
    image: &ImageInfo,
    layers: Option<&ClassicLayers>,
    usage: Result<ImageUsage, String>,
) -> Result<(), Failure> {
    let usage = match usage {
        Ok(usage) => usage,
        Err(why) => {
            for fact in [HostFact::SharedSize, HostFact::UniqueSize, HostFact::SharingImages] {
                report.set(fact, Err(why.clone()));
            }
            return Ok(());
        }
    };
    let common = match known(in_common(docker, image, &usage.others).await)? {
        Ok(common) => common,
        Err(why) => {
            report.set(HostFact::SharingImages, Err(why));
            Vec::new()
        }
    };
    let sharing = common.iter().filter(|layers| **layers > 0).count() as u64;
    if !report.facts.contains_key(&HostFact::SharingImages) {
        report.set(HostFact::SharingImages, Ok(sharing));
    }
    let told = usage.shared.map(|shared| (shared, usage.listed));
    let found = layers.map_or(told, |layers| Some(split(&layers.reported(), &common)));
    let untold = || "the engine does not tell what images share".to_owned();
    report.set(HostFact::SharedSize, found.map(|(shared, _)| shared).ok_or_else(untold));
    report.set(HostFact::UniqueSize, found.and_then(|(shared, all)| all.checked_sub(shared)).ok_or_else(untold));
    Ok(())
}

/// Of every other image how many of the lowest layers it has in common with this one.
async fn in_common(docker: &Docker, image: &ImageInfo, others: &[String]) -> Result<Vec<usize>, EngineError> {
    let mut common = Vec::with_capacity(others.len());
    for other in others {
        // One that was removed meanwhile shares nothing.
        if let Some(other) = docker.inspect(other).await? {
            common.push(image.diff_ids.iter().zip(&other.diff_ids).take_while(|(ours, theirs)| ours == theirs).count());
        }
    }
    Ok(common)
}

/// The bytes that are shared, and all bytes, of layers that have `reported` bytes and of which others have so many in common: a
/// layer is the same as another one if all below it is the same too.
fn split(reported: &[u64], common: &[usize]) -> (u64, u64) {
    let shared = common.iter().copied().max().unwrap_or(0);
    (reported.iter().take(shared).sum(), reported.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_ends_where_the_last_image_parts() {
        assert_eq!(split(&[100, 20, 3], &[]), (0, 123));
        assert_eq!(split(&[100, 20, 3], &[0, 1, 2]), (120, 123));
        assert_eq!(split(&[100, 20, 3], &[3]), (123, 123));
        assert_eq!(split(&[], &[0]), (0, 0));
    }

    #[test]
    fn a_file_has_a_length_and_a_pipe_has_none() {
        let folder = tempfile::tempdir().expect("a folder is made");
        let path = folder.path().join("a.tar");
        std::fs::write(&path, [0; 1024]).expect("it is written");
        let value = |path: &Path, fact| of_file(path).facts.get(&fact).and_then(crate::report::SizeReport::value);
        assert_eq!((value(&path, HostFact::ArchiveSize), value(&path, HostFact::UnpackedUsage)), (Some(1024), None));
        assert_eq!(value(Path::new("-"), HostFact::ArchiveSize), None);
        assert_eq!(of_file(&path).facts.len(), HostFact::ALL.len());
    }
}
