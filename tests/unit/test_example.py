"""The embedded example: what it holds, and that it is what it says."""

import csv
import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import gemmi
import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.structure.atoms import ALIASES
from rna_predict.structure.example import Source, build_example, convert_entry, read_sources
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.mmcif import read_chains
from rna_predict.structure.shards import read_entry_list

SHIFTED = {"1a9n": 1}
"""Added to the entry's author numbers by the source file."""
LOST = {"1evv": 155, "1q9a": 1, "2a43": 1}
"""Atoms of the entry that the source file does not have, see config/example/README.md."""


@pytest.fixture(scope="module")
def folder(root) -> Path:
    return root / "config" / "example"


@pytest.fixture(scope="module")
def sources(folder) -> list[Source]:
    return read_sources(folder / "sources.tsv")


def test_the_lists_name_the_same_entries(folder, sources):
    ids = [source.pdb_id for source in sources]
    assert ids == sorted(set(ids))
    assert 16 <= len(ids) <= 20
    assert read_entry_list(folder / "entries.txt") == ids
    assert sorted(path.name for path in (folder / "pdb").iterdir()) == [f"{i}.cif.gz" for i in ids]
    readme = (folder / "README.md").read_text()
    assert all(f"| {source.pdb_id} |" in readme and source.title in readme for source in sources)


def test_the_example_is_small(folder):
    assert sum(path.stat().st_size for path in (folder / "pdb").iterdir()) < 3e6
    assert sum(path.stat().st_size for path in (folder / "rfam").iterdir()) < 5e5


def test_no_benchmark_target_is_in_it(sources, shared_data):
    with (shared_data / "rna_puzzles" / "targets.tsv").open() as file:
        puzzles = {row["pdb_id"].lower() for row in csv.DictReader(file, delimiter="\t")}
    assert not puzzles & {source.pdb_id for source in sources}


def test_facts_are_in_the_entries(example_chains, sources):
    by_id = {source.pdb_id: source for source in sources}
    for chain in example_chains:
        source = by_id[chain.entry]
        assert (chain.title, chain.method) == (source.title, source.method)
        assert chain.release_date == source.release_date
        assert chain.resolution == pytest.approx(
            float(source.resolution or "nan"), nan_ok=True, abs=1e-6
        )


def test_the_variety_that_breaks_code_is_there(example_chains):
    names = {name for chain in example_chains for name in chain.residue_names}
    assert {"PSU", "H2U", "5MC", "YG", "YYG", "GTP", "CCC", "I"} <= names
    assert {len(chain) for chain in example_chains} >= {7, 76, 80}
    assert any(chain.method == "SOLUTION NMR" for chain in example_chains)
    assert any(not chain.release_date for chain in example_chains)
    assert {chain.chain for chain in example_chains} >= {"A", "B", "R", "X"}
    assert all(chain.observed.all() for chain in example_chains)


def test_targets_are_single_chains_of_the_example(folder, example_chains):
    targets = read_fasta(folder / "targets.fasta")
    assert len(targets) == 3
    chains = {chain.name: chain for chain in example_chains}
    for name, sequence in targets.items():
        assert chains[name].sequence == sequence
        assert chains[name].observed.all()
        assert [c.entry for c in example_chains].count(chains[name].entry) == 1
    lengths = sorted(len(sequence) for sequence in targets.values())
    assert lengths[0] < 25 <= lengths[1] <= 50 < lengths[2]


def test_covariance_models_are_calibrated(folder):
    for path in (folder / "rfam").glob("*.cm"):
        assert "\nECMLC " in path.read_text(), path


def atoms_of(path: Path, shift: int = 0) -> dict[tuple[str, str, str], list[np.ndarray]]:
    """Give the positions (all conformers) of a file's polymer atoms by chain, residue and name."""
    structure = gemmi.read_structure(str(path))
    structure.setup_entities()
    atoms: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for row in structure[0].all():
        if row.residue.entity_type == gemmi.EntityType.Polymer:
            name = row.atom.name.replace("*", "'")
            number = f"{row.residue.seqid.num + shift}{row.residue.seqid.icode}"
            key = row.chain.name, number, ALIASES.get(name, name)
            atoms.setdefault(key, []).append(np.array(row.atom.pos.tolist()))
    return atoms


def test_every_atom_is_where_the_pdb_entry_has_it(folder, sources, shared_data):
    compared = 0
    for source in sources:
        entry = shared_data / "pdb" / f"{source.pdb_id}.cif.gz"
        if not entry.is_file():
            continue
        ours = atoms_of(folder / "pdb" / entry.name)
        theirs = atoms_of(entry, SHIFTED.get(source.pdb_id, 0))
        assert {chain for chain, *_ in ours} <= {chain for chain, *_ in theirs}
        for key, (position,) in ours.items():
            assert key in theirs, (source.pdb_id, key)
            apart = min(np.abs(position - other).max() for other in theirs[key])
            assert apart <= 0.001 + 1e-9, (source.pdb_id, key)
        chains = {chain for chain, *_ in ours}
        lost = [key for key in theirs if key[0] in chains and key not in ours]
        assert len(lost) == LOST.get(source.pdb_id, 0), source.pdb_id
        compared += 1
    assert compared >= 13


def test_shared_and_embedded_sequences_agree(example_chains, shared_data):
    for chain in example_chains:
        path = shared_data / "pdb" / f"{chain.entry}.cif.gz"
        if path.is_file():
            other = next(c for c in read_chains(path) if c.chain == chain.chain)
            assert chain.sequence == other.sequence, chain.name


@pytest.fixture
def wheel(folder, sources, tmp_path) -> tuple[Path, Source]:
    """Make a small wheel: one PDB entry, written from the example."""
    source = next(source for source in sources if source.pdb_id == "1dqf")
    structure = gemmi.read_structure(str(folder / "pdb" / "1dqf.cif.gz"))
    text = structure.make_pdb_string()
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(source.path, text)
    return path, replace(source, sha256=hashlib.sha256(text.encode()).hexdigest())


def test_building_twice_gives_the_same_bytes(wheel, tmp_path):
    path, source = wheel
    (first,) = build_example(path, [source], tmp_path / "a")
    (second,) = build_example(path, [source], tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    chains = read_chains(first)
    assert [chain.name for chain in chains] == ["1dqf_A", "1dqf_B"]
    assert chains[0].title == source.title


def test_files_that_differ_from_the_list_are_refused(wheel, tmp_path):
    path, source = wheel
    with pytest.raises(InputError, match="has sha256"):
        build_example(path, [replace(source, sha256="0" * 64)], tmp_path / "out")
    with pytest.raises(InputError, match="holds no elsewhere.pdb"):
        build_example(path, [replace(source, path="elsewhere.pdb")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_listed_atoms_and_hydrogens_are_dropped(wheel):
    path, source = wheel
    with zipfile.ZipFile(path) as archive:
        text = archive.read(source.path).decode()
    row = next(line for line in text.splitlines() if line.startswith("ATOM"))
    text = text.replace(row, f"{row}\n{row[:12]} H1' {row[16:76]} H")

    def atoms(drop: str) -> set[tuple[str, str, str]]:
        block = gemmi.cif.read_string(convert_entry(text, replace(source, drop=drop)))[0]
        structure = gemmi.make_structure_from_block(block)
        return {(r.chain.name, str(r.residue.seqid), r.atom.name) for r in structure[0].all()}

    everything = atoms("")
    assert not {name for *_, name in everything if name.startswith("H")}
    assert everything - atoms("A:2:P,OP1") == {("A", "2", "P"), ("A", "2", "OP1")}
    names = {name for chain, number, name in everything - atoms("B:10:base")}
    assert names == {"N1", "C2", "O2", "N3", "C4", "N4", "C5", "C6"}
    with pytest.raises(InputError, match="no atoms for the item A:99:P"):
        atoms("A:99:P")


def test_a_list_with_other_columns_is_refused(tmp_path):
    (tmp_path / "s.tsv").write_text("pdb_id\tpath\n1abc\tx\n")
    with pytest.raises(InputError, match="expected the columns"):
        read_sources(tmp_path / "s.tsv")
