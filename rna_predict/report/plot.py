"""Plots as small SVG drawings that take their colours from the page's style sheet.

So they follow light and dark, stay sharp in print, keep their text as text and weigh a few kB.
Style classes: ``s0``-``s7`` colours of Okabe and Ito, ``d1``, ``d2`` dashes for what has run out
of colours, so that nothing is told by colour alone.
"""

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from markupsafe import Markup

from rna_predict.report.format import DASH, is_known, number, significant

N_COLOURS = 8


def series_style(index: int) -> str:
    """Give the style classes of the ``index``-th series: colours first, then dashes."""
    dash = index // N_COLOURS
    return f"s{index % N_COLOURS}" + (f" d{dash}" if dash else "")


@dataclass(frozen=True)
class Axis:
    """One axis: what it shows, from where to where."""

    label: str
    """With the unit."""
    low: Real
    high: Real
    log: bool = False
    ticks: tuple[tuple[Real, str], ...] = ()
    """Values and their labels; empty: chosen."""
    count: int = 5
    """About how many ticks to choose."""

    def fraction(self, value: Real) -> float:
        """Place a value between 0 (low end) and 1 (high end)."""
        low, high = (math.log(v) if self.log else v for v in (self.low, self.high))
        if high == low:
            return 0.5
        value = math.log(max(value, 1e-300)) if self.log else value
        return (value - low) / (high - low)

    def marks(self) -> tuple[tuple[Real, str], ...]:
        """Give the ticks: values and labels."""
        if self.ticks:
            return self.ticks
        return _decade_ticks(self.low, self.high) if self.log else self._linear_ticks()

    def _linear_ticks(self) -> tuple[tuple[Real, str], ...]:
        """Choose round values (1, 2 or 5 times a power of ten)."""
        span = self.high - self.low
        if span <= 0:
            return ((self.low, significant(self.low)),)
        raw = span / self.count
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(f * power for f in (1, 2, 5, 10) if f * power >= raw * 0.999)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple((k * step, number(k * step, digits)) for k in range(first, last + 1))


def _decade_ticks(low: Real, high: Real) -> tuple[tuple[Real, str], ...]:
    """Choose powers of ten, with 2 and 5 between where there are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1,) if math.log10(high / low) >= 2.5 else (1, 2, 5)
    every = max(1, math.ceil(len(decades) / 6))
    values = [f * 10.0**d for d in decades[::every] for f in factors]
    inside = [v for v in values if low * 0.999 <= v <= high * 1.001]
    return tuple((v, _power_label(v)) for v in inside)


def _power_label(value: Real) -> str:
    """Write 0.001 to 50,000 as they are and the rest as powers of ten."""
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 <= exponent <= 4:
        return number(value, max(0, -exponent))
    factor = round(value / 10.0**exponent)
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{factor}×10{raised}" if factor != 1 else f"10{raised}"


class Plot:
    """A drawing area with two axes; elements are added in drawing order.

    Parameters
    ----------
    x, y : Axis
    width, height : float
        Of the whole drawing, in its own units: about pixels on a phone.
    label : str
        What a screen reader says.
    left, top : float
        Margins; ``left`` 0: as the labels need.
    """

    def __init__(
        self,
        x: Axis,
        y: Axis,
        label: str,
        width: Real = 440,
        height: Real = 270,
        left: Real = 0,
        top: Real = 26,
    ) -> None:
        self.x, self.y, self.label = x, y, label
        self.width, self.height = width, height
        widest = max((len(text) for _, text in y.marks()), default=1)
        self.left = left or 16 + 6.2 * widest
        self.right, self.top, self.bottom = width - 14, top, height - 38
        self._back: list[Markup] = []
        self._body: list[Markup] = []
        self._hover: list[dict] = []
        self._hover_x: list = []

    def px(self, value: Real) -> float:
        """Horizontal place of a value."""
        return self.left + self.x.fraction(value) * (self.right - self.left)

    def py(self, value: Real) -> float:
        """Vertical place of a value."""
        return self.bottom - self.y.fraction(value) * (self.bottom - self.top)

    def line(
        self,
        x: Collection[Real],
        y: Collection[Real],
        name: str,
        style: str,
        group: str = "",
        digits: int = 3,
        points: bool = False,
    ) -> None:
        """Draw a line; undefined values break it, a lone value is a dot.

        ``group`` puts it in a group that the page can show or hide; ``name`` and values appear
        under the pointer (``digits`` significant ones).
        """
        path, dots = self._path(x, y)
        parts = [Markup('<path class="line {}" d="{}"/>').format(style, path)] if path else []
        if points:
            dots = [(a, b) for a, b in zip(x, y, strict=True) if is_known(b)]
        parts += [
            Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.6"/>').format(
                style, self.px(a), self.py(b)
            )
            for a, b in dots
        ]
        self._body.append(_group(parts, group))
        self._hover_x = [float(v) for v in x]
        values = [significant(v, digits) if is_known(v) else DASH for v in y]
        self._hover.append({"name": name, "style": style, "group": group, "text": "|".join(values)})

    def stack(
        self,
        x: Collection[Real],
        parts: Sequence[tuple[str, Collection[Real]]],
        stretches: Sequence[slice],
    ) -> None:
        """Draw shares on top of each other, first at the bottom, each stretch by itself."""
        x, lower = np.asarray(x, dtype=float), np.zeros(len(x))
        self._hover_x = [float(v) for v in x]
        for index, (name, share) in enumerate(parts):
            upper = lower + np.nan_to_num(np.asarray(share, dtype=float))
            style = series_style(index)
            for part in stretches:
                there = zip(x[part], upper[part], strict=True)
                back = zip(x[part][::-1], lower[part][::-1], strict=True)
                outline = " ".join(f"{self.px(a):.1f},{self.py(b):.1f}" for a, b in [*there, *back])
                self._body.append(
                    Markup('<polygon class="area {}" points="{}"/>').format(style, outline)
                )
            text = "|".join(f"{number(100 * v, 1)} %" for v in share)
            self._hover.append({"name": name, "style": style, "group": "", "text": text})
            lower = upper

    def bars(
        self,
        edges: Collection[Real],
        heights: Collection[Real],
        style: str,
        base: Real = 0.0,
        tips: Sequence[str] = (),
    ) -> None:
        """Draw a histogram; ``tips`` are shown under the pointer."""
        for k, height in enumerate(heights):
            if height <= 0:
                continue
            left, right = self.px(edges[k]), self.px(edges[k + 1])
            top, bottom = self.py(base + height), self.py(base)
            tip = Markup("<title>{}</title>").format(tips[k]) if tips else ""
            self._body.append(
                Markup(
                    '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                    "{}</rect>"
                ).format(style, left + 0.5, top, max(right - left - 1, 0.8), bottom - top, tip)
            )

    def dot(self, x: Real, y: Real, style: str, tip: str) -> None:
        """Draw one point; ``tip`` is shown under the pointer."""
        self._body.append(
            Markup(
                '<circle class="dot ring {}" cx="{:.1f}" cy="{:.1f}" r="5">'
                "<title>{}</title></circle>"
            ).format(style, self.px(x), self.py(y), tip)
        )

    def band(self, low: Real, high: Real) -> None:
        """Shade a range of x behind everything."""
        left, right = self.px(low), self.px(high)
        self._back.append(
            Markup('<rect class="band" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}"/>').format(
                left, self.top, right - left, self.bottom - self.top
            )
        )

    def rule(self, value: Real, axis: str = "x") -> None:
        """Draw a thin line at a value of one axis."""
        at = self.px(value) if axis == "x" else self.py(value)
        ends = (at, self.top, at, self.bottom) if axis == "x" else (self.left, at, self.right, at)
        self._body.append(
            Markup('<line class="rule" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
                *ends
            )
        )

    def text(
        self, x: Real, y: Real, text: str, dx: Real = 0, dy: Real = 0, anchor: str = "start"
    ) -> None:
        """Write a note at a place of the axes, moved by so many units."""
        self._body.append(
            Markup('<text class="note" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
                self.px(x) + dx, self.py(y) + dy, anchor, text
            )
        )

    def image(self, uri: str, group: str = "") -> None:
        """Fill the drawing area with a picture, its first row at the top."""
        box = (self.left, self.top, self.right - self.left, self.bottom - self.top)
        picture = Markup(
            '<image class="pixels" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"'
            ' preserveAspectRatio="none" href="{}"/>'
        ).format(*box, uri)
        self._body.append(_group([picture], group))

    def svg(self) -> Markup:
        """Give the drawing."""
        hover = Markup("")
        if self._hover:
            box = [round(v, 1) for v in (self.left, self.top, self.right, self.bottom)]
            places = [round(self.px(v), 1) for v in self._hover_x]
            data = {
                "x": "|".join(significant(v, 6) for v in self._hover_x),
                "px": places,
                "box": box,
            }
            data |= {"xlabel": self.x.label, "series": self._hover}
            hover = Markup(' data-hover="{}"').format(json.dumps(data, ensure_ascii=False))
        return Markup(
            '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {:g} {:g}"{}>'
        ).format(self.label, self.width, self.height, hover) + Markup("").join(
            [*self._back, self._frame(), *self._body, Markup("</svg>")]
        )

    def _frame(self) -> Markup:
        """Draw grid lines, ticks and labels of both axes."""
        parts = []
        for value, text in self.y.marks():
            at = self.py(value)
            parts.append(
                Markup(
                    '<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>'
                    '<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>'
                ).format(self.left, at, self.right, at, self.left - 6, at + 3.8, text)
            )
        for value, text in self.x.marks():
            at = self.px(value)
            parts.append(
                Markup(
                    '<line class="axis" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>'
                    '<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>'
                ).format(at, self.bottom, at, self.bottom + 4, at, self.bottom + 16, text)
            )
        parts.append(
            Markup(
                '<line class="axis" x1="{0:.1f}" y1="{2:.1f}" x2="{1:.1f}" y2="{2:.1f}"/>'
                '<text class="label" x="{1:.1f}" y="{3:.1f}" text-anchor="end">{4}</text>'
                '<text class="label" x="2" y="12">{5}</text>'
            ).format(
                self.left, self.right, self.bottom, self.height - 5, self.x.label, self.y.label
            )
        )
        return Markup("").join(parts)

    def _path(self, x: Collection[Real], y: Collection[Real]) -> tuple[str, list[tuple]]:
        """Give the path of the unbroken stretches and the values that stand alone."""
        stretches: list[list[tuple[float, float]]] = [[]]
        for a, b in zip(x, y, strict=True):
            if is_known(a) and is_known(b) and not (self.y.log and b <= 0):
                stretches[-1].append((a, b))
            elif stretches[-1]:
                stretches.append([])
        path = "".join(
            "M" + "L".join(f"{self.px(a):.1f} {self.py(b):.1f}" for a, b in stretch)
            for stretch in stretches
            if len(stretch) > 1
        )
        return path, [stretch[0] for stretch in stretches if len(stretch) == 1]


def _group(parts: Sequence[Markup], group: str) -> Markup:
    """Wrap elements in a group that the page shows for one model only."""
    body = Markup("").join(parts)
    return Markup('<g data-model="{}">{}</g>').format(group, body) if group else body
