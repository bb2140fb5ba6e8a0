"""What was done to a model before forces act on it, one record a repair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rna_predict.structure.chain import Chain

KINDS = (
    "modified_as_parent", "separated", "built_atoms", "swapped_oxygens", "chirality",
    "flattened_base", "closed_link", "open_link", "knot", "remnant",
)  # fmt: skip
"""Kinds of repair in the order in which they are told. The last three are left as they are."""
LISTED = 10
"""Residues, or runs of them, that a summary lists for a kind."""


@dataclass(frozen=True)
class Repair:
    """One repair, or one fault that was found and left alone.

    Attributes
    ----------
    kind : str
        One of ``KINDS``.
    residue : int
        Position in the chain, from 0; of a link the residue after it.
    detail : str
        Atoms, distances or partners, for a person to read.
    """

    kind: str
    residue: int
    detail: str


def residue_number(chain: Chain, index: int) -> str:
    """Give the author number of a residue with its insertion code."""
    return f"{chain.auth_numbers[index]}{chain.ins_codes[index]}"


def residue_place(chain: Chain, index: int) -> str:
    """Name a residue for a message."""
    return f"residue {residue_number(chain, index)} '{chain.residue_names[index]}'"


def describe(repairs: Sequence[Repair], chain: Chain) -> str:
    """Summarise repairs in one line for a table.

    Parameters
    ----------
    repairs : sequence of Repair
    chain : Chain
        For the residue numbers.

    Returns
    -------
    str
        Such as ``built_atoms 3, 7-9; knot 12``: author numbers by kind, neighbours as a range;
        "" without repairs. Past ``LISTED`` of a kind only their number is told.
    """
    parts = []
    for kind in KINDS:
        found = sorted({repair.residue for repair in repairs if repair.kind == kind})
        if not found:
            continue
        runs = [
            [row[1] for row in run]
            for _, run in groupby(enumerate(found), key=lambda row: row[1] - row[0])
        ]
        names = [
            residue_number(chain, run[0])
            if len(run) == 1
            else f"{residue_number(chain, run[0])}-{residue_number(chain, run[-1])}"
            for run in runs
        ]
        if len(names) > LISTED:
            names = [*names[:LISTED], f"... {len(found)} in all"]
        parts.append(f"{kind} {', '.join(names)}")
    return "; ".join(parts)
