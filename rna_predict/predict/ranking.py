"""Ranking of models by confidence and clashes; there is no ipTM of a single chain."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains, write_chain

CLASH_WEIGHT = 0.1
"""Greatest deduction for clashes, reached at ``CLASH_LIMIT``."""
CLASH_LIMIT = 100.0
"""Heavy-atom clashes per 1,000 atoms."""
COLUMNS = (
    "rank", "source_model", "score", "plddt", "ptm", "clashes", "energy", "minimised",
)  # fmt: skip


def ranking_score(plddt: float, ptm: float, clashes: float) -> float:
    """Score a model: the mean of pLDDT and pTM, less up to 0.1 for clashes.

    Parameters
    ----------
    plddt : float
        Mean predicted lDDT, 0 to 100.
    ptm : float
        Predicted TM-score, 0 to 1.
    clashes : float
        Heavy-atom clashes per 1,000 atoms.

    Returns
    -------
    float
        At most 1.
    """
    return (plddt / 100 + ptm) / 2 - CLASH_WEIGHT * min(clashes / CLASH_LIMIT, 1.0)


def rank_table(facts: list[dict[str, Any]]) -> pd.DataFrame:
    """Rank models, best first.

    Parameters
    ----------
    facts : list of dict
        For each model ``source_model``, ``plddt`` (0-100), ``ptm``, ``clashes`` (per 1,000
        atoms), ``energy`` (kJ/mol, NaN without a minimisation) and ``minimised``.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; equal scores keep the order of the source.
    """
    table = pd.DataFrame(facts)
    table["score"] = [
        ranking_score(row.plddt, row.ptm, row.clashes) for row in table.itertuples(index=False)
    ]
    table = table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
    table["rank"] = np.arange(1, len(table) + 1)
    return table[list(COLUMNS)]


def rank_models(
    models: list[Path], confidence: Path, energies: Path
) -> tuple[pd.DataFrame, list[tuple[Chain, np.ndarray]]]:
    """Rank the minimised models of one target.

    Parameters
    ----------
    models : list of path
        mmCIF of model 1, 2, ... in this order.
    confidence : path
        ``confidence.json`` of the target.
    energies : path
        TSV with a row for each model: model, kept, energy_before, energy_after, clashes_before,
        clashes_after.

    Returns
    -------
    table : DataFrame
        See :func:`rank_table`.
    ranked : list of (Chain, (n,) float)
        Structures, best first, with the pLDDT of each residue (0-100).

    Raises
    ------
    InputError
        If the files do not speak of the same models, or a model has no finite score.
    """
    judged = {entry["model"]: entry for entry in json.loads(confidence.read_text())["models"]}
    table = _read_energies(energies)
    numbers = list(range(1, len(models) + 1))
    for where, found in ((confidence, set(judged)), (energies, set(table.index))):
        if found != set(numbers):
            raise InputError(where, f"expected models 1 to {len(models)}, got {sorted(found)}")
    facts = []
    for number in numbers:
        row = table.loc[number]
        which = "after" if row["kept"] else "before"
        facts.append(
            {
                "source_model": number,
                "plddt": judged[number]["plddt"],
                "ptm": judged[number]["ptm"],
                "clashes": float(row[f"clashes_{which}"]),
                "energy": float(row[f"energy_{which}"]),
                "minimised": bool(row["kept"]),
            }
        )
    ranking = rank_table(facts)
    if len(without := ranking.loc[~np.isfinite(ranking["score"]), "source_model"]):
        raise InputError(confidence, f"model {without.iloc[0]}: pLDDT, pTM or clashes not finite")
    ranked = []
    for number in ranking["source_model"]:
        (chain,) = read_chains(models[number - 1])
        plddt = np.array(judged[number]["plddt_per_residue"])
        if len(plddt) != len(chain):
            raise InputError(
                models[number - 1], f"{len(chain)} residues, but {len(plddt)} in {confidence}"
            )
        ranked.append((chain, plddt))
    return ranking, ranked


def _read_energies(path: Path) -> pd.DataFrame:
    """Read the table of a minimisation, one row a model."""
    table = pd.read_csv(path, sep="\t")
    columns = ["model", "kept"]
    columns += [f"{what}_{when}" for what in ("energy", "clashes") for when in ("before", "after")]
    if missing := [name for name in columns if name not in table.columns]:
        raise InputError(path, f"no column {', '.join(missing)}; columns: {list(table.columns)}")
    return table.set_index("model")


def write_ranking(
    folder: Path, table: pd.DataFrame, ranked: list[tuple[Chain, np.ndarray]]
) -> None:
    """Write ``ranking.tsv`` and ``model_{rank}.cif`` with pLDDT in the B-factor column."""
    folder.mkdir(parents=True, exist_ok=True)
    for rank, (chain, plddt) in enumerate(ranked, start=1):
        write_chain(folder / f"model_{rank}.cif", chain, plddt)
    table.to_csv(folder / "ranking.tsv", sep="\t", index=False, float_format="%.6g")
