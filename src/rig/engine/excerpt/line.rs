//! What one line of a tool's output is: a cause, a part of a stack trace, progress, or neither.

/// What a line is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names why something failed.
    Cause,
    /// It says that something failed.
    Symptom,
    /// It belongs to the line above it.
    Indented,
    /// Anything else.
    Plain,
    /// Empty lines, stack frames, progress, advice.
    Noise,
}

/// Beginnings of lines of progress and of general advice, after what [`bare`] takes off.
const NOISE: [&str; 58] = [
    "[INFO]",
    "[WARNING]",
    "[ERROR] To see the full stack trace",
    "[ERROR] Re-run Maven",
    "[ERROR] For more information",
    "[ERROR] [Help",
    "[ERROR] -> [Help",
    "[end of output]",
    "See above for output",
    "note: This ",
    "hint: See above",
    "[ERROR] After correcting the problems",
    "A complete log of this run",
    "If you are behind a proxy",
    "This is a problem related to network connectivity",
    "In most cases you are behind a proxy",
    "404 Note that you can also",
    "404 tarball, folder, http url",
    "npm warn",
    "npm WARN",
    "npm notice",
    "npm http fetch",
    "npm timing",
    "Looking in ",
    "Collecting ",
    "Downloading ",
    "Downloaded ",
    "Using cached ",
    "Requirement already satisfied",
    "Installing collected packages",
    "Successfully ",
    "go: downloading ",
    "go: finding ",
    "Get:",
    "Hit:",
    "Ign:",
    "Fetched ",
    "Reading package lists",
    "Building dependency tree",
    "Reading state information",
    "(Reading database",
    "Selecting previously unselected",
    "Preparing to unpack",
    "Unpacking ",
    "Setting up ",
    "Processing triggers for",
    "Need to get ",
    "After this operation",
    "debconf: ",
    "W: Download is performed unsandboxed",
    "Traceback (most recent call last)",
    "During handling of the above exception",
    "The above exception was the direct cause",
    "goroutine ",
    "Node.js v",
    "compilation terminated",
    "WARNING: Location ",
    "Downloading from ",
];

/// What tools write where they mean an empty line, and the end of a printed object.
const EMPTY: [&str; 6] = ["npm error", "npm ERR!", "[ERROR]", "404", "network", "}"];

/// Parts of lines that tell of a host that was not reached or is not trusted, whoever writes them.
pub(super) const NETWORK: [&str; 22] = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "ETIMEDOUT",
    "EAI_AGAIN",
    "ECONNRESET",
    "ENETUNREACH",
    "connection refused",
    "could not resolve '",
    "could not resolve host",
    "no such host",
    "temporary failure in name resolution",
    "temporary failure resolving",
    "name or service not known",
    "network is unreachable",
    "i/o timeout",
    "connection timed out",
    "connect timed out",
    "connection reset by peer",
    "couldn't connect to server",
    "could not connect to server",
    "unable to resolve host",
    "unknownhostexception",
];

/// Parts of lines that tell of a certificate that the image does not trust.
pub(super) const UNTRUSTED: [&str; 8] = [
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "certificate signed by unknown authority",
    "certificate_verify_failed",
    "PKIX path building failed",
    "SSL certificate problem",
    "certificate verification failed",
];

/// Parts of lines that tell of a full disk.
pub(super) const FULL: [&str; 2] = ["no space left on device", "ENOSPC"];

/// Beginnings of lines that name a cause.
const CAUSES: [&str; 19] = [
    "code E",
    "errno ",
    "404 ",
    "ERROR: ",
    "E: ",
    "Err:",
    "FetchError",
    "[ERROR] ",
    "Caused by:",
    "panic: ",
    "fatal: ",
    "curl: (",
    "wget: ",
    "go: ",
    "# ",
    "--- FAIL",
    "make: *** ",
    "ERR_PNPM",
    "sh: ",
];

/// Parts of lines that name a cause.
const CAUSES_INSIDE: [&str; 16] = [
    ": error: ",
    ": fatal error: ",
    ": error TS",
    " error TS",
    "error[E",
    ": undefined: ",
    ": undefined reference to ",
    ": declared and not used",
    ": command not found",
    ": not found",
    ": No such file or directory",
    "Permission denied",
    "Could not find ",
    "Could not transfer ",
    "Could not resolve ",
    "is not in std",
];

/// Beginnings of lines that only say that something failed.
const SYMPTOMS: [&str; 13] = [
    "× ",
    "error: ",
    "error ",
    "Error: ",
    "ERROR ",
    "FAIL",
    "W: Failed to fetch",
    "FAILED",
    "exit status ",
    "collect2: ",
    "npm error",
    "npm ERR!",
    "fatal error",
];

/// What `text` is; `traced` says whether the line above belongs to a stack trace whose lines are told by their indentation.
pub(super) fn kind(text: &str, traced: bool) -> Kind {
    let line = bare(text);
    if is_property(text) {
        return Kind::Noise;
    }
    if contains(text, &NETWORK) || contains(text, &UNTRUSTED) || contains(text, &FULL) {
        return if is_frame(line) { Kind::Noise } else { Kind::Cause };
    }
    if is_noise(line) || (traced && is_call(line)) || (traced && indentation(text) > 0 && !is_exception(line)) {
        return Kind::Noise;
    }
    if CAUSES.iter().any(|start| line.starts_with(start)) || CAUSES_INSIDE.iter().any(|part| line.contains(part)) || is_exception(line) {
        return Kind::Cause;
    }
    if SYMPTOMS.iter().any(|start| line.starts_with(start)) || is_tools_error(text) {
        return Kind::Symptom;
    }
    if indentation(text) > 0 { Kind::Indented } else { Kind::Plain }
}

/// Whether the line below an indented `text` may still be a part of the same stack trace.
pub(super) fn belongs_to_trace(text: &str, traced: bool) -> bool {
    let line = bare(text);
    let starts = line.starts_with("Traceback (most recent call last)") || line.starts_with("goroutine ");
    starts || (traced && (indentation(text) > 0 || is_call(line)) && !is_exception(line))
}

/// The line without what a tool puts before each line of its own.
fn bare(text: &str) -> &str {
    let line = text.trim_start_matches(['│', '╰', '─', '>', ' ']).trim_end();
    let prefixes = ["npm error ", "npm ERR! ", "network "];
    prefixes.iter().fold(line, |line, prefix| line.strip_prefix(prefix).unwrap_or(line).trim_start())
}

fn is_noise(line: &str) -> bool {
    line.is_empty() || is_frame(line) || is_progress(line) || NOISE.iter().any(|start| line.starts_with(start)) || EMPTY.contains(&line)
}

/// A frame of a stack: Java, JavaScript, Python, Go.
fn is_frame(line: &str) -> bool {
    let java = line.starts_with("at ") || (line.starts_with("... ") && line.ends_with(" more"));
    let python = line.starts_with("File \"") && line.contains(", line ");
    let go = line.starts_with('/') && line.contains(".go:") && (line.contains(" +0x") || !line.contains(": "));
    java || python || go
}

/// A function's name in a Go stack: `main.f(...)`.
fn is_call(line: &str) -> bool {
    line.ends_with(')') && line.split('(').next().is_some_and(|name| name.contains('.') && !name.contains(' '))
}

/// A property of an error object that npm prints after the error: `npm error   code: 'ECONNREFUSED',`.
fn is_property(text: &str) -> bool {
    let rest = ["npm error   ", "npm ERR!   "].iter().find_map(|prefix| text.strip_prefix(prefix));
    rest.and_then(|rest| rest.split_once(": ")).is_some_and(|(name, _)| name.chars().all(char::is_alphanumeric))
}

/// Percentages and bars.
fn is_progress(line: &str) -> bool {
    let percent = line.split_whitespace().any(|word| word.strip_suffix('%').is_some_and(|n| n.parse::<f32>().is_ok()));
    let marks = line.chars().filter(|c| "━█▓░#=.-".contains(*c) || c.is_whitespace()).count();
    percent || (line.len() >= 4 && marks == line.chars().count())
}

/// `ValueError: boom`, `java.lang.IllegalStateException: boom`, `Error: boom`.
fn is_exception(line: &str) -> bool {
    let name = line.split([':', ' ']).next().unwrap_or_default();
    let plain = name.chars().all(|c| c.is_alphanumeric() || "._$".contains(c));
    plain && (name.ends_with("Error") || name.ends_with("Exception")) && line[name.len()..].starts_with(": ")
}

/// Whatever else npm says as an error.
fn is_tools_error(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("npm error") || text.starts_with("npm ERR!") || text.starts_with("[ERROR]")
}

pub(super) fn contains(text: &str, parts: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    parts.iter().any(|part| text.contains(&part.to_ascii_lowercase()))
}

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The line as it is compared with others: a tool that tries again changes only a count, a time or an address.
pub(super) fn without_numbers(text: &str) -> String {
    if !(text.contains("etry") || text.contains("0x")) {
        return text.trim().to_owned();
    }
    let hex = |c: char| if c.is_ascii_hexdigit() { '0' } else { c };
    let mut line: String = text.trim().chars().map(hex).collect();
    while line.contains("00") {
        line = line.replace("00", "0");
    }
    line
}
