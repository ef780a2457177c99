//! Colours by their use, on light and on dark pages.

use plotters::style::RGBColor;

use super::plan::Kind;

/// A colour for light pages, which is also the one for viewers that know no others, and what replaces it on dark ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tint {
    light: (u8, u8, u8),
    dark: (u8, u8, u8),
}

/// The page that the chart brings along: whatever surrounds it, text and bars stand on this.
pub(super) const BACKGROUND: Tint = Tint { light: (255, 255, 255), dark: (13, 17, 23) };
/// Text and intervals.
pub(super) const INK: Tint = Tint { light: (31, 35, 40), dark: (230, 237, 243) };
/// Text of less weight.
pub(super) const FAINT: Tint = Tint { light: (89, 96, 105), dark: (157, 167, 179) };
/// Lines behind bars.
pub(super) const GRID: Tint = Tint { light: (222, 226, 230), dark: (42, 49, 58) };
/// Where bars begin.
pub(super) const AXIS: Tint = Tint { light: (140, 149, 159), dark: (110, 118, 129) };
/// Orange and blue of the palette by Okabe and Ito (2008), whose colours stay apart for all common kinds of colour
/// blindness and in grey; the blue is lighter on dark pages.
const SINGLE_STAGE: Tint = Tint { light: (230, 159, 0), dark: (230, 159, 0) };
const MULTI_STAGE: Tint = Tint { light: (0, 114, 178), dark: (58, 147, 208) };
const OTHER: Tint = Tint { light: (153, 153, 153), dark: (153, 153, 153) };
/// Layers of the base.
pub(super) const BASE: Tint = OTHER;
/// Layers above it.
pub(super) const APP: Tint = MULTI_STAGE;

const ALL: [Tint; 8] = [BACKGROUND, INK, FAINT, GRID, AXIS, SINGLE_STAGE, MULTI_STAGE, OTHER];

impl Tint {
    /// The colour as the SVG has it without a style.
    pub(super) const fn color(self) -> RGBColor {
        RGBColor(self.light.0, self.light.1, self.light.2)
    }
}

impl Kind {
    /// What a bar of this kind is filled with.
    pub(super) const fn tint(self) -> Tint {
        match self {
            Self::SingleStage => SINGLE_STAGE,
            Self::MultiStage => MULTI_STAGE,
            Self::Other => OTHER,
        }
    }
}

/// A style sheet that exchanges all colours at once where the reader's pages are dark. Background and text change
/// together, so the contrast holds in either case, also where a viewer's setting and the page around it disagree.
pub(super) fn style() -> String {
    let hex = |(r, g, b): (u8, u8, u8)| format!("#{r:02X}{g:02X}{b:02X}");
    let rule = |tint: &Tint| {
        let (light, dark) = (hex(tint.light), hex(tint.dark));
        format!("[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}")
    };
    let rules: String = ALL.iter().filter(|t| t.light != t.dark).map(rule).collect();
    format!("<style>@media (prefers-color-scheme:dark){{{rules}}}</style>")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast ratio as WCAG 2.2 defines them.
    fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
        let channel = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |(r, g, b)| 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        let (a, b) = (luminance(one) + 0.05, luminance(other) + 0.05);
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn text_is_readable_on_light_and_dark_pages() {
        for text in [INK, FAINT] {
            assert!(contrast(text.light, BACKGROUND.light) >= 4.5, "{text:?}");
            assert!(contrast(text.dark, BACKGROUND.dark) >= 4.5, "{text:?}");
        }
    }

    #[test]
    fn bars_of_two_kinds_differ_without_colour() {
        assert!(contrast(SINGLE_STAGE.light, MULTI_STAGE.light) > 1.5);
        assert!(contrast(SINGLE_STAGE.dark, MULTI_STAGE.dark) > 1.3);
    }

    #[test]
    fn no_two_uses_share_the_colour_that_the_style_exchanges() {
        for (place, tint) in ALL.iter().enumerate() {
            assert!(ALL[place + 1..].iter().all(|other| other.light != tint.light), "{tint:?}");
        }
    }
}
