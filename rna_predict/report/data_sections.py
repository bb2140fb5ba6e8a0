"""The sections on data: funnel, rejects, notes, folding, augmentation, angles, geometry."""

from typing import Final

import numpy as np
import pandas as pd

from rna_predict.report.checks import COUNTS, Checks
from rna_predict.report.data_figures import (
    GREEK,
    circular_mean,
    circular_spread,
    funnel_figure,
    pseudo_torsion_figure,
    rose_figure,
    step_name,
)
from rna_predict.report.dataset import Dataset
from rna_predict.report.elements import (
    Cell,
    Column,
    Details,
    Notice,
    Row,
    Section,
    Table,
    make_table,
)
from rna_predict.report.format import MOST_ROWS, cut_list, is_known, plural, significant
from rna_predict.report.geometry_figures import geometry_figures

NOTES: Final = {
    "unknown_residues": "chain with unknown residues",
    "facts_differ": "entry that contradicts the table of facts",
}
"""Notes in words that a count goes before."""
GROWN: Final = (
    Column("changed_residues", "Changed bases", 0, help="in all copies"),
    Column("dropped", "Dropped", 0, help="copies too like what is evaluated"),
    Column("c1_median", "C1' moved, median", 2, "Å", "distance of C1' from that of the parent"),
    Column("c1_max", "C1' moved, most", 2, "Å", "distance of C1' from that of the parent"),
    Column("note", "Note"),
)
"""Columns of the augmentation that a run may have."""


def data_section(dataset: Dataset, checks: Checks) -> Section:
    """Tell what came in, what was kept, what the network is given, and what was copied."""
    reasons = _reason_table(dataset)
    blocks: list[object] = [reasons]
    if checks.funnel is not None:
        blocks = [Row([funnel_figure(checks.funnel), reasons])]
        blocks.append(
            Details("Every step, also those that removed nothing", [_funnel_table(checks.funnel)])
        )
    blocks += [*_rejected_rows(dataset), *_note_rows(checks.notes)]
    if checks.folding is not None and checks.folding["chains"].gt(0).any():
        blocks.append(_folding_table(checks.folding))
    blocks.append(_augmentation_table(dataset))
    return Section(
        anchor="data",
        title="Data",
        lead="From the list of entries to the chains that a network may learn from.",
        blocks=[
            *blocks,
            *_absent(
                ("the funnel from list to store", checks.funnel),
                ("notes on kept chains", checks.notes),
                ("base pairs from sequence against those of the structures", checks.folding),
            ),
        ],
    )


def angle_section(dataset: Dataset, checks: Checks) -> Section:
    """Show the torsions and the geometry of the data set."""
    geometry: list[object] = []
    if checks.geometry is not None and len(checks.geometry):
        figures = geometry_figures(checks.geometry)
        geometry = [Details("Bond lengths, bond angles and torsions by sugar pucker", figures)]
    elif checks.geometry is not None:
        geometry = [
            Notice(
                "No chain has a resolution that is known and good enough for statistics of bond "
                "lengths and bond angles."
            )
        ]
    return Section(
        anchor="angles",
        title="Angles",
        lead="What the network has to learn about the backbone: narrow in helices, wide in loops.",
        blocks=[
            rose_figure(dataset),
            Row([pseudo_torsion_figure(dataset), _angle_table(dataset, checks.angles)]),
            *geometry,
            *_absent(
                ("bond lengths and bond angles", checks.geometry),
                ("stored angles against angles measured again", checks.angles),
            ),
        ],
    )


def rejected_chains(dataset: Dataset) -> int:
    """Count the rejected chains, one of several models once; whole entries are not chains."""
    return len(_chain_names(dataset.rejected))


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
                "chains": len(_chain_names(rows)),
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
        caption=cut_list(len(dataset.rejected), "rejected.tsv"),
    )
    return [Details(f"All {plural(len(dataset.rejected), 'reject')}", [table])]


def _augmentation_table(dataset: Dataset) -> Table:
    """List copies by tier."""
    columns = [
        Column("tier", "Tier"),
        Column("parents", "Parents", 0, help="training chains that were copied"),
        Column("copies", "Copies", 0),
        Column("factor", "Factor", 2, help="copies for each training chain"),
    ]
    columns += [column for column in GROWN if column.key in dataset.augmentation]
    records = [
        row | {"tier": str(row["tier"]).replace("_", " ")}
        for row in dataset.augmentation.to_dict("records")
    ]
    return make_table(
        "Augmentation",
        columns,
        records,
        caption="Copies of training chains only; a copy stays with its parent's component. "
        "Factor: copies for each training chain; distances in angstrom (Å).",
        empty="No augmentation.",
    )


def _chain_names(rejected: pd.DataFrame) -> set[tuple[str, str]]:
    """Give entry and name of the rejected chains, each once."""
    rows = rejected[rejected["chain"] != ""]
    return set(zip(rows["entry"], rows["chain"], strict=True))


def _funnel_table(funnel: pd.DataFrame) -> Table:
    """Count what each step of the funnel removed, steps that removed nothing among them."""
    records = []
    for row in funnel.to_dict("records"):
        record = {"step": step_name(row["removes"], row["step"])}
        for what in COUNTS:
            record |= {
                what: row[f"{what}_out"],
                f"{what}_lost": row[f"{what}_in"] - row[f"{what}_out"],
            }
        records.append(record)
    columns = [Column("step", "Step")]
    for what in COUNTS:
        unit = "nt" if what == "residues" else ""
        columns.append(Column(what, what.capitalize(), 0, unit, "left after the step"))
        columns.append(
            Column(f"{what}_lost", f"Removed {what}", 0, unit, f"{what} removed by the step")
        )
    return make_table("From list to store, step by step", columns, records)


def _note_rows(notes: pd.DataFrame | None) -> list[object]:
    """Count what is to be known of kept chains, and list it behind a line that opens it."""
    if notes is None:
        return []
    if notes.empty:
        return [Notice("No kept chain has an unknown residue or contradicts the table of facts.")]
    counts = ", ".join(
        f"{plural(int(count), NOTES.get(str(note), str(note).replace('_', ' ')))}"
        for note, count in notes["note"].value_counts().items()
    )
    table = make_table(
        "Notes on kept chains",
        [
            Column("entry", "Entry", code=True),
            Column("chain", "Chain", code=True),
            Column("note", "Note"),
            Column("detail", "What was found"),
        ],
        [
            row | {"note": str(row["note"]).replace("_", " ")}
            for row in notes.head(MOST_ROWS).to_dict("records")
        ],
        caption="Kept nevertheless: an unknown residue has a place in the sequence and no base. "
        + cut_list(len(notes), "notes.tsv"),
    )
    return [Details(f"Notes on what was kept: {counts}", [table])]


def _folding_table(folding: pd.DataFrame) -> Table:
    """Show how good the base pairs are that the network is given."""
    first = folding.iloc[0]
    return make_table(
        "Base pairs from sequence against the structures",
        [
            Column("choice", "Pairs chosen by"),
            Column("predicted", "Predicted", 0, "pairs"),
            Column("right", "Right", 0, "pairs"),
            Column("ppv", "PPV", 3, help="right pairs of those predicted, 0 to 1", better="high"),
            Column(
                "sensitivity", "Sensitivity", 3, help="right pairs of those in the structures, "
                "0 to 1", better="high",
            ),
        ],
        folding.to_dict("records"),
        caption=f"How good the network's input is: {plural(int(first['chains']), 'chain')} of "
        f"different sequence with {plural(int(first['native']), 'canonical pair')} (cWW A-U, G-C, "
        "G-U) within the chain; a predicted pair counts where both residues were observed. "
        "PPV: share of predicted pairs that are right (0 to 1).",
    )  # fmt: skip


def _absent(*tables: tuple[str, object]) -> list[Notice]:
    """Say which tables this run does not have."""
    names = [name for name, table in tables if table is None]
    return [Notice(f"This run has no table of: {'; '.join(names)}.")] if names else []


def _angle_table(dataset: Dataset, checked: pd.DataFrame | None) -> Table:
    """Count the defined values of each angle, with mean, spread and what a second look found."""
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
                "check": _difference(checked, name),
            }
        )
    check, told = [], ""
    if checked is not None:
        check = [Column("check", "Check", 0, "°", "largest difference from angles measured again")]
        told = (
            f" Check: the largest difference from {checked['compared'].sum():,} angles measured "
            "again from the stored coordinates, in another way."
        )
    return make_table(
        "Angles in numbers",
        [
            Column("angle", "Angle"),
            Column("defined", "Defined", 0, help="residues with this angle"),
            Column("undefined", "Undefined", 0, help="at chain ends, breaks and missing atoms"),
            Column("mean", "Mean", 1, "°"),
            Column("spread", "Spread", 1, "°"),
            *check,
        ],
        records,
        caption="Mean and standard deviation on the circle (Mardia and Jupp 2000)." + told,
    )


def _difference(checked: pd.DataFrame | None, name: str) -> Cell | None:
    """Write the largest difference of an angle, as small as it is."""
    if checked is None or name not in checked.index:
        return None
    value = float(checked.loc[name, "max_difference"])
    return Cell(significant(value, 2), repr(value)) if is_known(value) else None
