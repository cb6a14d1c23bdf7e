#!/usr/bin/env python3
"""Renders a captured terminal screen as SVG: the picture in the README.

    tmux capture-pane -e -p -t deskwire | docs/picture/render.py > docs/picture/desk.svg
"""

import html
import re
import sys
import unicodedata

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 12
BACKGROUND, FOREGROUND = "#16181d", "#d5d8de"
COLOURS = [
    "#2b2f38", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf",
    "#7f8794", "#ff7b85", "#b0dd8f", "#ffd68a", "#7fc3ff", "#dd92f0", "#6fd0dc", "#ffffff",
]
SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|[\x0e\x0f]")


def palette(number):
    if number < 16:
        return COLOURS[number]
    if number < 232:
        number -= 16
        levels = [0, 95, 135, 175, 215, 255]
        return "#%02x%02x%02x" % (levels[number // 36], levels[number // 6 % 6], levels[number % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (number - 232),) * 3)


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.underline = self.reverse = False

    def take(self, codes):
        numbers = [int(code) if code else 0 for code in re.split("[;:]", codes or "0")]
        while numbers:
            code = numbers.pop(0)
            if code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code == 4:
                self.underline = True
            elif code == 7:
                self.reverse = True
            elif code == 22:
                self.bold = self.dim = False
            elif code == 24:
                self.underline = False
            elif code == 27:
                self.reverse = False
            elif 30 <= code <= 37:
                self.fg = COLOURS[code - 30]
            elif 90 <= code <= 97:
                self.fg = COLOURS[code - 82]
            elif 40 <= code <= 47:
                self.bg = COLOURS[code - 40]
            elif 100 <= code <= 107:
                self.bg = COLOURS[code - 92]
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None
            elif code in (38, 48) and numbers[:1] == [5]:
                colour, numbers = palette(numbers[1]), numbers[2:]
                self.fg, self.bg = (colour, self.bg) if code == 38 else (self.fg, colour)
            elif code in (38, 48) and numbers[:1] == [2]:
                colour, numbers = "#%02x%02x%02x" % tuple(numbers[1:4]), numbers[4:]
                self.fg, self.bg = (colour, self.bg) if code == 38 else (self.fg, colour)

    def paint(self):
        fg, bg = self.fg or FOREGROUND, self.bg
        if self.reverse:
            fg, bg = bg or BACKGROUND, fg
        return fg, bg, self.bold, self.dim, self.underline


def width(char):
    if unicodedata.combining(char) or char in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def runs(line, style):
    """Yields (column, cells, text, paint) for each run of equal style; wide characters stand alone."""
    column, position, text, start = 0, 0, "", 0
    while position < len(line):
        found = SEQUENCE.match(line, position)
        if found:
            if text:
                yield start, column - start, text, style.paint()
            text, start = "", column
            if found.group(0).endswith("m"):
                style.take(found.group(1))
            position = found.end()
            continue
        char = line[position]
        position += 1
        cells = width(char)
        if cells == 2 and text:
            yield start, column - start, text, style.paint()
            text, start = "", column
        text += char
        column += cells
        if cells == 2:
            yield start, 2, text, style.paint()
            text, start = "", column
    if text:
        yield start, column - start, text, style.paint()


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style = Style()
    drawn = [list(runs(line, style)) for line in lines]
    columns = max((run[0] + run[1] for line in drawn for run in line), default=80)
    size = (columns * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + 2 * MARGIN)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:.0f}" height="{size[1]:.0f}" '
          f'viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" role="img" aria-label="The Deskwire desk">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    print('<g font-family="DejaVu Sans Mono, Menlo, Consolas, Noto Sans Mono CJK SC, monospace" font-size="14" '
          'xml:space="preserve">')
    for row, line in enumerate(drawn):
        y = MARGIN + row * CELL_HEIGHT
        for column, cells, text, (fg, bg, bold, dim, underline) in line:
            x = MARGIN + column * CELL_WIDTH
            if bg:
                print(f'<rect x="{x:.1f}" y="{y}" width="{cells * CELL_WIDTH:.1f}" height="{CELL_HEIGHT}" fill="{bg}"/>')
            if not text.strip():
                continue
            extra = ' font-weight="bold"' if bold else ""
            extra += ' opacity="0.6"' if dim else ""
            extra += ' text-decoration="underline"' if underline else ""
            print(f'<text x="{x:.1f}" y="{y + 13.5}" fill="{fg}" textLength="{cells * CELL_WIDTH:.1f}" '
                  f'lengthAdjust="spacingAndGlyphs"{extra}>{html.escape(text)}</text>')
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
