//! Lines of `BuildKit`'s progress, written by hand: `moby.buildkit.v1.StatusResponse` in protobuf, in base64, in JSON.

/// A length-delimited field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).expect("seven bits"));
    out.extend_from_slice(bytes);
    out
}

/// `started`, `completed`: seconds 1, 2.
fn times() -> Vec<u8> {
    [field(5, &[0x08, 1]), field(6, &[0x08, 2])].concat()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let six = (word >> (18 - 6 * n)) & 0x3f;
            out.push(if n <= chunk.len() { char::from(ALPHABET[six as usize]) } else { '=' });
        }
    }
    out
}

fn line(status: &[u8]) -> Vec<u8> {
    format!("{{\"id\":\"moby.buildkit.trace\",\"aux\":\"{}\"}}\n", base64(status)).into_bytes()
}

/// A vertex that has ended, with an error where there is one.
pub(crate) fn vertex(digest: &str, name: &str, error: &str) -> Vec<u8> {
    let error = if error.is_empty() { Vec::new() } else { field(7, error.as_bytes()) };
    line(&field(1, &[field(1, digest.as_bytes()), field(3, name.as_bytes()), times(), error].concat()))
}

/// What a vertex printed.
pub(crate) fn log(digest: &str, message: &[u8]) -> Vec<u8> {
    line(&field(3, &[field(1, digest.as_bytes()), field(4, message)].concat()))
}

/// The image id at the end.
pub(crate) fn image() -> Vec<u8> {
    format!("{{\"id\":\"moby.image.id\",\"aux\":{{\"ID\":\"sha256:{}\"}}}}\n", "ab".repeat(32)).into_bytes()
}

/// The engine's error inside a stream.
pub(crate) fn error(message: &str) -> Vec<u8> {
    let message = serde_json::Value::from(message);
    format!("{{\"errorDetail\":{{\"message\":{message}}},\"error\":{message}}}\n").into_bytes()
}
