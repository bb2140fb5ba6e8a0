"""What a residue name stands for: RNA, DNA, L-RNA or something else, and its parent base.

The facts are those of the wwPDB chemical component dictionary, which biotite carries; it is
loaded only when a name other than A, C, G and U comes up. Two things the dictionary leaves open
are decided here: nucleotides that it lists as ligands count as the nucleotide they are, and some
without a parent, such as inosine, have the base whose atoms they share.

In pseudouridine and its like the base hangs on the sugar by C5 in place of N1. Its atoms go into
the slots of the uridine atoms whose places they take, so that the glycosidic chi, the ring and the
Watson-Crick edge are where they are in every other residue.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from rna_predict.constants import BASES, SLOT_ATOMS, UNKNOWN

RNA: Final = "rna"
DNA: Final = "dna"
L_RNA: Final = "l-rna"
OTHER: Final = "other"
"""A component of another sort: peptide, sugar or ligand."""
UNLISTED: Final = "unlisted"
"""A name that the dictionary does not have."""

CAPS: Final = {
    "AMP": "A", "ADP": "A", "ATP": "A", "ZJS": "A", "365": "A",
    "5GP": "G", "GDP": "G", "GTP": "G", "G4P": "G", "M7G": "G", "Q61": "G",
    "C5P": "C", "CDP": "C", "CTP": "C", "U5P": "U", "UDP": "U", "UTP": "U",
}  # fmt: skip
"""Nucleotides that are listed as ligands but stand in polymers, most of them at an end."""
PARENTS: Final = {
    "574": "A", "DJF": "A", "LCC": "C", "LKC": "C", "I": "G", "FMU": "U", "MUM": "U", "CM0": "U",
    "B8N": "U", "C4J": "U", "I2T": "U", "M1Y": "U", "UY1": "U",
}  # fmt: skip
"""Parents that the dictionary leaves open: the base whose atoms the component has."""
C_GLYCOSIDES: Final = frozenset(
    ("PSU", "FHU", "3TD", "B8H", "B8N", "C4J", "I2T", "M1Y", "UY1", "P2U")
)
"""Components whose base is bonded to C1' by C5: pseudouridine and its like."""
C_GLYCOSIDE_ATOMS: Final = {
    "N1": "C5", "C2": "C4", "O2": "O4", "N3": "N3", "C4": "C2", "O4": "O2", "C5": "N1", "C6": "C6",
}  # fmt: skip
"""Atom of a C-glycoside in the place of each atom of uracil; the map is its own inverse."""


@dataclass(frozen=True)
class Component:
    """Kind and parent of a residue name.

    Attributes
    ----------
    kind : str
        ``RNA``, ``DNA``, ``L_RNA``, ``OTHER`` or ``UNLISTED``.
    parent : str
        A, C, G or U (T counts as U); N where none is known and for L-RNA, whose sugars are
        mirror images.
    """

    kind: str
    parent: str


@cache
def component(name: str) -> Component:
    """Look up a residue name.

    Parameters
    ----------
    name : str
        Name of the chemical component, upper case ("PSU").

    Returns
    -------
    Component
    """
    if name in tuple(BASES):
        return Component(RNA, name)
    if name in CAPS:
        return Component(RNA, CAPS[name])
    row = _dictionary().get(name)
    if row is None:
        return Component(UNLISTED, UNKNOWN)
    linking, parent, letter = row
    linking = linking.upper()
    if linking.startswith("L-RNA"):
        return Component(L_RNA, UNKNOWN)
    if linking.startswith("RNA"):
        return Component(RNA, _base(PARENTS.get(name, parent), letter))
    if linking.startswith(("DNA", "L-DNA")):
        return Component(DNA, _base(parent, letter))
    return Component(OTHER, UNKNOWN)


@cache
def slot_names(name: str, letter: str) -> tuple[str, ...]:
    """Give the atom names that a component has in the slots of its parent.

    Parameters
    ----------
    name : str
        Name of the chemical component.
    letter : str
        Its parent, a letter of ``constants.ALPHABET``.

    Returns
    -------
    tuple of 23 str
        ``constants.SLOT_ATOMS`` of the parent, or for C-glycosides the atoms in their places.
    """
    if name in C_GLYCOSIDES and letter == "U":
        return tuple(C_GLYCOSIDE_ATOMS.get(atom, atom) for atom in SLOT_ATOMS[letter])
    return SLOT_ATOMS[letter]


def _base(parent: str, letter: str) -> str:
    """Choose the parent base: the listed parent first ("DG" is G), then the one-letter code."""
    for code in (parent, letter):
        code = code.removeprefix("D").replace("T", "U")
        if code in tuple(BASES):
            return code
    return UNKNOWN


@cache
def _dictionary() -> dict[str, tuple[str, str, str]]:
    """Load linking type, parent and one-letter code of all components."""
    from biotite.structure.info.ccd import get_ccd

    table = get_ccd()["chem_comp"]
    columns = ("id", "type", "mon_nstd_parent_comp_id", "one_letter_code")
    names, *facts = (table[column].as_array(str).tolist() for column in columns)
    return dict(zip(names, zip(*facts, strict=True), strict=True))
