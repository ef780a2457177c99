//! What a run measured otherwise than its baseline under the same names, in sentences without a full stop.

use super::text::one_line;
use crate::judge::{Definition, Redefined};

/// Requests of a smoke check that a sentence names.
const NAMED: usize = 5;
/// Characters of one of them.
const LONGEST: usize = 80;

/// `go-api/multi: built from slim.Dockerfile, and from multi.Dockerfile in the baseline`.
pub(super) fn redefined(found: &Redefined) -> String {
    let variant = found.variant.as_ref().map(|variant| format!("/{variant}")).unwrap_or_default();
    let what = match found.what {
        Definition::SmokeCheck => smoke_check(&found.before, &found.after),
        Definition::Dockerfile => format!("built from {}, and from {} in the baseline", named(&found.after), named(&found.before)),
    };
    one_line(&format!("{}{variant}: {what}", found.scenario))
}

fn smoke_check(before: &[String], after: &[String]) -> String {
    if after.is_empty() {
        return format!("no smoke check proves it any more; in the baseline it was {}", named(before));
    }
    let (gone, new) = (without(before, after), without(after, before));
    let parts = [("no longer", gone), ("now", new)];
    let told: Vec<String> = parts.iter().filter(|(_, of)| !of.is_empty()).map(|(word, of)| format!("{word} {}", named(of))).collect();
    let told = if told.is_empty() {
        "the same requests in another order, or with another port, environment, command, body or wanted answer".to_owned()
    } else {
        told.join("; ")
    };
    format!("another smoke check proves it than in the baseline: {told}")
}

/// What is in `all` and not in `others`, each as often as it is there more often.
fn without(all: &[String], others: &[String]) -> Vec<String> {
    let mut others: Vec<&String> = others.iter().collect();
    let mut left = Vec::new();
    for one in all {
        match others.iter().position(|other| *other == one) {
            Some(at) => drop(others.swap_remove(at)),
            None => left.push(one.clone()),
        }
    }
    left
}

fn named(parts: &[String]) -> String {
    let more = parts.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
    format!("{}{more}", parts.iter().take(NAMED).map(|part| short(part)).collect::<Vec<_>>().join(", "))
}

fn short(text: &str) -> String {
    text.char_indices().nth(LONGEST).map_or_else(|| text.to_owned(), |(end, _)| format!("{}…", &text[..end]))
}
