"""Base pairs of a family's consensus structure, projected on its members.

They come from the covariance model and the sequence alone, never from coordinates, so that they may
enter the inputs of a network. Measured on the shared chains by ``python -m tests.benchmarks
families``.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Int

from rna_predict.constants import ALPHABET
from rna_predict.errors import InputError
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.hits import posterior_values
from rna_predict.secondary.pairs import CANONICAL

CONSENSUS_COLUMNS: Final = {
    "chain_id": "str", "family": "str", "i": "int64", "j": "int64", "probability": "float32",
}  # fmt: skip


def consensus_table(
    sequences: Mapping[str, str], alignments: pd.DataFrame, models: Sequence[CovarianceModel]
) -> pd.DataFrame:
    """Project the consensus pairs of families on their members.

    Parameters
    ----------
    sequences : mapping of str to str
        Of each chain.
    alignments : DataFrame
        Aligned members, columns of ``ALIGNMENT_SCHEMA``; rows of other chains are not looked at.
    models : sequence of CovarianceModel
        Those that the chains were aligned to.

    Returns
    -------
    DataFrame
        chain_id, family, i, j (0-based, ``i < j``), probability (that both residues are aligned to
        the paired columns); in the order of the chains, then of the pairs. Pairs whose bases are
        not A-U, G-C or G-U are left out: no coordinates confirm one of them. Where a chain is a
        member of several families, a pair may occur once for each.

    Raises
    ------
    InputError
        If a member's model is not among the models.
    """
    by_digest = {model.digest: model for model in models}
    canonical = canonical_pairs()
    order = {name: number for number, name in enumerate(sequences)}
    members = alignments[alignments["chain_id"].isin(list(order))]
    members = members.sort_values("chain_id", key=lambda names: names.map(order), kind="stable")
    counts: list[int] = []
    parts: dict[str, list[np.ndarray]] = {"i": [], "j": [], "probability": []}
    for row in members.itertuples():
        if row.model not in by_digest:
            what = f"{row.chain_id} was aligned to a model of {row.family} that is not there"
            raise InputError("models", f"{what} (digest {row.model})")
        model = by_digest[row.model]
        place = residue_of_column(np.asarray(row.columns), row.start, model.length)
        i, j = place[model.pairs].T
        kinds = np.array([ALPHABET.index(letter) for letter in sequences[row.chain_id]])
        paired = (i >= 0) & (j >= 0) & canonical[kinds[i], kinds[j]]
        i, j = i[paired], j[paired]
        posterior = posterior_values(row.posterior)
        counts.append(len(i))
        parts["i"].append(i)
        parts["j"].append(j)
        parts["probability"].append(np.minimum(posterior[i - row.start], posterior[j - row.start]))
    table = {name: members[name].repeat(counts) for name in ("chain_id", "family")} | {
        name: np.concatenate([*arrays, np.zeros(0)]) for name, arrays in parts.items()
    }
    return (
        pd.DataFrame(table, columns=list(CONSENSUS_COLUMNS))
        .astype(CONSENSUS_COLUMNS)
        .reset_index(drop=True)
    )


def residue_of_column(
    columns: Int[np.ndarray, " n"], start: int, length: int
) -> Int[np.ndarray, " c"]:
    """Turn the columns of residues round.

    Parameters
    ----------
    columns : (n,) int
        Of each residue from ``start`` on its column, -1 for inserted ones.
    start : int
        Position of the first of them in the chain.
    length : int
        Number of columns of the model.

    Returns
    -------
    (c,) int
        Of each column its residue in the chain, -1 where there is none.
    """
    place = np.full(length, -1, dtype=np.int64)
    aligned = np.flatnonzero(columns >= 0)
    place[columns[aligned]] = start + aligned
    return place


def canonical_pairs() -> np.ndarray:
    """(5, 5) bool: kinds of bases, by position in ``constants.ALPHABET``, that pair canonically."""
    return np.array([[one + other in CANONICAL for other in ALPHABET] for one in ALPHABET])
