"""Figures of a target: base pairs, accuracy and confidence along the chain, aligned errors."""

from numbers import Real

import numpy as np
from markupsafe import Markup

from rna_predict.report.charts import colour_table, png_uri
from rna_predict.report.elements import Figure, Series
from rna_predict.report.plot import Axis, Plot
from rna_predict.report.targets import Model, Pair, Target

PAE_TOP = 30.0
"""Aligned errors from here on have the darkest colour (angstrom)."""
NEAREST = 0.1
"""Smaller distances are drawn as this (angstrom)."""
ARC_HEIGHT = 92.0
RIGHT, MISSED, WRONG = "s2", "s1 d1", "s6"


def pair_figure(target: Target) -> Figure:
    """Draw the native's pairs above and each model's below, errors marked."""
    n = len(target.sequence)
    step = min(12.0, max(3.0, 960 / n))
    width = step * n + 24
    found = set().union(*(model.pairs for model in target.models))
    longest = max((j - i for i, j in target.native_pairs | found), default=1)
    scale = min(ARC_HEIGHT / longest, step / 2)
    above, below = (
        scale * max((j - i for i, j in p), default=0) for p in (target.native_pairs, found)
    )
    middle = above + 26
    parts = []
    for model in target.models:
        arcs = []
        for side, pairs in ((-1, target.native_pairs), (1, model.pairs)):
            for pair in sorted(pairs):
                style = _pair_style(pair, target, model, side)
                arcs.append(_arc(pair, step, middle, side, scale, style))
        parts.append(Markup('<g data-model="{}">{}</g>').format(model.rank, Markup("").join(arcs)))
    for k, base in enumerate(target.sequence):
        x = 12 + step * (k + 0.5)
        if step >= 7.5:
            parts.append(
                Markup('<text class="base" x="{:.1f}" y="{:.1f}" data-i="{}">{}</text>').format(
                    x, middle + 4, k, base
                )
            )
        if (k + 1) % 10 == 0:
            parts.append(
                Markup(
                    '<line class="axis" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>'
                    '<text class="tick" x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4}</text>'
                ).format(x, middle + 8, middle + 11, middle + 21, k + 1)
            )
    if step < 7.5:
        parts.append(
            Markup('<line class="axis" x1="12" y1="{0:.1f}" x2="{1:.1f}" y2="{0:.1f}"/>').format(
                middle, width - 12
            )
        )
    height = middle + below + 42
    names = [
        Markup('<text class="label" x="2" y="11">native</text>' if target.native else ""),
        Markup('<text class="label" x="2" y="{:.1f}">model</text>').format(height - 4),
    ]
    svg = Markup(
        '<svg class="plot arcs" role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}"'
        ' style="min-width:{:.0f}px;max-width:{:.0f}px">'
    ).format(
        f"Base pairs of {target.name}: {len(target.native_pairs)} in the native, "
        f"{len(target.models[0].pairs)} in the first model",
        width,
        height,
        min(width, 640),
        width * 1.25,
    )
    return Figure(
        title="Base pairs",
        drawings=[svg + Markup("").join([*names, *parts]) + Markup("</svg>")],
        caption="Canonical base pairs (AU, GC, GU; both Watson-Crick edges, cis) in the "
        "coordinates, each an arc between two residues: native above, the chosen model below.",
        legend=(
            Series("in both", RIGHT),
            Series("missed by the model", MISSED),
            Series("in the model only", WRONG),
        ),
        layout="scroll",
    )


def residue_figure(target: Target) -> Figure:
    """Draw measured and predicted accuracy along the chain, of each model."""
    n = len(target.sequence)
    position = np.arange(1, n + 1)
    width = min(2400.0, max(600.0, 6.5 * n + 60))
    x = Axis("residue", 1, n, count=10 if n > 60 else 6)
    ticks = tuple((v, f"{v:.2f}".rstrip("0").rstrip(".")) for v in (0, 0.25, 0.5, 0.75, 1))
    local = Plot(
        x, Axis("lDDT, pLDDT / 100", 0, 1, ticks=ticks),
        label=f"lDDT and pLDDT along {target.name}", width=width, height=210, left=40,
    )  # fmt: skip
    known = [model.distance[np.isfinite(model.distance)] for model in target.models]
    top = max((float(values.max()) for values in known if len(values)), default=1.0)
    apart = Plot(
        x, Axis("C1' distance (Å)", NEAREST, max(top * 1.1, 10), log=True),
        label=f"C1' distance to the native along {target.name}", width=width, height=170, left=40,
    )  # fmt: skip
    for model in target.models:
        group = str(model.rank)
        if np.isfinite(model.lddt).any():
            local.line(position, model.lddt, "lDDT", "s0", group)
        local.line(position, model.plddt / 100, "pLDDT / 100", "s1 d1", group)
        if np.isfinite(model.distance).any():
            clipped = np.maximum(model.distance, NEAREST)
            apart.line(position, clipped, "distance (Å)", "s2", group)
    drawings = [local.svg()]
    legend = [Series("predicted (pLDDT / 100)", "s1 d1")]
    if any(len(values) for values in known):
        drawings.append(apart.svg())
        legend = [
            Series("measured (lDDT)", "s0"), *legend, Series("distance to the native", "s2"),
        ]  # fmt: skip
    return Figure(
        title="Accuracy along the chain",
        drawings=drawings,
        caption="Per residue, for the chosen model: lDDT (0 to 1, 15 Å) against the network's own "
        "estimate, and the distance between C1' of model and native after superposition (Å, "
        "logarithmic). A gap: not observed in the native.",
        legend=tuple(legend),
        layout="scroll",
    )


def pae_figure(target: Target) -> Figure:
    """Draw the predicted aligned error of each model."""
    n = len(target.sequence)
    step = next(s for s in (5, 10, 20, 50, 100, 200, 500, 1000) if n / s <= 7)
    ticks = tuple((k + 0.5, str(k)) for k in [1, *range(step, n + 1, step)] if k > 0)
    plot = Plot(
        Axis("scored residue j", 0.5 + 0.5, n + 0.5 + 0.5, ticks=ticks),
        Axis("aligned on residue i", n + 1.0, 1.0, ticks=ticks),
        label=f"Predicted aligned error of {target.name}", width=380, height=390,
    )  # fmt: skip
    palette = colour_table("viridis")[::-1].copy()
    for model in target.models:
        shade = np.clip(np.nan_to_num(model.pae, nan=PAE_TOP) / PAE_TOP, 0, 1)
        plot.image(png_uri(np.round(shade * 255).astype(np.uint8), palette), str(model.rank))
    return Figure(
        title="Predicted aligned error",
        drawings=[plot.svg()],
        caption="Error (Å) that the network expects at residue j when the chosen model is "
        f"superposed on the frame of residue i. Bright is certain; {PAE_TOP:.0f} Å and more is "
        "darkest.",
        ramp=("30 Å", "0 Å"),
    )


def _pair_style(pair: Pair, target: Target, model: Model, side: int) -> str:
    """Tell whether a pair is right, missed or wrong."""
    if target.native is None:
        return "s0"
    if side < 0:
        return RIGHT if pair in model.pairs else MISSED
    return RIGHT if pair in target.native_pairs else WRONG


def _arc(pair: Pair, step: Real, middle: Real, side: int, scale: Real, style: str) -> Markup:
    """Draw one pair as half an ellipse above (-1) or below (+1) the sequence."""
    i, j = pair
    start, end = 12 + step * (i + 0.5), 12 + step * (j + 0.5)
    y = middle - 10 if side < 0 else middle + 25
    return Markup(
        '<path class="line {}" d="M{:.1f} {:.1f}A{:.1f} {:.1f} 0 0 {} {:.1f} {:.1f}"/>'
    ).format(style, start, y, (end - start) / 2, scale * (j - i), int(side < 0), end, y)
