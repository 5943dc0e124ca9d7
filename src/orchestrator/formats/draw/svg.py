"""The pieces that pictures are made of. Self-contained: no scripts, no fonts of its own, nothing to load.

The law: a picture has no background, so its lines have colours that are seen on white and on black, and its words stand
in boxes of their own. What a person wrote is escaped, and without what XML does not allow.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.core.widths import cells

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
LETTER = 0.605
"""Width of a letter of such a font, of its size."""
GREY = "#7d8590"
INK = "#0f172a"


def escaped(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def width_of(text: str, size: float) -> float:
    return cells(text) * size * LETTER


def element(name: str, *inside: str, **attributes: object) -> str:
    """`fill_opacity=…` is `fill-opacity="…"`; what is None is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{''.join(inside)}</{name}>" if inside else f"<{name}{said}/>"


def _number(value: object) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, size: float, fill: str = INK, **more: object) -> str:
    return element("text", escaped(words), x=x, y=y, font_size=size, fill=fill, **more)


def box(x: float, y: float, width: float, height: float, fill: str, stroke: str, **more: object) -> str:
    given = {"rx": 7, "stroke_width": 1.4, **more}
    return element("rect", x=x, y=y, width=width, height=height, fill=fill, stroke=stroke, **given)


def pill(x: float, y: float, words: str, colour: str, size: float = 10.5) -> str:
    """Words on a line, that begin at `x`; the line goes through `y`."""
    width = pill_width(words, size)
    return box(x, y - size * 0.8, width, size * 1.6, "#ffffff", colour, rx=size * 0.8, stroke_width=1.0) + text(
        x + width / 2, y + size * 0.35, words, size, colour, text_anchor="middle", font_weight=600
    )


def pill_width(words: str, size: float = 10.5) -> float:
    return width_of(words, size) + size * 1.3


def line(d: str, colour: str, **more: object) -> str:
    return element("path", d=d, fill="none", stroke=colour, **{"stroke_width": 1.7, **more})


def arrow(x: float, y: float, towards: str, colour: str) -> str:
    """Its tip is at (x, y)."""
    a, b = 4.2, 8
    ways = {"left": (b, -a, b, a), "right": (-b, -a, -b, a), "down": (-a, -b, a, -b), "up": (-a, b, a, b)}
    ax, ay, bx, by = ways[towards]
    return element("path", d=f"M{_at(x, y)}L{_at(x + ax, y + ay)}L{_at(x + bx, y + by)}Z", fill=colour)


def _at(x: float, y: float) -> str:
    return f"{_number(float(x))} {_number(float(y))}"


def picture(width: float, height: float, title: str, pieces: Iterable[str]) -> str:
    w, h = round(width), round(height)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'font-family="{FONT}">'
    )
    return "\n".join([opening, element("title", escaped(title)), *pieces, "</svg>"]) + "\n"
