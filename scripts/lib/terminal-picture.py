"""Draws what a program printed on a terminal, colours included, as an SVG picture on a grid of cells.

usage: terminal-picture.py --command LINE --columns N --alt TEXT [--until TITLE] <printed >picture.svg

With --until the section that begins with that title, and all after it, are left out.

Text stays text. Nothing is loaded from anywhere: the font is whatever monospace font the reader has, and the length of every run of
text is set, so that columns stand under each other in any of them. The colours are for dark text on a light ground of its own, which
reads the same on a light and on a dark page.
"""

import argparse
import re
import sys
from xml.sax.saxutils import escape

CELL, LINE, SIZE, EDGE = 8.4, 19, 14, 16
HEAD = 30
GROUND, FRAME, TEXT, FAINT = "#ffffff", "#d0d7de", "#1f2328", "#6e7781"
COLOURS = {31: "#cf222e", 32: "#1a7f37", 33: "#9a6700", 34: "#0969da", 35: "#8250df", 36: "#0b6e8a"}
BLOCKS = {"█": 1.0, "░": 0.35}


def styled_runs(line):
    """The line as runs of text with their style: bold, faint, colour."""
    style = (False, False, None)
    for text, codes in re.findall(r"([^\x1b]+)|\x1b\[([0-9;]*)m", line):
        if text:
            yield text, style
            continue
        for code in (int(code or 0) for code in codes.split(";")):
            bold, faint, colour = style
            if code == 0:
                style = (False, False, None)
            elif code == 1:
                style = (True, faint, colour)
            elif code == 2:
                style = (bold, True, colour)
            elif code in COLOURS:
                style = (bold, faint, code)


def pieces(line):
    """Runs at their column, broken where blanks leave a gap and where bars begin and end."""
    column = 0
    for text, style in styled_runs(line):
        for part in re.findall(r"█+|░+|(?:[^█░ ]| (?! ))+|  +| ", text):
            if part.strip():
                lead = len(part) - len(part.lstrip())
                yield column + lead, part.strip(), style
            column += len(part)


def colour_of(style):
    _, faint, colour = style
    return COLOURS.get(colour, FAINT if faint else TEXT)


def drawn(column, row, text, style):
    x, y = EDGE + column * CELL, HEAD + EDGE + row * LINE
    if text[0] in BLOCKS:
        width, opacity = len(text) * CELL, BLOCKS[text[0]]
        box = f'<rect x="{x:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="{LINE - 6}" fill="{colour_of(style)}"'
        return f'{box} fill-opacity="{opacity}"/>'
    weight = ' font-weight="700"' if style[0] else ""
    fill = "" if colour_of(style) == TEXT else f' fill="{colour_of(style)}"'
    return f'<text x="{x:.1f}" y="{y + 14:.1f}" textLength="{len(text) * CELL:.1f}"{weight}{fill}>{escape(text)}</text>'


def picture(printed, command, columns, alt):
    lines = [f"\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m", *printed.rstrip("\n").split("\n")]
    columns = max(columns, len(command) + 2)
    width, height = 2 * EDGE + columns * CELL, HEAD + 2 * EDGE + len(lines) * LINE
    dots = "".join(f'<circle cx="{EDGE + 6 + 18 * n}" cy="{HEAD / 2 + 1}" r="5" fill="{FRAME}"/>' for n in range(3))
    body = "\n".join(drawn(*piece[:1], row, *piece[1:]) for row, line in enumerate(lines) for piece in pieces(line))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" role="img"'
        f' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', \'Liberation Mono\', monospace"'
        f' font-size="{SIZE}" fill="{TEXT}">\n<title>{escape(alt)}</title>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8" fill="{GROUND}" stroke="{FRAME}"/>\n'
        f'<path d="M0.5 {HEAD}H{width - 1:.0f}" stroke="{FRAME}"/>\n{dots}\n{body}\n</svg>\n'
    )


def main():
    parser = argparse.ArgumentParser()
    for name in ("--command", "--alt"):
        parser.add_argument(name, required=True)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--until")
    asked = parser.parse_args()
    printed = sys.stdin.buffer.read().decode()
    if asked.until:
        kept, found, _ = printed.partition(f"\n\x1b[1m{asked.until}\x1b[0m")
        if not found:
            sys.exit(f"nothing printed has the title {asked.until}")
        printed = kept.rstrip("\n") + "\n\n\x1b[2m…\x1b[0m\n"
    sys.stdout.buffer.write(picture(printed, asked.command, asked.columns, asked.alt).encode())


if __name__ == "__main__":
    main()
