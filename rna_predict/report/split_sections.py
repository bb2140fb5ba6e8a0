"""The section on the split: sizes, lengths, dates, families, and the audit."""

import pandas as pd

from rna_predict.report.checks import Checks
from rna_predict.report.dataset import SPLITS, Dataset
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
from rna_predict.report.format import MOST_ROWS, cut_list, is_known, number, plural
from rna_predict.report.split_figures import (
    SPLIT_NAMES,
    component_figure,
    date_figure,
    family_figure,
    length_figure,
    nearness_figure,
)


def split_section(
    dataset: Dataset,
    checks: Checks,
    family_evalue: float,
    cutoff: str = "",
    leak_tm: float = 0.45,
) -> Section:
    """Tell how the chains were split, and whether anything leaks.

    ``family_evalue``: hits at or below it are family labels. ``cutoff``: ISO date from which on
    nothing trains; "" for none. ``leak_tm``: TM-score from which on two chains are a leak.
    """
    figures = [
        length_figure(dataset),
        date_figure(dataset, cutoff),
        family_figure(dataset, family_evalue),
        component_figure(dataset),
    ]
    figures = [figure for figure in figures if figure is not None]
    rows = [Row(figures[k : k + 2]) for k in range(0, len(figures), 2)]
    return Section(
        anchor="splits",
        title="Splits",
        lead="What trains, what chooses the weights, and what the network must never see.",
        blocks=[
            leak_notice(dataset.leakage, folds=checks.nearest is not None),
            *_leak_rows(dataset),
            split_table(dataset, family_evalue, checks.split_summary),
            *rows,
            *_nearness(checks, leak_tm),
            *_without(dataset, checks, family_evalue),
        ],
    )


def split_table(
    dataset: Dataset, family_evalue: float, summary: pd.DataFrame | None = None
) -> Table:
    """Count chains, residues, families, clusters and components of each split.

    ``summary``: as :attr:`rna_predict.report.checks.Checks.split_summary`; tells what was wanted,
    and what is held out by its family.
    """
    labels = dataset.families[dataset.families["evalue"] <= family_evalue]
    whole = int(dataset.chains.loc[dataset.chains["split"].isin(SPLITS), "length"].sum())
    numbers = [] if summary is None else summary.to_dict("records")
    wanted = {row["side"]: 100 * row["wanted"] for row in numbers}
    records = []
    extra = {"quarantine"} & set(dataset.chains["split"])
    for split in (*SPLITS, *extra):
        side = dataset.side(split)
        names = set(side["chain_id"])
        in_side = dataset.clusters["chain_id"].isin(names)
        records.append(
            {
                "split": SPLIT_NAMES[split],
                "chains": len(side),
                "residues": int(side["length"].sum()),
                "share": 100 * int(side["length"].sum()) / whole if whole else None,
                "wanted": wanted.get(split),
                "families": labels.loc[labels["chain_id"].isin(names), "family"].nunique(),
                "clusters": dataset.clusters.loc[in_side, "cluster"].nunique(),
                "components": side["component"].nunique(),
                "holdouts": int((side["reason"] == "holdout").sum()),
            }
        )
    records += [
        row
        | {
            "split": row["side"][:1].upper() + row["side"][1:],
            "share": 100 * row["share"],
            "wanted": None,
        }
        for row in numbers
        if row["side"] not in SPLIT_NAMES
    ]
    asked = [] if summary is None else [Column("wanted", "Wanted", 1, "%", "as configured")]
    return make_table(
        "Splits",
        [
            Column("split", "Split"),
            Column("chains", "Chains", 0),
            Column("residues", "Residues", 0, "nt"),
            Column("share", "Share of residues", 1, "%"),
            *asked,
            Column("families", "Families", 0, help="Rfam families with a hit"),
            Column("clusters", "Clusters", 0, help="clusters of similar sequences"),
            Column("components", "Components", 0, help="sets of related chains, never divided"),
            Column("holdouts", "Held out", 0, help="chains forced into the split by name"),
        ],
        records,
        caption=f"Families: hits with an E-value of {family_evalue:g} or less. Whole components "
        "go to one split."
        + (" Chains in quarantine tie two splits together, and are used by none." if extra else ""),
    )


def leak_notice(leakage: pd.DataFrame, folds: bool = False) -> Notice:
    """Give the verdict of the audit; ``folds``: whether it compared structures, too."""
    if leakage.empty:
        return Notice(
            "The audit compared training, validation and test chains (entries, components, "
            "clusters, families, equal and similar sequences"
            + (", folds of test and training chains" if folds else "")
            + "), training chains with the targets, and release dates with the cut-off, where "
            "there is one. Its table, leakage.tsv, has no row.",
            "good",
            "No leak found",
        )
    return Notice(
        "Training and evaluation are not independent: the accuracy below is not to be trusted.",
        "bad",
        f"{plural(len(leakage), 'leak')} found",
    )


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
            caption=cut_list(len(dataset.leakage), "leakage.tsv"),
        )
    ]


def _nearness(checks: Checks, leak_tm: float) -> list[object]:
    """Show how near training comes to test, by chain and beside a random split."""
    nearest = checks.nearest
    figure = None if nearest is None else nearness_figure(nearest, leak_tm)
    blocks: list[object] = [] if figure is None else [figure]
    if checks.split_comparison is not None:
        blocks.append(_comparison_table(checks.split_comparison))
    return [*([Row(blocks)] if blocks else []), *_nearest_rows(nearest)]


def _nearest_rows(nearest: pd.DataFrame | None) -> list[Details]:
    """List what comes nearest to each test chain, behind a line that opens it."""
    if nearest is None or nearest.empty:
        return []
    ordered = nearest.sort_values(["tm", "identity"], ascending=False)
    table = make_table(
        "Nearest training chains of each test chain",
        [
            Column("chain_id", "Test chain", code=True),
            Column("nearest", "Nearest in sequence", code=True),
            Column("identity", "Identity", 3, help="of the aligned residues, 0 to 1"),
            Column("coverage", "Coverage", 3, help="aligned part of the longer chain, 0 to 1"),
            Column("contained", "Contained", 3, help="words found in one training chain, 0 to 1"),
            Column("nearest_fold", "Nearest in fold", code=True),
            Column("tm", "TM-score", 3, help="C3', divided by the longer chain, 0 to 1"),
            Column("residues", "Observed", 0, "nt", "residues that were compared"),
        ],
        ordered.head(MOST_ROWS).to_dict("records"),
        caption="Most alike in fold first. The structure compared is that of the chain that stands "
        "for its cluster. " + cut_list(len(nearest), "its file"),
    )
    most = f"highest identity {number(nearest['identity'].max(), 2)}"
    return [Details(f"{plural(len(nearest), 'test chain')} and what is nearest: {most}", [table])]


def _comparison_table(comparison: pd.DataFrame) -> Table:
    """Set what the audit finds in this split beside what it finds in a random one."""
    sides = tuple(f"{split}: " for split in SPLITS)
    shown = comparison[~comparison["what"].str.startswith(sides)]
    records = [
        {"what": row.what, "components": _written(row.components), "random": _written(row.random)}
        for row in shown.itertuples()
    ]
    return make_table(
        "This split and a random one",
        [
            Column("what", "What"),
            Column("components", "This split", 3, help="whole components to one side"),
            Column("random", "Random", 3, help="single chains dealt to as large sides"),
        ],
        records,
        caption="Leaks are counted; of test chains it is the share with a leak, or with a training "
        "sequence that is 0.9 identical over 0.9 of its length; identities are 0 to 1.",
    )


def _written(value: float) -> Cell | None:
    """Write a whole number as such and another with three digits."""
    if not is_known(value):
        return None
    return Cell(number(value, 0 if value % 1 == 0 else 3), repr(float(value)))


def _without(dataset: Dataset, checks: Checks, family_evalue: float) -> list[Notice]:
    """Say what has nothing to show."""
    missing = []
    if date_figure(dataset) is None:
        missing.append("No chain of a split has a release date.")
    if family_figure(dataset, family_evalue) is None:
        missing.append("No chain has a hit to a family.")
    names = {
        "what is nearest to each test chain": checks.nearest,
        "this split beside others": checks.split_comparison,
    }
    if absent := [name for name, table in names.items() if table is None]:
        missing.append(f"This run has no table of: {'; '.join(absent)}.")
    return [Notice(" ".join(missing))] if missing else []
