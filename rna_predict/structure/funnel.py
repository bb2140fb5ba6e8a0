"""The funnel: how many entries, chains and residues each step of the data flow let through."""

from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow.parquet as pq

from rna_predict.errors import InputError
from rna_predict.structure.fetch import read_manifest
from rna_predict.structure.filters import FILTERS
from rna_predict.structure.rejects import Reject, as_table

STEPS: Final = (
    ("fetched", "not_fetched"),
    ("parsed", "unreadable"),
    ("RNA", "not_rna"),
    ("chain id of its own", "chain_id_reused"),
    *(("filter", check.__name__) for check in FILTERS),
    ("filter", "duplicate"),
)
"""Each step and the reason of what it removes, in their order."""
COUNTS: Final = ("entries", "chains", "models", "residues")


def count_funnel(manifests: list[Path], rejected: Path, chains: Path) -> pd.DataFrame:
    """Follow entries and chains from the list to the store.

    Parameters
    ----------
    manifests : list of path
        What was fetched, shard by shard.
    rejected : path
        rejected.tsv of all shards.
    chains : path
        The chain store of all shards.

    Returns
    -------
    DataFrame
        One row a step: step, removes (the reason in ``rejected``), then ``COUNTS`` with ``_in``
        and ``_out``. What a step lets out goes into the next; the first row is the list, the last
        the store. An entry is out when its last chain is, a chain when its last model is; residues
        are those of all models. A chain counts from the first row on, though it is known only
        once its entry is parsed.

    Raises
    ------
    InputError
        If a file is missing or malformed, a reason is unknown, or an entry was listed and is in
        neither table, or in one and was not listed.
    """
    listed = pd.concat([read_manifest(path)["entry"] for path in manifests], ignore_index=True)
    items = _items(rejected, chains)
    if lost := set(listed) ^ set(items["entry"]):
        entry = min(lost)
        where = "neither kept nor rejected" if entry in set(listed) else "not in the list"
        raise InputError(rejected, f"entry {entry} is {where}")
    items = items.sort_values("step", ascending=False, kind="stable")
    # Polymers that share a chain id are chains of their own.
    items["place"] = items.groupby(["entry", "chain", "model"]).cumcount()
    found = items[items["chain"] != ""]
    last = {
        "entries": items.groupby("entry")["step"].max(),
        "chains": found.groupby(["entry", "chain", "place"])["step"].max(),
        "models": found["step"],
        "residues": found["step"].repeat(found["residues"]),
    }
    rows = []
    for step, (name, reason) in enumerate((("listed", ""), *STEPS, ("kept", ""))):
        row: dict[str, str | int] = {"step": name, "removes": reason}
        for what in COUNTS:
            row[f"{what}_in"] = int((last[what] >= step).sum())
            row[f"{what}_out"] = int((last[what] > step).sum()) if reason else row[f"{what}_in"]
        rows.append(row)
    return pd.DataFrame(rows)


def _items(rejected: Path, chains: Path) -> pd.DataFrame:
    """Join kept chains and rejects: entry, chain, model, residues, and the step each ended at."""
    columns = list(as_table([], Reject).columns)
    try:
        out = pd.read_csv(rejected, sep="\t", dtype=str, keep_default_na=False)
        out = out.astype({"model": int, "residues": int})
    except (OSError, ValueError, KeyError) as error:
        raise InputError(rejected, f"expected a table of rejects: {error}") from error
    if list(out.columns) != columns:
        raise InputError(rejected, f"expected the columns {columns}, got {list(out.columns)}")
    step_of = {reason: step for step, (_, reason) in enumerate(STEPS, start=1)}
    if stray := sorted(set(out["reason"]) - set(step_of)):
        raise InputError(rejected, f"unknown reason {stray[0]!r}; expected {', '.join(step_of)}")
    try:
        table = pq.read_table(chains, columns=["entry", "chain", "model", "sequence"])
    except (OSError, ValueError) as error:  # Arrow's errors are among these
        raise InputError(chains, f"expected a chain store (Parquet): {error}") from error
    kept = table.to_pandas()
    kept["residues"] = kept.pop("sequence").str.len().astype(int)
    kept["step"] = len(STEPS) + 1
    out["step"] = out["reason"].map(step_of)
    return pd.concat([kept, out[kept.columns]], ignore_index=True)
