"""Tier 4: the bases of a homolog of the same family, through the family's alignment."""

from typing import Final

import numpy as np
import pandas as pd

from rna_predict.augment.contacts import Contacts
from rna_predict.augment.substitution import WATSON_CRICK, Change, bonds, rebuildable
from rna_predict.constants import BASES
from rna_predict.families.components import require_columns
from rna_predict.structure.chain import Chain

TIER: Final = "homolog"


def homolog_changes(chain: Chain, contacts: Contacts, row: str) -> list[Change]:
    """List what a homolog changes in a chain.

    Parameters
    ----------
    chain : Chain
    contacts : Contacts
    row : str
        The homolog in the chain's positions, ``-`` where it has no residue; of the chain's length.

    Returns
    -------
    list of mapping of int to str
        Unpaired residues alone, paired ones with their partners: a Watson-Crick pair becomes
        another one that bonds. Where the homolog has a G-U pair, or no pair, in place of one, the
        chain keeps its own, and so do residues in tertiary contacts and tetraloops.
    """
    ready = rebuildable(chain) & ~contacts.fixed
    differs = np.array(
        [new != old and new in BASES for new, old in zip(row, chain.sequence, strict=True)]
    )
    changes: list[Change] = [
        {i: row[i]} for i in np.flatnonzero(differs & ready & ~contacts.paired).tolist()
    ]
    first = np.flatnonzero(contacts.partner > np.arange(len(chain)))
    for i, j in zip(first.tolist(), contacts.partner[first].tolist(), strict=True):
        pair = {k: row[k] if row[k] in BASES else chain.sequence[k] for k in (i, j)}
        if (
            (differs[i] or differs[j])
            and ready[i]
            and ready[j]
            and chain.sequence[i] + chain.sequence[j] in WATSON_CRICK
            and pair[i] + pair[j] in WATSON_CRICK
            and bonds(chain, pair)
        ):
            changes.append(pair)
    return changes


def near_homologs(homologs: pd.DataFrame, min_identity: float) -> dict[str, list[str]]:
    """Give the rows of each chain's homologs that are near enough.

    Parameters
    ----------
    homologs : DataFrame
        Columns chain_id, identity and row, as
        :data:`~rna_predict.families.homologs.HOMOLOG_SCHEMA` describes them.
    min_identity : float
        Those above it are kept.

    Raises
    ------
    InputError
        If a column is missing.
    """
    require_columns(homologs, "homologs", ["chain_id", "identity", "row"])
    near = homologs[homologs["identity"] > min_identity].drop_duplicates(["chain_id", "row"])
    return near.groupby("chain_id")["row"].agg(list).to_dict()
