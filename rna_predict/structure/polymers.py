"""Polymers of a gemmi structure: residues with their atoms, placed in the full sequence."""

from dataclasses import dataclass, field

import gemmi
import numpy as np

from rna_predict.errors import InputError
from rna_predict.structure.atoms import slot_table
from rna_predict.structure.components import OTHER, component


class FlatAtoms:
    """Atoms of a structure as arrays, in the order of its hierarchy."""

    def __init__(self, flat: gemmi.FlatStructure) -> None:
        codes = np.ascontiguousarray(flat.atom_names).view(np.int64).ravel()
        names, inverse = np.unique(codes, return_inverse=True)
        text = [name.decode("ascii", "replace") for name in names.view("S8").ravel().tolist()]
        self.slot = slot_table(text)[inverse]
        self.positions = np.array(flat.pos)
        self.altloc = np.array(flat.altlocs)
        self.occupancy = np.array(flat.occ)


@dataclass
class Polymer:
    """Residues of one polymer chain in one model, observed ones only, as lists."""

    model: int
    order: int
    chain: str
    listed: list[str]
    names: list[str] = field(default_factory=list)
    labels: list[int | None] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    ins_codes: list[str] = field(default_factory=list)
    first_atom: list[int] = field(default_factory=list)
    n_atoms: list[int] = field(default_factory=list)

    def keep(self, rows: list[int]) -> None:
        """Keep only some residues."""
        for values in (
            self.names, self.labels, self.numbers, self.ins_codes, self.first_atom, self.n_atoms
        ):  # fmt: skip
            values[:] = [values[row] for row in rows]

    def full_sequence(self) -> tuple[list[str], np.ndarray]:
        """Give names of the full sequence and the position of each observed residue in it."""
        listed = [gemmi.Entity.first_mon(item) for item in self.listed]
        in_order = all(
            a is not None and b is not None and a < b
            for a, b in zip([0, *self.labels], self.labels, strict=False)
        )
        if not in_order or not self.labels or self.labels[-1] > len(listed):
            return self.names, np.arange(len(self.names))
        index = np.array(self.labels) - 1
        for position, name in zip(index.tolist(), self.names, strict=True):
            if name not in self.listed[position].split(","):
                return self.names, np.arange(len(self.names))
            listed[position] = name
        while len(listed) > self.labels[-1] and component(listed[-1]).kind == OTHER:
            listed.pop()  # ligands that a conversion from PDB format appended
        return listed, index


def list_polymers(structure: gemmi.Structure) -> list[Polymer]:
    """List the polymers of all models with their residues and the atoms of these.

    Raises
    ------
    InputError
        If a residue has no author number; names chain and residue, not the file.
    """
    entities = {name: entity for entity in structure.entities for name in entity.subchains}
    polymers: list[Polymer] = []
    atom = 0
    for model in structure:
        found: dict[tuple[str, str], Polymer] = {}
        for chain in model:
            for residue in chain:
                first, n_atoms = atom, len(residue)
                atom += n_atoms
                if residue.entity_type != gemmi.EntityType.Polymer:
                    continue
                key = chain.name, residue.subchain
                polymer = found.get(key)
                if polymer is None:
                    entity = entities.get(residue.subchain)
                    polymer = found[key] = Polymer(
                        model=model.num,
                        order=len(found),
                        chain=chain.name or residue.subchain,
                        listed=list(entity.full_sequence) if entity else [],
                    )
                number = residue.seqid
                if number.num is None:
                    where = f"chain {polymer.chain} residue {residue.name}"
                    raise InputError(where, "expected an author number, got none")
                polymer.names.append(residue.name)
                polymer.labels.append(residue.label_seq)
                polymer.numbers.append(number.num)
                polymer.ins_codes.append(number.icode.strip())
                polymer.first_atom.append(first)
                polymer.n_atoms.append(n_atoms)
        polymers += found.values()
    return polymers


def resolve_microheterogeneity(polymer: Polymer, atoms: FlatAtoms) -> None:
    """Where one position holds residues of several names, keep the best occupied one."""
    groups: dict[tuple[int, str], list[int]] = {}
    for row, number in enumerate(zip(polymer.numbers, polymer.ins_codes, strict=True)):
        groups.setdefault(number, []).append(row)
    if len(groups) == len(polymer.names):
        return

    def occupancy(row: int) -> float:
        first = polymer.first_atom[row]
        return float(atoms.occupancy[first : first + polymer.n_atoms[row]].max(initial=0.0))

    dropped = set()
    for rows in groups.values():
        adjacent = rows[-1] - rows[0] == len(rows) - 1
        if adjacent and len({polymer.labels[row] for row in rows}) == 1:
            dropped.update(set(rows) - {max(rows, key=occupancy)})
    polymer.keep([row for row in range(len(polymer.names)) if row not in dropped])
