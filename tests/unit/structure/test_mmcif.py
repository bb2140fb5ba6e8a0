import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import biotite.structure.io.pdbx as pdbx
import gemmi
import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.components import slot_names
from rna_predict.structure.mmcif import entry_name, read_chains, read_entry, write_chain

COLUMNS = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y",
    "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip


def atom(
    chain: str, seq: int | str, comp: str, name: str, *, number: str = "", ins: str = "?",
    alt: str = ".", occupancy: float = 1.0, entity: str = "1", model: int = 1,
) -> dict[str, str | float | int]:  # fmt: skip
    """Give one row of atom_site."""
    return {
        "chain": chain, "seq": seq, "comp": comp, "name": name, "number": number or str(seq),
        "ins": ins, "alt": alt, "occupancy": occupancy, "entity": entity, "model": model,
    }  # fmt: skip


def residue(chain: str, seq: int | str, comp: str, **kwargs) -> list[dict]:
    """Give the atoms of a residue's sugar, enough to be a nucleotide."""
    names = ("P", "O5'", "C5'", "C4'", "C3'", "O3'", "C1'")
    return [atom(chain, seq, comp, name, **kwargs) for name in names]


ATOM_LINE = b"ATOM      1  P     G A   1       1.000   2.000   3.000  1.00 10.00           P\n"


DAMAGED = bytearray(gzip.compress(ATOM_LINE * 99, mtime=0))
DAMAGED[-6] ^= 1  # the checksum


@pytest.fixture
def write_cif(tmp_path: Path) -> Callable[..., Path]:
    """Write an mmCIF file of some atoms; sequences by entity, the kind of each entity."""

    def write(
        atoms: list[dict],
        sequences: dict[str, list[str]] | None = None,
        name: str = "1abc.cif",
        extra: str = "",
        ligands: tuple[str, ...] = (),
    ) -> Path:
        entities = sorted({row["entity"] for row in atoms})
        kinds = [f"{e} {'non-polymer' if e in ligands else 'polymer'}" for e in entities]
        lines = [
            "data_1ABC",
            "_entry.id 1ABC",
            extra,
            "loop_",
            "_entity.id",
            "_entity.type",
            *kinds,
        ]
        if sequences:
            lines += [
                "loop_",
                *(f"_entity_poly_seq.{tag}" for tag in ("entity_id", "num", "mon_id")),
            ]
            for entity, names in sequences.items():
                lines += [f"{entity} {i} {comp}" for i, comp in enumerate(names, start=1)]
        lines += ["loop_", *(f"_atom_site.{tag}" for tag in COLUMNS)]
        rng = np.random.default_rng(0)
        for serial, row in enumerate(atoms, start=1):
            x, y, z = rng.normal(scale=20, size=3).round(3)
            lines.append(
                f'ATOM {serial} {row["name"][0]} "{row["name"]}" {row["alt"]} {row["comp"]} '
                f"{row['chain']}{row['entity']} {row['entity']} {row['seq']} {row['ins']} "
                f"{x} {y} {z} "
                f"{row['occupancy']} 10.0 {row['number']} {row['chain']} {row['model']}"
            )
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]))
        return path

    return write


@pytest.fixture
def hard_chain(example_chains) -> Chain:
    """1ehz with an unobserved stretch, an insertion code, a negative number and a long id."""
    chain = next(chain for chain in example_chains if chain.name == "1ehz_A")
    coords = chain.coords.copy()
    coords[15:18] = np.nan
    numbers, codes = chain.auth_numbers.copy(), list(chain.ins_codes)
    numbers[0], codes[20], numbers[20] = -3, "A", numbers[19]
    numbers[15:18] = 0
    chain = replace(chain, chain="AbC", auth_numbers=numbers, ins_codes=tuple(codes))
    return chain.with_coords(coords)


def assert_same_structure(first: Chain, second: Chain) -> None:
    assert first.sequence == second.sequence
    assert first.residue_names == second.residue_names
    assert np.array_equal(first.atom_mask, second.atom_mask)
    assert np.nanmax(np.abs(first.coords - second.coords)) < 6e-4
    assert np.array_equal(first.auth_numbers[first.observed], second.auth_numbers[second.observed])
    assert first.ins_codes == second.ins_codes


@pytest.mark.parametrize("suffix", [".cif", ".cif.gz"])
def test_written_mmcif_reads_back_the_same(hard_chain, tmp_path, suffix):
    path = tmp_path / f"1EHZ{suffix}"
    write_chain(path, hard_chain)
    (back,) = read_chains(path)
    assert_same_structure(hard_chain, back)
    assert (back.entry, back.chain, back.model) == ("1ehz", "AbC", 1)
    assert (back.title, back.method) == (hard_chain.title, hard_chain.method)
    assert back.release_date == hard_chain.release_date == "2000-10-02"
    assert back.resolution == pytest.approx(1.93)


@pytest.mark.parametrize("suffix", [".pdb", ".pdb.gz"])
def test_written_pdb_reads_back_the_same(hard_chain, tmp_path, suffix):
    chain = replace(hard_chain, chain="B")
    write_chain(tmp_path / f"model{suffix}", chain)
    (back,) = read_chains(tmp_path / f"model{suffix}")
    assert_same_structure(chain, back)


def test_every_example_chain_survives_writing(example_chains, tmp_path):
    for chain in example_chains:
        write_chain(tmp_path / "a.cif", chain)
        assert_same_structure(chain, read_chains(tmp_path / "a.cif")[0])


def test_gemmi_and_biotite_read_what_was_written(hard_chain, tmp_path):
    path = tmp_path / "model.cif"
    plddt = np.linspace(1, 99, len(hard_chain)).round(2)
    write_chain(path, hard_chain, plddt)
    residues, slots = np.nonzero(hard_chain.atom_mask)
    letters = zip(hard_chain.residue_names, hard_chain.sequence, strict=True)
    tables = [slot_names(name, letter) for name, letter in letters]
    names = [tables[i][s] for i, s in zip(residues, slots, strict=True)]
    expected = hard_chain.coords[residues, slots]

    structure = gemmi.read_structure(str(path))
    assert structure.entities[0].full_sequence == list(hard_chain.residue_names)
    found = list(structure[0].all())
    assert [row.atom.name for row in found] == names
    assert np.allclose([row.atom.pos.tolist() for row in found], expected, atol=6e-4)
    assert np.allclose([row.atom.b_iso for row in found], plddt[residues], atol=0.006)

    array = pdbx.get_structure(
        pdbx.CIFFile.read(path), model=1, extra_fields=["b_factor"], use_author_fields=True
    )
    assert array.atom_name.tolist() == names
    assert np.allclose(array.coord, expected, atol=6e-4)
    assert array.res_name.tolist() == [hard_chain.residue_names[i] for i in residues]
    assert array.res_id.tolist() == hard_chain.auth_numbers[residues].tolist()
    assert array.ins_code.tolist() == [hard_chain.ins_codes[i] for i in residues]
    assert set(array.chain_id) == {"AbC"}
    sequence = pdbx.get_sequence(pdbx.CIFFile.read(path))
    assert str(sequence["AbC"]).replace("T", "U") == hard_chain.sequence


def test_writing_refuses_what_it_cannot_tell(hard_chain, tmp_path):
    with pytest.raises(InputError, match="does not fit PDB format"):
        write_chain(tmp_path / "a.pdb", replace(hard_chain, chain="ABCDE"))
    with pytest.raises(InputError, match="expected 76 finite B-factors"):
        write_chain(tmp_path / "a.cif", hard_chain, np.zeros(3))
    with pytest.raises(InputError, match="expected 76 finite B-factors"):
        write_chain(tmp_path / "a.cif", hard_chain, np.full(76, np.nan))
    with pytest.raises(InputError, match="expected a name ending in .cif"):
        write_chain(tmp_path / "a.txt", hard_chain)
    assert list(tmp_path.iterdir()) == []


def test_unobserved_residues_keep_their_place(write_cif):
    atoms = [*residue("A", 2, "C", number="11"), *residue("A", 4, "PSU", number="13", ins="B")]
    (chain,) = read_chains(write_cif(atoms, {"1": ["G", "C", "A", "PSU", "G"]}))
    assert chain.sequence == "GCAUG"
    assert chain.residue_names == ("G", "C", "A", "PSU", "G")
    assert chain.observed.tolist() == [False, True, False, True, False]
    assert chain.auth_numbers[[1, 3]].tolist() == [11, 13]
    assert chain.ins_codes == ("", "", "", "B", "")
    assert np.isnan(chain.resolution)


def test_without_a_fitting_sequence_the_observed_residues_are_the_chain(write_cif):
    atoms = [*residue("A", 2, "C"), *residue("A", 9, "G")]
    for sequences in (None, {"1": ["C", "G"]}, {"1": ["A"] * 9}):
        (chain,) = read_chains(write_cif(atoms, sequences))
        assert chain.sequence == "CG"
        assert chain.observed.all()
        assert chain.auth_numbers.tolist() == [2, 9]


def test_pdb_without_seqres_reads_with_gaps_in_the_numbering(tmp_path):
    line = "ATOM  {:5d}  {:<3s}   {} A{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00 10.00           {}"
    rows = [
        line.format(i, name, "GCAU"[k % 4], number, k * 6.0, i * 1.0, 0.0, name[0])
        for k, number in enumerate((-2, -1, 7, 8))
        for i, name in enumerate(("P", "O5'", "C5'", "C4'", "C3'", "O3'", "O1P", "C1*"), start=1)
    ]
    path = tmp_path / "model.pdb"
    path.write_text("\n".join([*rows, "END", ""]))
    (chain,) = read_chains(path)
    assert (chain.name, chain.sequence) == ("model_A", "GCAU")
    assert chain.auth_numbers.tolist() == [-2, -1, 7, 8]
    assert chain.atom_mask[:, [SLOT_INDEX["G"]["OP1"], SLOT_INDEX["G"]["C1'"]]].all()


def test_seqres_places_the_observed_residues(example_chains, tmp_path):
    chain = next(chain for chain in example_chains if chain.name == "1kxk_A")
    coords = chain.coords.copy()
    coords[20:30] = np.nan
    path = tmp_path / "part.pdb"
    write_chain(path, chain.with_coords(coords))
    assert "SEQRES" in path.read_text()
    (back,) = read_chains(path)
    assert back.sequence == chain.sequence
    assert back.observed.tolist() == [not 20 <= i < 30 for i in range(len(chain))]


def test_dna_l_rna_protein_and_ligands_are_not_rna(write_cif):
    atoms = [
        *residue("A", 1, "G"), *residue("A", 2, "C"),
        *residue("B", 1, "DG", entity="2"), *residue("B", 2, "DC", entity="2"),
        *residue("C", 1, "0G", entity="3"), *residue("C", 2, "0C", entity="3"),
        atom("D", 1, "ALA", "CA", entity="4"), atom("D", 2, "GLY", "CA", entity="4"),
        *residue("A", ".", "FMN", number="90", entity="5"),
        atom("A", ".", "HOH", "O", number="91", entity="6"),
    ]  # fmt: skip
    sequences = {"1": ["G", "C"], "2": ["DG", "DC"], "3": ["0G", "0C"], "4": ["ALA", "GLY"]}
    chains, rejects = read_entry(write_cif(atoms, sequences, ligands=("5", "6")))
    assert [chain.name for chain in chains] == ["1abc_A"]
    assert [(row.chain, row.reason) for row in rejects] == [("B", "not_rna"), ("C", "not_rna")]
    assert rejects[0].detail == "residues: 2 dna"


def test_a_chain_of_nameless_components_is_a_reject_and_one_of_protein_is_not(write_cif):
    atoms = [
        *residue("A", 1, "G"), *residue("A", 2, "C"),
        *residue("B", 1, "QQQQQ", entity="2"), *residue("B", 2, "QQQQQ", entity="2"),
        atom("C", 1, "ALA", "CA", entity="3"), atom("C", 2, "GLY", "CA", entity="3"),
    ]  # fmt: skip
    sequences = {"1": ["G", "C"], "2": ["QQQQQ", "QQQQQ"], "3": ["ALA", "GLY"]}
    chains, (row,) = read_entry(write_cif(atoms, sequences))
    assert [chain.name for chain in chains] == ["1abc_A"]
    assert (row.chain, row.reason, row.detail) == ("B", "not_rna", "residues: 2 unlisted")
    assert (row.model, row.residues) == (1, 2)


def test_a_file_without_rna_says_what_it_holds(write_cif):
    path = write_cif(residue("B", 1, "DG") + residue("B", 2, "DC"), {"1": ["DG", "DC"]})
    with pytest.raises(InputError, match=r"1abc.cif: residues: 2 dna; no RNA chain"):
        read_chains(path)


def test_a_few_deoxy_residues_keep_their_names_and_a_mirrored_one_loses_its_atoms(write_cif):
    names = ["G", "DC", "A", "0U", "G", "DT"]
    atoms = [row for seq, name in enumerate(names, start=1) for row in residue("A", seq, name)]
    (chain,) = read_chains(write_cif(atoms, {"1": names}))
    assert chain.sequence == "GCANGU"
    assert chain.residue_names == tuple(names)
    assert chain.observed.tolist() == [True, True, True, False, True, True]


def test_unknown_components_become_n_with_a_backbone(write_cif):
    atoms = [*residue("A", 1, "G"), *residue("A", 2, "QQ9"), atom("A", 2, "QQ9", "N9")]
    (chain,) = read_chains(write_cif(atoms, {"1": ["G", "QQ9"]}))
    assert (chain.sequence, chain.residue_names) == ("GN", ("G", "QQ9"))
    assert chain.atom_mask[1].sum() == 7


def test_caps_are_nucleotides_with_their_alpha_phosphate(write_cif):
    cap = [atom("A", 1, "GTP", n) for n in ("PG", "PB", "PA", "O1A", "O5'", "C5'", "C1'", "N9")]
    (chain,) = read_chains(write_cif([*cap, *residue("A", 2, "G")], {"1": ["GTP", "G"]}))
    assert chain.sequence == "GG"
    slots = SLOT_INDEX["G"]
    assert chain.atom_mask[0, [slots["P"], slots["OP1"], slots["N9"]]].all()
    assert chain.atom_mask[0].sum() == 6


def test_the_base_of_a_pseudouridine_hangs_on_its_sugar_where_that_of_a_uridine_does(
    example_chains, root
):
    (chain,) = (chain for chain in example_chains if chain.name == "1ehz_A")
    row, slot = chain.residue_names.index("PSU"), SLOT_INDEX["U"]
    atoms = gemmi.read_structure(str(root / "config/example/pdb/1ehz.cif.gz"))[0]["A"]
    (own,) = atoms[str(chain.auth_numbers[row])]
    for name, place in (("C5", "N1"), ("C4", "C2"), ("O4", "O2"), ("N1", "C5"), ("C6", "C6")):
        at = own[name][0].pos.tolist()
        assert np.allclose(chain.coords[row, slot[place]], at, atol=1e-4)
    glycosidic = chain.coords[row, slot["N1"]] - chain.coords[row, slot["C1'"]]
    assert np.linalg.norm(glycosidic) < 1.6


def test_ligands_appended_to_the_sequence_are_cut_off(write_cif):
    atoms = [*residue("A", 1, "G"), *residue("A", 2, "C")]
    (chain,) = read_chains(write_cif(atoms, {"1": ["G", "C", "A", "FMN"]}))
    assert chain.sequence == "GCA"


def test_one_conformer_is_kept_whole(write_cif):
    atoms = [
        row
        for seq in (1, 2)
        for alt, occupancy in (("A", 0.3), ("B", 0.7))
        for row in residue("A", seq, "G", alt=alt, occupancy=occupancy)
    ]
    (chain,) = read_chains(write_cif(atoms, {"1": ["G", "G"]}))
    structure = gemmi.read_structure(str(write_cif(atoms, {"1": ["G", "G"]})))
    for position, found in enumerate(structure[0]["A"]):
        at = next(a for a in found if a.name == "C1'" and a.altloc == "B").pos
        assert np.allclose(chain.coords[position, SLOT_INDEX["G"]["C1'"]], at.tolist(), atol=1e-4)


def test_of_two_residues_at_one_place_the_better_occupied_stays(write_cif):
    atoms = [
        *residue("A", 1, "G"),
        *residue("A", 2, "C", alt="A", occupancy=0.4),
        *residue("A", 2, "PSU", alt="B", occupancy=0.6),
        *residue("A", 3, "A"),
    ]
    (chain,) = read_chains(write_cif(atoms, {"1": ["G", "C,PSU", "A"]}))
    assert (chain.sequence, chain.residue_names[1]) == ("GUA", "PSU")
    assert chain.observed.all()


def test_a_second_polymer_under_one_id_is_a_reject(write_cif):
    atoms = [*residue("A", 1, "G"), *residue("A", 2, "G")]
    atoms += residue("A", 1, "A", number="41", entity="2")
    chains, rejects = read_entry(write_cif(atoms, {"1": ["G", "G"], "2": ["A"]}))
    assert [len(chain) for chain in chains] == [2]
    assert [(row.chain, row.reason) for row in rejects] == [("A", "chain_id_reused")]


def test_first_model_is_read_unless_all_are_asked_for(write_cif):
    atoms = [row for model in (1, 2, 5) for row in residue("A", 1, "G", model=model)]
    path = write_cif(atoms, {"1": ["G"]})
    assert [chain.model for chain in read_chains(path)] == [1]
    everything = read_chains(path, models="all")
    assert [chain.model for chain in everything] == [1, 2, 5]
    assert not np.array_equal(everything[0].coords, everything[1].coords, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.cif", b"", "not readable as cif|holds no atoms"),
        ("a.cif", b"<html>not found</html>", "not readable as cif"),
        ("a.cif", b"data_x\nloop_\n_atom_site.id\n_atom_site.x\n1\n", "not readable as cif"),
        ("a.cif.gz", b"data_x\n", "not readable as cif|holds no atoms"),
        ("a.cif.gz", gzip.compress(b"data_x\n" * 9999, mtime=0)[:60], "not readable as cif"),
        ("a.pdb.gz", DAMAGED, "not readable as pdb"),
        ("a.pdb.gz", gzip.compress(ATOM_LINE * 99, mtime=0)[:-20], "not readable as pdb"),
        ("a.pdb", b"\xff\xfe\x00 nothing\n", "not readable as pdb|holds no atoms"),
        ("a.txt", b"data_x\n", "expected a name ending in .cif"),
        ("a.pdb", b"TITLE     caf\xe9\n" + ATOM_LINE, "holds text that is not UTF-8"),
        ("a.pdb", ATOM_LINE.replace(b"  G", b"\xe9\xe9G"), "holds text that is not UTF-8"),
    ],
)
def test_files_that_are_no_structures_are_named(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"{name}: .*({message})"):
        read_chains(path)


def test_a_residue_without_a_number_is_named(write_cif):
    path = write_cif(residue("A", 1, "G") + residue("A", 2, "PSU", number="?"))
    path.write_text(path.read_text().replace("PSU A1 1 2 ", "PSU A1 1 . "))
    with pytest.raises(InputError, match="1abc.cif chain A residue PSU: expected an author number"):
        read_chains(path)


def test_absurd_coordinates_are_missing_atoms(write_cif):
    path = write_cif(residue("A", 1, "G"), {"1": ["G"]})
    rows = path.read_text().splitlines()
    words = rows[-1].split()
    rows[-1] = " ".join([*words[:10], "1e300", *words[11:]])
    path.write_text("\n".join([*rows, ""]))
    assert read_chains(path)[0].atom_mask.sum() == 6


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="absent.cif: no such file"):
        read_chains(tmp_path / "absent.cif")


def test_entries_are_named_by_their_file():
    assert entry_name(Path("/x/1EHZ.cif.gz")) == "1ehz"
    assert entry_name(Path("model.v2.pdb")) == "model.v2"


def test_a_ter_record_in_the_midst_of_a_chain_loses_no_residue(example_chains, tmp_path):
    (hairpin,) = (chain for chain in example_chains if chain.entry == "1a9n")
    whole, cut = tmp_path / "whole.pdb", tmp_path / "cut.pdb"
    write_chain(whole, hairpin)
    lines = [line for line in whole.read_text().splitlines() if not line.startswith("SEQRES")]
    middle = next(i for i, line in enumerate(lines) if line[:4] == "ATOM" and line[22:26] == "  12")
    cut.write_text("\n".join([*lines[:middle], "TER", *lines[middle:], ""]))
    (read,) = read_chains(cut)
    assert read.sequence == hairpin.sequence
    assert np.array_equal(read.atom_mask, hairpin.atom_mask)


def test_every_atom_of_an_unmodified_residue_is_in_its_slot(shared_data):
    compared = 0
    for path in sorted((shared_data / "pdb").glob("*.cif.gz"))[5::25]:
        places = {
            (chain.chain, int(chain.auth_numbers[k]), chain.ins_codes[k], chain.residue_names[k]): (
                chain.coords[k],
                chain.atom_mask[k],
            )
            for chain in read_entry(path)[0]
            for k in np.flatnonzero(chain.observed)
        }
        for chain in gemmi.read_structure(str(path))[0]:
            for found in chain:
                number = found.seqid.num, found.seqid.icode.strip()
                key = (chain.name or found.subchain, *number, found.name)
                if found.name not in tuple("ACGU") or key not in places:
                    continue
                coords, mask = places[key]
                atoms = [a for a in found if a.name in SLOT_INDEX[found.name]]
                single = [a for a in atoms if a.altloc == "\0"]
                at = [SLOT_INDEX[found.name][a.name] for a in single]
                expected = np.reshape([a.pos.tolist() for a in single], (-1, 3))
                assert np.allclose(coords[at], expected, atol=1e-3), (path, found)
                # More where atoms go by older names, or those of a triphosphate.
                assert mask.sum() >= len({a.name for a in atoms}), (path, found)
                compared += len(single)
    assert compared > 50_000
