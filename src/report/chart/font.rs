//! How wide text is, without a font.

/// Advance widths of the characters from space to tilde in thousandths of the font size: for each the wider one of
/// `DejaVu` Sans and Liberation Sans (the metrics of Arial and Helvetica), since the viewer's font is not known.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337,
    337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667, 611, 778, 752, 295, 500, 667, 557, 863, 748, 787, 667, 787, 722, 667, 611, 732,
    684, 989, 685, 667, 685, 390, 337, 390, 838, 556, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635,
    635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// Every other character: as wide as the widest of most scripts.
const OTHER: u16 = 1_000;

/// Bold text is up to this much wider.
const BOLD: f64 = 1.12;

/// How wide `text` may be at a font size of `size` pixels, in pixels, rounded up.
pub(super) fn width(text: &str, size: u32, bold: bool) -> i32 {
    let thousandths: u64 = text.chars().map(|c| u64::from(advance(c))).sum();
    let factor = if bold { BOLD } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
    let pixels = (thousandths as f64 * f64::from(size) * factor / 1_000.0).ceil() as i32;
    pixels
}

fn advance(c: char) -> u16 {
    let place = u32::from(c).checked_sub(32).and_then(|n| usize::try_from(n).ok());
    match c {
        '–' | '·' | '−' | '÷' => 838,
        _ => place.and_then(|n| WIDTHS.get(n)).copied().unwrap_or(OTHER),
    }
}

/// `text` cut to `room` pixels, with an ellipsis where something is missing.
pub(super) fn fit(text: &str, size: u32, bold: bool, room: i32) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut cut: Vec<char> = text.chars().collect();
    while cut.pop().is_some() {
        let short: String = cut.iter().chain(&['…']).collect();
        if width(&short, size, bold) <= room {
            return short;
        }
    }
    "…".to_owned()
}

/// `text` in at most `lines` lines of `room` pixels, broken after a space or a mark between words where there is one. What
/// does not fit into the last line is cut there.
pub(super) fn wrap(text: &str, size: u32, room: i32, lines: usize) -> Vec<String> {
    let mut wrapped = Vec::new();
    let mut rest = text;
    while wrapped.len() + 1 < lines && width(rest, size, false) > room {
        let end = line_end(rest, size, room);
        wrapped.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    wrapped.push(fit(rest, size, false, room));
    wrapped
}

/// The place where the first line of `text` ends, behind at least one character.
fn line_end(text: &str, size: u32, room: i32) -> usize {
    let fits = |end: &usize| width(text[..*end].trim_end(), size, false) <= room;
    let ends = || text.char_indices().map(|(at, c)| (at + c.len_utf8(), c));
    let hard = ends().map(|(end, _)| end).take_while(fits).last();
    let soft = ends().filter(|(_, c)| matches!(c, ' ' | '-' | '_' | '.' | '/')).map(|(end, _)| end).take_while(fits).last();
    soft.or(hard).or_else(|| ends().next().map(|(end, _)| end)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_letters_are_narrower_than_wide_ones() {
        assert!(width("iiii", 14, false) * 2 < width("WWWW", 14, false));
    }

    #[test]
    fn a_long_name_is_broken_between_its_words() {
        assert_eq!(wrap("a-very-long-variant-name", 12, 90, 3), ["a-very-long-", "variant-name"]);
        assert_eq!(wrap("unbrokenunbrokenunbroken", 12, 80, 2).concat().replace('…', "").len(), 20);
        assert_eq!(wrap("multi", 12, 80, 2), ["multi"]);
        assert_eq!(wrap("", 12, 80, 2), [""]);
    }

    #[test]
    fn a_text_that_is_too_wide_ends_in_an_ellipsis_and_fits() {
        let cut = fit("a-very-long-variant-name-that-nobody-should-give", 12, false, 100);
        assert!(cut.ends_with('…') && width(&cut, 12, false) <= 100, "{cut}");
        assert_eq!(fit("multi", 12, false, 100), "multi");
    }
}
