//! Reading one `scenario.toml`: the root table, and what holds for the file as a whole.
//!
//! `[variants.NAME]` rather than `[[variants]]` with a `name` key: the header reads as the variant is written elsewhere
//! (`go-api/multi`), TOML itself refuses a name given twice, and a later table of a variant has a path that says whose it
//! is (`[variants.multi.x]`), where `[variants.x]` would mean the last one of a list.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, Error as TomlError};

use super::budgets::{BudgetDraft, Named};
use super::edits::EditDraft;
use super::model::{Language, Scenario, Smoke};
use super::problem::{Place, Problem, Problems};
use super::reader::{Item, Key, Reader, short};
use super::smoke::{self, SmokeDraft};
use super::source::SourceFile;
use super::variants::{self, VariantDraft};
use super::{budgets, check, edits, name};
use crate::budget::Budget;

/// The file that makes a folder a scenario.
pub const FILE_NAME: &str = "scenario.toml";

/// What to write into a `scenario.toml` that says nothing about smoke checks.
pub(super) const SMOKE_CURE: &str = "add a check that proves the app works:\n[smoke]\nport = 8080\npath = \"/health\"\nor say why there is none:\n[smoke]\nskip = \"the reason\"";

/// Reads and checks the `scenario.toml` at `path`. The folder it lies in is the build context.
pub fn parse_scenario(path: &Path) -> Result<Scenario, Problems> {
    let loaded = load(path);
    loaded.scenario.ok_or(loaded.problems)
}

/// Every key of the format in the order of the page that describes them; `NAME` stands for a name the user chooses.
pub fn known_keys() -> Vec<String> {
    let names = |prefix: &'static str, keys: Vec<&'static str>| keys.into_iter().map(move |key| format!("{prefix}{key}"));
    names("", ROOT.iter().map(|key| key.name).collect())
        .chain(names("variants.NAME.", variants::KEYS.iter().map(|key| key.name).collect()))
        .chain(names("edits.NAME.", edits::KEYS.iter().map(|key| key.name).collect()))
        .chain(names("budgets.NAME.", budgets::KEYS.iter().map(|key| key.name).collect()))
        .chain(names("smoke.", smoke::KEYS.iter().map(|key| key.name).collect()))
        .chain(names("smoke.requests.", smoke::REQUEST_KEYS.iter().map(|key| key.name).collect()))
        .collect()
}

/// What became of one file.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    /// The file as shown to the user.
    pub(super) path: PathBuf,
    /// The name it claims, valid, even where the rest is not.
    pub(super) name: Option<(String, Place)>,
    /// `None` if and only if `problems` holds an error.
    pub(super) scenario: Option<Scenario>,
    pub(super) problems: Problems,
}

#[derive(Default)]
struct Draft {
    name: Option<(String, Place)>,
    language: Option<Language>,
    variants: Vec<VariantDraft>,
    smoke: Option<SmokeDraft>,
    edits: Vec<EditDraft>,
    budgets: Vec<BudgetDraft>,
}

const ROOT: &[Key<Draft>] = &[
    Key { name: "name", required: true, example: "name = \"my-app\"", read: read_name },
    Key { name: "language", required: true, example: "language = \"go\"", read: read_language },
    Key {
        name: "variants",
        required: true,
        example: "[variants.multi]\ndockerfile = \"multi.Dockerfile\"",
        read: |draft, reader, item| draft.variants = variants::read(reader, item),
    },
    Key {
        name: "edits",
        required: false,
        example: "[edits.source]\nfile = \"main.go\"\nfind = \"Hello\"\nreplace = \"Good morning\"",
        read: |draft, reader, item| draft.edits = edits::read(reader, item),
    },
    Key {
        name: "budgets",
        required: false,
        example: "[budgets.size]\nmeasure = \"transfer-size\"\nmax = \"25 MB\"",
        read: |draft, reader, item| draft.budgets = budgets::read(reader, item),
    },
    Key {
        name: "smoke",
        required: false,
        example: "[smoke]\nport = 8080",
        read: |draft, reader, item| draft.smoke = smoke::read(reader, item),
    },
];

pub(super) fn load(path: &Path) -> Loaded {
    match SourceFile::read(path, path).and_then(|file| Ok((root_of(path)?, file))) {
        Ok((root, file)) => load_text(&file, &root),
        Err(problem) => Loaded { path: path.to_owned(), name: None, scenario: None, problems: problem.into() },
    }
}

fn root_of(path: &Path) -> Result<PathBuf, Problem> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.canonicalize().map_err(|error| {
        Problem::error(format!("cannot resolve the folder: {error}"), "check the path and its links").at(Place::file(folder))
    })
}

fn load_text(file: &SourceFile, root: &Path) -> Loaded {
    let (mut reader, draft) = read(file);
    let name = draft.name.clone();
    let scenario = finish(draft, &mut reader, root);
    let problems = reader.into_problems();
    Loaded { path: file.path().to_owned(), name, scenario: scenario.filter(|_| !problems.has_errors()), problems }
}

/// What a file says, each key by itself.
fn read(file: &SourceFile) -> (Reader<'_>, Draft) {
    let mut reader = Reader::new(file);
    let mut draft = Draft::default();
    let (tree, errors) = DeTable::parse_recoverable(file.text());
    for error in &errors {
        syntax(&mut reader, error);
    }
    reader.table(&mut draft, "", &(0..0), tree.get_ref(), ROOT);
    (reader, draft)
}

/// The budgets of a file by its own words: neither Dockerfiles nor the files of edits are looked at, so that the file may lie anywhere.
/// With them the name that it claims.
pub(super) fn budgets_of(file: &SourceFile) -> (Option<(String, Place)>, Vec<Budget>, Problems) {
    let (mut reader, mut draft) = read(file);
    let budgets = finish_budgets(&mut draft, &mut reader);
    (draft.name, budgets.unwrap_or_default(), reader.into_problems())
}

/// Checks the budgets against the names of the rest.
fn finish_budgets(draft: &mut Draft, reader: &mut Reader<'_>) -> Option<Vec<Budget>> {
    let drafts = std::mem::take(&mut draft.budgets);
    let named = Named {
        scenario: draft.name.as_ref().map_or("", |(name, _)| name),
        variants: draft.variants.iter().map(|variant| (variant.name.as_str(), variant.expect)).collect(),
        edits: draft.edits.iter().map(EditDraft::name).collect(),
    };
    let budgets: Vec<_> = drafts.into_iter().map(|budget| budget.finish(reader, &named)).collect();
    budgets.into_iter().collect()
}

/// Checks what needs more than one key, and makes the scenario if every part of it is there.
fn finish(mut draft: Draft, reader: &mut Reader<'_>, root: &Path) -> Option<Scenario> {
    let budgets = finish_budgets(&mut draft, reader);
    let smoke = match draft.smoke {
        Some(smoke) => smoke.finish(reader),
        None => Some(Smoke::Unsaid),
    };
    let unproven = smoke.as_ref().is_some_and(|smoke| smoke.check().is_none());
    let variants: Vec<_> = draft.variants.into_iter().map(|variant| check::variant(reader, root, variant, unproven)).collect();
    let edits: Option<Vec<_>> = draft.edits.into_iter().map(|edit| edit.finish(reader, root)).collect::<Vec<_>>().into_iter().collect();
    if let Some(edits) = &edits {
        edits::differ(reader, root, edits);
    }
    let scenario = Scenario {
        name: draft.name?.0,
        language: draft.language?,
        root: root.to_owned(),
        variants: variants.into_iter().collect::<Option<_>>()?,
        smoke: smoke?,
        edits: edits?.into_iter().map(|(edit, _)| edit).collect(),
        budgets: budgets?,
        from_file: true,
    };
    if scenario.smoke == Smoke::Unsaid && !reader.is_broken() {
        let place = Place::file(reader.file.path());
        reader.push(
            Problem::warning(format!("'{}' has no smoke check: its numbers will be unverified", scenario.name), SMOKE_CURE).at(place),
        );
    }
    Some(scenario)
}

/// Says what is wrong with the TOML itself.
pub(super) fn syntax(reader: &mut Reader<'_>, error: &TomlError) {
    const FORM: &str = "write one 'key = value' a line, text in quotes, and tables as [name]";
    let span = error.span().unwrap_or(0..0);
    let written = short(reader.written(&span).lines().next().unwrap_or_default());
    let (message, cure) = match error.message() {
        "duplicate key" => (format!("'{written}' is defined twice"), "take one of the two out, or give it another name".to_owned()),
        message if !message.starts_with("string values must be quoted") => {
            (format!("this is not TOML: {}", message.replace('\n', " ")), FORM.to_owned())
        }
        _ if written.is_empty() => ("there is no value".to_owned(), FORM.to_owned()),
        _ => ("this is neither a number nor text in quotes".to_owned(), format!("put it in quotes: \"{written}\"")),
    };
    // Of a key given twice the parser keeps the first value, so nothing after it is a guess.
    reader.syntax(span, error.message() != "duplicate key", message, cure);
}

fn read_name(draft: &mut Draft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(text) = reader.text(item) else { return };
    if valid_name(reader, "the scenario name", text, item.span(), OF_AN_IMAGE) {
        draft.name = Some((text.to_owned(), reader.place(item.span())));
    }
}

/// Why names of scenarios, variants and edits are short of letters.
pub(super) const OF_AN_IMAGE: &str = "it becomes part of an image name";

/// Whether `text` can name something; says why not, and `why` names are like that.
pub(super) fn valid_name(reader: &mut Reader<'_>, what: &str, text: &str, span: std::ops::Range<usize>, why: &str) -> bool {
    let Some(fault) = name::fault(text) else { return true };
    let cure = match name::made_valid(text) {
        Some(near) => format!("{why}; write '{near}'"),
        None => format!("{why}; write at least two lower-case letters or digits, with single dashes between them"),
    };
    reader.error(span, format!("{what} '{}' {fault}", short(text)), cure);
    false
}

fn read_language(draft: &mut Draft, reader: &mut Reader<'_>, item: &Item<'_>) {
    const LONGEST: usize = 40;
    let Some(text) = reader.text(item) else { return };
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) || text.trim() != text {
        let message = format!("'language' cannot be '{}'", short(text));
        return reader.error(item.span(), message, "write one word or two that tables can show, such as \"go\" or \"python\"");
    }
    draft.language = Some(Language(text.to_owned()));
}
