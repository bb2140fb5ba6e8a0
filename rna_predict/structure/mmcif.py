"""RNA chains from mmCIF and PDB files, and back.

Reading keeps the full sequence where the file has it: residues are placed by ``label_seq_id``
in ``entity_poly_seq`` (SEQRES in a PDB file, aligned by gemmi). Where that list does not agree
with the atoms, as in files converted from PDB format, which list observed residues only, the
observed residues in file order are the sequence and gaps show in the author numbering.
"""

import gzip
import zlib
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final, Literal

import gemmi
import numpy as np

from rna_predict.errors import InputError
from rna_predict.structure.atoms import fill_slots, one_conformer, slot_column
from rna_predict.structure.blocks import chain_block
from rna_predict.structure.chain import Chain
from rna_predict.structure.components import DNA, L_RNA, OTHER, RNA, component
from rna_predict.structure.facts import Facts
from rna_predict.structure.files import replacing
from rna_predict.structure.header import cif_release_date, pdb_release_date
from rna_predict.structure.polymers import (
    FlatAtoms,
    Polymer,
    list_polymers,
    resolve_microheterogeneity,
)
from rna_predict.structure.rejects import Reject

SUFFIXES: Final = (".cif", ".pdb")
"""Of the formats; each may be followed by ``.gz``."""
NOTHING_KNOWN: Final = Facts()


def read_chains(path: Path, *, models: Literal["first", "all"] = "first") -> list[Chain]:
    """Read the RNA chains of a structure file.

    Protein, DNA, L-RNA, ligands and water are left out, as are hydrogens and atoms that the
    parent base does not have. Modified residues keep their names and get their parent's letter.

    Parameters
    ----------
    path : path
        A ``.cif``, ``.cif.gz``, ``.pdb`` or ``.pdb.gz`` file.
    models : {"first", "all"}
        Models to read.

    Returns
    -------
    list of Chain
        In file order, model by model; at least one.

    Raises
    ------
    InputError
        If the file is missing, not a structure, or holds no RNA chain.
    """
    chains, rejects = read_entry(path, models=models)
    if not chains:
        raise InputError(path, "; ".join(dict.fromkeys(row.detail for row in rejects)))
    return chains


def read_entry(
    path: Path, *, models: Literal["first", "all"] = "first", known: Facts = NOTHING_KNOWN
) -> tuple[list[Chain], list[Reject]]:
    """Read the RNA chains of a structure file and say which nucleic acids were left out.

    Parameters
    ----------
    path, models
        As in :func:`read_chains`.
    known : Facts, optional
        What is known about the entry where the file says nothing.

    Returns
    -------
    chains : list of Chain
    rejects : list of Reject
        Polymers of nucleotides, or of components without a name, that are not RNA (``not_rna``)
        and further polymers under a chain id already taken (``chain_id_reused``); a row for the
        entry when it has no RNA at all.

    Raises
    ------
    InputError
        If the file is missing or not a structure.
    """
    path = Path(path)
    entry = entry_name(path)
    structure, release_date = _read_structure(path)
    if models == "first":
        del structure[1:]
    try:
        info = dict(structure.info.items())
        polymers = list_polymers(structure)
    except UnicodeDecodeError as error:  # gemmi decodes text only when it is asked for
        raise InputError(path, f"holds text that is not UTF-8: {error}") from error
    except InputError as error:
        raise InputError(f"{path} {error.where}", error.what) from error
    facts = known.fill(
        method=info.get("_exptl.method", ""),
        resolution=structure.resolution if structure.resolution > 0 else float("nan"),
        release_date=release_date,
    )
    facts["title"] = info.get("_struct.title", "")
    atoms = FlatAtoms(gemmi.FlatStructure(structure))
    chains, rejects, others = [], [], Counter()
    taken: dict[tuple[int, str], int] = {}
    for polymer in sorted(polymers, key=lambda p: (p.model, -len(p.names))):
        resolve_microheterogeneity(polymer, atoms)
        names, index = polymer.full_sequence()
        census = Counter(component(name).kind for name in names)
        if not census[RNA]:
            others[", ".join(sorted(census)) or "nothing"] += 1
        left_out = partial(Reject, entry, polymer.chain, model=polymer.model, residues=len(names))
        is_rna = census[RNA] >= max(1, census[DNA] + census[L_RNA] + census[OTHER])
        if not is_rna:
            if len(names) > 2 * census[OTHER]:
                found = ", ".join(f"{count} {kind}" for kind, count in sorted(census.items()))
                rejects.append(left_out("not_rna", f"residues: {found}"))
        elif (polymer.model, polymer.chain) in taken:
            detail = f"a polymer of {len(names)} residues under the id of a longer one"
            rejects.append(left_out("chain_id_reused", detail))
        else:
            taken[polymer.model, polymer.chain] = polymer.order
            chains.append(_build_chain(entry, polymer, names, index, atoms, facts))
    if not chains:
        found = ", ".join(f"{count} of {kind}" for kind, count in others.items()) or "none"
        rejects.append(Reject(entry, "", "not_rna", f"no RNA chain; other polymers: {found}"))
    chains.sort(key=lambda chain: (chain.model, taken[chain.model, chain.chain]))
    return chains, rejects


def entry_name(path: Path) -> str:
    """Give the entry's name: the file's name in lower case without ``.cif``, ``.pdb``, ``.gz``."""
    return path.name.lower().removesuffix(".gz").removesuffix(".cif").removesuffix(".pdb")


def write_chain(path: Path, chain: Chain, b_factor: np.ndarray | None = None) -> None:
    """Write a chain as mmCIF, or as PDB if the name ends so; ``.gz`` compresses.

    The whole sequence goes into ``entity_poly_seq`` (SEQRES), also where nothing was observed.

    Parameters
    ----------
    path : path
        A ``.cif``, ``.cif.gz``, ``.pdb`` or ``.pdb.gz`` file; replaced as a whole.
    chain : Chain
        Coordinates are written with three decimals.
    b_factor : (n,) float, optional
        One value a residue, for example pLDDT; 0 without.

    Raises
    ------
    InputError
        If the suffix is another, if ``b_factor`` is not finite or does not fit the chain, or if
        the chain cannot be told in PDB format.
    """
    path = Path(path)
    suffix = _suffix(path)
    values = np.zeros(len(chain)) if b_factor is None else np.asarray(b_factor, dtype=float)
    if values.shape != (len(chain),) or not np.isfinite(values).all():
        raise InputError(path, f"expected {len(chain)} finite B-factors, got {values.shape}")
    block = chain_block(chain, values)
    if suffix == ".cif":
        text = block.as_string()
    else:
        structure = gemmi.make_structure_from_block(block)
        try:
            text = structure.make_pdb_string(gemmi.PdbWriteOptions(cryst1_record=False))
        except (RuntimeError, ValueError) as error:
            raise InputError(path, f"{chain.name} does not fit PDB format: {error}") from error
    data = text.encode()
    with replacing(path) as temporary:
        zipped = path.name.lower().endswith(".gz")
        temporary.write_bytes(gzip.compress(data, mtime=0) if zipped else data)


def _build_chain(
    entry: str,
    polymer: Polymer,
    names: list[str],
    index: np.ndarray,
    atoms: FlatAtoms,
    facts: dict[str, str | float],
) -> Chain:
    """Gather the atoms of a polymer into a Chain."""
    n = len(names)
    sequence = "".join(component(name).parent for name in names)
    columns = np.array(list(map(slot_column, names, sequence)))
    sizes, firsts = np.array(polymer.n_atoms), np.array(polymer.first_atom)
    residue = np.repeat(index, sizes)
    rows = np.arange(sizes.sum()) + np.repeat(firsts - np.cumsum(sizes) + sizes, sizes)
    keep = one_conformer(residue, atoms.altloc[rows], atoms.occupancy[rows], n)
    mirrored = np.array([component(name).kind == L_RNA for name in names])
    rows, residue = rows[keep & ~mirrored[residue]], residue[keep & ~mirrored[residue]]
    coords = fill_slots(residue, atoms.slot[rows, columns[residue]], atoms.positions[rows], n)
    numbers, ins_codes = np.zeros(n, dtype=np.int32), [""] * n
    numbers[index] = polymer.numbers
    for position, code in zip(index.tolist(), polymer.ins_codes, strict=True):
        ins_codes[position] = code
    return Chain(
        entry=entry,
        chain=polymer.chain,
        sequence=sequence,
        residue_names=tuple(names),
        coords=coords,
        atom_mask=np.isfinite(coords).all(-1),
        auth_numbers=numbers,
        ins_codes=tuple(ins_codes),
        model=polymer.model,
        **facts,
    )


def _suffix(path: Path) -> str:
    """Give the suffix that tells the format, without ``.gz``."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in SUFFIXES:
        raise InputError(path, "expected a name ending in .cif, .pdb, .cif.gz or .pdb.gz")
    return suffix


def _ends_too_early(structure: gemmi.Structure) -> bool:
    """Tell whether nucleotides follow a TER record in the midst of their chain."""
    return any(
        residue.entity_type != gemmi.EntityType.Polymer
        and residue.het_flag == "A"
        and component(residue.name).kind == RNA
        for model in structure
        for chain in model
        for residue in chain
    )


def _read_structure(path: Path) -> tuple[gemmi.Structure, str]:
    """Read a file with gemmi; give the structure with entities set up, and the release date."""
    suffix = _suffix(path)
    if not path.is_file():
        raise InputError(path, "no such file")
    try:
        if suffix == ".pdb":
            structure, date = _read_pdb(path)
        else:
            document = gemmi.cif.Document()
            structure = gemmi.read_structure(
                str(path), format=gemmi.CoorFormat.Mmcif, save_doc=document
            )
            structure.setup_entities()
            date = cif_release_date(document)
        structure.assign_label_seq_id()
    except (OSError, EOFError, zlib.error, RuntimeError, ValueError, IndexError) as error:
        raise InputError(path, f"not readable as {suffix[1:]}: {error}") from error
    if not any(len(chain) for model in structure for chain in model):
        raise InputError(path, f"holds no atoms that can be read as {suffix[1:]}")
    return structure, date


def _read_pdb(path: Path) -> tuple[gemmi.Structure, str]:
    """Read a PDB file: its bytes first, as gemmi would take part of a damaged gzip file for all."""
    data = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        data = gzip.decompress(data)
    structure = gemmi.read_pdb_string(data)
    structure.merge_chain_parts()
    structure.setup_entities()
    if _ends_too_early(structure):
        structure = gemmi.read_pdb_string(data, ignore_ter=True)
        structure.setup_entities()
    return structure, pdb_release_date(data)
