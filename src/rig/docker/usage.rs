//! What a local image takes in the engine's store, and which other images are there.

use bollard::models::{ImageManifestSummary, ImageManifestSummaryKindEnum, ImageSummary};
use bollard::query_parameters::ListImagesOptionsBuilder;

use super::{Docker, EngineError};
use crate::rig::engine::{ImageUsage, Product};

/// What the engine says of the image with the id `id`.
pub(super) async fn of(docker: &Docker, id: &str) -> Result<ImageUsage, EngineError> {
    let action = "listing the images with what they share";
    let options = ListImagesOptionsBuilder::new().shared_size(true).manifests(true).build();
    let call = async { docker.client.list_images(Some(options)).await.map_err(|error| docker.failed(action, error)) };
    let (mut found, others): (Vec<_>, Vec<_>) = docker.watched(action, call).await?.into_iter().partition(|image| image.id == id);
    let incomplete = |missing| EngineError::Incomplete { action: action.to_owned(), missing };
    let image = found.pop().ok_or_else(|| incomplete("the image"))?;
    let listed = bytes(image.size).ok_or_else(|| incomplete("a size"))?;
    let shared = match bytes(image.shared_size) {
        // Podman has the field and no such count.
        _ if docker.product == Product::Podman => None,
        Some(shared) => Some(shared),
        // Engines before API 1.42 tell it in their account of disk usage alone.
        None => shared_in(&docker.account("/system/df?type=image&verbose=true").await?, id),
    };
    let others = others.into_iter().map(|image| image.id).collect();
    Ok(ImageUsage { listed, shared, unpacked: unpacked(&image), others })
}

/// An engine says −1 for what it has not counted.
fn bytes(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}

/// The unpacked bytes of an image for one platform: of several nobody says which one is meant.
fn unpacked(image: &ImageSummary) -> Option<u64> {
    let is_image = |manifest: &&ImageManifestSummary| manifest.available && manifest.kind == Some(ImageManifestSummaryKindEnum::IMAGE);
    let mut images = image.manifests.iter().flatten().filter(is_image);
    let data = images.next()?.image_data.as_ref()?;
    if images.next().is_some() { None } else { bytes(data.size.unpacked) }
}

/// The shared bytes of the image `id` in an engine's account of its disk usage: at its top until API 1.51, in a part of their own
/// from 1.52 on.
fn shared_in(account: &[u8], id: &str) -> Option<u64> {
    let account: serde_json::Value = serde_json::from_slice(account).ok()?;
    let images = account.pointer("/ImageUsage/Items").or_else(|| account.get("Images"))?.as_array()?;
    images.iter().find(|image| image.get("Id").is_some_and(|found| found == id))?.get("SharedSize")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_bytes_are_found_in_the_old_account_and_in_the_new() {
        let old = br#"{"LayersSize":9,"Images":[{"Id":"sha256:a","SharedSize":1},{"Id":"sha256:b","SharedSize":5}]}"#;
        assert_eq!(shared_in(old, "sha256:b"), Some(5));
        assert_eq!(shared_in(br#"{"ImageUsage":{"Items":[{"Id":"sha256:b","SharedSize":0}]}}"#, "sha256:b"), Some(0));
        for wrong in ["[", "{}", r#"{"Images":null}"#, r#"{"Images":[{"Id":"sha256:b","SharedSize":-1}]}"#] {
            assert_eq!(shared_in(wrong.as_bytes(), "sha256:b"), None, "{wrong}");
        }
        assert_eq!(shared_in(old, "sha256:c"), None);
    }
}
