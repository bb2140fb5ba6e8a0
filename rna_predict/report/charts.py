"""Bars, roses and pictures: the drawings that are not lines over two axes."""

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from numbers import Real

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from markupsafe import Markup

from rna_predict.report.format import is_known


def colour_table(name: str) -> UInt8[np.ndarray, "256 3"]:
    """Give the 256 colours of a perceptually uniform map, red green blue."""
    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def hex_colours(table: UInt8[np.ndarray, "n 3"]) -> list[str]:
    """Write colours as ``#rrggbb``."""
    return ["#" + bytes(row).hex() for row in table]


def png_uri(
    indices: UInt8[np.ndarray, "h w"],
    palette: UInt8[np.ndarray, "256 3"],
    clear: int | None = None,
) -> str:
    """Encode a picture with a palette as a data address (PNG specification, W3C, 2003).

    Parameters
    ----------
    indices : (h, w) uint8
        Colour of each pixel, first row at the top.
    palette : (256, 3) uint8
    clear : int, optional
        Index that is transparent.
    """

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    height, width = indices.shape
    rows = np.hstack([np.zeros((height, 1), dtype=np.uint8), indices]).tobytes()
    alpha = np.where(np.arange(256) == clear, 0, 255).astype(np.uint8)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", palette.tobytes())
        + (b"" if clear is None else chunk(b"tRNS", alpha.tobytes()))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(png).decode()


def bar_chart(rows: Sequence[tuple[str, Real, str, str]], label: str, width: Real = 440) -> Markup:
    """Draw horizontal bars with their names above and values behind them.

    Parameters
    ----------
    rows : sequence of (name, value, text, style)
        ``text`` is the value as written.

    Returns
    -------
    Markup
    """
    most = max((value for _, value, _, _ in rows if is_known(value)), default=1) or 1
    step = 34
    room = width - 8 - 7 * max((len(text) for _, _, text, _ in rows), default=0)
    parts = [
        Markup(
            '<text class="tick" x="2" y="{:.1f}">{}</text>'
            '<rect class="bar {}" x="2" y="{:.1f}" width="{:.1f}" height="13" rx="2"/>'
            '<text class="value" x="{:.1f}" y="{:.1f}">{}</text>'
        ).format(
            k * step + 12, name, style, k * step + 16, max(room * value / most, 0.8),
            2 + max(room * value / most, 0.8) + 6, k * step + 27, text,
        )
        for k, (name, value, text, style) in enumerate(rows)
    ]  # fmt: skip
    return (
        Markup('<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {:g} {:g}">').format(
            label, width, len(rows) * step + 4
        )
        + Markup("").join(parts)
        + Markup("</svg>")
    )


def funnel_chart(
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[tuple[int, int]]]],
    styles: Sequence[str],
    label: str,
    width: Real = 440,
) -> Markup:
    """Draw bars of what each step took in and let out, a column a quantity.

    Parameters
    ----------
    heads : sequence of str
        Names of the quantities.
    rows : sequence of (name, [(in, out), ...])
        What goes in and is not let out is drawn pale and dashed.
    styles : sequence of str
        Of the columns.

    Returns
    -------
    Markup
    """
    step, top, gap = 36, 20, 14
    room = (width - 2 - gap * (len(heads) - 1)) / len(heads)
    parts = []
    for k, head in enumerate(heads):
        parts.append(
            Markup('<text class="head" x="{:.1f}" y="12">{}</text>').format(
                2 + k * (room + gap), head
            )
        )
    for row, (name, counts) in enumerate(rows):
        y = top + row * step
        parts.append(Markup('<text class="tick" x="2" y="{}">{}</text>').format(y + 12, name))
        for k, (before, after) in enumerate(counts):
            most = max((values[k][0] for _, values in rows), default=1) or 1
            left = 2 + k * (room + gap)
            bar = (room - 8 - 7.5 * len(f"{most:,}")) / most
            parts.append(
                Markup(
                    '<rect class="bar {}" x="{:.1f}" y="{}" width="{:.1f}" height="13"/>'
                ).format(styles[k], left, y + 17, max(bar * after, 0.8))
            )
            if before > after:
                parts.append(
                    Markup(
                        '<rect class="bar {} d1" x="{:.1f}" y="{}" width="{:.1f}" height="13">'
                        "<title>{}: {:,} removed</title></rect>"
                    ).format(
                        styles[k], left + bar * after, y + 17,
                        max(bar * (before - after), 0.8), name, before - after,
                    )
                )  # fmt: skip
            parts.append(
                Markup('<text class="value" x="{:.1f}" y="{}">{:,}</text>').format(
                    left + bar * before + 5, y + 28, after
                )
            )
    return (
        Markup('<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {:g} {:g}">').format(
            label, width, top + len(rows) * step
        )
        + Markup("").join(parts)
        + Markup("</svg>")
    )


def rose(
    shares: Sequence[Float[np.ndarray, " bins"]],
    styles: Sequence[str],
    title: str,
    note: str,
    label: str,
    sectors: Sequence[tuple[Real, Real, str]] = (),
) -> Markup:
    """Draw circular histograms, 0 degrees at the top, clockwise; area is share.

    Parameters
    ----------
    shares : sequence of (bins,) float
        Each adds up to 1; drawn over each other as outlines.
    sectors : sequence of (from, to, name), degrees
        Shaded ranges.

    Returns
    -------
    Markup
    """
    size, centre, radius = 200.0, 100.0, 66.0
    most = max((float(share.max()) for share in shares if share.size), default=0) or 1.0

    def at(degrees: Real, r: Real) -> str:
        turn = math.radians(degrees)
        return f"{centre + r * math.sin(turn):.1f} {centre + 8 - r * math.cos(turn):.1f}"

    parts = []
    for low, high, _ in sectors:
        wide = int((high - low) % 360 > 180)
        parts.append(
            Markup('<path class="band" d="M{} L{} A{} {} 0 {} 1 {}Z"/>').format(
                at(low, 0), at(low, radius), radius, radius, wide, at(high, radius)
            )
        )
    for part in (0.5, 1.0):
        parts.append(
            Markup('<circle class="grid" cx="{}" cy="{}" r="{}"/>').format(
                centre, centre + 8, radius * part
            )
        )
    for degrees in (0, 90, 180, 270):
        x, y = at(degrees, radius + 11).split()
        parts.append(
            Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="middle">{}°</text>').format(
                x, float(y) + 4, degrees
            )
        )
    for share, style in zip(shares, styles, strict=True):
        step = 360 / len(share)
        corners = []
        for k, value in enumerate(share):
            r = radius * math.sqrt(value / most)
            corners += [at(k * step, r), at((k + 1) * step, r)]
        parts.append(Markup('<path class="petal {}" d="M{}Z"/>').format(style, " L".join(corners)))
    parts.append(
        Markup(
            '<text class="head" x="100" y="11" text-anchor="middle">{}</text>'
            '<text class="note" x="100" y="204" text-anchor="middle">{}</text>'
        ).format(title, note)
    )
    return (
        Markup('<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {:g} 208">').format(
            label, size
        )
        + Markup("").join(parts)
        + Markup("</svg>")
    )
