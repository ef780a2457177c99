//! Problems as text for a terminal.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::problem::{Place, Problem, Severity};

pub(super) fn render(problems: &[Problem], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for problem in problems {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[group(problem)]));
        text.push('\n');
    }
    text
}

fn group(problem: &Problem) -> Group<'_> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(harmless(&problem.message)));
    if let Some(place) = &problem.place {
        group = show(group, place, AnnotationKind::Primary, None);
    }
    for related in &problem.related {
        group = show(group, &related.place, AnnotationKind::Context, Some(harmless(&related.label)));
    }
    if problem.cure.is_empty() { group } else { group.element(Level::HELP.message(harmless(&problem.cure))) }
}

fn show<'a>(group: Group<'a>, place: &'a Place, kind: AnnotationKind, label: Option<String>) -> Group<'a> {
    let path = harmless(&place.path.to_string_lossy());
    let Some(spot) = &place.spot else { return group.element(Origin::path(path)) };
    match &spot.excerpt {
        Some(excerpt) => {
            let annotation = kind.span(excerpt.mark.clone()).label(label);
            group.element(Snippet::source(&excerpt.text).line_start(spot.line).path(path).annotation(annotation))
        }
        None => group.element(Origin::path(path).line(spot.line).char_column(spot.column)),
    }
}

/// Text that may repeat what a file holds, with its control characters made visible. The renderer does this for source
/// lines and not for all words around them.
fn harmless(text: &str) -> String {
    text.split('\n').map(normalize_untrusted_str).collect::<Vec<_>>().join("\n")
}
