//! What `[smoke]` says of the container: `env` and `command`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::reader::{Item, Reader, short};

/// How `env` is written.
pub(super) const ENV: &str = "env = { DATABASE_URL = \"sqlite::memory:\" }";

/// How `command` is written.
pub(super) const COMMAND: &str = "command = [\"serve\", \"--port\", \"8080\"]";

/// Each is part of a request to the engine, and nobody writes more by hand.
const MOST: usize = 200;

pub(super) fn read_env(env: &mut BTreeMap<String, String>, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(table) = reader.sub_table(item) else { return };
    if table.len() > MOST {
        return reader.error(item.span(), format!("'{}' has more than {MOST} entries", item.path), "keep what the app needs to start");
    }
    for entry in Item::entries(table, &item.path) {
        let entry = Item { example: ENV, ..entry };
        if !is_variable_name(entry.name) {
            let message = format!("'{}' is no name for an environment variable", short(entry.name));
            reader.error(entry.key_span.clone(), message, "write a name without '=', blanks and control characters");
        } else if let Some(value) = read_value(reader, &entry) {
            env.insert(entry.name.to_owned(), value);
        }
    }
}

/// An empty value is one.
fn read_value(reader: &mut Reader<'_>, entry: &Item<'_>) -> Option<String> {
    let fault = "cannot hold a NUL character";
    match entry.value.get_ref() {
        DeValue::String(text) if text.contains('\0') => {
            reader.error(entry.span(), format!("'{}' {fault}", short(&entry.path)), "take it out");
            None
        }
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
            let quoted = format!("write it in quotes: {} = \"{}\"", short(entry.name), reader.written(&entry.span()));
            reader.error(entry.span(), format!("'{}' is not in quotes", short(&entry.path)), quoted);
            None
        }
        _ => reader.wrong_type(entry, "text in quotes"),
    }
}

/// Whether the engine and the app's `environ(7)` can carry it.
pub fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control())
}

pub(super) fn read_command(reader: &mut Reader<'_>, item: &Item<'_>) -> Option<Vec<String>> {
    let DeValue::Array(list) = item.value.get_ref() else { return reader.wrong_type(item, "a list of words") };
    let words: Option<Vec<String>> = list
        .iter()
        .map(|word| match word.get_ref() {
            DeValue::String(text) if !text.contains('\0') => Some(text.clone().into_owned()),
            _ => None,
        })
        .collect();
    match words {
        Some(words) if !words.is_empty() && words.len() <= MOST => Some(words),
        _ => {
            let message = format!("'{}' is not a list of 1 to {MOST} words in quotes", short(&item.path));
            reader.error(item.span(), message, format!("write it as: {COMMAND}"));
            None
        }
    }
}
