//! The `[variants.NAME]` tables.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;

use super::model::{Builder, Expectation};
use super::parse::{OF_AN_IMAGE, valid_name};
use super::reader::{Item, Key, Reader, Written, short};

/// Each variant's Dockerfile is read, so their number is bounded.
const MOST_VARIANTS: usize = 200;

/// What a `[variants.NAME]` table says, before its Dockerfile was looked at.
#[derive(Default)]
pub(super) struct VariantDraft {
    pub(super) name: String,
    /// The header or the key: where a problem of the whole variant points.
    pub(super) span: Range<usize>,
    pub(super) dockerfile: Option<Written>,
    /// Whether the key was there, whatever became of it.
    pub(super) dockerfile_said: bool,
    pub(super) target: Option<Written>,
    pub(super) build_args: BTreeMap<String, String>,
    pub(super) builder: Builder,
    pub(super) expect: Expectation,
    pub(super) expect_span: Range<usize>,
}

pub(super) const KEYS: &[Key<VariantDraft>] = &[
    Key {
        name: "dockerfile",
        required: false,
        example: "dockerfile = \"multi.Dockerfile\"",
        read: |draft, reader, item| draft.dockerfile = Written::read(reader, item),
    },
    Key {
        name: "target",
        required: false,
        example: "target = \"production\"",
        read: |draft, reader, item| draft.target = Written::read(reader, item),
    },
    Key { name: "build-args", required: false, example: "build-args = { VERSION = \"1.2.3\" }", read: read_build_args },
    Key { name: "builder", required: false, example: "builder = \"classic\"", read: read_builder },
    Key { name: "expect", required: false, example: "expect = \"build-failure\"", read: read_expect },
];

/// Reads all variants in the order of the file.
pub(super) fn read(reader: &mut Reader<'_>, item: &Item<'_>) -> Vec<VariantDraft> {
    let Some(table) = reader.sub_table(item) else { return Vec::new() };
    if table.is_empty() || table.len() > MOST_VARIANTS {
        let message = if table.is_empty() { "there are no variants" } else { "there are more than 200 variants" };
        reader.error(item.key_span.clone(), message, format!("write up to 200, each as: {}", item.example));
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for variant in Item::entries(table, "variants") {
        let variant = Item { example: "[variants.NAME] and its keys below", ..variant };
        let valid = valid_name(reader, "the variant name", variant.name, variant.key_span.clone(), OF_AN_IMAGE);
        if let Some(keys) = reader.sub_table(&variant) {
            let mut draft = VariantDraft { name: variant.name.to_owned(), span: variant.key_span.clone(), ..VariantDraft::default() };
            let said = reader.table(&mut draft, &variant.path, &variant.key_span, keys, KEYS);
            draft.dockerfile_said = said.contains(&"dockerfile");
            drafts.extend(valid.then_some(draft));
        }
    }
    drafts
}

fn read_build_args(draft: &mut VariantDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(table) = reader.sub_table(item) else { return };
    for arg in Item::entries(table, &item.path) {
        let arg = Item { example: "build-args = { VERSION = \"1.2.3\" }", ..arg };
        if !is_arg_name(arg.name) {
            let message = format!("'{}' is no name for a build argument", short(arg.name));
            reader.error(arg.key_span.clone(), message, "write letters, digits and underscores, not starting with a digit");
        }
        match arg.value.get_ref() {
            DeValue::String(text) => {
                draft.build_args.insert(arg.name.to_owned(), text.clone().into_owned());
            }
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                let quoted = format!(
                    "write it in quotes, so that it is passed as it stands: {} = \"{}\"",
                    short(arg.name),
                    reader.written(&arg.span())
                );
                reader.error(arg.span(), format!("'{}' is not in quotes", short(&arg.path)), quoted);
            }
            _ => reader.wrong_type::<()>(&arg, "text in quotes").unwrap_or_default(),
        }
    }
}

fn is_arg_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn read_builder(draft: &mut VariantDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    if let Some(builder) = reader.word(item, &[("buildkit", Builder::BuildKit), ("classic", Builder::Classic)]) {
        draft.builder = builder;
    }
}

fn read_expect(draft: &mut VariantDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let words =
        [("success", Expectation::Success), ("build-failure", Expectation::BuildFailure), ("smoke-failure", Expectation::SmokeFailure)];
    if let Some(expect) = reader.word(item, &words) {
        draft.expect = expect;
        draft.expect_span = item.span();
    }
}
