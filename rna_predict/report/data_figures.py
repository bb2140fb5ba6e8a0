"""Figures of the data set: funnel, lengths, angles."""

import numpy as np
from jaxtyping import Float

from rna_predict.report.charts import bar_chart, colour_table, png_uri, rose
from rna_predict.report.dataset import SPLITS, Dataset
from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import DASH, number
from rna_predict.report.plot import Axis, Plot

SPLIT_STYLES = {"train": "s0", "validation": "s4", "test": "s1"}
SPLIT_NAMES = {"train": "Training", "validation": "Validation", "test": "Test"}
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "chi": "χ", "phase": "Pucker P", "eta": "η", "theta": "θ",
}  # fmt: skip
SECTORS = {
    "delta": ((60.0, 105.0, "C3'-endo"), (125.0, 165.0, "C2'-endo")),
    "chi": ((165.0, 315.0, "anti"), (45.0, 95.0, "syn")),
    "phase": ((0.0, 36.0, "C3'-endo"), (144.0, 190.0, "C2'-endo")),
}
"""Ranges with names (degrees): Richardson et al. 2008 RNA 14:465, Lu et al. 2015 NAR 43:e142,
Altona and Sundaralingam 1972 JACS 94:8205."""
ROSE_BIN = 10
MAP_BIN = 5


def funnel_figure(steps: list[tuple[str, int, str]]) -> Figure:
    """Draw how many entries and chains each step left; steps are (name, count, style)."""
    rows = [(name, count, f"{count:,}", style) for name, count, style in steps]
    spoken = ", ".join(f"{name} {count}" for name, count, _ in steps)
    return Figure(
        title="What came in and what was kept",
        drawings=[bar_chart(rows, f"Data funnel: {spoken}")],
        caption="Number of entries (grey) and of chains (coloured) left after each step; "
        "augmented copies come from training chains only.",
    )


def length_figure(dataset: Dataset) -> Figure:
    """Draw the lengths of each split's chains."""
    lengths = dataset.chains["length"].to_numpy(dtype=float)
    low, high = (lengths.min(), lengths.max()) if len(lengths) else (1.0, 2.0)
    log = bool(high / low > 8)
    if log:
        edges = np.geomspace(low * 0.98, high * 1.02, 19)
    else:
        edges = np.linspace(low - 0.5, high + 0.5, 19)
    drawings = []
    for split in SPLITS:
        side = dataset.side(split)
        counts, _ = np.histogram(side["length"], bins=edges)
        top = max(int(counts.max()), 1)
        plot = Plot(
            Axis("length (nt)" if split == SPLITS[-1] else "", edges[0], edges[-1], log=log),
            Axis(
                f"{SPLIT_NAMES[split]}: chains", 0, top * 1.08, ticks=((0, "0"), (top, f"{top:,}"))
            ),
            label=f"Lengths of {len(side)} {split} chains",
            height=118,
            left=44,
        )
        tips = [
            f"{int(count)} of {number(a, 0)} to {number(b, 0)} nt"
            for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True)
        ]
        plot.bars(edges, counts, SPLIT_STYLES[split], tips=tips)
        drawings.append(plot.svg())
    return Figure(
        title="Lengths of the chains by split",
        drawings=drawings,
        caption="Number of chains by length of the full sequence (nt"
        + (", logarithmic axis). " if log else "). ")
        + "Each split has its own vertical scale.",
    )


def circular_mean(degrees: Float[np.ndarray, " n"]) -> float:
    """Give the circular mean in [0, 360); NaN without values."""
    turn = np.radians(degrees[np.isfinite(degrees)])
    if not len(turn):
        return float("nan")
    return float(np.degrees(np.arctan2(np.sin(turn).mean(), np.cos(turn).mean())) % 360)


def circular_spread(degrees: Float[np.ndarray, " n"]) -> float:
    """Give the circular standard deviation, sqrt(-2 ln R), in degrees; NaN without values."""
    turn = np.radians(degrees[np.isfinite(degrees)])
    if not len(turn):
        return float("nan")
    length = float(np.abs(np.exp(1j * turn).mean()))
    return float(np.degrees(np.sqrt(-2 * np.log(length)))) if 0 < length < 1 else float("nan")


def share_between(degrees: Float[np.ndarray, " n"], low: float, high: float) -> float:
    """Give the share (0-1) of the defined angles within a range; NaN without values."""
    known = degrees[np.isfinite(degrees)]
    return float(((known >= low) & (known <= high)).mean()) if len(known) else float("nan")


def rose_figure(dataset: Dataset) -> Figure:
    """Draw the distribution of each torsion and of the pucker phase."""
    drawings = []
    for name in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi", "phase"):
        values = dataset.angles[name]
        known = np.isfinite(values)
        groups, styles = [known], ["s0"]
        if name == "chi":
            groups, styles = [known & dataset.purine, known & ~dataset.purine], ["s0", "s1"]
        sectors = SECTORS.get(name, ())
        if sectors:
            note = ", ".join(
                f"{word} {number(100 * share_between(values, low, high), 0)} %"
                for low, high, word in sectors
            )
        else:
            note = f"mean {number(circular_mean(values), 0)}°"
        drawings.append(
            rose(
                [_shares(values[group]) for group in groups],
                styles,
                title=GREEK[name],
                note=note if known.any() else DASH,
                label=f"Distribution of {name}, {int(known.sum())} values: {note}",
                sectors=sectors,
            )
        )
    count = int(np.isfinite(dataset.angles["chi"]).sum())
    return Figure(
        title="Torsion angles and sugar pucker",
        drawings=drawings,
        caption=f"Share of residues by angle (degrees, clockwise from the top, {ROSE_BIN}° bins; "
        f"the area of a petal is its share; {count:,} residues with χ). Shaded: named ranges. "
        "Undefined angles at chain ends and breaks are left out, not counted as 0.",
        legend=(Series("all residues; χ of purines", "s0"), Series("χ of pyrimidines", "s1")),
        layout="grid",
    )


def pseudo_torsion_figure(dataset: Dataset) -> Figure:
    """Draw the density of eta against theta."""
    eta, theta = dataset.angles["eta"], dataset.angles["theta"]
    known = np.isfinite(eta) & np.isfinite(theta)
    bins = np.arange(0, 361, MAP_BIN)
    counts, _, _ = np.histogram2d(theta[known], eta[known], bins=(bins, bins))
    top = np.log1p(counts.max()) or 1.0
    shade = np.round(1 + 254 * np.log1p(counts) / top).astype(np.uint8)
    shade[counts == 0] = 0
    ticks = tuple((float(v), f"{v}") for v in range(0, 361, 60))
    plot = Plot(
        Axis("η (degrees)", 0, 360, ticks=ticks),
        Axis("θ (degrees)", 0, 360, ticks=ticks),
        label=f"Density of eta and theta over {int(known.sum())} residues",
        width=400,
        height=410,
    )
    plot.image(png_uri(shade[::-1], colour_table("viridis"), clear=0))
    plot.text(200, 250, "A-form helix", dy=-8)
    return Figure(
        title="Backbone pseudo-torsions",
        drawings=[plot.svg()],
        caption=f"Residues by η and θ ({MAP_BIN}° bins, colour on a logarithmic scale from one "
        f"residue, dark, to {int(counts.max()):,}, bright; {int(known.sum()):,} residues). "
        "Helices fill the bright spot; loops and turns spread out.",
    )


def _shares(degrees: Float[np.ndarray, " n"]) -> Float[np.ndarray, " bins"]:
    """Give the share of each bin."""
    counts, _ = np.histogram(degrees, bins=np.arange(0, 361, ROSE_BIN))
    return counts / max(counts.sum(), 1)
