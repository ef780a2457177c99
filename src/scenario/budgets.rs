//! The `[budgets.NAME]` tables: what figures of the variants may be at most.

use std::ops::Range;

use toml::de::DeValue;

use super::model::Expectation;
use super::parse::valid_name;
use super::reader::{Item, Key, Reader, Written, short};
use super::suggest;
use crate::budget::{Budget, BudgetPlace, LONGEST_REASON, Limit, LimitError};
use crate::measure::{HostFact, Measure};
use crate::units::LinkProfile;

/// More is no gate that anybody keeps in mind.
const MOST_BUDGETS: usize = 200;

/// What a `[budgets.NAME]` table says, before it was held against the variants and edits.
#[derive(Default)]
pub(super) struct BudgetDraft {
    name: String,
    span: Range<usize>,
    variants: Option<Vec<Written>>,
    measure: Option<Measure>,
    definition: Option<Written>,
    cache: Option<(&'static str, Range<usize>)>,
    edit: Option<Written>,
    link: Option<String>,
    max: Option<Written>,
    max_increase: Option<Written>,
    max_ratio: Option<(Written, Written)>,
    max_layers: Option<Written>,
    reason: Option<String>,
    said: Vec<&'static str>,
}

/// What the rest of a file says that a budget may name.
pub(super) struct Named<'a> {
    pub(super) scenario: &'a str,
    /// In the order of the file, with what is meant to happen; empty where they could not be read.
    pub(super) variants: Vec<(&'a str, Expectation)>,
    pub(super) edits: Vec<&'a str>,
}

pub(super) const KEYS: &[Key<BudgetDraft>] = &[
    Key { name: "measure", required: false, example: MEASURE, read: read_measure },
    Key { name: "max", required: false, example: MAX, read: |draft, reader, item| draft.max = amount(reader, item) },
    Key {
        name: "max-increase",
        required: false,
        example: "max-increase = \"1 %\"",
        read: |draft, reader, item| draft.max_increase = amount(reader, item),
    },
    Key { name: "max-ratio-to", required: false, example: RATIO, read: read_ratio },
    Key { name: "max-layers", required: false, example: "max-layers = 12", read: read_layers },
    Key { name: "variants", required: false, example: "variants = [\"multi\"]", read: read_variants },
    Key {
        name: "cache",
        required: false,
        example: "cache = \"cold\"",
        read: |draft, reader, item| {
            let words = Budget::CACHE_STATES.map(|state| (state, state));
            draft.cache = reader.word(item, &words).map(|state| (state, item.span()));
        },
    },
    Key { name: "edit", required: false, example: EDIT, read: |draft, reader, item| draft.edit = Written::read(reader, item) },
    Key { name: "definition", required: false, example: DEFINITION, read: read_definition },
    Key { name: "link", required: false, example: "link = \"20mbit,30ms\"", read: read_link },
    Key { name: "reason", required: false, example: "reason = \"a node pulls it in five seconds\"", read: read_reason },
];

const MEASURE: &str = "measure = \"transfer-size\"";
const MAX: &str = "max = \"25 MB\"";
const RATIO: &str = "max-ratio-to = { single = \"20 %\" }";
const EDIT: &str = "edit = \"source\"";
const DEFINITION: &str = "definition = \"chain\"";

/// Reads all budgets in the order of the file.
pub(super) fn read(reader: &mut Reader<'_>, item: &Item<'_>) -> Vec<BudgetDraft> {
    let Some(table) = reader.sub_table(item) else { return Vec::new() };
    if table.len() > MOST_BUDGETS {
        reader.error(item.key_span.clone(), "there are more than 200 budgets", "keep those that somebody acts on");
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for budget in Item::entries(table, "budgets") {
        let budget = Item { example: "[budgets.NAME] and its keys below", ..budget };
        valid_name(reader, "the budget name", budget.name, budget.key_span.clone(), "reports and CI systems call the limit by it");
        if let Some(keys) = reader.sub_table(&budget) {
            // A valid name is not shortened; under any other one the rest is read to be told about, and the file is refused.
            let mut draft = BudgetDraft { name: short(budget.name), span: budget.key_span.clone(), ..BudgetDraft::default() };
            draft.said = reader.table(&mut draft, &budget.path, &budget.key_span, keys, KEYS);
            drafts.push(draft);
        }
    }
    drafts
}

/// A text, or a number in plain decimals: what it may be depends on the measure, which may be named below it.
fn amount(reader: &mut Reader<'_>, item: &Item<'_>) -> Option<Written> {
    let text = match item.value.get_ref() {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => return Written::read(reader, item),
    };
    let text = text.unwrap_or_else(|| reader.written(&item.span()).to_owned());
    Some(Written { text, span: item.span() })
}

fn read_measure(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(text) = reader.text(item) else { return };
    draft.measure = Measure::ALL.into_iter().find(|measure| measure.id() == text);
    if draft.measure.is_some() {
        return;
    }
    let is = |fact: &HostFact| fact.id() == text || fact.definition().eq_ignore_ascii_case(text);
    if let Some(fact) = HostFact::ALL.into_iter().find(is) {
        let message = format!("'{}' ({}) is a fact about one host, and nothing can be held to it", fact.id(), fact.definition());
        let cure = "the same image has another one on the next host; limit \"uncompressed-size\" or \"live-size\", which it has everywhere";
        return reader.error(item.span(), message, cure);
    }
    let cure = match Measure::meant(text).map(Measure::id).or_else(|| suggest::closest(text, Measure::ALL.map(Measure::id))) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write one of {}", Measure::ALL.map(Measure::id).join(", ")),
    };
    reader.error(item.span(), format!("there is no measure '{}'", short(text)), cure);
}

fn read_variants(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let DeValue::Array(list) = item.value.get_ref() else {
        return reader.wrong_type(item, "a list of text").unwrap_or_default();
    };
    let mut names: Vec<Written> = Vec::new();
    for value in list {
        let DeValue::String(text) = value.get_ref() else {
            let cure = format!("write it as: {}", item.example);
            return reader.error(value.span(), format!("'{}' lists something that is no text", short(&item.path)), cure);
        };
        if names.iter().any(|known| known.text == **text) {
            reader.error(value.span(), format!("the variant '{}' is named twice", short(text)), "name it once");
        } else {
            names.push(Written { text: text.clone().into_owned(), span: value.span() });
        }
    }
    if names.is_empty() {
        reader.error(item.span(), format!("'{}' is empty", short(&item.path)), "name at least one, or leave it out for all of them");
    }
    draft.variants = Some(names);
}

fn read_ratio(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(table) = reader.sub_table(item) else { return };
    let entries = Item::entries(table, &item.path);
    let [entry] = entries.as_slice() else {
        let message = format!("'{}' names {} variants", short(&item.path), entries.len());
        return reader.error(item.span(), message, format!("name exactly one: {RATIO}"));
    };
    let entry = Item { name: entry.name, path: entry.path.clone(), key_span: entry.key_span.clone(), value: entry.value, example: RATIO };
    draft.max_ratio = amount(reader, &entry).map(|share| (Written { text: entry.name.to_owned(), span: entry.key_span.clone() }, share));
}

fn read_layers(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let number = reader.number(item, 1..=1000);
    draft.max_layers = number.map(|number| Written { text: number.to_string(), span: item.span() });
}

fn read_definition(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let word = reader.word(item, &Budget::DEFINITIONS.map(|known| (known, known)));
    draft.definition = word.map(|word| Written { text: word.to_owned(), span: item.span() });
}

fn read_link(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(text) = reader.text(item) else { return };
    match text.parse::<LinkProfile>() {
        Ok(profile) => draft.link = Some(profile.to_string()),
        Err(error) => {
            let error = error.to_string();
            let (message, cure) = error.split_once("; ").unwrap_or((&error, "write it as after --link: link = \"20mbit,30ms\""));
            reader.error(item.span(), message, cure);
        }
    }
}

fn read_reason(draft: &mut BudgetDraft, reader: &mut Reader<'_>, item: &Item<'_>) {
    let Some(text) = reader.text(item) else { return };
    if text.chars().any(char::is_control) {
        let message = format!("'{}' has a line break or another control character", short(&item.path));
        return reader.error(item.span(), message, "write one sentence in one line; it is shown where the limit does not hold");
    }
    if text.chars().count() > LONGEST_REASON {
        let message = format!("'{}' has more than {LONGEST_REASON} characters", short(&item.path));
        return reader.error(item.span(), message, "write one sentence, and keep the rest in a comment");
    }
    draft.reason = Some(text.to_owned());
}

impl BudgetDraft {
    /// Checks the budget against the rest of the file.
    pub(super) fn finish(self, reader: &mut Reader<'_>, named: &Named<'_>) -> Option<Budget> {
        let measure = self.measure_of(reader)?;
        let (cache_state, edit) = self.state(reader, measure, named)?;
        if !self.is_defined(reader, measure) {
            return None;
        }
        let variants = self.variants(reader, named);
        let limits = self.limits(reader, measure, named);
        let place = BudgetPlace { file: reader.file.path().display().to_string(), line: reader.file.line_of(self.span.start) };
        Some(Budget {
            scenario: named.scenario.to_owned(),
            name: self.name,
            variants: variants?,
            measure,
            definition: self.definition.map(|definition| definition.text),
            cache_state: cache_state.to_owned(),
            edit,
            link: self.link,
            limits: limits?,
            reason: self.reason,
            place: Some(place),
        })
    }

    fn says(&self, key: &str) -> bool {
        self.said.contains(&key)
    }

    /// The measure, which `max-layers` alone stands for too.
    fn measure_of(&self, reader: &mut Reader<'_>) -> Option<Measure> {
        let layers = self.says("max-layers");
        if self.says("measure") {
            let measure = self.measure?;
            if layers && measure != Measure::LayerCount {
                let message = format!("the budget '{}' limits layers and {}", self.name, measure.id());
                reader.error(self.span.clone(), message, "a budget is of one measure; give max-layers a [budgets.NAME] of its own");
                return None;
            }
            return Some(measure);
        }
        if !layers {
            reader.missing(&format!("budgets.{}", self.name), &self.span, "measure", MEASURE);
        }
        layers.then_some(Measure::LayerCount)
    }

    fn state(&self, reader: &mut Reader<'_>, measure: Measure, named: &Named<'_>) -> Option<(&'static str, Option<String>)> {
        let (state, span) = match &self.cache {
            Some((state, span)) => (*state, span.clone()),
            None if self.says("cache") => return None,
            None => ("cold", self.span.clone()),
        };
        if !Budget::has(measure, state) {
            let cure = if measure == Measure::DeltaTransferSize {
                "it is what an update moves; add cache = \"edit\" and the edit's name"
            } else {
                "images are weighed after the cold build; take 'cache' out, or limit delta-transfer-size"
            };
            reader.error(span, format!("a build that is {state} has no {}", measure.id()), cure);
            return None;
        }
        match &self.edit {
            None if self.says("edit") => return None,
            None if state == "edit" => {
                let known = suggest::list(named.edits.iter().copied());
                let cure = format!("add: {EDIT}; the edits of this file: {known}");
                reader.error(span, format!("the budget '{}' does not say after which edit", self.name), cure);
                return None;
            }
            Some(edit) if !matches!(state, "edit" | "clean") => {
                let message = format!("a build that is {state} is of the app without an edit");
                reader.error(edit.span.clone(), message, "add cache = \"edit\" for the build after it, or take 'edit' out");
                return None;
            }
            Some(edit) if !named.edits.contains(&edit.text.as_str()) => {
                unknown(reader, "edit", edit, named.edits.iter().copied());
                return None;
            }
            _ => {}
        }
        Some((state, self.edit.as_ref().map(|edit| edit.text.clone())))
    }

    /// Whether the budget says which definition it means exactly where there are several.
    fn is_defined(&self, reader: &mut Reader<'_>, measure: Measure) -> bool {
        let delta = measure == Measure::DeltaTransferSize;
        match &self.definition {
            Some(definition) if !delta => {
                let message = format!("{} has one definition", measure.id());
                reader.error(definition.span.clone(), message, "take 'definition' out; delta-transfer-size alone has two");
            }
            None if delta && !self.says("definition") => {
                let cure = "add definition = \"chain\" for what engines with a classic store fetch, or definition = \"blob\" for those that know every blob";
                reader.error(self.span.clone(), format!("the budget '{}' does not say which delta-transfer-size", self.name), cure);
            }
            definition => return definition.is_some() || !self.says("definition"),
        }
        false
    }

    fn variants(&self, reader: &mut Reader<'_>, named: &Named<'_>) -> Option<Vec<String>> {
        if named.variants.is_empty() {
            return None;
        }
        let Some(wanted) = &self.variants else {
            return if self.says("variants") { None } else { self.all_variants(reader, named) };
        };
        let to = self.max_ratio.as_ref().map(|(to, _)| to.text.as_str());
        let mut sound = !wanted.is_empty();
        for variant in wanted {
            let known = named.variants.iter().find(|(name, _)| *name == variant.text);
            sound &= match known {
                None => unknown(reader, "variant", variant, named.variants.iter().map(|(name, _)| *name)),
                Some((_, expect)) if *expect != Expectation::Success => fails(reader, variant),
                Some((name, _)) if to == Some(*name) => {
                    let message = format!("the budget '{}' holds '{name}' against itself", self.name);
                    reader.error(variant.span.clone(), message, "name another variant in max-ratio-to");
                    false
                }
                Some(_) => true,
            };
        }
        sound.then(|| wanted.iter().map(|variant| variant.text.clone()).collect())
    }

    /// All variants that are meant to work; for a ratio alone without the one that they are held against.
    fn all_variants(&self, reader: &mut Reader<'_>, named: &Named<'_>) -> Option<Vec<String>> {
        let ratio_alone = !["max", "max-increase", "max-layers"].iter().any(|key| self.says(key));
        let to = self.max_ratio.as_ref().filter(|_| ratio_alone).map(|(to, _)| to.text.as_str());
        let working = named.variants.iter().filter(|(_, expect)| *expect == Expectation::Success).map(|(name, _)| *name);
        let all: Vec<String> = working.filter(|name| Some(*name) != to).map(str::to_owned).collect();
        if all.is_empty() {
            let message = format!("the budget '{}' is of no variant", self.name);
            reader.error(self.span.clone(), message, "no variant that is meant to work is left; add one, or take the budget out");
        }
        (!all.is_empty()).then_some(all)
    }

    fn limits(&self, reader: &mut Reader<'_>, measure: Measure, named: &Named<'_>) -> Option<Vec<Limit>> {
        if self.says("max") && self.says("max-layers") {
            let message = format!("the budget '{}' has a max twice", self.name);
            reader.error(self.span.clone(), message, "max-layers is short for a max of layer-count; take one of the two out");
            return None;
        }
        if !["max", "max-increase", "max-ratio-to", "max-layers"].iter().any(|key| self.says(key)) {
            let cure = format!("add {MAX}, max-increase = \"1 %\" or {RATIO}");
            reader.error(self.span.clone(), format!("the budget '{}' has no limit", self.name), cure);
            return None;
        }
        let mut limits = Vec::new();
        let max = self.max.as_ref().or(self.max_layers.as_ref());
        limits.extend(max.map(|max| limit(reader, &max.span, Limit::max(measure, &max.text))));
        limits.extend(self.max_increase.as_ref().map(|more| limit(reader, &more.span, Limit::max_increase(measure, &more.text))));
        if let Some((to, share)) = &self.max_ratio {
            limits.push(limit(reader, &share.span, Limit::max_ratio(measure, &to.text, &share.text)).filter(|_| other(reader, to, named)));
        }
        // A limit that is no text is told where it was read, and leaves nothing to hold anything to.
        limits.into_iter().collect::<Option<Vec<_>>>().filter(|limits| !limits.is_empty())
    }
}

/// The limit, or what keeps it from being one.
fn limit(reader: &mut Reader<'_>, span: &Range<usize>, read: Result<Limit, LimitError>) -> Option<Limit> {
    let error = match read {
        Ok(limit) => return Some(limit),
        Err(error) => error.to_string(),
    };
    let (message, cure) = error.split_once("; ").unwrap_or((&error, "write a number and a unit"));
    reader.error(span.clone(), message, cure);
    None
}

/// Whether there is a working variant to hold another one against.
fn other(reader: &mut Reader<'_>, to: &Written, named: &Named<'_>) -> bool {
    match named.variants.iter().find(|(name, _)| *name == to.text) {
        _ if named.variants.is_empty() => false,
        None => unknown(reader, "variant", to, named.variants.iter().map(|(name, _)| *name)),
        Some((_, expect)) if *expect != Expectation::Success => fails(reader, to),
        Some(_) => true,
    }
}

fn unknown<'a>(reader: &mut Reader<'_>, what: &str, written: &Written, known: impl Iterator<Item = &'a str> + Clone) -> bool {
    let cure = match suggest::closest(&written.text, known.clone()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("this file has {}", suggest::list(known)),
    };
    reader.error(written.span.clone(), format!("there is no {what} '{}'", short(&written.text)), cure);
    false
}

fn fails(reader: &mut Reader<'_>, variant: &Written) -> bool {
    let message = format!("the variant '{}' is meant to fail, and has no figures then", short(&variant.text));
    reader.error(variant.span.clone(), message, "name one that is meant to work");
    false
}
