//! The inventory: every path in every layer with its fate. Text is handed on in pieces, so that its length takes no memory.

use super::layout::shown;
use crate::image::{EntryKind, Row, Tree, path_text};
use crate::report::ReportError;
use crate::report::csv::guard;
use crate::report::json::escaped;

/// How the inventory is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InventoryFormat {
    /// Columns for people.
    Terminal,
    /// One path of one layer a row.
    Csv,
    /// An array of objects, one a line.
    Json,
}

/// A piece is handed on when it has so many bytes.
const PIECE: usize = 64 * 1024;

/// Every path in every layer: paths folder by folder, layers lowest first. Each with its layer from 1, its kind, its bytes and
/// its fate. `take` gets the text in pieces and says whether it wants more.
pub fn inventory(tree: &Tree, format: InventoryFormat, mut take: impl FnMut(&str) -> bool) -> Result<(), ReportError> {
    let mut text = head(format).to_owned();
    let (mut wanted, mut failed, mut first) = (true, None, true);
    tree.rows(|row| {
        if !wanted || failed.is_some() {
            return;
        }
        match line(row, format, first) {
            Ok(line) => text.push_str(&line),
            Err(error) => failed = Some(error),
        }
        first = false;
        if text.len() >= PIECE {
            wanted = take(&text);
            text.clear();
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if wanted {
        text.push_str(if format == InventoryFormat::Json { "\n]\n" } else { "" });
        take(&text);
    }
    Ok(())
}

const fn head(format: InventoryFormat) -> &'static str {
    match format {
        InventoryFormat::Terminal => "layer          bytes  kind       fate         path\n",
        InventoryFormat::Csv => "path,layer,kind,bytes,fate,mode,uid,gid\n",
        InventoryFormat::Json => "[",
    }
}

fn line(row: &Row<'_>, format: InventoryFormat, first: bool) -> Result<String, ReportError> {
    let (path, layer, kind, fate) = (path_text(row.path), row.layer + 1, kind(row.kind), row.fate.id());
    let (mode, uid, gid) = row.owners;
    match format {
        InventoryFormat::Terminal => Ok(format!("{layer:>5}  {:>13}  {kind:<9}  {fate:<11}  {}\n", row.size, shown(&path))),
        InventoryFormat::Csv => {
            let cells = [guard(&path), layer.to_string(), kind.to_owned(), row.size.to_string(), fate.to_owned()];
            csv_line(cells.into_iter().chain([format!("{mode:04o}"), uid.to_string(), gid.to_string()]))
        }
        InventoryFormat::Json => {
            let object = serde_json::json!({
                "path": path, "layer": layer, "kind": kind, "bytes": row.size, "fate": fate,
                "mode": format!("{mode:04o}"), "uid": uid, "gid": gid,
            });
            Ok(format!("{}\n{}", if first { "" } else { "," }, escaped(&object.to_string())))
        }
    }
}

fn csv_line(cells: impl IntoIterator<Item = String>) -> Result<String, ReportError> {
    let failed = |source| ReportError::Csv { file: "the inventory", source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells.into_iter().map(String::into_bytes)).map_err(failed)?;
    let bytes = writer.into_inner().map_err(|error| failed(error.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::HardLink => "hard-link",
        EntryKind::Symlink => "symlink",
        EntryKind::Directory => "folder",
        EntryKind::Special => "special",
        EntryKind::Whiteout => "whiteout",
        EntryKind::Opaque => "opaque",
    }
}
