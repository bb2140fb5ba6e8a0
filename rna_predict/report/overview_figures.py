"""Figures over all targets: accuracy of every model, and whether the confidence is right."""

import numpy as np
from markupsafe import Markup

from rna_predict.report.charts import colour_table, png_uri
from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import number
from rna_predict.report.metrics import METRICS
from rna_predict.report.plot import Axis, Plot
from rna_predict.report.targets import Target

SAME_FOLD = 0.45
"""TM-score above which two RNAs mostly share their fold (Gong et al. 2019)."""
ROW = 24.0


def accuracy_figure(targets: list[Target]) -> Figure | None:
    """Draw the TM-score of every model, a row a target."""
    scored = [t for t in targets if t.best("tm_score") is not None]
    if not scored:
        return None
    return Figure(
        title="Every model at a glance",
        drawings=[_strip(scored, "tm_score", SAME_FOLD), _strip(scored, "lddt", None)],
        caption="TM-score (C3', residues paired by number) and lDDT of each model to its native, "
        f"both 0 to 1. Shaded: TM-score above {SAME_FOLD}, where two RNAs mostly share their fold. "
        "The nearer the first model is to the best one, the better the ranking.",
        legend=(Series("ranked first", "mark s1"), Series("other models", "mark s0")),
    )


def _strip(targets: list[Target], key: str, threshold: float | None) -> Markup:
    """Draw one metric of every model, a row a target."""
    metric = METRICS[key]
    rows = tuple((float(k), target.name) for k, target in enumerate(targets))
    spoken = ", ".join(f"{t.name} best {number(t.best(key), metric.digits)}" for t in targets)
    plot = Plot(
        Axis(metric.label, 0, 1),
        Axis("", len(rows) - 0.5, -0.5, ticks=rows),
        label=f"{metric.label} of every model: {spoken}",
        height=ROW * len(rows) + 58,
        top=12,
    )
    if threshold is not None:
        plot.band(threshold, 1.0)
    for k, target in enumerate(targets):
        for model in reversed(target.models):
            if key in model.values:
                tip = f"{target.name} model {model.rank}: {number(model.values[key], 3)}"
                plot.dot(model.values[key], k, "s1" if model.rank == 1 else "s0", tip)
    return plot.svg()


def calibration_figure(targets: list[Target]) -> Figure | None:
    """Draw measured against predicted accuracy of every residue of all models."""
    predicted = [m.plddt for t in targets for m in t.models]
    measured = [m.lddt for t in targets for m in t.models]
    x, y = np.concatenate(predicted), np.concatenate(measured)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    x, y = x[known], y[known]
    edges = np.linspace(0, 100, 11)
    place = np.clip(np.digitize(x, edges) - 1, 0, 9)
    middles, means = [], []
    for k in range(10):
        inside = place == k
        middles.append((edges[k] + edges[k + 1]) / 2)
        means.append(float(y[inside].mean()) if inside.sum() >= 5 else float("nan"))
    counts, _, _ = np.histogram2d(y, x, bins=(np.linspace(0, 1, 51), np.linspace(0, 100, 51)))
    shade = np.round(1 + 254 * np.log1p(counts) / np.log1p(counts.max())).astype(np.uint8)
    shade[counts == 0] = 0
    plot = Plot(
        Axis("pLDDT (predicted)", 0, 100),
        Axis("lDDT (measured)", 0, 1),
        label=f"Measured against predicted lDDT of {len(x)} residues",
        width=400,
        height=360,
    )
    plot.image(png_uri(shade[::-1], colour_table("viridis"), clear=0))
    plot.line([0, 100], [0, 1], "perfect", "s7 d1")
    plot.line(middles, means, "mean lDDT", "s1", points=True)
    return Figure(
        title="Is the confidence right?",
        drawings=[plot.svg()],
        caption=f"Measured lDDT against pLDDT of {len(x):,} residues in all models with a native "
        "(colour: number of residues, logarithmic). On the dashed line the network's confidence "
        "is what it delivers; means of fewer than five residues are not drawn.",
        legend=(Series("mean lDDT by pLDDT", "s1"), Series("perfect calibration", "s7 d1")),
    )


def ornament(targets: list[Target]) -> Markup:
    """Draw the base pairs of the longest target as thin arcs for the head of the page."""
    if not targets:
        return Markup("")
    target = max(targets, key=lambda target: len(target.sequence))
    pairs = sorted(target.native_pairs or target.models[0].pairs)
    step = 860 / len(target.sequence)
    arcs = [
        Markup('<path d="M{:.1f} 300A{:.1f} {:.1f} 0 0 1 {:.1f} 300"/>').format(
            step * (i + 0.5), step * (j - i) / 2, step * (j - i) * 0.33, step * (j + 0.5)
        )
        for i, j in pairs
    ]
    return Markup('<svg class="ornament" viewBox="0 0 860 300" aria-hidden="true">{}</svg>').format(
        Markup("").join(arcs)
    )
