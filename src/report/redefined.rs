//! What a run measured otherwise than its baseline under the same names, in sentences without a full stop.

use super::text::one_line;
use crate::judge::{Definition, Redefined};

/// Requests of a smoke check that a sentence names.
const NAMED: usize = 5;

/// `go-api/multi: built from slim.Dockerfile, and from multi.Dockerfile in the baseline`.
pub(super) fn redefined(found: &Redefined) -> String {
    let variant = found.variant.as_ref().map(|variant| format!("/{variant}")).unwrap_or_default();
    let (before, after) = (named(&found.before), named(&found.after));
    let what = match found.what {
        Definition::SmokeCheck if found.before == found.after => {
            format!("another smoke check proves it than in the baseline: {after}, which sends or wants something else now")
        }
        Definition::SmokeCheck => format!("another smoke check proves it than in the baseline: {after}; it was {before}"),
        Definition::Dockerfile => format!("built from {after}, and from {before} in the baseline"),
    };
    one_line(&format!("{}{variant}: {what}", found.scenario))
}

fn named(parts: &[String]) -> String {
    let more = parts.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
    format!("{}{more}", parts.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", "))
}
