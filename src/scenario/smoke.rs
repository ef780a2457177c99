//! The `[smoke]` table and its `[[smoke.requests]]`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use toml::de::DeValue;

use super::model::{Smoke, SmokeCheck, SmokeExpect, SmokeRequest};
use super::reader::{Item, Key, Reader, short};
use super::smoke_container::{COMMAND, ENV, read_command, read_env};
use crate::units;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_TIMEOUT: Duration = Duration::from_hours(1);
const METHODS: &[(&str, &str)] =
    &[("GET", "GET"), ("HEAD", "HEAD"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE"), ("OPTIONS", "OPTIONS")];

/// What the `[smoke]` table says.
#[derive(Default)]
pub(super) struct SmokeDraft {
    span: Range<usize>,
    keys: usize,
    port: Option<u16>,
    /// Whether the key was there, whatever became of it.
    port_said: bool,
    timeout: Option<Duration>,
    skip: Option<String>,
    /// Whether the key was there, whatever became of it.
    skip_said: bool,
    ready: RequestDraft,
    requests: Vec<RequestDraft>,
    env: BTreeMap<String, String>,
    command: Option<Vec<String>>,
}

/// What one request of it says.
#[derive(Default)]
pub(super) struct RequestDraft {
    method: Option<&'static str>,
    path: Option<String>,
    body: Option<String>,
    status: Option<u16>,
    text: Option<(String, Range<usize>)>,
    json: Option<(serde_json::Value, Range<usize>)>,
}

/// The keys that `[smoke]` and `[[smoke.requests]]` share are read by the same functions: `smoke` is one request more.
pub(super) const KEYS: &[Key<SmokeDraft>] = &[
    Key { name: "port", required: false, example: "port = 8080", read: read_port },
    Key { name: "timeout", required: false, example: "timeout = \"30 s\"", read: read_timeout },
    Key { name: "method", required: false, example: METHOD, read: |draft, reader, item| read_method(&mut draft.ready, reader, item) },
    Key { name: "path", required: false, example: PATH, read: |draft, reader, item| read_path(&mut draft.ready, reader, item) },
    Key { name: "body", required: false, example: BODY, read: |draft, reader, item| read_body(&mut draft.ready, reader, item) },
    Key { name: "status", required: false, example: STATUS, read: |draft, reader, item| read_status(&mut draft.ready, reader, item) },
    Key { name: "text", required: false, example: TEXT, read: |draft, reader, item| read_text(&mut draft.ready, reader, item) },
    Key { name: "json", required: false, example: JSON, read: |draft, reader, item| read_json(&mut draft.ready, reader, item) },
    Key { name: "requests", required: false, example: "[[smoke.requests]]\npath = \"/api/items\"", read: read_requests },
    Key { name: "env", required: false, example: ENV, read: |draft, reader, item| read_env(&mut draft.env, reader, item) },
    Key { name: "command", required: false, example: COMMAND, read: |draft, reader, item| draft.command = read_command(reader, item) },
    Key { name: "skip", required: false, example: "skip = \"it has no network interface\"", read: read_skip },
];

pub(super) const REQUEST_KEYS: &[Key<RequestDraft>] = &[
    Key { name: "method", required: false, example: METHOD, read: read_method },
    Key { name: "path", required: true, example: PATH, read: read_path },
    Key { name: "body", required: false, example: BODY, read: read_body },
    Key { name: "status", required: false, example: STATUS, read: read_status },
    Key { name: "text", required: false, example: TEXT, read: read_text },
    Key { name: "json", required: false, example: JSON, read: read_json },
];

const METHOD: &str = "method = \"POST\"";
const PATH: &str = "path = \"/health\"";
const BODY: &str = "body = '{\"name\": \"anchor\"}'";
const STATUS: &str = "status = 200";
const TEXT: &str = "text = \"ok\"";
const JSON: &str = "json = { status = \"ok\" }";

/// Reads the `[smoke]` table.
pub(super) fn read(reader: &mut Reader<'_>, item: &Item<'_>) -> Option<SmokeDraft> {
    let table = reader.sub_table(item)?;
    let mut draft = SmokeDraft { span: item.key_span.clone(), keys: table.len(), ..SmokeDraft::default() };
    let said = reader.table(&mut draft, "smoke", &item.key_span, table, KEYS);
    draft.port_said = said.contains(&"port");
    draft.skip_said = said.contains(&"skip");
    Some(draft)
}

impl SmokeDraft {
    /// Checks what needs more than one key.
    pub(super) fn finish(self, reader: &mut Reader<'_>) -> Option<Smoke> {
        if self.skip_said {
            if self.keys > 1 {
                reader.error(self.span, "'smoke' has a check and a reason to skip it", "keep 'skip' alone, or take it out");
            }
            return self.skip.map(|reason| Smoke::Waived { reason });
        }
        if !self.port_said {
            reader.missing("smoke", &self.span, "port", "port = 8080");
        }
        let requests: Vec<_> = self.requests.into_iter().map(|request| request.finish(reader)).collect();
        let ready = self.ready.finish(reader);
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        Some(Smoke::Check(SmokeCheck { port: self.port?, timeout, ready, requests, env: self.env, command: self.command }))
    }
}

impl RequestDraft {
    fn finish(self, reader: &mut Reader<'_>) -> SmokeRequest {
        let method = self.method.unwrap_or("GET");
        if let (Some((_, text)), Some((_, json))) = (&self.text, &self.json) {
            let second = text.start.max(json.start)..text.end.max(json.end);
            reader.error(second, "a request has both 'text' and 'json'", "keep the one that the answer must hold");
        }
        if let ("HEAD", Some(span)) = (method, self.text.as_ref().map(|text| &text.1).or(self.json.as_ref().map(|json| &json.1))) {
            reader.error(span.clone(), "the answer to HEAD has no body", "take this key out, or write: method = \"GET\"");
        }
        let text = self.text.map(|(text, _)| SmokeExpect::Text(text));
        SmokeRequest {
            method: method.to_owned(),
            path: self.path.unwrap_or_else(|| "/".to_owned()),
            body: self.body,
            status: self.status.unwrap_or(200),
            expect: text.or(self.json.map(|(json, _)| SmokeExpect::Json(json))),
        }
    }
}

fn read_port(draft: &mut SmokeDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    draft.port = reader.number(item, 1..=u16::MAX);
}

fn read_timeout(draft: &mut SmokeDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(text) = reader.text(item) else { return };
    match units::parse_duration(text) {
        Ok(timeout) if timeout.is_zero() || timeout > LONGEST_TIMEOUT => {
            reader.error(
                item.span(),
                format!("'smoke.timeout' is {}", short(text)),
                "write a time above zero and up to 1 h, such as \"30 s\"",
            );
        }
        Ok(timeout) => draft.timeout = Some(timeout),
        Err(error) => reader.error(item.span(), format!("'smoke.timeout' is no time: {error}"), "write it as: timeout = \"30 s\""),
    }
}

fn read_skip(draft: &mut SmokeDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(text) = reader.text(item) else { return };
    if text.trim().is_empty() {
        return reader.error(item.span(), "'smoke.skip' gives no reason", "say in words why this app cannot be asked whether it works");
    }
    draft.skip = Some(text.to_owned());
}

fn read_requests(draft: &mut SmokeDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(list) = reader.list(item) else { return };
    for value in list {
        let entry = Item { name: item.name, path: item.path.clone(), key_span: value.span(), value, example: item.example };
        if let Some(table) = reader.sub_table(&entry) {
            let mut request = RequestDraft::default();
            reader.table(&mut request, "smoke.requests", &value.span(), table, REQUEST_KEYS);
            draft.requests.push(request);
        }
    }
}

fn read_method(draft: &mut RequestDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    draft.method = reader.word(item, METHODS);
}

fn read_path(draft: &mut RequestDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    const LONGEST: usize = 2_048;
    let Some(text) = reader.text(item) else { return };
    let fault = if !text.starts_with('/') {
        "does not start with '/'"
    } else if text.contains('#') || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "holds a character that no request line can carry"
    } else if text.len() > LONGEST {
        "is longer than 2048 characters"
    } else {
        draft.path = Some(text.to_owned());
        return;
    };
    let message = format!("'{}' {fault}", short(&item.path));
    reader.error(
        item.span(),
        message,
        "write the path and query of the request, such as \"/api/items?page=2\", with %-escapes where needed",
    );
}

fn read_body(draft: &mut RequestDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    draft.body = reader.text(item).map(str::to_owned);
}

fn read_status(draft: &mut RequestDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    draft.status = reader.number(item, 200..=599);
}

fn read_text(draft: &mut RequestDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    draft.text = reader.text(item).map(|text| (text.to_owned(), item.span()));
}

fn read_json(draft: &mut RequestDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    match item.value.get_ref() {
        // Text here is nearly always JSON in quotes, which would be compared as a JSON string and never match.
        DeValue::String(_) | DeValue::Datetime(_) => reader.wrong_type::<()>(item, "a JSON value written as TOML").unwrap_or_default(),
        value => match json(value) {
            Some(value) => draft.json = Some((value, item.span())),
            None => reader.error(
                item.span(),
                format!("'{}' holds a number that JSON cannot", short(&item.path)),
                "write a finite number of at most 64 bits",
            ),
        },
    }
}

/// The JSON value a TOML value stands for; dates become text. `None` for numbers without a JSON form. Its depth is the
/// TOML parser's, which is bounded.
fn json(value: &DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok()?.into(),
        DeValue::Float(float) => serde_json::Number::from_f64(float.as_str().parse().ok()?)?.into(),
        DeValue::Boolean(boolean) => (*boolean).into(),
        DeValue::Datetime(datetime) => datetime.to_string().into(),
        DeValue::Array(array) => array.iter().map(|item| json(item.get_ref())).collect::<Option<Vec<_>>>()?.into(),
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| Some((key.get_ref().clone().into_owned(), json(value.get_ref())?)));
            entries.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}
