//! Facts about the machine for the receipt and the conditions.
//!
//! Files are read below a root folder, `/` in a run and a made-up one in tests. A fact that cannot be read is
//! [`UNKNOWN`] or zero: a receipt is for people, and a machine without `/etc/os-release` can still be measured.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What is written for a fact that the machine does not tell.
pub const UNKNOWN: &str = "unknown";

/// Mixed into the hash of the machine's identity, so that it cannot be matched with what other programs derive.
const HOST_SALT: &[u8] = b"loadline host 1\0";

/// Reads facts about a machine below a root folder.
#[derive(Clone, Debug)]
pub struct HostProbe {
    root: PathBuf,
}

/// Facts about a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Operating system: `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// Kernel release: `6.1.0-18-amd64`.
    pub kernel: String,
    /// CPU model.
    pub cpu: String,
    /// Logical CPUs; 0 when unknown.
    pub cpus: usize,
    /// Memory, bytes; 0 when unknown.
    pub memory: u64,
    /// The same in every run on this machine, and tells nothing about it: 12 hexadecimal digits, or [`UNKNOWN`].
    pub host: String,
}

impl HostProbe {
    /// A probe below `root`: `/`, or a folder laid out like it.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// All facts as they are now.
    pub fn facts(&self) -> HostFacts {
        let cpuinfo = self.text("proc/cpuinfo").unwrap_or_default();
        HostFacts {
            os: self.os().unwrap_or_else(|| UNKNOWN.to_owned()),
            kernel: self.line("proc/sys/kernel/osrelease").unwrap_or_else(|| UNKNOWN.to_owned()),
            cpu: self.cpu_model(&cpuinfo).unwrap_or_else(|| UNKNOWN.to_owned()),
            cpus: cpuinfo.lines().filter(|l| l.starts_with("processor")).count(),
            memory: self.memory().unwrap_or(0),
            host: self.host().unwrap_or_else(|| UNKNOWN.to_owned()),
        }
    }

    /// os-release(5): `/etc/os-release` goes before `/usr/lib/os-release`.
    fn os(&self) -> Option<String> {
        let text = self.text("etc/os-release").or_else(|| self.text("usr/lib/os-release"))?;
        let value = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('=')).map(unquote);
        value("PRETTY_NAME").or_else(|| value("NAME")).filter(|name| !name.is_empty())
    }

    /// `model name` on x86, `Model` or `Hardware` on some Arm boards; other Arm machines have it in the device tree.
    fn cpu_model(&self, cpuinfo: &str) -> Option<String> {
        let field = |key: &str| {
            let value = |line: &str| line.split_once(':').filter(|(k, _)| k.trim() == key).map(|(_, v)| v.trim().to_owned());
            cpuinfo.lines().find_map(value).filter(|v| !v.is_empty())
        };
        let named = field("model name").or_else(|| field("Model")).or_else(|| field("Hardware"));
        named.or_else(|| self.line("proc/device-tree/model"))
    }

    /// `MemTotal` of `proc_meminfo(5)`, whose kB are 1024 bytes.
    fn memory(&self) -> Option<u64> {
        let text = self.text("proc/meminfo")?;
        let total = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
        total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    /// machine-id(5) asks programs to hash the id with a key of their own before they show it.
    fn host(&self) -> Option<String> {
        let machine_id = |path: &str| self.line(path).filter(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        let identity = machine_id("etc/machine-id")
            .or_else(|| machine_id("var/lib/dbus/machine-id"))
            .or_else(|| self.line("sys/class/dmi/id/product_uuid"))
            .or_else(|| self.line("proc/sys/kernel/hostname"))?;
        let hash = Sha256::new().chain_update(HOST_SALT).chain_update(identity).finalize();
        let first = hash.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Some(format!("{first:012x}"))
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read(self.root.join(path)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file of one line, without what surrounds its text; `None` when there is no text.
    fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.lines().next()?.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!line.is_empty()).then(|| line.to_owned())
    }
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    inner.unwrap_or(value).to_owned()
}

/// The file system that `path` is on, or would be on once created: `tmpfs`, `ext4`, … or its magic number.
pub fn file_system(path: &Path) -> io::Result<String> {
    let existing = path.ancestors().find(|p| p.exists()).filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let magic = low_word(rustix::fs::statfs(existing)?.f_type);
    Ok(file_system_name(magic).map_or_else(|| format!("{magic:#x}"), str::to_owned))
}

/// The type of `f_type` differs between architectures; the magic numbers are 32 bits wide on all of them.
fn low_word(magic: impl Into<i64>) -> i64 {
    magic.into() & 0xffff_ffff
}

/// Names for the magic numbers of statfs(2) and `linux/magic.h`.
const fn file_system_name(magic: i64) -> Option<&'static str> {
    Some(match magic {
        0x0102_1994 => "tmpfs",
        0x8584_58f6 => "ramfs",
        // ext2, ext3 and ext4 share it; ext4's driver serves the other two as well.
        0xef53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0xca45_1a4e => "bcachefs",
        0x794c_7630 => "overlayfs",
        0x6969 => "nfs",
        0xff53_4d42 | 0xfe53_4d42 => "smb",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        0x7371_7368 => "squashfs",
        _ => return None,
    })
}

/// Whether a program called `unpigz` can be run from `path`, the value of `PATH`. Docker inflates with it where it can.
pub fn unpigz_on_path(path: Option<&OsStr>) -> bool {
    let runnable = |file: PathBuf| fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    path.is_some_and(|path| std::env::split_paths(path).any(|folder| runnable(folder.join("unpigz"))))
}

#[cfg(test)]
mod tests;
