"""Models from files, for scoring and minimisation: one RNA chain each."""

from collections.abc import Sequence
from pathlib import Path

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains


def read_model(path: Path) -> Chain:
    """Read the one RNA chain of a structure file (first model).

    Parameters
    ----------
    path : path
        mmCIF or PDB, also gzipped.

    Returns
    -------
    Chain

    Raises
    ------
    InputError
        If the file cannot be read, or holds several RNA chains.
    """
    chains = read_chains(path)
    if len(chains) > 1:
        found = ", ".join(chain.chain for chain in chains)
        raise InputError(path, f"expected one RNA chain, got {len(chains)}: {found}")
    return chains[0]


def read_models(paths: Sequence[Path]) -> list[Chain | InputError]:
    """Read several models; in the place of one that cannot be used stands its error.

    Parameters
    ----------
    paths : sequence of path

    Returns
    -------
    list of Chain or InputError
    """
    models: list[Chain | InputError] = []
    for path in paths:
        try:
            models.append(read_model(path))
        except InputError as error:
            models.append(error)
    return models
