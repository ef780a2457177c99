//! What helps when not the Dockerfile is at fault, but a host that does not answer, a certificate or a full disk.

use std::collections::BTreeSet;

use super::line::{FULL, NETWORK, UNTRUSTED, contains};

/// Longest name of a host that is believed.
const LONGEST_HOST: usize = 253;

/// The hint that `output` gives; hosts are looked for in the chosen lines first.
pub(super) fn of(output: &[&str], chosen: &BTreeSet<usize>) -> Option<String> {
    let says = |parts: &[&str]| output.iter().copied().find(|line| contains(line, parts));
    if says(&FULL).is_some() {
        return Some(FULL_DISK.to_owned());
    }
    let (line, untrusted) = says(&UNTRUSTED).map(|line| (line, true)).or_else(|| says(&NETWORK).map(|line| (line, false)))?;
    // pip names its index once, in the beginning.
    let index = output.iter().copied().filter(|line| line.starts_with("Looking in indexes: "));
    let mut lines = [line].into_iter().chain(chosen.iter().map(|&at| output[at])).chain(index);
    let host = lines.find_map(host).map_or_else(|| "a host".to_owned(), |host| format!("the host {host}"));
    Some(if untrusted { untrusted_host(&host) } else { unreachable_host(&host) })
}

const FULL_DISK: &str = "no space was left where the step writes; free space there, or choose another place with --data-root";

fn unreachable_host(host: &str) -> String {
    format!(
        "{host} could not be reached from the step; check this machine's network, or name its proxy in build-args (HTTP_PROXY, HTTPS_PROXY)"
    )
}

fn untrusted_host(host: &str) -> String {
    format!(
        "the image does not trust the certificate of {host}; where a proxy inspects traffic, its CA must be in the image: stand-ins carry those of /usr/local/share/ca-certificates"
    )
}

/// The host that a line names, with its port where it is written.
fn host(line: &str) -> Option<String> {
    let candidates = [url, named, address];
    candidates.iter().find_map(|find| find(line)).filter(|host| is_host(host))
}

/// Of a URL. A name and password before the host are left out.
fn url(line: &str) -> Option<String> {
    let rest = line.split_once("://")?.1;
    let authority = rest.split(|c: char| c == '/' || c.is_whitespace() || "\"'<>)]},;".contains(c)).next()?;
    Some(authority.rsplit('@').next()?.to_owned())
}

/// Behind a word of a tool that writes no URL.
fn named(line: &str) -> Option<String> {
    let words = [
        "ENOTFOUND ",
        "EAI_AGAIN ",
        "resolve host: ",
        "resolve '",
        "resolving '",
        "host='",
        "lookup ",
        "connect to host ",
        "Failed to connect to ",
        "Connecting to ",
        "Could not connect to ",
        "UnknownHostException: ",
        "resolve host address '",
    ];
    let rest = words.iter().find_map(|word| Some(line.split_once(word)?.1))?;
    let end = rest.find(|c: char| c.is_whitespace() || "'\",()".contains(c)).unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(['.', ':']).to_owned())
}

/// `connect ECONNREFUSED 127.0.0.1:9`, `dial tcp 127.0.0.1:9: connect: …`.
fn address(line: &str) -> Option<String> {
    let rest = ["ECONNREFUSED ", "ETIMEDOUT ", "dial tcp "].iter().find_map(|word| Some(line.split_once(word)?.1))?;
    Some(rest.split_whitespace().next()?.trim_end_matches(':').to_owned())
}

fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    (1..=LONGEST_HOST).contains(&text.len()) && text.chars().all(allowed) && text.contains(|c: char| c.is_ascii_alphanumeric())
}
