"""Tables of base-pair probabilities and structures of many sequences, by any backend."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.errors import InputError
from rna_predict.secondary.adjacency import Adjacency, Folding, unite_probabilities
from rna_predict.secondary.cache import CachedAdjacency
from rna_predict.structure.chain import Chain

BACKENDS: Final = ("viennarna", "file", "program")
PROBABILITY_COLUMNS: Final = {
    "chain_id": "str", "i": "int64", "j": "int64", "probability": "float32",
}  # fmt: skip
STRUCTURE_COLUMNS: Final = {
    "chain_id": "str", "mfe": "str", "mfe_energy": "float64", "mea": "str",
    "ensemble_energy": "float64", "entropy": "float64", "backend": "str", "version": "str",
    "options": "str",
}  # fmt: skip


def make_adjacency(
    backend: str,
    min_probability: float,
    max_span: int,
    *,
    files: Path | None = None,
    program: str = "",
    cache: Path | None = None,
) -> Adjacency:
    """Make the source of base-pair probabilities that the configuration names.

    Parameters
    ----------
    backend : str
        One of ``BACKENDS``.
    min_probability : float
        Weaker pairs are left out; 0 to 1.
    max_span : int
        Pairs with a greater ``j - i`` (nucleotides) are left out; 0: none.
    files : path, optional
        Folder of the backend ``file``.
    program : str
        Command line of the backend ``program``.
    cache : path, optional
        Folder in which foldings are kept. Files are always read again.

    Returns
    -------
    Adjacency

    Raises
    ------
    InputError
        If there is no such backend, or what it needs is missing or out of range.
    """
    # Imported here: no backend needs what another does.
    if backend == "viennarna":
        from rna_predict.secondary.viennarna import ViennaRNA

        source: Adjacency = ViennaRNA(min_probability, max_span)
    elif backend == "file":
        from rna_predict.secondary.files import PairFiles

        if files is None:
            raise InputError("secondary.files", "backend file needs a folder, got none")
        return PairFiles(files, min_probability, max_span)
    elif backend == "program":
        from rna_predict.secondary.program import PairProgram

        source = PairProgram(program, min_probability, max_span)
    else:
        what = f"expected one of {', '.join(BACKENDS)}, got {backend!r}"
        raise InputError("secondary.backend", what)
    return CachedAdjacency(source, cache) if cache else source


def fold_chains(chains: Iterable[Chain], adjacency: Adjacency) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fold the sequences of chains.

    Parameters
    ----------
    chains : iterable of Chain
        Only names and sequences are used; of several models of a chain the first.
    adjacency : Adjacency

    Returns
    -------
    probabilities, structures : DataFrame
        As :func:`fold_records`.

    Raises
    ------
    InputError
        As :meth:`Adjacency.fold`.
    """
    records: dict[str, tuple[str, tuple[str, ...]]] = {}
    for chain in chains:
        names = (chain.name, chain.parent) if chain.parent else (chain.name,)
        records.setdefault(chain.name, (chain.sequence, names))
    return fold_records(list(records.values()), adjacency)


def fold_records(
    records: Sequence[tuple[str, Sequence[str]]], adjacency: Adjacency
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fold named sequences, equal ones once where names do not matter.

    Parameters
    ----------
    records : sequence of (str, sequence of str)
        Sequence in letters of ``constants.ALPHABET``, and its names, the first of which becomes
        its ``chain_id``.
    adjacency : Adjacency

    Returns
    -------
    probabilities : DataFrame
        Columns ``PROBABILITY_COLUMNS``: chain_id, i, j (0-based, ``i < j``), probability.
    structures : DataFrame
        One row a record, columns ``STRUCTURE_COLUMNS``: dot-brackets, energies (kcal/mol) and
        entropy (bits) as in :class:`Folding`; name, version and options (JSON) of the backend.

    Raises
    ------
    InputError
        As :meth:`Adjacency.fold`.
    """
    known: dict[object, Folding] = {}
    foldings = []
    for sequence, names in records:
        key = (sequence, tuple(names)) if adjacency.by_name else sequence
        if key not in known:
            known[key] = adjacency.fold(sequence, names)
        foldings.append(known[key])
    chain_ids = [names[0] for _, names in records]
    columns = {
        name: np.concatenate([np.zeros(0), *(getattr(folding, name) for folding in foldings)])
        for name in ("i", "j", "probability")
    }
    repeats = [len(folding.i) for folding in foldings]
    repeated = np.repeat(np.array(chain_ids, dtype=object), np.array(repeats, dtype=np.int64))
    probabilities = pd.DataFrame({"chain_id": repeated} | columns).astype(PROBABILITY_COLUMNS)
    options = json.dumps(dict(adjacency.options), sort_keys=True)
    structures = pd.DataFrame(
        [
            (
                chain_id, folding.mfe, folding.mfe_energy, folding.mea, folding.ensemble_energy,
                folding.entropy, adjacency.name, adjacency.version, options,
            )
            for chain_id, folding in zip(chain_ids, foldings, strict=True)
        ],
        columns=list(STRUCTURE_COLUMNS),
    ).astype(STRUCTURE_COLUMNS)  # fmt: skip
    return probabilities, structures


def unite_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Unite tables of pair probabilities, such as those of ViennaRNA and of a family's consensus.

    Parameters
    ----------
    tables : sequence of DataFrame
        At least one; columns chain_id, i, j (0-based, ``i < j``), probability; others are ignored.

    Returns
    -------
    DataFrame
        Columns ``PROBABILITY_COLUMNS``, chains in the order of their first rows; probabilities as
        :func:`~rna_predict.secondary.adjacency.unite_probabilities` gives them.
    """
    chain_ids = pd.concat([table["chain_id"] for table in tables], ignore_index=True)
    codes, names = pd.factorize(chain_ids)
    lengths = np.zeros(len(names), dtype=np.int64)
    np.maximum.at(lengths, codes, np.concatenate([table["j"] for table in tables]) + 1)
    # All chains at once, one after the other on one line of residues.
    ends = np.cumsum(lengths)
    starts = np.split((ends - lengths)[codes], np.cumsum([len(table) for table in tables])[:-1])
    sources = [
        (
            table["i"].to_numpy() + start,
            table["j"].to_numpy() + start,
            table["probability"].to_numpy(),
        )
        for table, start in zip(tables, starts, strict=True)
    ]
    i, j, probability = unite_probabilities(int(lengths.sum()), sources)
    chain = np.searchsorted(ends, i, side="right")
    start = (ends - lengths)[chain]
    return pd.DataFrame(
        {"chain_id": names[chain], "i": i - start, "j": j - start, "probability": probability}
    ).astype(PROBABILITY_COLUMNS)
