"""Models from files: one RNA chain each for minimisation, all of them for scoring."""

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


def read_complex(path: Path, chain: str = "") -> list[Chain]:
    """Read all RNA chains of a structure file (first model).

    Parameters
    ----------
    path : path
        mmCIF or PDB, also gzipped.
    chain : str
        Author id of the one chain wanted; "" for all.

    Returns
    -------
    list of Chain

    Raises
    ------
    InputError
        If the file cannot be read or has no such chain.
    """
    chains = read_chains(path)
    wanted = [found for found in chains if chain in ("", found.chain)]
    if not wanted:
        found = ", ".join(found.chain for found in chains)
        raise InputError(path, f"no RNA chain {chain!r}; chains found: {found}")
    return wanted


def read_complexes(paths: Sequence[Path]) -> list[list[Chain] | InputError]:
    """Read several models; in the place of one that cannot be read stands its error.

    Parameters
    ----------
    paths : sequence of path

    Returns
    -------
    list of (list of Chain) or InputError
    """
    models: list[list[Chain] | InputError] = []
    for path in paths:
        try:
            models.append(read_complex(path))
        except InputError as error:
            models.append(error)
    return models
