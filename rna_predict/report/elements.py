"""What a section is made of: tiles, notices, tables and figures, ready for the template."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from rna_predict.report.format import DASH, is_known, number


@dataclass(frozen=True)
class Tile:
    """One number of the summary."""

    label: str
    value: str
    note: str = ""
    tone: str = "plain"
    """``plain``, ``good`` or ``bad``; a mark says it as well as the colour."""
    link: str = ""
    """Anchor of the section that tells more."""


@dataclass(frozen=True)
class Notice:
    """A sentence set apart."""

    text: str
    tone: str = "plain"
    title: str = ""
    kind: str = field(default="notice", init=False)


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    key: str
    label: str
    digits: int | None = None
    """Decimals of a number; None for text."""
    unit: str = ""
    help: str = ""
    """Tooltip of the heading."""
    better: str = ""
    """``high`` or ``low``: the best value of the column is marked."""
    code: bool = False
    """Set in the fixed-width font."""


@dataclass(frozen=True)
class Cell:
    """A cell: what is shown and what it is sorted by."""

    text: str
    sort: str
    link: str = ""
    best: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A sortable table."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    empty: str = "Nothing to show."
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Series:
    """An entry of a legend."""

    label: str
    style: str
    """Classes of the swatch, the same as of the drawn line or area."""


@dataclass(frozen=True)
class Figure:
    """Drawings with one caption."""

    title: str
    drawings: Sequence[Markup]
    caption: str
    legend: Sequence[Series] = ()
    layout: str = "single"
    """``single``; ``grid`` for small multiples; ``scroll`` for wide drawings."""
    ramp: tuple[str, str] = ("", "")
    """Labels of the dark and the bright end of a colour bar; empty: none."""
    kind: str = field(default="figure", init=False)


@dataclass(frozen=True)
class Row:
    """Blocks side by side where there is room."""

    blocks: Sequence[object]
    layout: str = "even"
    """``even``, or ``wide`` for a first block that needs more room."""
    kind: str = field(default="row", init=False)


@dataclass(frozen=True)
class Details:
    """Blocks behind a line that opens them."""

    title: str
    blocks: Sequence[object]
    kind: str = field(default="details", init=False)


@dataclass(frozen=True)
class Pairs:
    """Names with values: a configuration section, versions, the glossary."""

    title: str
    items: Sequence[tuple[str, str]]
    prose: bool = False
    """Values are sentences rather than short values."""
    kind: str = field(default="pairs", init=False)


@dataclass(frozen=True)
class Section:
    """A section of the page."""

    anchor: str
    title: str
    lead: str
    blocks: Sequence[object]


def make_table(
    title: str,
    columns: Sequence[Column],
    records: Iterable[dict],
    caption: str = "",
    empty: str = "Nothing to show.",
) -> Table:
    """Lay records out as a table.

    Parameters
    ----------
    columns : sequence of Column
        Their keys are looked up in each record; a missing key is an undefined value.
    records : iterable of dict
        One a row. A value may be a ready :class:`Cell`.

    Returns
    -------
    Table
        Undefined numbers are en dashes and sort last; the best value of a column that has a better
        side is marked when at least two differ.
    """
    records = list(records)
    best = {}
    for column in columns:
        known = [r.get(column.key) for r in records if is_known(r.get(column.key))]
        if column.better and len(set(known)) > 1:
            best[column.key] = max(known) if column.better == "high" else min(known)
    rows = [
        [_cell(record.get(column.key), column, best.get(column.key)) for column in columns]
        for record in records
    ]
    return Table(title, columns, rows, caption, empty)


def _cell(value: object, column: Column, best: float | None) -> Cell:
    """Make the cell of one value."""
    if isinstance(value, Cell):
        return value
    if column.digits is None:
        text = "" if value is None else str(value)
        return Cell(text or DASH, text.lower())
    if not is_known(value):
        return Cell(number(None), "")
    return Cell(number(value, column.digits), repr(float(value)), best=value == best)
