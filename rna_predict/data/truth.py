"""What an experiment says about a chain: the targets of the losses, apart from every input."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from rna_predict.constants import N_BACKBONE
from rna_predict.data.features import pair_matrix


@dataclass(frozen=True, eq=False)
class Truth:
    """Observed structure of one crop, or of a batch with a leading dimension.

    Attributes
    ----------
    coords : (..., n, 23, 3) float32, angstrom
        0 where ``atom_mask`` is False.
    atom_mask : (..., n, 23) bool
        Atoms that were observed.
    torsions : (..., n, 14) float32, radians
        Order of ``constants.TORSIONS``; 0 where ``torsion_mask`` is False.
    torsion_mask : (..., n, 14) bool
        Torsions that are defined.
    pair_contacts : (..., n, n) bool
        Base pairs annotated in the structure.
    pair_mask : (..., n, n) bool
        Pairs of different residues whose bases were both observed: where the absence of an
        annotation means something.
    """

    coords: Float32[Tensor, "*batch n 23 3"]
    atom_mask: Bool[Tensor, "*batch n 23"]
    torsions: Float32[Tensor, "*batch n 14"]
    torsion_mask: Bool[Tensor, "*batch n 14"]
    pair_contacts: Bool[Tensor, "*batch n n"]
    pair_mask: Bool[Tensor, "*batch n n"]

    def to(self, device: torch.device | str) -> "Truth":
        """Move all tensors to a device."""
        return Truth(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def structure_truth(
    coords: Float32[np.ndarray, "n 23 3"],
    atom_mask: Bool[np.ndarray, "n 23"],
    torsions: Float[np.ndarray, "n 14"],
    pairs: Int[np.ndarray, "m 2"],
    positions: Int[np.ndarray, " k"],
) -> Truth:
    """Cut the truth of a crop out of a chain.

    Parameters
    ----------
    coords : (n, 23, 3) float32, angstrom
        Whole chain; anything where ``atom_mask`` is False.
    atom_mask : (n, 23) bool
        Observed atoms.
    torsions : (n, 14) float, radians
        NaN where undefined.
    pairs : (m, 2) int
        Annotated base pairs, 0-based.
    positions : (k,) int
        Residues of the crop.

    Returns
    -------
    Truth
        Without a batch dimension.
    """
    mask = atom_mask[positions]
    defined = np.isfinite(torsions[positions])
    based = mask[:, N_BACKBONE:].any(-1)
    contacts = pair_matrix(len(coords), pairs, np.ones(len(pairs), dtype=bool), positions)
    arrays = {
        "coords": np.where(mask[..., None], coords[positions], 0).astype(np.float32),
        "atom_mask": mask,
        "torsions": np.where(defined, torsions[positions], 0).astype(np.float32),
        "torsion_mask": defined,
        "pair_contacts": contacts,
        "pair_mask": based[:, None] & based[None, :] & ~np.eye(len(positions), dtype=bool),
    }
    return Truth(**{name: torch.from_numpy(array) for name, array in arrays.items()})
