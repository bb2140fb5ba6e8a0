"""B-factors of a model file, which carry its pLDDT and have to survive minimisation."""

from pathlib import Path

import gemmi
import numpy as np
from jaxtyping import Float

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain


def read_b_factors(path: Path, chain: Chain) -> Float[np.ndarray, " n"]:
    """Read the B-factor of each residue of a chain, the mean over its atoms.

    Parameters
    ----------
    path : path
        The file that the chain was read from.
    chain : Chain
        Residues are found by author chain, number and insertion code.

    Returns
    -------
    (n,) float
        0 for residues that are not observed.

    Raises
    ------
    InputError
        If the file is not a structure or does not have the chain.
    """
    try:
        structure = gemmi.read_structure(str(path))
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise InputError(path, f"not readable: {error}") from error
    found: dict[tuple[int, str], list[float]] = {}
    for model in structure:
        if model.num != chain.model:
            continue
        for part in model:
            if part.name == chain.chain:
                for residue in part:
                    key = residue.seqid.num, residue.seqid.icode.strip()
                    found.setdefault(key, []).extend(atom.b_iso for atom in residue)
    values = np.zeros(len(chain))
    for index in np.flatnonzero(chain.observed).tolist():
        key = int(chain.auth_numbers[index]), chain.ins_codes[index]
        if key not in found:
            raise InputError(path, f"chain {chain.chain} has no residue {key[0]}{key[1]}")
        values[index] = np.mean(found[key])
    return values
