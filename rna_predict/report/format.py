"""Numbers as a reader sees them: fixed digits, units apart, an en dash where nothing is known."""

import math
from numbers import Real
from typing import Final

DASH: Final = "\N{EN DASH}"
"""Stands wherever a number is undefined; never 0, never nan."""
MINUS: Final = "\N{MINUS SIGN}"
SPACE: Final = "\N{NO-BREAK SPACE}"
MOST_ROWS: Final = 300
"""Longer lists are cut, and say so."""


def is_known(value: object) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, Real) and math.isfinite(value)


def number(value: Real | None, digits: int = 2) -> str:
    """Write a number with a fixed count of decimals and thousands set apart.

    From 1e9 on it is a power of ten: such an energy is a sign, not a measure.

    Parameters
    ----------
    value : number or None
        None, NaN and infinities are undefined.
    digits : int
        Decimals.

    Returns
    -------
    str
        For example ``"1,234.5"``, ``"−3.20"``, or an en dash.
    """
    if not is_known(value):
        return DASH
    if abs(value) >= 1e9:
        return significant(value)
    text = f"{value:,.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if not any(digit in text for digit in "123456789") else MINUS + text[1:]
    return text


def significant(value: Real | None, digits: int = 3) -> str:
    """Write a number with so many significant digits, very small ones as powers of ten."""
    if not is_known(value):
        return DASH
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        return number(value, max(0, digits - 1 - exponent))
    mantissa = number(value / 10.0**exponent, digits - 1)
    return f"{mantissa}e{MINUS if exponent < 0 else ''}{abs(exponent)}"


def percent(part: Real, whole: Real) -> str:
    """Write a share; undefined when the whole is zero."""
    return f"{number(100 * part / whole, 1)}{SPACE}%" if whole else DASH


def duration(seconds: Real | None) -> str:
    """Write a time span, for example ``"1 h 02 min"``, ``"3 min 05 s"`` or ``"4.2 s"``."""
    if not is_known(seconds):
        return DASH
    if seconds < 59.95:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{SPACE}min{SPACE}{whole % 60:02d}{SPACE}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}{SPACE}h{SPACE}{minutes % 60:02d}{SPACE}min"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun."""
    return f"{count:,}{SPACE}{one if count == 1 else many or one + 's'}"


def cut_list(rows: int, name: str) -> str:
    """Say that a list was cut after ``MOST_ROWS``; ``name``: the file that has all; "" if not."""
    if rows <= MOST_ROWS:
        return ""
    return f"The first {MOST_ROWS:,} of {rows:,}; the rest is in {name}."
