"""Which chains are held out: those named, and those related to the sequences to predict."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.families.components import find_components, label_families
from rna_predict.families.similarity import similar_pairs
from rna_predict.families.tables import read_table
from rna_predict.structure.chain import Chain


def read_holdouts(path: Path) -> list[str]:
    """Read a table of hold-outs.

    Parameters
    ----------
    path : path
        TSV with a column chain_id, or else pdb_id.

    Returns
    -------
    list of str
        Ids of chains or entries, each once; ids of entries in lower case.

    Raises
    ------
    InputError
        If the file is no table, has neither column, or an id is empty.
    """
    table = read_table(path, {})
    column = next((name for name in ("chain_id", "pdb_id") if name in table.columns), "")
    if not column:
        what = f"expected a column chain_id or pdb_id; columns: {', '.join(table.columns)}"
        raise InputError(path, what)
    if (empty := table[column].str.strip() == "").any():
        raise InputError(path, f"row {int(empty.to_numpy().argmax()) + 1}: no {column}")
    ids = table[column].str.strip()
    return list(dict.fromkeys(ids.str.lower() if column == "pdb_id" else ids))


def unknown_holdouts(chains: Sequence[Chain], holdouts: Sequence[str]) -> list[str]:
    """Give the hold-outs that name neither a chain nor an entry."""
    known = {chain.name for chain in chains} | {chain.entry for chain in chains}
    return [name for name in holdouts if name not in known]


def find_holdouts(
    chains: Mapping[str, Chain],
    families: pd.DataFrame,
    holdouts: Sequence[str],
    targets: Mapping[str, str],
    target_families: pd.DataFrame | None,
    *,
    max_evalue: float,
    identity: float,
    coverage: float,
) -> set[str]:
    """Give the chains that are held out by themselves; their relatives come on top.

    Parameters
    ----------
    chains : mapping of str to Chain
        By name.
    families : DataFrame
        As :func:`~rna_predict.families.components.label_families` reads them.
    holdouts : sequence of str
        Ids of chains, or of entries: all their chains.
    targets : mapping of str to str
        Sequences to predict: chains that are similar to one.
    target_families : DataFrame, optional
        Their families: chains of one of these.
    max_evalue : float
        Family hits that count.
    identity, coverage : float
        What similar means, as in :func:`~rna_predict.families.similarity.similar_pairs`.
    """
    wanted = set(holdouts)
    held = {name for name in chains if name in wanted or chains[name].entry in wanted}
    names = list(chains)
    sequences = [chains[name].sequence for name in names]
    for pair in similar_pairs(list(targets.values()), sequences, identity, coverage):
        held.add(names[pair.second])
    if target_families is not None:
        of_targets = label_families(target_families, max_evalue).values()
        shared = {family for found in of_targets for family in found}
        for name, found in label_families(families, max_evalue).items():
            if name in chains and shared.intersection(found):
                held.add(name)
    return held


def forced_chains(
    chains: Sequence[Chain],
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    holdouts: Sequence[str],
    targets: Mapping[str, str],
    target_families: pd.DataFrame | None,
    neighbours: pd.DataFrame | None,
    *,
    max_evalue: float,
    identity: float,
    coverage: float,
) -> set[str]:
    """Give all chains that hold-outs force to test: themselves and their components.

    Parameters and errors are those of :func:`find_holdouts` and of
    :func:`~rna_predict.families.components.find_components`.
    """
    first = {chain.name: chain for chain in reversed(chains)}
    held = find_holdouts(
        first, families, holdouts, targets, target_families, max_evalue=max_evalue,
        identity=identity, coverage=coverage,
    )  # fmt: skip
    component = find_components(chains, families, clusters, max_evalue, neighbours)
    heads = {component[name] for name in held}
    return {name for name, head in component.items() if head in heads}
