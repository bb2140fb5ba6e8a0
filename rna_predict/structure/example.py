"""Build the embedded example: PDB entries out of published Python packages, as gzipped mmCIF.

Packages ship PDB entries as test data, beside decoys and fragments; so an allow-list names each
file with its checksum. Facts that a file lost come from the list.
"""

import csv
import gzip
import hashlib
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

import gemmi

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.errors import InputError
from rna_predict.structure.blocks import set_header
from rna_predict.structure.files import replacing


@dataclass(frozen=True)
class Source:
    """One row of the allow-list: a file in a wheel, and the facts about its entry.

    Attributes
    ----------
    pdb_id : str
        Lower case.
    package, version : str
        Distribution on the package index that holds the file.
    path : str
        Of the file inside the wheel.
    sha256 : str
        Of that file.
    title, method, resolution, release_date : str
        From headers of the PDB; "" where no header is at hand. Angstrom, ISO date.
    drop : str
        Atoms that the file has but the entry has not (added by a program): items
        ``chain:number:atom,atom`` separated by blanks; ``base`` stands for all base atoms.
    """

    pdb_id: str
    package: str
    version: str
    path: str
    sha256: str
    title: str
    method: str
    resolution: str
    release_date: str
    drop: str


def read_sources(path: Path) -> list[Source]:
    """Read the allow-list, a TSV with the columns of :class:`Source`.

    Raises
    ------
    InputError
        If a column is missing or unknown.
    """
    with path.open(newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        expected = [field.name for field in fields(Source)]
        if reader.fieldnames != expected:
            raise InputError(path, f"expected the columns {expected}, got {reader.fieldnames}")
        return [Source(**row) for row in reader]


def build_example(wheel: Path, sources: list[Source], folder: Path) -> list[Path]:
    """Convert the listed files of a wheel to ``{pdb_id}.cif.gz``.

    Parameters
    ----------
    wheel : path
        A wheel or zip file that holds every listed file.
    sources : list of Source
        The allow-list.
    folder : path
        Where the entries go; the bytes depend only on the wheel, the list and gemmi's version.

    Returns
    -------
    list of path
        The files written, in the order of the list.

    Raises
    ------
    InputError
        If a file is missing in the wheel or its checksum differs.
    """
    written = []
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
        for source in sources:
            if source.path not in members:
                raise InputError(wheel, f"holds no {source.path}, listed for {source.pdb_id}")
            data = archive.read(source.path)
            if (digest := hashlib.sha256(data).hexdigest()) != source.sha256:
                raise InputError(
                    wheel, f"{source.path} has sha256 {digest}, expected {source.sha256}"
                )
            path = folder / f"{source.pdb_id}.cif.gz"
            text = convert_entry(data.decode("ascii", "replace"), source)
            with replacing(path) as temporary:
                temporary.write_bytes(gzip.compress(text.encode(), mtime=0))
            written.append(path)
    return written


def convert_entry(text: str, source: Source) -> str:
    """Convert an entry in PDB or mmCIF format to mmCIF text.

    Everything but hydrogens and the atoms to drop is kept. Where SEQRES is absent or does not fit
    the atoms, the sequence lists the observed residues.

    Parameters
    ----------
    text : str
        The file; its format is told by the suffix of ``source.path``.
    source : Source
        Its facts take the place of those in the file.

    Returns
    -------
    str
    """
    is_cif = PurePosixPath(source.path).suffix == ".cif"
    format = gemmi.CoorFormat.Mmcif if is_cif else gemmi.CoorFormat.Pdb
    structure = gemmi.read_structure_string(text, format=format)
    structure.setup_entities()
    structure.remove_hydrogens()
    structure.remove_empty_chains()
    _drop_atoms(structure, source)
    structure.name = source.pdb_id.upper()
    _repair_sequences(structure)
    groups = gemmi.MmcifOutputGroups(False)
    groups.entry = groups.entity = groups.entity_poly = groups.entity_poly_seq = True
    groups.chem_comp = groups.cell = groups.symmetry = groups.struct_asym = groups.atoms = True
    groups.group_pdb = True
    block = gemmi.cif.Block(structure.name)
    structure.update_mmcif_block(block, groups)
    facts = source.title, source.method, source.resolution, source.release_date
    set_header(block, structure.name, *facts)
    return block.as_string()


def _drop_atoms(structure: gemmi.Structure, source: Source) -> None:
    """Remove the atoms that a program added."""
    for item in source.drop.split():
        chain, number, names = item.split(":")
        residues = [r for m in structure for r in m[chain] if str(r.seqid) == number]
        dropped = 0
        for residue in residues:
            for index in reversed(range(len(residue))):
                name = residue[index].name
                if name in names.split(",") or (names == "base" and name not in BACKBONE_ATOMS):
                    del residue[index]
                    dropped += 1
        if not dropped:
            raise InputError(source.path, f"has no atoms for the item {item} to drop")


def _repair_sequences(structure: gemmi.Structure) -> None:
    """Give each polymer entity a sequence that its atoms fit, and number the residues by it."""
    structure.assign_label_seq_id()
    for entity in structure.entities:
        if entity.entity_type != gemmi.EntityType.Polymer:
            continue
        polymers = [
            [residue for residue in structure[0].get_subchain(name).first_conformer()]
            for name in entity.subchains
        ]
        listed = entity.full_sequence
        fits = all(
            residue.label_seq is not None
            and residue.label_seq <= len(listed)
            and residue.name in listed[residue.label_seq - 1].split(",")
            for polymer in polymers
            for residue in polymer
        )
        if not fits:
            entity.full_sequence = [residue.name for residue in polymers[0]]
    structure.assign_label_seq_id(force=True)
