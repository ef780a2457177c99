//! Blobs on their way in and out, names, and answers to what is unknown.

use loadline::image::Digest;
use tokio::io::AsyncWriteExt as _;

use super::client::Client;
use super::{gzip, rig};

/// Waits until the upload at `location` is idle again and tells how far it is.
async fn settled(client: Client, location: &str) -> Option<String> {
    loop {
        let status = client.get(location).await;
        if status.status == 204 {
            return status.header("Range").map(str::to_owned);
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_blob_that_hashes_to_something_else_is_refused_and_not_stored() {
    let rig = rig().await;
    let (mark, location) = (rig.registry.mark(), rig.client.open("x").await);
    assert_eq!(rig.client.send("PATCH", &location, &[], b"what was sent").await.status, 202);
    let claimed = Digest::of(b"what was claimed");
    let reply = rig.client.send("PUT", &format!("{location}?digest={claimed}"), &[], b"").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "DIGEST_INVALID"));
    for digest in [claimed, Digest::of(b"what was sent")] {
        assert_eq!(rig.client.head(&format!("/v2/x/blobs/{digest}")).await.status, 404);
    }
    assert_eq!((rig.files("blobs"), rig.files("uploads")), (0, 0));
    let traffic = rig.registry.since(&mark);
    assert_eq!((traffic.uploads.len(), traffic.unfinished.uploaded), (0, 13));
}

#[tokio::test]
async fn an_upload_tells_the_last_byte_it_has_and_not_the_next() {
    let rig = rig().await;
    let location = rig.client.open("x").await;
    let reply = rig.client.send("PATCH", &location, &[], &[7; 100]).await;
    assert_eq!((reply.status, reply.header("Range")), (202, Some("0-99")));
    let status = rig.client.get(&location).await;
    assert_eq!((status.status, status.header("Range")), (204, Some("0-99")));
}

#[tokio::test]
async fn pieces_out_of_order_are_refused_and_those_in_order_taken() {
    let rig = rig().await;
    let location = rig.client.open("x").await;
    let piece = |range: &'static str| [("Content-Range", range)];
    assert_eq!(rig.client.send("PATCH", &location, &piece("0-4"), b"hello").await.status, 202);
    let early = rig.client.send("PATCH", &location, &piece("9-13"), b"world").await;
    assert_eq!((early.status, early.header("Range")), (416, Some("0-4")));
    assert_eq!(rig.client.send("PATCH", &location, &piece("0-4"), b"hello").await.status, 416);
    assert_eq!(rig.client.send("PATCH", &location, &piece("5-99"), b"world").await.status, 400);
    for nonsense in ["5", "9-5", "a-b", "bytes 5-9/10"] {
        assert_eq!(rig.client.send("PATCH", &location, &piece(nonsense), b"world").await.status, 400, "{nonsense}");
    }
    let digest = Digest::of(b"helloworld");
    let last = rig.client.send("PUT", &format!("{location}?digest={digest}"), &piece("5-9"), b"world").await;
    assert_eq!(last.status, 201);
    assert_eq!(rig.client.get(&format!("/v2/x/blobs/{digest}")).await.body, b"helloworld");
}

#[tokio::test]
async fn a_blob_may_come_whole_with_its_put_or_its_post() {
    let rig = rig().await;
    let (location, put) = (rig.client.open("x").await, Digest::of(b"put"));
    let reply = rig.client.send("PUT", &format!("{location}?digest={}", put.to_string().replace(':', "%3A")), &[], b"put").await;
    assert_eq!((reply.status, reply.header("Docker-Content-Digest")), (201, Some(&*put.to_string())));
    let post = Digest::of(b"post");
    assert_eq!(rig.client.send("POST", &format!("/v2/x/blobs/uploads/?digest={post}"), &[], b"post").await.status, 201);
    assert_eq!(rig.client.get(&format!("/v2/x/blobs/{post}")).await.body, b"post");
}

#[tokio::test]
async fn a_body_cut_off_is_no_blob_and_the_upload_can_go_on_from_there() {
    let rig = rig().await;
    let (mark, location) = (rig.registry.mark(), rig.client.open("x").await);
    let promise = format!("PATCH {location} HTTP/1.1\r\nHost: r\r\nContent-Length: 10\r\n\r\nhello");
    let reply = rig.client.raw(promise.as_bytes()).await;
    assert!(reply.is_none_or(|reply| reply.status == 400), "a cut body is never accepted");
    assert_eq!(settled(rig.client, &location).await.as_deref(), Some("0-4"));
    let traffic = rig.registry.since(&mark);
    assert_eq!((traffic.uploads.len(), traffic.unfinished.uploaded), (0, 5));
    let digest = Digest::of(b"helloworld");
    let rest = rig.client.send("PUT", &format!("{location}?digest={digest}"), &[("Content-Range", "5-9")], b"world").await;
    assert_eq!(rest.status, 201);
    assert_eq!(rig.registry.since(&mark).uploaded_bytes(), 10);
}

#[tokio::test]
async fn a_put_whose_body_is_cut_off_stores_nothing() {
    let rig = rig().await;
    let (location, digest) = (rig.client.open("x").await, Digest::of(b"hello"));
    // What arrives hashes to the digest that was claimed; the length that was promised says that it is not all.
    let promise = format!("PUT {location}?digest={digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 10\r\n\r\nhello");
    rig.client.raw(promise.as_bytes()).await;
    settled(rig.client, &location).await;
    assert_eq!(rig.client.head(&format!("/v2/x/blobs/{digest}")).await.status, 404);
    assert_eq!(rig.files("blobs"), 0);
}

#[tokio::test]
async fn bytes_beyond_the_stated_length_are_not_part_of_the_blob() {
    let rig = rig().await;
    let location = rig.client.open("x").await;
    let request = format!("PATCH {location} HTTP/1.1\r\nHost: r\r\nContent-Length: 5\r\n\r\nhello and more");
    let reply = rig.client.raw(request.as_bytes()).await.expect("an answer to the stated part");
    assert_eq!((reply.status, reply.header("Range")), (202, Some("0-4")));
}

#[tokio::test]
async fn a_broken_chunked_body_is_no_blob() {
    let rig = rig().await;
    let location = rig.client.open("x").await;
    let request = format!("PATCH {location} HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
    let reply = rig.client.raw(request.as_bytes()).await;
    assert!(reply.is_none_or(|reply| reply.status == 400));
    assert_eq!(settled(rig.client, &location).await.as_deref(), Some("0-4"));
}

#[tokio::test]
async fn names_that_leave_the_repository_are_refused() {
    let rig = rig().await;
    let digest = Digest::of(b"x");
    for name in ["..", "a/..", "%2e%2e", "a/%2e%2e/b", "", "A", "a//b", "a%2fb", "-", "a..b"] {
        for path in [format!("/v2/{name}/blobs/uploads/"), format!("/v2/{name}/manifests/a"), format!("/v2/{name}/blobs/{digest}")] {
            let method = if path.ends_with('/') { "POST" } else { "GET" };
            let reply = rig.client.send(method, &path, &[], b"").await;
            assert!(matches!(reply.status, 400 | 404), "{path}: {reply:?}");
        }
    }
    for tag in ["..", "%2e%2e", "sha256:ab", "-a"] {
        assert_eq!(rig.client.tag("x", tag, b"{}").await.status, 400, "{tag}");
    }
    assert_eq!((rig.files("blobs"), rig.files("uploads"), rig.files("manifests")), (0, 0, 0));
    let entries = std::fs::read_dir(rig.directory.path()).expect("the folder above").count();
    assert_eq!(entries, 1, "nothing was written beside the registry's folder");
}

#[tokio::test]
async fn a_mount_is_refused_with_a_plain_upload_and_counted() {
    let rig = rig().await;
    let (mark, digest) = (rig.registry.mark(), rig.client.push("first", b"blob").await);
    let reply = rig.client.send("POST", &format!("/v2/second/blobs/uploads/?mount={digest}&from=first"), &[], b"").await;
    assert_eq!((reply.status, reply.header("Range")), (202, Some("0-0")));
    assert!(reply.header("Location").is_some_and(|location| location.starts_with("/v2/second/blobs/uploads/")));
    assert_eq!(rig.registry.since(&mark).refused_mounts, 1);
}

#[tokio::test]
async fn a_blob_of_one_repository_is_unknown_to_every_other() {
    let rig = rig().await;
    let digest = rig.client.push("first", b"blob").await;
    assert_eq!(rig.client.head(&format!("/v2/second/blobs/{digest}")).await.status, 404);
    let mark = rig.registry.mark();
    rig.client.push("second", b"blob").await;
    assert_eq!(rig.registry.since(&mark).uploaded_bytes(), 4, "every byte was pushed again");
    assert_eq!(rig.files("blobs"), 1, "and stored once");
}

#[tokio::test]
async fn unknown_things_are_told_by_their_codes() {
    let rig = rig().await;
    let digest = Digest::of(b"x");
    let cases = [
        (rig.client.get(&format!("/v2/x/blobs/{digest}")).await, 404, "BLOB_UNKNOWN"),
        (rig.client.get("/v2/x/manifests/a").await, 404, "MANIFEST_UNKNOWN"),
        (rig.client.get("/v2/x/tags/list").await, 404, "NAME_UNKNOWN"),
        (rig.client.get("/v2/x/blobs/uploads/7").await, 404, "BLOB_UPLOAD_UNKNOWN"),
        (rig.client.get("/v2/x/blobs/sha256:7").await, 400, "DIGEST_INVALID"),
        (rig.client.send("PUT", "/v2/x/blobs/uploads/7", &[], b"").await, 400, "DIGEST_INVALID"),
        (rig.client.send("DELETE", &format!("/v2/x/blobs/{digest}"), &[], b"").await, 405, "UNSUPPORTED"),
        (rig.client.get("/v3/").await, 404, "UNSUPPORTED"),
    ];
    for (reply, status, code) in cases {
        assert_eq!((reply.status, reply.code().as_str()), (status, code));
        assert_eq!(reply.header("Docker-Distribution-Api-Version"), Some("registry/2.0"));
    }
    assert_eq!(rig.client.head(&format!("/v2/x/blobs/{digest}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_of_one_blob_at_the_same_time_all_succeed_and_store_it_once() {
    let rig = rig().await;
    let blob = gzip(&(0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    let (client, mark) = (rig.client, rig.registry.mark());
    let pushes: Vec<_> = (0..8)
        .map(|n| {
            let blob = blob.clone();
            tokio::spawn(async move { client.push(&format!("r{}", n % 2), &blob).await })
        })
        .collect();
    for push in pushes {
        assert_eq!(push.await.expect("a push"), Digest::of(&blob));
    }
    let traffic = rig.registry.since(&mark);
    assert_eq!((traffic.uploads.len(), traffic.uploaded_bytes()), (8, 8 * blob.len() as u64));
    assert_eq!((rig.files("blobs"), rig.files("uploads")), (1, 0));
    assert_eq!(client.get(&format!("/v2/r1/blobs/{}", Digest::of(&blob))).await.body, blob);
}

#[tokio::test]
async fn an_upload_takes_one_request_at_a_time() {
    let rig = rig().await;
    let location = rig.client.open("x").await;
    let mut first = rig.client.connect().await;
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: r\r\nContent-Length: 10\r\n\r\nhello");
    first.write_all(head.as_bytes()).await.expect("the registry reads");
    while rig.client.get(&location).await.status == 204 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let second = rig.client.send("PATCH", &location, &[], b"world").await;
    assert_eq!((second.status, second.code().as_str()), (400, "BLOB_UPLOAD_INVALID"));
    drop(first);
    assert_eq!(settled(rig.client, &location).await.as_deref(), Some("0-4"), "nothing of the second was mixed in");
}

#[tokio::test]
async fn a_part_of_a_blob_can_be_had() {
    let rig = rig().await;
    let digest = rig.client.push("x", b"0123456789").await;
    let path = format!("/v2/x/blobs/{digest}");
    let part = rig.client.send("GET", &path, &[("Range", "bytes=2-4")], b"").await;
    assert_eq!((part.status, part.header("Content-Range"), &*part.body), (206, Some("bytes 2-4/10"), &b"234"[..]));
    let beyond = rig.client.send("GET", &path, &[("Range", "bytes=10-")], b"").await;
    assert_eq!((beyond.status, beyond.header("Content-Range")), (416, Some("bytes */10")));
}
