"""How well base pairs folded from the sequence agree with those of the structures."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from rna_predict.secondary.dot_bracket import from_dot_bracket
from rna_predict.secondary.pairs import canonical_pairs

THRESHOLDS: Final = (0.5, 0.7, 0.95)
"""Least base-pair probabilities that are tried."""
STRUCTURES: Final = {"mfe": "least free energy (MFE)", "mea": "greatest expected accuracy (MEA)"}
"""Columns of dot-brackets, and what they are."""


def folding_accuracy(
    sequences: Mapping[str, str],
    observed: Mapping[str, Bool[np.ndarray, " n"]],
    pairs: pd.DataFrame,
    probabilities: pd.DataFrame,
    structures: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare pairs predicted from sequences with the canonical pairs of the structures.

    Parameters
    ----------
    sequences : mapping of chain id to sequence
        Equal sequences count once: the first chain of each.
    observed : mapping of chain id to (n,) bool
        Residues that could be seen to pair; a pair with another residue is neither right nor
        wrong. Chains that are not in it are left out.
    pairs : DataFrame
        Annotation of one model a chain: chain_id, i, j, lw, bases.
    probabilities : DataFrame
        chain_id, i, j, probability.
    structures : DataFrame, optional
        chain_id and the columns ``STRUCTURES`` (dot-brackets; "" where there is none).

    Returns
    -------
    DataFrame
        One row a way to choose pairs: choice, predicted and right (pairs), ppv (right of
        predicted), sensitivity (right of those in the structures), chains, native (pairs); shares
        are 0 to 1, NaN without pairs. A kind of dot-bracket that no chain has is left out.
    """
    first: dict[str, str] = {}
    for name, sequence in sequences.items():
        if name in observed:
            first.setdefault(sequence, name)
    names = list(first.values())
    seen = np.concatenate([np.zeros(0, dtype=bool), *(observed[name] for name in names)])
    lengths = np.array([len(observed[name]) for name in names], dtype=np.int64)
    start = dict(zip(names, (np.cumsum(lengths) - lengths).tolist(), strict=True))

    def keys(table: pd.DataFrame) -> Int[np.ndarray, " p"]:
        """Give each pair of residues that were seen a number of its own."""
        table = table[table["chain_id"].isin(start)]
        offset = table["chain_id"].map(start).to_numpy(dtype=np.int64)
        i, j = (offset + table[end].to_numpy(dtype=np.int64) for end in ("i", "j"))
        return np.unique((i * len(seen) + j)[seen[i] & seen[j]])

    native = keys(canonical_pairs(pairs))
    chosen = {
        f"probability {threshold:g} or more": keys(
            probabilities[probabilities["probability"] >= threshold]
        )
        for threshold in THRESHOLDS
    }
    for column, label in STRUCTURES.items() if structures is not None else ():
        if structures[column].isin(["", None]).all():
            continue
        brackets = structures[structures["chain_id"].isin(start)]
        rows = [
            (name, i, j)
            for name, text in zip(brackets["chain_id"], brackets[column], strict=True)
            for i, j in from_dot_bracket(text)
        ]
        chosen[label] = keys(pd.DataFrame(rows, columns=["chain_id", "i", "j"]))
    records = []
    for choice, predicted in chosen.items():
        right = int(np.isin(predicted, native).sum())
        records.append(
            {
                "choice": choice,
                "predicted": len(predicted),
                "right": right,
                "ppv": right / len(predicted) if len(predicted) else float("nan"),
                "sensitivity": right / len(native) if len(native) else float("nan"),
                "chains": len(names),
                "native": len(native),
            }
        )
    return pd.DataFrame(records)
