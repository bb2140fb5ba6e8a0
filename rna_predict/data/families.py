"""What its family tells of a chain: pairs of the consensus structure, and homologs.

Both come from sequences and covariance models (``families.consensus``, ``families.homologs``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rna_predict.constants import ALPHABET
from rna_predict.data.features import WeighedPairs
from rna_predict.data.msa import Msa, empty_msa, encode_rows
from rna_predict.data.tables import read_probabilities, require_columns
from rna_predict.errors import InputError
from rna_predict.families.consensus import canonical_pairs


@dataclass(frozen=True, eq=False)
class FamilyTables:
    """Consensus pairs and homologs by chain; a chain without a family is in neither.

    Attributes
    ----------
    consensus : dict
        Pairs (0-based) and their probabilities.
    homologs : dict
        Rows over the chain, from the nearest on.
    """

    consensus: dict[str, WeighedPairs]
    homologs: dict[str, Msa]

    def of(self, name: str, sequence: str) -> tuple[WeighedPairs, Msa]:
        """Give consensus pairs and homologs of a chain, or of a copy with other letters.

        Parameters
        ----------
        name : str
            Chain of the tables.
        sequence : str
            Its letters, or those of the copy; pairs that they cannot form are left out.

        Raises
        ------
        InputError
            If the chain in the tables has another length.
        """
        none = (np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))
        pairs, probability = self.consensus.get(name, none)
        msa = self.homologs.get(name, empty_msa(len(sequence)))
        if (len(pairs) and pairs.max() >= len(sequence)) or msa.shape[1] != len(sequence):
            raise InputError(f"chain {name}", f"family tables are not of {len(sequence)} residues")
        kinds = np.array([ALPHABET.index(letter) for letter in sequence], dtype=np.int64)
        able = canonical_pairs()[kinds[pairs[:, 0]], kinds[pairs[:, 1]]]
        return (pairs[able], probability[able]), msa


def read_families(
    consensus: Path | None, homologs: Path | None, names: Collection[str]
) -> FamilyTables:
    """Read what families tell of some chains.

    Parameters
    ----------
    consensus : path, optional
        Consensus pairs (parquet): chain_id, i, j, probability.
    homologs : path, optional
        Homologs (parquet): chain_id, row.
    names : collection of str
        Chains asked for; the rows of others are passed over.

    Raises
    ------
    InputError
        If a column is missing, the rows of a chain differ in length, or one has a letter that is
        no nucleotide.
    """
    wanted = set(names)
    pairs = {} if consensus is None else read_probabilities(consensus)
    rows: dict[str, Msa] = {}
    if homologs is not None:
        table = pd.read_parquet(homologs)
        require_columns(table, ("chain_id", "row"), homologs)
        table = table[table["chain_id"].isin(wanted)]
        for name, texts in table.groupby("chain_id", sort=False)["row"]:
            found = list(texts)
            rows[name] = encode_rows(found, len(found[0]), f"{homologs} chain {name}")
    return FamilyTables({name: pairs[name] for name in pairs.keys() & wanted}, rows)
