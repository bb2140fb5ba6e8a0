"""Stored angles against angles measured again from the stored coordinates.

The second way shares with the first what the angles are (``constants.TORSION_ATOMS``, chain breaks,
the pucker's formula), not how they are measured: atoms are gathered by name, dihedrals computed by
torch in double precision.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64

from rna_predict.angles.pucker import NU, pseudorotation
from rna_predict.angles.table import COLUMNS
from rna_predict.constants import TORSION_ATOMS
from rna_predict.errors import InputError
from rna_predict.geometry.dihedrals import circular_difference
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.geometry.torch_dihedrals import dihedral
from rna_predict.structure.chain import Chain
from rna_predict.structure.links import linked_to_previous

TOLERANCE: Final = 0.01
"""Largest difference that passes (degrees)."""


def check_angles(
    chains: Sequence[Chain], stored: Mapping[tuple[str, int], np.ndarray], *, complete: bool = True
) -> pd.DataFrame:
    """Compare stored angles with those of the stored coordinates.

    Parameters
    ----------
    chains : sequence of Chain
    stored : mapping of (chain id, model) to (n, 16) float32, radians
        As :func:`rna_predict.angles.table.read_angles` gives it.
    complete : bool
        Whether an angle that is undefined in the table alone is a fault. Not so for a backend that
        leaves out nucleotides it does not recognise (dssr).

    Returns
    -------
    DataFrame
        One row an angle: angle, residues, compared (defined in both), undefined (in both), missing
        (from the table alone; 0 if ``complete``), max_difference (degrees).

    Raises
    ------
    InputError
        Naming chain, model, residue and angle, if an angle differs by more than ``TOLERANCE`` or
        is defined on one side only, or if the tables are not of the same chains.
    """
    _same_chains(chains, stored)
    none = np.zeros((0, len(COLUMNS)), dtype=np.float32)
    found = np.concatenate([none, *(stored[chain.name, chain.model] for chain in chains)])
    expected = measure_again(chains)
    apart = np.rad2deg(np.abs(circular_difference(found.astype(np.float64), expected)))
    here, there = np.isfinite(found), np.isfinite(expected)
    fault = (apart > TOLERANCE) | (here & ~there)
    if complete:
        fault |= there & ~here
    if fault.any():
        row, column = np.argwhere(fault)[0].tolist()
        values = np.rad2deg([found[row, column], expected[row, column]]).tolist()
        said, measured = (f"{v:.4f} degrees" if np.isfinite(v) else "undefined" for v in values)
        raise InputError(
            f"{_residue(chains, row)} {COLUMNS[column]}",
            f"stored {said}, measured again {measured}; of {fault.size} angles {int(fault.sum())} "
            f"differ by more than {TOLERANCE:g} degrees or are undefined on one side",
        )
    return pd.DataFrame(
        {
            "angle": COLUMNS,
            "residues": len(found),
            "compared": (here & there).sum(0),
            "undefined": (~here & ~there).sum(0),
            "missing": (~here & there).sum(0),
            "max_difference": np.where(here & there, apart, 0.0).max(0, initial=0.0),
        }
    )


def measure_again(chains: Sequence[Chain]) -> Float64[np.ndarray, "n 16"]:
    """Measure the angles of chains, columns as ``COLUMNS``, radians; NaN = undefined.

    The rows are the residues of all chains, one after the other.
    """
    if not chains:
        return np.zeros((0, len(COLUMNS)))
    coords = np.concatenate([chain.coords for chain in chains]).astype(np.float64)
    kinds = np.concatenate([chain.kinds for chain in chains])
    linked = np.concatenate(
        [linked_to_previous(chain.coords, chain.auth_numbers) for chain in chains]
    )
    torsions = []
    for atoms in TORSION_ATOMS.values():
        names = tuple(f"{name}{shift:+d}" if shift else name for shift, name in atoms)
        points = torch.from_numpy(atom_points(coords, kinds, linked, names))
        torsions.append(dihedral(points).numpy())
    torsions = np.stack(torsions, axis=1)
    return np.column_stack([torsions, *pseudorotation(torsions[:, NU])])


def _same_chains(chains: Sequence[Chain], stored: Mapping[tuple[str, int], np.ndarray]) -> None:
    """Raise InputError unless both are of the same chains, models and lengths."""
    lengths = {(chain.name, chain.model): len(chain) for chain in chains}
    for name, model in lengths.keys() ^ stored.keys():
        where = "angles" if (name, model) in lengths else "chains"
        raise InputError(f"{name} model {model}", f"not in the table of {where}")
    for (name, model), length in lengths.items():
        if (rows := len(stored[name, model])) != length:
            raise InputError(f"{name} model {model}", f"{rows} angles for {length} residues")


def _residue(chains: Sequence[Chain], row: int) -> str:
    """Name the residue that stands in a row of all chains, one after the other."""
    ends = np.cumsum([len(chain) for chain in chains])
    order = int(np.searchsorted(ends, row, side="right"))
    chain = chains[order]
    index = row - int(ends[order]) + len(chain)
    number, code = int(chain.auth_numbers[index]), chain.ins_codes[index]
    name = f"{chain.residue_names[index]}{number}{code}"
    return f"{chain.name} model {chain.model} residue {name} (index {index})"
