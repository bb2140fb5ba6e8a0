"""Figures of bond lengths, bond angles and torsions, for the page and as a file of its own."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup

from rna_predict.evaluate.reference import ALL, PUCKERS, normal_limits, reference_table
from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import MINUS, number
from rna_predict.report.plot import Axis, Plot
from rna_predict.structure.files import replacing

STYLES = dict(zip(PUCKERS, ("s0", "s1"), strict=True))
TORSIONS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi", "phase")
DIGITS = {"bond": 3, "angle": 1}
WIDTH, ROW = 620, 24
OFFSET = 0.17
"""Of the two puckers from the middle of their row."""


class RangePlot(Plot):
    """A plot whose rows hold ranges: a thin line, a thick one within it, and a dot."""

    def ranges(self, row: Real, values: Sequence[Real], style: str, tip: str) -> None:
        """Draw one range; what lies outside the axis is cut off, and a dot outside left out.

        ``values``: ends of the thin line, ends of the thick one within, place of the dot.
        """
        low, quarter, middle, three_quarters, high = values
        y = self.py(row)
        parts = []
        for start, end, width in ((low, high, 1.3), (quarter, three_quarters, 4.5)):
            start, end = max(start, self.x.low), min(end, self.x.high)
            if start < end:
                parts.append(
                    Markup(
                        '<path class="line {}" style="stroke-width:{}" d="M{:.1f} {:.1f}H{:.1f}"/>'
                    ).format(style, width, self.px(start), y, self.px(end))
                )
        if self.x.low <= middle <= self.x.high:
            parts.append(
                Markup('<circle class="dot ring {}" cx="{:.1f}" cy="{:.1f}" r="3.6"/>').format(
                    style, self.px(middle), y
                )
            )
        self._body.append(Markup("<g><title>{}</title>{}</g>").format(tip, Markup("").join(parts)))

    def limits(self, row: Real, low: Real, high: Real) -> None:
        """Shade a range of one row behind everything."""
        left, right = (self.px(min(max(v, self.x.low), self.x.high)) for v in (low, high))
        top, bottom = sorted((self.py(row - 0.42), self.py(row + 0.42)))
        self._back.append(
            Markup('<rect class="band" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
            .format(left, top, right - left, bottom - top)
        )  # fmt: skip


def geometry_figures(table: pd.DataFrame) -> list[Figure]:
    """Draw the statistics of a data set against the reference.

    Parameters
    ----------
    table : DataFrame
        As :func:`rna_predict.evaluate.reference.geometry_statistics` gives; may be empty.

    Returns
    -------
    list of Figure
        Bond lengths and bond angles of sugar and phosphate, and torsions, by pucker.
    """
    return [
        _deviation_figure(table, "bond", "Bond lengths by sugar pucker", "angstrom", 0.08),
        _deviation_figure(table, "angle", "Bond angles by sugar pucker", "degrees", 12.0),
        _torsion_figure(table),
    ]


def write_svg(figures: Sequence[Figure], path: Path) -> None:
    """Write figures below each other as one SVG file with its own style.

    Parameters
    ----------
    figures : sequence of Figure
        With drawings of ``WIDTH``.
    path : path
        Replaced as a whole.
    """
    parts, y = [], 8.0
    for figure in figures:
        parts.append(_text(10, y + 18, "head", figure.title))
        y += 28
        for k, entry in enumerate(figure.legend):
            x = 10 + 110 * k
            parts.append(Markup('<path class="line {}" d="M{} {}h22"/>').format(entry.style, x, y))
            parts.append(_text(x + 28, y + 4, "label", entry.label))
        y += 14
        for drawing in figure.drawings:
            height = float(drawing.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()[1])
            parts.append(
                Markup('<svg x="0" y="{:g}" width="{:g}" height="{:g}">{}</svg>').format(
                    y, WIDTH, height, drawing
                )
            )
            y += height + 14
    style = (files("rna_predict.report") / "templates/style.css").read_text(encoding="utf-8")
    svg = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {0} {1:g}" width="{0}" '
        'height="{1:g}"><style>{2}</style><rect width="100%" height="100%" '
        'style="fill:var(--surface)"/>{3}</svg>\n'
    ).format(WIDTH, y, Markup(style), Markup("").join(parts))
    with replacing(path) as temporary:
        temporary.write_text(svg, encoding="utf-8")


def _text(x: Real, y: Real, style: str, text: str) -> Markup:
    return Markup('<text class="{}" x="{:g}" y="{:g}">{}</text>').format(style, x, y, text)


def _deviation_figure(
    table: pd.DataFrame, kind: str, title: str, unit: str, reach: float
) -> Figure:
    """Draw how values deviate from the median of the reference."""
    reference = reference_table()
    chosen = (reference["kind"] == kind) & (reference["base"] == ALL)
    reference = reference[chosen & (reference["pucker"] == ALL)].set_index("atoms")["median"]
    limits = normal_limits(kind)
    ticks = tuple(
        (row, f"{_bonded(atoms)}  {number(median, DIGITS[kind])}")
        for row, (atoms, median) in enumerate(reference.items())
    )
    plot = _row_plot(f"deviation ({unit})", (-reach, reach), ticks, title)
    plot.rule(0.0)
    for row, (atoms, median) in enumerate(reference.items()):
        low, high = limits[tuple(atoms.split())]
        plot.limits(row, low - median, high - median)
    values = _by_pucker(table, kind)
    for row, (atoms, median) in enumerate(reference.items()):
        for pucker, line in values(atoms):
            _draw(plot, row, pucker, line, -median, f"{_bonded(atoms)}, {pucker}", unit)
    return _figure(
        title,
        plot,
        table,
        f"Each row is a bond or an angle of sugar and phosphate with the median ({unit}) of the "
        "reference, PDB chains at 2.0 angstrom or better, which is 0 of the horizontal axis. "
        "Thin line: 1st to 99th percentile; thick: the middle half; dot: median. Shaded: within "
        "4 standard deviations of the reference.",
    )


def _torsion_figure(table: pd.DataFrame) -> Figure:
    """Draw the ranges of the torsions; the circle is cut at 180 degrees."""
    turns = tuple((float(v), number(v, 0)) for v in range(-180, 181, 60))
    ticks = tuple(enumerate(TORSIONS))
    title = "Torsions and pucker phase by sugar pucker"
    plot = _row_plot("degrees", (-180.0, 180.0), ticks, title, turns)
    values = _by_pucker(table, "torsion")
    for row, name in enumerate(TORSIONS):
        for pucker, line in values(name):
            for turn in (-360.0, 0.0, 360.0):
                _draw(plot, row, pucker, line, turn, f"{name}, {pucker}", "degrees")
    return _figure(
        title,
        plot,
        table,
        "Thin line: 1st to 99th percentile of the deviations from the circular mean; thick: the "
        "middle half; dot: their median. A torsion with several favoured values, such as gamma, "
        "has a long thin line.",
    )


def _row_plot(
    label: str,
    span: tuple[float, float],
    rows: tuple[tuple[Real, str], ...],
    title: str,
    ticks: tuple[tuple[Real, str], ...] = (),
) -> RangePlot:
    """Make the axes: one row a measure, the first at the top."""
    return RangePlot(
        Axis(label, *span, ticks=ticks),
        Axis("", len(rows) - 0.5, -0.5, ticks=rows),
        label=title,
        width=WIDTH,
        height=ROW * len(rows) + 64,
    )


def _by_pucker(table: pd.DataFrame, kind: str) -> Callable[[str], list[tuple[str, NamedTuple]]]:
    """Give a function that finds the rows of a measure: (pucker, row) of those that are there."""
    chosen = table[(table["kind"] == kind) & (table["base"] == ALL)]
    rows = {(row.atoms, row.pucker): row for row in chosen.itertuples()}
    return lambda atoms: [(p, rows[atoms, p]) for p in PUCKERS if (atoms, p) in rows]


def _draw(plot: RangePlot, row: int, pucker: str, line, shift: float, name: str, unit: str) -> None:
    """Draw one line of the table, moved by ``shift``."""
    side = -OFFSET if pucker == next(iter(PUCKERS)) else OFFSET
    values = [v + shift for v in (line.p01, line.p25, line.median, line.p75, line.p99)]
    digits = DIGITS.get(line.kind, 0)
    tip = f"{name}: median {number(line.median, digits)} {unit}, n = {line.n:,}"
    plot.ranges(row + side, values, STYLES[pucker], tip)


def _figure(title: str, plot: RangePlot, table: pd.DataFrame, caption: str) -> Figure:
    """Frame a drawing; a table without rows says so."""
    if table.empty:
        caption = "No chain has a resolution that is known and good enough. " + caption
    legend = [Series(pucker, style) for pucker, style in STYLES.items()]
    return Figure(title=title, drawings=[plot.svg()], caption=caption, legend=legend)


def _bonded(atoms: str) -> str:
    """Write the names of bonded atoms: ``O3' P+1`` as ``O3'–P(i+1)``."""
    named = atoms.replace("-1", f"(i{MINUS}1)").replace("+1", "(i+1)").replace("N9|N1", "N")
    return named.replace(" ", "–")
