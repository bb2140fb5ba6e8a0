"""Figures of the data set: funnel and angles."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.report.charts import colour_table, funnel_chart, png_uri, rose
from rna_predict.report.checks import COUNTS
from rna_predict.report.dataset import Dataset
from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import DASH, number
from rna_predict.report.plot import Axis, Plot

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


def funnel_figure(funnel: pd.DataFrame) -> Figure:
    """Draw what each step that removed something left of entries, chains and residues.

    ``funnel``: as :attr:`rna_predict.report.checks.Checks.funnel`, the list first, the store last.
    """
    removed = sum(funnel[f"{what}_in"] - funnel[f"{what}_out"] for what in COUNTS) > 0
    removed.iloc[[0, -1]] = True
    funnel = funnel[removed]
    rows = [
        (step_name(row.removes, row.step), [(getattr(row, f"{w}_in"), getattr(row, f"{w}_out"))
                                            for w in COUNTS])
        for row in funnel.itertuples()
    ]  # fmt: skip
    last = funnel.iloc[-1]
    kept = ", ".join(f"{last[f'{what}_out']:,} {what}" for what in COUNTS)
    heads = ["Entries", "Chains", "Residues (nt)"]
    return Figure(
        title="What came in and what was kept",
        drawings=[funnel_chart(heads, rows, ["s8", "s5", "s2"], f"Data funnel; kept: {kept}")],
        caption="Left of entries, chains and residues (nt, of all models of a chain) after each "
        "step; pale with a dashed outline: what the step removed. Each column has its own scale. "
        "A chain counts from the list on, though it is known only once its entry is read; steps "
        "that removed nothing are in the table.",
    )


def step_name(removes: str, step: str) -> str:
    """Name a step of the funnel by what it removes; ``step``: its name where that is nothing."""
    name = removes.replace("_", " ").replace(" rna", " RNA") or step
    return name[:1].upper() + name[1:]


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
