//! The same request to the engine's socket without loadline: written at once, answered to the end, nothing read meanwhile.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

/// What the engine answered to a build.
pub(crate) struct Answer {
    /// From before the connection was opened until the answer had ended, seconds.
    pub(crate) seconds: f64,
    /// The image that was made.
    pub(crate) image_id: String,
}

/// Posts a build of `tar` with the given query and reads the answer to its end.
pub(crate) fn build(socket: &Path, query: &[(&str, &str)], tar: &[u8]) -> Result<Answer, String> {
    let request = head(query, tar.len());
    let begun = Instant::now();
    let answer = exchange(socket, &request, tar).map_err(|e| format!("a plain build by {}: {e}", socket.display()))?;
    let seconds = begun.elapsed().as_secs_f64();
    let image_id = image_id(&answer).ok_or_else(|| format!("a plain build was answered without an image: {}", tail(&answer)))?;
    Ok(Answer { seconds, image_id })
}

fn exchange(socket: &Path, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// HTTP/1.0, so that the answer ends with the connection and is in no chunks.
fn head(query: &[(&str, &str)], length: usize) -> String {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    format!(
        "POST /build?{} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/x-tar\r\nContent-Length: {length}\r\n\r\n",
        query.join("&")
    )
}

fn escaped(value: &str) -> String {
    value.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The id that `BuildKit` gives in a line of its own: `{"id":"moby.image.id","aux":{"ID":"sha256:…"}}`.
fn image_id(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    head.split_whitespace().nth(1).filter(|status| *status == "200")?;
    let lines = body.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let image = lines.rev().find(|line| line["id"] == "moby.image.id")?;
    image["aux"]["ID"].as_str().map(str::to_owned)
}

/// The end of an answer, for whoever has to find out what went wrong.
fn tail(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[answer.len().saturating_sub(1_000)..]).trim_end().to_owned()
}
