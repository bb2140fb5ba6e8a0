"""Figures of the split: lengths, release dates, families and components by split."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float
from markupsafe import Markup

from rna_predict.report.charts import bar_chart
from rna_predict.report.dataset import SPLITS, Dataset
from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import number, plural
from rna_predict.report.plot import Axis, Plot

SPLIT_STYLES: Final = {"train": "s0", "validation": "s4", "test": "s1", "quarantine": "s7"}
"""Chains in quarantine tie sides together, and are used by none."""
SPLIT_NAMES: Final = {
    "train": "Training", "validation": "Validation", "test": "Test", "quarantine": "Quarantine",
}  # fmt: skip
MOST_FAMILIES: Final = 14
"""Families that are drawn; the rest is counted in the caption."""


def length_figure(dataset: Dataset) -> Figure | None:
    """Draw the lengths of each split's chains; None without a chain in a split."""
    chains = dataset.chains[dataset.chains["split"] != ""]
    if chains.empty:
        return None
    low, high = float(chains["length"].min()), float(chains["length"].max())
    log = high / low > 8
    if log:
        edges = np.geomspace(low * 0.98, high * 1.02, 19)
    else:
        edges = np.linspace(low - 0.5, high + 0.5, 19)
    drawings = _histograms(
        {split: dataset.side(split)["length"].to_numpy(dtype=float) for split in SPLITS},
        Axis("length (nt)", edges[0], edges[-1], log=log),
        edges,
        lambda a, b: f"{number(a, 0)} to {number(b, 0)} nt",
    )
    return Figure(
        title="Lengths of the chains by split",
        drawings=drawings,
        caption="Number of chains by length of the full sequence (nt"
        + (", logarithmic axis). " if log else "). ")
        + "Each split has its own vertical scale.",
    )


def date_figure(dataset: Dataset, cutoff: str = "") -> Figure | None:
    """Draw the release years of each split's chains; None where no chain has a date.

    ``cutoff``: ISO date drawn as a line; "" for none.
    """
    years = {split: release_years(dataset.side(split)["release_date"]) for split in SPLITS}
    known = np.concatenate([values[np.isfinite(values)] for values in years.values()])
    if not len(known):
        return None
    limit = float(release_years(pd.Series([cutoff]))[0])
    ends = np.append(known, limit if np.isfinite(limit) else known[:0])
    edges = np.arange(np.floor(ends.min()), np.floor(ends.max()) + 2)
    ticks = tuple((value, f"{value:.0f}") for value in edges[:: max(1, len(edges) // 6)])
    undated = {split: int(np.isnan(values).sum()) for split, values in years.items()}
    drawings = _histograms(
        years,
        Axis("year of release", edges[0], edges[-1], ticks=ticks),
        edges,
        lambda a, _: f"{a:.0f}",
        limit,
    )
    missing = ", ".join(
        f"{SPLIT_NAMES[split].lower()} {count:,}" for split, count in undated.items()
    )
    return Figure(
        title="Release dates of the chains by split",
        drawings=drawings,
        caption="Number of chains by the year their entry was released. "
        f"Without a date, and so not drawn: {missing}. "
        + (f"Dotted line: the cut-off, {cutoff}. " if cutoff else "")
        + "Each split has its own vertical scale.",
    )


def release_years(dates: pd.Series) -> Float[np.ndarray, " n"]:
    """Give ISO dates as years with a fraction; NaN where there is none."""
    when = pd.to_datetime(dates, format="%Y-%m-%d", errors="coerce")
    return (when.dt.year + (when.dt.day_of_year - 1) / 366).to_numpy(dtype=float)


def family_figure(dataset: Dataset, family_evalue: float) -> Figure | None:
    """Draw how many chains carry the label of each family; None without a label."""
    labels = dataset.families[dataset.families["evalue"] <= family_evalue]
    labels = labels.drop_duplicates(["chain_id", "family"])
    labels = labels.merge(dataset.chains[["chain_id", "split"]], on="chain_id")
    if labels.empty:
        return None
    rows, sizes = [], labels["family"].value_counts()
    for family, size in sizes.head(MOST_FAMILIES).items():
        members = labels[labels["family"] == family]
        sides = [split for split in SPLIT_STYLES if (members["split"] == split).any()]
        where = " and ".join(SPLIT_NAMES[split].lower() for split in sides) or "no split"
        style = SPLIT_STYLES[sides[0]] if len(sides) == 1 else "s7"
        name = members["family_name"].iloc[0]
        rows.append((f"{family} {name}, {where}", int(size), f"{size:,}", style))
    rest = sizes.iloc[MOST_FAMILIES:]
    spoken = ", ".join(f"{name} {text}" for name, _, text, _ in rows[:5])
    return Figure(
        title="Families with most chains",
        drawings=[bar_chart(rows, f"Chains by family: {spoken}")],
        caption=f"Chains with a hit to the Rfam family at an E-value of {family_evalue:g} or less"
        + (f"; {plural(len(rest), 'more family', 'more families')} with {rest.sum():,} in all"
           if len(rest) else "")
        + f". {dataset.chains['chain_id'].isin(labels['chain_id']).sum():,} of "
        f"{plural(len(dataset.chains), 'chain')} have a family. Colour and name tell the split.",
        legend=_legend(labels["split"]),
    )  # fmt: skip


def component_figure(dataset: Dataset) -> Figure | None:
    """Draw how the chains divide over components by size; None without a component."""
    placed = dataset.chains[dataset.chains["split"] != ""]
    if placed.empty:
        return None
    components = placed.groupby("component").agg(
        chains=("chain_id", "size"), residues=("length", "sum"), split=("split", "first")
    )
    components = components.sort_values("residues", ascending=False)
    share = 100 * components["residues"] / components["residues"].sum()
    rank = np.arange(1, len(components) + 1, dtype=float)
    plot = Plot(
        Axis("component, by rank", 0.9, max(len(rank), 2) * 1.1, log=True),
        Axis("share of residues (%)", 0, float(share.max()) * 1.1),
        label=f"Share of residues of {len(components)} components",
    )
    for place, (name, row) in zip(rank, components.iterrows(), strict=True):
        # Behind the first hundreds the dots fall on each other.
        if place <= 300:
            tip = f"{name}: {plural(row.chains, 'chain')}, {row.residues:,} nt, {row.split}"
            plot.dot(place, float(share[name]), SPLIT_STYLES[row.split], tip)
    single = int((components["chains"] == 1).sum())
    return Figure(
        title="Components by size",
        drawings=[plot.svg()],
        caption=f"Share of the residues in each of {plural(len(components), 'component')} "
        "(chains joined by family, cluster or entry, never divided between splits), the largest "
        f"first, rank on a logarithmic axis. {single:,} of them are a single chain; the largest "
        f"holds {plural(int(components['chains'].iloc[0]), 'chain')}.",
        legend=_legend(components["split"], "mark "),
    )


def nearness_figure(nearest: pd.DataFrame, leak_tm: float) -> Figure | None:
    """Draw how near each test chain comes to training, in sequence and in fold.

    ``nearest``: as :attr:`rna_predict.report.checks.Checks.nearest`. ``leak_tm``: TM-score from
    which on long chains are a leak. None where no chain was compared in both ways.
    """
    likeness = nearest["identity"] * nearest["coverage"]
    known = likeness.notna() & nearest["tm"].notna()
    if not known.any():
        return None
    # Dots at the same place are one.
    places = pd.DataFrame({"same": likeness.round(2), "tm": nearest["tm"].round(2)})
    shown = known & ~places.duplicated()
    unit = tuple((value / 5, f"{value / 5:.1f}") for value in range(6))
    plot = Plot(
        Axis("sequence: identity × coverage (0 to 1)", 0, 1, ticks=unit),
        Axis("fold: TM-score (0 to 1)", 0, 1, ticks=unit),
        label=f"Likeness of {int(known.sum())} test chains to the nearest training chains",
    )
    plot.rule(leak_tm, "y")
    for row, same in zip(nearest[shown].itertuples(), likeness[shown], strict=True):
        tip = (
            f"{row.chain_id}: {row.nearest} {number(same, 2)}; {row.nearest_fold} TM-score "
            f"{number(row.tm, 2)} over {number(row.residues, 0)} residues"
        )
        plot.dot(float(same), float(row.tm), SPLIT_STYLES["test"], tip)
    left = len(nearest) - int(known.sum())
    return Figure(
        title="How near the test chains are to training",
        drawings=[plot.svg()],
        caption="Each dot is a test chain: likeness of its sequence to the nearest training "
        "sequence against the TM-score (C3' atoms, divided by the longer chain) of the training "
        f"chain that folds most alike. Dotted: {leak_tm:g}, from where on chains long enough for "
        "the score to tell relatives apart are a leak; pieces of a helix score high by chance. "
        + (f"Not compared in both ways, and not drawn: {plural(left, 'chain')}." if left else ""),
    )


def _legend(shown: pd.Series, kind: str = "") -> tuple[Series, ...]:
    """Name the colours of the splits that are shown."""
    sides = [split for split in SPLIT_STYLES if (shown == split).any()]
    return tuple(Series(SPLIT_NAMES[s].lower(), f"{kind}{SPLIT_STYLES[s]}") for s in sides)


def _histograms(
    values: dict[str, Float[np.ndarray, " n"]],
    axis: Axis,
    edges: Float[np.ndarray, " bins"],
    name: Callable[[float, float], str],
    limit: float = float("nan"),
) -> list[Markup]:
    """Draw a histogram a split, below each other over one axis, which the last one names."""
    drawings = []
    for split, numbers in values.items():
        counts, _ = np.histogram(numbers[np.isfinite(numbers)], bins=edges)
        top = max(int(counts.max()), 1)
        plot = Plot(
            axis if split == SPLITS[-1] else Axis("", axis.low, axis.high, axis.log, axis.ticks),
            Axis(
                f"{SPLIT_NAMES[split]}: chains", 0, top * 1.08, ticks=((0, "0"), (top, f"{top:,}"))
            ),
            label=f"{len(numbers)} {split} chains by {axis.label}",
            height=118,
            left=44,
        )
        tips = [
            f"{plural(int(count), 'chain')}: {name(a, b)}"
            for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True)
        ]
        plot.bars(edges, counts, SPLIT_STYLES[split], tips=tips)
        if np.isfinite(limit):
            plot.rule(limit)
        drawings.append(plot.svg())
    return drawings
