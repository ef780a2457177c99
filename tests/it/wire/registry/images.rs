//! Manifests, tags, and the weighing of what was pushed.

use loadline::image::{Digest, ImageError, Weighed, weigh};
use loadline::rig::registry::Moved;

use super::client::{MANIFEST_TYPE, Reply};
use super::{config, gzip, manifest, push_image, rig};
use crate::support::layers::layer;

#[tokio::test]
async fn a_pushed_image_is_weighed_from_what_passed() {
    let rig = rig().await;
    let (tars, mark) = ([layer(&vec![1; 50_000]), layer(&vec![2; 70_000])], rig.registry.mark());
    let tars = [&tars[0][..], &tars[1]];
    let blobs = tars.map(gzip);
    let blobs = [&blobs[0][..], &blobs[1]];
    let manifest = push_image(rig.client, "run-1/go-api", &tars, &blobs).await;
    let Weighed { image, weighing, .. } = weigh(&rig.registry.image("run-1/go-api", "a").expect("pushed")).expect("sound");
    let compressed = (blobs[0].len() + blobs[1].len()) as u64;
    assert_eq!(
        (weighing.layer_transfer_size.expect("there is a manifest"), weighing.uncompressed_size),
        (compressed, (tars[0].len() + tars[1].len()) as u64)
    );
    assert_eq!(weighing.transfer_size.expect("there is a manifest"), compressed + (config(&tars).len() + manifest.len()) as u64);
    assert_eq!(image.manifest.expect("a registry has one").digest, Digest::of(&manifest));
    assert_eq!(weighing.layers[1].created_by.as_deref(), Some("step 2"));
    let traffic = rig.registry.since(&mark);
    assert_eq!(traffic.uploaded_bytes() + traffic.manifest_uploads[0].bytes, weighing.transfer_size.expect("there is a manifest"));
    assert_eq!(traffic.requests, 10, "three for each of three blobs and one for the manifest");
}

#[tokio::test]
async fn a_pull_is_entered_with_its_exact_bytes() {
    let rig = rig().await;
    let (tar, blob) = (vec![3; 3_000_000], gzip(&vec![3; 3_000_000]));
    let manifest = push_image(rig.client, "library/golang", &[&tar], &[&blob]).await;
    let mark = rig.registry.mark();
    let by_tag = rig.client.get("/v2/library/golang/manifests/a?ns=docker.io").await;
    assert_eq!((by_tag.status, &by_tag.body), (200, &manifest));
    assert_eq!(by_tag.header("Docker-Content-Digest"), Some(&*Digest::of(&manifest).to_string()));
    assert_eq!(by_tag.header("Content-Type"), Some(MANIFEST_TYPE));
    let layer = rig.client.get(&format!("/v2/library/golang/blobs/{}?ns=docker.io", Digest::of(&blob))).await;
    assert_eq!((layer.status, &layer.body), (200, &blob));
    let head = rig.client.head(&format!("/v2/library/golang/blobs/{}", Digest::of(&blob))).await;
    assert_eq!((head.status, head.header("Content-Length")), (200, Some(&*blob.len().to_string())));
    let traffic = rig.registry.since(&mark);
    assert_eq!((traffic.downloaded_bytes(), traffic.downloads.len()), (blob.len() as u64, 1));
    assert_eq!(traffic.manifest_downloads.iter().map(|transfer| transfer.bytes).sum::<u64>(), manifest.len() as u64);
    assert_eq!(rig.registry.moved_since(&mark), Moved { uploaded: 0, downloaded: blob.len() as u64 });
}

#[tokio::test]
async fn a_manifest_that_names_missing_blobs_is_refused() {
    let rig = rig().await;
    let (config, layer) = (config(&[b"tar"]), gzip(b"tar"));
    rig.client.push("x", &config).await;
    rig.client.push("other", &layer).await;
    let reply = rig.client.tag("x", "a", &manifest(&config, &[&layer])).await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "MANIFEST_BLOB_UNKNOWN"));
    assert_eq!(rig.client.head("/v2/x/manifests/a").await.status, 404);
    assert_eq!(rig.files("manifests"), 0);
}

#[tokio::test]
async fn manifests_that_are_none_are_refused_and_leave_nothing() {
    let rig = rig().await;
    let schema_one = br#"{"schemaVersion":1,"name":"x","tag":"a","fsLayers":[]}"#;
    for bytes in [&b""[..], b"{}", b"[]", b"\xff\xfe", b"{\"schemaVersion\":2}", schema_one, &b"[".repeat(100_000)] {
        let reply = rig.client.tag("x", "a", bytes).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "MANIFEST_INVALID"));
    }
    let sound = manifest(&[], &[]);
    let typed = rig.client.send("PUT", "/v2/x/manifests/a", &[("Content-Type", "text/plain")], &sound).await;
    assert_eq!(typed.status, 400, "header and document contradict each other");
    let wrong = rig.client.tag("x", &Digest::of(b"other").to_string(), &sound).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(rig.files("manifests"), 0);
}

#[tokio::test]
async fn a_manifest_of_ten_megabytes_is_refused_before_it_is_read_whole() {
    let rig = rig().await;
    let reply = rig
        .client
        .raw(&[&b"PUT /v2/x/manifests/a HTTP/1.1\r\nHost: r\r\nContent-Length: 10000000\r\n\r\n"[..], &vec![b' '; 5_000_000]].concat())
        .await;
    assert!(reply.is_none_or(|reply| reply.status == 413), "refused, or cut off while it was still coming");
    assert_eq!(rig.client.head("/v2/x/manifests/a").await.status, 404);
    assert_eq!(rig.client.get("/v2/").await.status, 200, "the registry goes on");
}

#[tokio::test]
async fn a_cut_gzip_layer_is_stored_and_never_weighed() {
    let rig = rig().await;
    let (tar, mut blob) = (vec![9; 100_000], gzip(&vec![9; 100_000]));
    blob.truncate(blob.len() - 20);
    push_image(rig.client, "x", &[&tar], &[&blob]).await;
    let error = weigh(&rig.registry.image("x", "a").expect("pushed")).expect_err("never a number");
    assert!(matches!(&error, ImageError::Mismatch(wrong) if wrong.len() == 1), "{error}");
    assert!(error.to_string().contains("cut off"), "{error}");
}

#[tokio::test]
async fn a_layer_that_holds_another_tar_than_claimed_is_never_weighed() {
    let rig = rig().await;
    push_image(rig.client, "x", &[b"claimed"], &[&gzip(b"sent")]).await;
    let error = weigh(&rig.registry.image("x", "a").expect("pushed")).expect_err("never a number").to_string();
    assert!(error.contains(&Digest::of(b"claimed").to_string()) && error.contains(&Digest::of(b"sent").to_string()), "{error}");
}

#[tokio::test]
async fn a_broken_zstd_layer_is_corrupt() {
    let rig = rig().await;
    push_image(rig.client, "x", &[b"tar"], &[b"\x28\xb5\x2f\xfd and so on"]).await;
    let error = weigh(&rig.registry.image("x", "a").expect("pushed")).expect_err("never a number").to_string();
    assert!(error.starts_with("the image is corrupt: layer 1") && error.ends_with("build or push it again"), "{error}");
}

#[tokio::test]
async fn an_index_is_kept_and_served_and_is_no_image() {
    let rig = rig().await;
    let child = push_image(rig.client, "x", &[b"tar"], &[&gzip(b"tar")]).await;
    let kind = "application/vnd.oci.image.index.v1+json";
    let entry = serde_json::json!({"mediaType": MANIFEST_TYPE, "digest": Digest::of(&child), "size": child.len()});
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": kind, "manifests": [entry]}).to_string();
    let put = |repository: &str| format!("/v2/{repository}/manifests/all");
    assert_eq!(rig.client.send("PUT", &put("x"), &[("Content-Type", kind)], index.as_bytes()).await.status, 201);
    assert_eq!(rig.client.send("PUT", &put("y"), &[("Content-Type", kind)], index.as_bytes()).await.status, 404);
    assert_eq!(rig.client.get(&put("x")).await.header("Content-Type"), Some(kind));
    let error = weigh(&rig.registry.image("x", "all").expect("pushed")).expect_err("an index has no size");
    assert!(matches!(error, ImageError::Index { manifests: 1 }), "{error}");
}

#[tokio::test]
async fn tags_are_listed_in_order_and_by_page_and_deleted() {
    let rig = rig().await;
    let manifest = push_image(rig.client, "x", &[b"tar"], &[&gzip(b"tar")]).await;
    assert_eq!(rig.client.tag("x", "b", &manifest).await.status, 201);
    let tags = |reply: Reply| serde_json::from_slice::<serde_json::Value>(&reply.body).expect("JSON")["tags"].to_string();
    assert_eq!(tags(rig.client.get("/v2/x/tags/list").await), r#"["a","b"]"#);
    assert_eq!(tags(rig.client.get("/v2/x/tags/list?n=1").await), r#"["a"]"#);
    assert_eq!(tags(rig.client.get("/v2/x/tags/list?n=1&last=a").await), r#"["b"]"#);
    assert_eq!(rig.client.send("DELETE", "/v2/x/manifests/a", &[], b"").await.status, 202);
    assert_eq!(rig.client.send("DELETE", "/v2/x/manifests/a", &[], b"").await.status, 404);
    assert_eq!(rig.client.get(&format!("/v2/x/manifests/{}", Digest::of(&manifest))).await.status, 200);
}
