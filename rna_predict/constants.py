"""Residues, atom order, covalent topology, torsion definitions and ideal geometry of RNA.

Each fact stands here once. Lengths are in angstrom, angles in degrees (converted to radians by
whoever computes with them).

Sources
-------
Base geometry: Olson et al. (2001) J Mol Biol 313:229, standard reference frames, planar bases
(after Clowney et al. 1996). Sugar-phosphate geometry: measured (``evaluate/reference.py``).
Torsions: IUPAC-IUB (1983) Eur J Biochem 131:9; eta/theta: Duarte & Pyle (1998) J Mol Biol 284:1465.
"""

from functools import cache
from typing import Final

import numpy as np

BASES: Final = "ACGU"
"""Letters with a slot table; their position is the residue kind used in all integer encodings."""
UNKNOWN: Final = "N"
"""A residue whose parent base is not known: it has a backbone and no base atoms."""
ALPHABET: Final = BASES + UNKNOWN
PURINES: Final = "AG"

BACKBONE_ATOMS: Final = (
    "P", "OP1", "OP2", "O5'", "C5'", "C4'", "O4'", "C3'", "O3'", "C2'", "O2'", "C1'",
)  # fmt: skip
BASE_ATOMS: Final = {
    "A": ("N9", "C8", "N7", "C5", "C6", "N6", "N1", "C2", "N3", "C4"),
    "C": ("N1", "C2", "O2", "N3", "C4", "N4", "C5", "C6"),
    "G": ("N9", "C8", "N7", "C5", "C6", "O6", "N1", "C2", "N2", "N3", "C4"),
    "U": ("N1", "C2", "O2", "N3", "C4", "O4", "C5", "C6"),
    UNKNOWN: (),
}
N_BACKBONE: Final = len(BACKBONE_ATOMS)
N_SLOTS: Final = N_BACKBONE + max(len(atoms) for atoms in BASE_ATOMS.values())
"""Slots of the dense ``[N, 23, 3]`` layout: 12 backbone and sugar atoms, then the base's atoms."""

SLOT_ATOMS: Final = {
    base: BACKBONE_ATOMS + atoms + ("",) * (N_SLOTS - N_BACKBONE - len(atoms))
    for base, atoms in BASE_ATOMS.items()
}
"""Atom name in each of the 23 slots by base letter; an empty string where the base has no atom."""
SLOT_INDEX: Final = {
    base: {name: slot for slot, name in enumerate(names) if name}
    for base, names in SLOT_ATOMS.items()
}

SUGAR_BONDS: Final = (
    ("P", "OP1"), ("P", "OP2"), ("P", "O5'"), ("O5'", "C5'"), ("C5'", "C4'"), ("C4'", "O4'"),
    ("C4'", "C3'"), ("C3'", "O3'"), ("C3'", "C2'"), ("C2'", "O2'"), ("C2'", "C1'"), ("C1'", "O4'"),
)  # fmt: skip
BASE_BONDS: Final = {
    "A": (
        ("C1'", "N9"), ("N9", "C8"), ("C8", "N7"), ("N7", "C5"), ("C5", "C6"), ("C6", "N6"),
        ("C6", "N1"), ("N1", "C2"), ("C2", "N3"), ("N3", "C4"), ("C4", "C5"), ("C4", "N9"),
    ),
    "C": (
        ("C1'", "N1"), ("N1", "C2"), ("C2", "O2"), ("C2", "N3"), ("N3", "C4"), ("C4", "N4"),
        ("C4", "C5"), ("C5", "C6"), ("C6", "N1"),
    ),
    "G": (
        ("C1'", "N9"), ("N9", "C8"), ("C8", "N7"), ("N7", "C5"), ("C5", "C6"), ("C6", "O6"),
        ("C6", "N1"), ("N1", "C2"), ("C2", "N2"), ("C2", "N3"), ("N3", "C4"), ("C4", "C5"),
        ("C4", "N9"),
    ),
    "U": (
        ("C1'", "N1"), ("N1", "C2"), ("C2", "O2"), ("C2", "N3"), ("N3", "C4"), ("C4", "O4"),
        ("C4", "C5"), ("C5", "C6"), ("C6", "N1"),
    ),
    UNKNOWN: (),
}  # fmt: skip
"""Covalent bonds within a residue are ``SUGAR_BONDS + BASE_BONDS[base]``; residues are joined by
``O3'(i)-P(i+1)``."""

LINK_MAX: Final = 2.0
"""An O3'-P distance above this is a chain break (angstrom)."""

TORSION_ATOMS: Final = {
    "alpha": ((-1, "O3'"), (0, "P"), (0, "O5'"), (0, "C5'")),
    "beta": ((0, "P"), (0, "O5'"), (0, "C5'"), (0, "C4'")),
    "gamma": ((0, "O5'"), (0, "C5'"), (0, "C4'"), (0, "C3'")),
    "delta": ((0, "C5'"), (0, "C4'"), (0, "C3'"), (0, "O3'")),
    "epsilon": ((0, "C4'"), (0, "C3'"), (0, "O3'"), (1, "P")),
    "zeta": ((0, "C3'"), (0, "O3'"), (1, "P"), (1, "O5'")),
    "chi": ((0, "O4'"), (0, "C1'"), (0, "N9|N1"), (0, "C4|C2")),
    "nu0": ((0, "C4'"), (0, "O4'"), (0, "C1'"), (0, "C2'")),
    "nu1": ((0, "O4'"), (0, "C1'"), (0, "C2'"), (0, "C3'")),
    "nu2": ((0, "C1'"), (0, "C2'"), (0, "C3'"), (0, "C4'")),
    "nu3": ((0, "C2'"), (0, "C3'"), (0, "C4'"), (0, "O4'")),
    "nu4": ((0, "C3'"), (0, "C4'"), (0, "O4'"), (0, "C1'")),
    "eta": ((-1, "C4'"), (0, "P"), (0, "C4'"), (1, "P")),
    "theta": ((0, "P"), (0, "C4'"), (1, "P"), (1, "C4'")),
}
"""Four atoms of each torsion as (residue offset, name); ``X|Y``: X in purines, Y in pyrimidines."""
TORSIONS: Final = tuple(TORSION_ATOMS)
"""The 14 torsions in the one order used by every table, feature and network head."""
BACKBONE_TORSIONS: Final = TORSIONS[:7]
"""alpha, beta, gamma, delta, epsilon, zeta and the glycosidic chi: the seven of the MCQ."""

IDEAL_BOND: Final = {
    ("P", "OP1"): 1.484, ("P", "OP2"): 1.484, ("P", "O5'"): 1.592, ("O5'", "C5'"): 1.421,
    ("C5'", "C4'"): 1.508, ("C4'", "O4'"): 1.452, ("C4'", "C3'"): 1.520, ("C3'", "O3'"): 1.419,
    ("C3'", "C2'"): 1.522, ("C2'", "O2'"): 1.417, ("C2'", "C1'"): 1.528, ("C1'", "O4'"): 1.416,
    ("O3'", "P+1"): 1.605, ("C1'", "N9|N1"): 1.473,
}  # fmt: skip
"""Sugar-phosphate bond lengths (angstrom); the bonds of a known base, the glycosidic one included,
follow from ``BASE_FRAME``. Medians, of the same residues as ``IDEAL_ANGLE``."""

IDEAL_ANGLE: Final = {
    ("O3'-1", "P", "O5'"): (103.7, 103.5), ("O3'-1", "P", "OP1"): (107.1, 107.4),
    ("O3'-1", "P", "OP2"): (109.1, 108.5), ("O5'", "P", "OP1"): (108.6, 108.6),
    ("O5'", "P", "OP2"): (107.6, 108.0), ("P", "O5'", "C5'"): (120.7, 121.1),
    ("O5'", "C5'", "C4'"): (110.6, 110.8), ("C5'", "C4'", "C3'"): (115.8, 115.0),
    ("C5'", "C4'", "O4'"): (109.8, 109.2), ("C3'", "C4'", "O4'"): (103.7, 106.0),
    ("C4'", "C3'", "O3'"): (112.1, 109.4), ("C4'", "C3'", "C2'"): (101.8, 102.7),
    ("C3'", "O3'", "P+1"): (120.1, 120.8), ("C1'", "C2'", "O2'"): (108.6, 111.6),
    ("C3'", "C2'", "O2'"): (111.2, 114.3), ("O4'", "C1'", "N9|N1"): (108.8, 108.8),
    ("C2'", "C1'", "N9|N1"): (112.4, 114.3),
}  # fmt: skip
"""Bond angles (degrees) in a C3'-endo and in a C2'-endo sugar; ``-1`` and ``+1``: neighbours.

Medians over 5,304 C3'-endo and 733 C2'-endo residues of 226 PDB chains at 2.0 A or better, one for
each distinct sequence: ``evaluate/reference.tsv``, which a test holds against these. They rebuild
10-nt stretches of other chains (2 to 3 A) from their torsions at 0.51 A, the pucker-specific
restraints of phenix (geostd, mod_rna3p and mod_rna2p) at 0.52 A; the two differ by at most 0.004 A
and 1.1 degrees."""

BASE_FRAME: Final = {
    "A": {
        "C1'": (-2.479, 5.346), "N9": (-1.291, 4.498), "C8": (0.024, 4.897), "N7": (0.877, 3.902),
        "C5": (0.071, 2.771), "C6": (0.369, 1.398), "N6": (1.611, 0.909), "N1": (-0.668, 0.532),
        "C2": (-1.912, 1.023), "N3": (-2.320, 2.290), "C4": (-1.267, 3.124),
    },
    "C": {
        "C1'": (-2.477, 5.402), "N1": (-1.285, 4.542), "C2": (-1.472, 3.158), "O2": (-2.628, 2.709),
        "N3": (-0.391, 2.344), "C4": (0.837, 2.868), "N4": (1.875, 2.027), "C5": (1.056, 4.275),
        "C6": (-0.023, 5.068),
    },
    "G": {
        "C1'": (-2.477, 5.399), "N9": (-1.289, 4.551), "C8": (0.023, 4.962), "N7": (0.870, 3.969),
        "C5": (0.071, 2.833), "C6": (0.424, 1.460), "O6": (1.554, 0.955), "N1": (-0.700, 0.641),
        "C2": (-1.999, 1.087), "N2": (-2.949, 0.139), "N3": (-2.342, 2.364), "C4": (-1.265, 3.177),
    },
    "U": {
        "C1'": (-2.481, 5.354), "N1": (-1.284, 4.500), "C2": (-1.462, 3.131), "O2": (-2.563, 2.608),
        "N3": (-0.302, 2.397), "C4": (0.989, 2.884), "O4": (1.935, 2.094), "C5": (1.089, 4.311),
        "C6": (-0.024, 5.053),
    },
}  # fmt: skip
"""Planar base atoms and C1' in the standard base-pair frame, (x, y) with z = 0 (angstrom)."""


@cache
def slot_mask() -> np.ndarray:
    """Tell which slots hold an atom.

    Returns
    -------
    (5, 23) bool
        Row ``k`` belongs to letter ``ALPHABET[k]``. Read-only.
    """
    mask = np.array([[bool(name) for name in SLOT_ATOMS[base]] for base in ALPHABET])
    mask.setflags(write=False)
    return mask


@cache
def torsion_slots() -> tuple[np.ndarray, np.ndarray]:
    """Give the slots of each torsion's atoms as gather indices.

    Returns
    -------
    offset : (14, 4) int
        Residue offset (-1, 0, 1) of each atom, in the order of ``TORSIONS``.
    slot : (5, 14, 4) int
        Slot of each atom by residue kind ``ALPHABET[k]``; -1 where that residue lacks the atom
        (chi of an unknown base).
    """
    offset = np.array([[shift for shift, _ in atoms] for atoms in TORSION_ATOMS.values()])
    slot = np.full((len(ALPHABET), len(TORSIONS), 4), -1)
    for kind, base in enumerate(ALPHABET):
        for row, atoms in enumerate(TORSION_ATOMS.values()):
            for column, (_, name) in enumerate(atoms):
                purine, _, pyrimidine = name.partition("|")
                name = purine if base in PURINES or not pyrimidine else pyrimidine
                slot[kind, row, column] = SLOT_INDEX[base].get(name, -1)
    offset.setflags(write=False)
    slot.setflags(write=False)
    return offset, slot
