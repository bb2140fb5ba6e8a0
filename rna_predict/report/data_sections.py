"""The sections on data: funnel, rejects, lengths, splits, leaks, augmentation, angles."""

import numpy as np
import pandas as pd

from rna_predict.report.data_figures import (
    GREEK,
    SPLIT_NAMES,
    SPLIT_STYLES,
    circular_mean,
    circular_spread,
    funnel_figure,
    length_figure,
    pseudo_torsion_figure,
    rose_figure,
)
from rna_predict.report.dataset import SPLITS, Dataset
from rna_predict.report.elements import (
    Column,
    Details,
    Notice,
    Row,
    Section,
    Table,
    make_table,
)
from rna_predict.report.format import plural

MOST_ROWS = 300
"""Longer lists are cut, and say so."""


def data_section(dataset: Dataset, family_evalue: float) -> Section:
    """Tell what came in, what was kept, how it was split, and whether anything leaks.

    ``family_evalue``: hits at or below it are family labels.
    """
    return Section(
        anchor="data",
        title="Data",
        lead="From the list of entries to chains that a network may learn from, and chains that "
        "it must never see.",
        blocks=[
            Row([funnel_figure(funnel_steps(dataset)), length_figure(dataset)]),
            _reason_table(dataset),
            *_rejected_rows(dataset),
            split_table(dataset, family_evalue),
            leak_notice(dataset.leakage),
            *_leak_rows(dataset),
            _augmentation_table(dataset),
        ],
    )


def angle_section(dataset: Dataset) -> Section:
    """Show the torsions of the data set."""
    return Section(
        anchor="angles",
        title="Angles",
        lead="What the network has to learn about the backbone: narrow in helices, wide in loops.",
        blocks=[
            rose_figure(dataset),
            Row([pseudo_torsion_figure(dataset), _angle_table(dataset)]),
        ],
    )


def funnel_steps(dataset: Dataset) -> list[tuple[str, int, str]]:
    """Count what each step left: (name, count, style)."""
    steps = []
    if dataset.entries is not None:
        fetched = int((dataset.entries["status"] == "ok").sum())
        steps += [
            ("Entries listed", len(dataset.entries), "s8"),
            ("Entries fetched", fetched, "s8"),
        ]
    steps += [
        ("Entries with a kept chain", dataset.chains["entry"].nunique(), "s8"),
        ("Chains found", len(dataset.chains) + rejected_chains(dataset), "s5"),
        ("Chains kept", len(dataset.chains), "s5"),
    ]
    for split in SPLITS:
        steps.append(
            (f"{SPLIT_NAMES[split]} chains", len(dataset.side(split)), SPLIT_STYLES[split])
        )
    steps.append(("Augmented copies", int(dataset.augmentation["copies"].sum()), "s0 d1"))
    return steps


def rejected_chains(dataset: Dataset) -> int:
    """Count the rejected chains; whole entries are not chains."""
    return int((dataset.rejected["chain"] != "").sum())


def split_table(dataset: Dataset, family_evalue: float) -> Table:
    """Count chains, residues, families, clusters and components of each split."""
    labels = dataset.families[dataset.families["evalue"] <= family_evalue]
    whole = int(dataset.chains.loc[dataset.chains["split"] != "", "length"].sum())
    records = []
    for split in SPLITS:
        side = dataset.side(split)
        names = set(side["chain_id"])
        in_side = dataset.clusters["chain_id"].isin(names)
        records.append(
            {
                "split": SPLIT_NAMES[split],
                "chains": len(side),
                "residues": int(side["length"].sum()),
                "share": 100 * int(side["length"].sum()) / whole if whole else None,
                "families": labels.loc[labels["chain_id"].isin(names), "family"].nunique(),
                "clusters": dataset.clusters.loc[in_side, "cluster"].nunique(),
                "components": side["component"].nunique(),
                "holdouts": int((side["reason"] == "holdout").sum()),
            }
        )
    return make_table(
        "Splits",
        [
            Column("split", "Split"),
            Column("chains", "Chains", 0),
            Column("residues", "Residues", 0, "nt"),
            Column("share", "Share of residues", 1, "%"),
            Column("families", "Families", 0, help="Rfam families with a hit"),
            Column("clusters", "Clusters", 0, help="clusters of similar sequences"),
            Column("components", "Components", 0, help="sets of related chains, never divided"),
            Column("holdouts", "Held out", 0, help="chains forced into the split by name"),
        ],
        records,
        caption=f"Families: hits with an E-value of {family_evalue:g} or less. Whole components "
        "go to one split.",
    )


def leak_notice(leakage: pd.DataFrame) -> Notice:
    """Give the verdict of the audit."""
    if leakage.empty:
        return Notice(
            "The audit compared training, validation and test chains (entries, components, "
            "clusters, families, equal and similar sequences), training chains with the targets, "
            "and release dates with the cut-off, where there is one. Its table, leakage.tsv, is "
            "empty.",
            "good",
            "No leak found",
        )
    return Notice(
        "Training and evaluation are not independent: the accuracy below is not to be trusted.",
        "bad",
        f"{plural(len(leakage), 'leak')} found",
    )


def _reason_table(dataset: Dataset) -> Table:
    """Count rejects by reason, with one example each."""
    records = []
    for reason, rows in dataset.rejected.groupby("reason"):
        first = rows.iloc[0]
        name = first["entry"] + (f"_{first['chain']}" if first["chain"] else "")
        records.append(
            {
                "reason": str(reason).replace("_", " "),
                "entries": int((rows["chain"] == "").sum()),
                "chains": int((rows["chain"] != "").sum()),
                "example": name,
                "detail": first["detail"],
            }
        )
    records.sort(key=lambda record: -(record["entries"] + record["chains"]))
    return make_table(
        "Rejected, by reason",
        [
            Column("reason", "Reason"),
            Column("entries", "Entries", 0, help="whole entries"),
            Column("chains", "Chains", 0),
            Column("example", "Example", code=True),
            Column("detail", "What was found there"),
        ],
        records,
        empty="Nothing was rejected.",
    )


def _rejected_rows(dataset: Dataset) -> list[Details]:
    """List the rejects, behind a line that opens them."""
    if dataset.rejected.empty:
        return []
    shown = dataset.rejected.head(MOST_ROWS)
    table = make_table(
        "All rejects",
        [
            Column("entry", "Entry", code=True),
            Column("chain", "Chain", code=True),
            Column("reason", "Reason", code=True),
            Column("detail", "Detail"),
        ],
        shown.to_dict("records"),
        caption=_cut(len(dataset.rejected), "rejected.tsv"),
    )
    return [Details(f"All {plural(len(dataset.rejected), 'reject')}", [table])]


def _leak_rows(dataset: Dataset) -> list[Table]:
    """List the leaks, where there are any."""
    if dataset.leakage.empty:
        return []
    return [
        make_table(
            "Leaks",
            [
                Column("kind", "Kind"),
                Column("train_chain", "Training chain", code=True),
                Column("test_chain", "Evaluation chain", code=True),
                Column("value", "Value"),
                Column("detail", "Detail"),
            ],
            dataset.leakage.head(MOST_ROWS).to_dict("records"),
            caption=_cut(len(dataset.leakage), "leakage.tsv"),
        )
    ]


def _augmentation_table(dataset: Dataset) -> Table:
    """List copies by tier."""
    columns = [
        Column("tier", "Tier"),
        Column("parents", "Parents", 0, help="training chains that were copied"),
        Column("copies", "Copies", 0),
        Column("factor", "Factor", 2, help="copies for each training chain"),
    ]
    if "changed_residues" in dataset.augmentation:
        columns.append(Column("changed_residues", "Changed bases", 0, help="in all copies"))
    records = [
        row | {"tier": str(row["tier"]).replace("_", " ")}
        for row in dataset.augmentation.to_dict("records")
    ]
    return make_table(
        "Augmentation",
        columns,
        records,
        caption="Copies of training chains only; a copy stays with its parent's component.",
        empty="No augmentation.",
    )


def _angle_table(dataset: Dataset) -> Table:
    """Count the defined values of each angle, with mean and spread on the circle."""
    records = []
    for name, values in dataset.angles.items():
        mean, spread = circular_mean(values), circular_spread(values)
        records.append(
            {
                "angle": GREEK[name],
                "defined": int(np.isfinite(values).sum()),
                "undefined": int((~np.isfinite(values)).sum()),
                "mean": mean,
                "spread": spread,
            }
        )
    return make_table(
        "Angles in numbers",
        [
            Column("angle", "Angle"),
            Column("defined", "Defined", 0, help="residues with this angle"),
            Column("undefined", "Undefined", 0, help="at chain ends, breaks and missing atoms"),
            Column("mean", "Mean", 1, "°"),
            Column("spread", "Spread", 1, "°"),
        ],
        records,
        caption="Mean and standard deviation on the circle (Mardia and Jupp 2000).",
    )


def _cut(rows: int, name: str) -> str:
    """Say that a list was cut."""
    return (
        f"The first {MOST_ROWS:,} of {rows:,}; the rest is in {name}." if rows > MOST_ROWS else ""
    )
