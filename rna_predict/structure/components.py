"""What a residue name stands for: RNA, DNA, L-RNA or something else, and its parent base.

The facts are those of the wwPDB chemical component dictionary, which biotite carries; it is
loaded only when a name other than A, C, G and U comes up. Two things the dictionary leaves open
are decided here: nucleoside phosphates count as the nucleotide they cap, and inosine and the locked
5-methylcytidine have the base whose atoms they share.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from rna_predict.constants import BASES, UNKNOWN

RNA: Final = "rna"
DNA: Final = "dna"
L_RNA: Final = "l-rna"
OTHER: Final = "other"
"""A component of another sort: peptide, sugar or ligand."""
UNLISTED: Final = "unlisted"
"""A name that the dictionary does not have."""

CAPS: Final = {
    "AMP": "A", "ADP": "A", "ATP": "A", "5GP": "G", "GDP": "G", "GTP": "G", "G4P": "G", "M7G": "G",
    "C5P": "C", "CDP": "C", "CTP": "C", "U5P": "U", "UDP": "U", "UTP": "U",
}  # fmt: skip
"""Nucleoside phosphates that are listed as ligands but start or end a polymer."""
PARENTS: Final = {"I": "G", "LCC": "C"}
"""Parents that the dictionary leaves open."""


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
