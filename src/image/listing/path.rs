//! Paths as layers spell them, and as they are meant.

/// `path` from the root, without `.`, `..` and doubled slashes, in `out`. Whether it stays inside: engines refuse to unpack an
/// entry that leads out of the root (`../x`), while `a/../x` and `/../x` are `x` for them.
pub(super) fn clean(path: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let absolute = path.starts_with(b"/");
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if out.is_empty() && !absolute => return false,
            b".." => out.truncate(out.iter().rposition(|&byte| byte == b'/').unwrap_or(0)),
            part => {
                if !out.is_empty() {
                    out.push(b'/');
                }
                out.extend_from_slice(part);
            }
        }
    }
    true
}

/// Where the last part of a cleaned path begins.
pub(super) fn name_at(path: &[u8]) -> usize {
    path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1)
}
