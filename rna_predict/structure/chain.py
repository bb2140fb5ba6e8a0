"""The Chain record: one RNA chain with one index for everything.

Residue ``i`` is position ``i`` (0-based) of the full sequence, observed or not; every array has
that length and order. The record imports nothing but numpy, so that training machines can use it.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Int32

from rna_predict.constants import ALPHABET, N_SLOTS, slot_mask


@dataclass(frozen=True, eq=False)
class Chain:
    """One model of one RNA chain.

    Attributes
    ----------
    entry : str
        PDB id in lower case, or the stem of the file it came from.
    chain : str
        Author chain id (auth_asym_id); may have several letters.
    sequence : str
        Parent letters A, C, G, U, or N where the parent is unknown; length n.
    residue_names : tuple of str
        Chemical component of each residue ("PSU", "5MC", ...), n of them.
    coords : (n, 23, 3) float32, angstrom
        Slots of ``constants.SLOT_ATOMS``; NaN where ``atom_mask`` is False. The base of a
        pseudouridine is in the slots of the uridine atoms whose places it takes, see
        :func:`~rna_predict.structure.components.slot_names`.
    atom_mask : (n, 23) bool
        True where the atom was observed.
    auth_numbers : (n,) int32
        Author residue numbers; meaningful only where ``observed``.
    ins_codes : tuple of str
        Insertion codes, "" for none.
    model : int
        Number of the model in its file, from 1.
    method, title, release_date : str
        Of the entry; "" where unknown. Dates are ISO, ``YYYY-MM-DD``.
    resolution : float
        Angstrom; NaN where unknown.
    parent, tier : str
        For an augmented copy the ``name`` of the chain it came from, and how; "" otherwise.
    """

    entry: str
    chain: str
    sequence: str
    residue_names: tuple[str, ...]
    coords: Float32[np.ndarray, "n 23 3"]
    atom_mask: Bool[np.ndarray, "n 23"]
    auth_numbers: Int32[np.ndarray, " n"]
    ins_codes: tuple[str, ...]
    model: int = 1
    method: str = ""
    title: str = ""
    release_date: str = ""
    resolution: float = float("nan")
    parent: str = ""
    tier: str = ""

    def __post_init__(self) -> None:
        """Check that all parts have the same length and that masks and coordinates agree."""
        n = len(self.sequence)
        shapes = {
            "residue_names": len(self.residue_names) == n,
            "coords": self.coords.shape == (n, N_SLOTS, 3),
            "atom_mask": self.atom_mask.shape == (n, N_SLOTS),
            "auth_numbers": self.auth_numbers.shape == (n,),
            "ins_codes": len(self.ins_codes) == n,
        }
        wrong = [name for name, right in shapes.items() if not right]
        if wrong:
            raise ValueError(f"{self.name}: {', '.join(wrong)} do not fit a sequence of {n}")
        if stray := set(self.sequence) - set(ALPHABET):
            raise ValueError(f"{self.name}: letters {sorted(stray)} are not of {ALPHABET}")
        if not np.array_equal(np.isfinite(self.coords).all(-1), self.atom_mask):
            raise ValueError(f"{self.name}: coordinates and atom_mask disagree")
        if (self.atom_mask & ~slot_mask()[self.kinds]).any():
            raise ValueError(f"{self.name}: atoms in slots that their base does not have")

    def __len__(self) -> int:
        """Give the length of the full sequence."""
        return len(self.sequence)

    @property
    def name(self) -> str:
        """Key of the chain in every table: ``{entry}_{chain}``, unique together with ``model``."""
        return f"{self.entry}_{self.chain}"

    @property
    def kinds(self) -> np.ndarray:
        """(n,) int64: position of each letter in ``constants.ALPHABET``."""
        return np.array([ALPHABET.index(letter) for letter in self.sequence], dtype=np.int64)

    @property
    def observed(self) -> np.ndarray:
        """(n,) bool: residues with at least one atom."""
        return self.atom_mask.any(axis=1)

    def with_coords(self, coords: Float32[np.ndarray, "n 23 3"]) -> "Chain":
        """Replace the coordinates; atoms are present where the new ones are finite."""
        return replace(self, coords=coords, atom_mask=np.isfinite(coords).all(-1))


def model_chain(name: str, sequence: str, coords: Float32[np.ndarray, "n 23 3"]) -> Chain:
    """Wrap predicted coordinates as chain A, residues numbered from 1.

    Parameters
    ----------
    name : str
        Name of the target; becomes the entry.
    sequence : str
        Letters of ``ALPHABET``, length n.
    coords : (n, 23, 3) float32, angstrom
        NaN in slots without an atom.

    Returns
    -------
    Chain
    """
    return Chain(
        entry=name,
        chain="A",
        sequence=sequence,
        residue_names=tuple(sequence),
        coords=coords,
        atom_mask=np.isfinite(coords).all(-1),
        auth_numbers=np.arange(1, len(sequence) + 1, dtype=np.int32),
        ins_codes=("",) * len(sequence),
    )
