import json

import numpy as np
import pytest

from rna_predict.constants import BASE_FRAME, SLOT_INDEX
from rna_predict.secondary.dot_bracket import to_dot_bracket
from rna_predict.secondary.pairs import (
    annotate_between,
    annotate_pairs,
    canonical_pairs,
    find_pairs,
)
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.mmcif import read_chains


def strand(bases, offset=(0.0, 0.0), turned=False, rise=0.0):
    """Put bases on standard frames, stacked along z; ``turned`` gives the opposite strand."""
    coords = np.full((len(bases), 23, 3), np.nan)
    for row, base in enumerate(bases):
        for name, (x, y) in BASE_FRAME[base].items():
            point = np.array([x + offset[0], y + offset[1], 0.0])
            point = point * [1, -1, -1] if turned else point
            coords[row, SLOT_INDEX[base][name]] = point + [0, 0, row * 3.4 + rise]
    return coords


def chain_of(bases, coords, name="x", letter="A") -> Chain:
    chain = model_chain(name, bases, coords.astype(np.float32))
    return Chain(**{**vars(chain), "chain": letter})


def pair(first, second):
    """One ideal base pair as a chain of two residues."""
    coords = np.concatenate([strand(first), strand(second, turned=True)])
    return chain_of(first + second, coords)


@pytest.mark.parametrize("bases", ["AU", "UA", "GC", "CG"])
def test_two_standard_frames_are_a_watson_crick_pair(bases):
    table = annotate_pairs([pair(*bases)])
    assert table.to_dict("records") == [
        {"chain_id": "x_A", "model": 1, "i": 0, "j": 1, "lw": "cWW", "bases": bases}
    ]


@pytest.mark.parametrize("bases", ["AA", "CC", "UU", "CU", "AG"])
def test_standard_frames_of_other_bases_do_not_pair(bases):
    assert annotate_pairs([pair(*bases)]).empty


def test_a_motion_changes_nothing():
    chain = pair("G", "C")
    rng = np.random.default_rng(3)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    moved = chain.with_coords((chain.coords @ rotation.T + [40, -7, 90]).astype(np.float32))
    assert annotate_pairs([moved]).equals(annotate_pairs([chain]))


def test_bases_one_above_the_other_do_not_pair():
    assert annotate_pairs([chain_of("GC", strand("GC"))]).empty


def test_bases_drawn_apart_do_not_pair():
    coords = np.concatenate([strand("G", (0, 1.5)), strand("C", turned=True)])
    assert annotate_pairs([chain_of("GC", coords)]).empty


def test_three_atoms_of_each_base_are_enough():
    chain = pair("G", "C")
    coords = chain.coords.copy()
    for row, base in enumerate("GC"):
        kept = [SLOT_INDEX[base][name] for name in ("N1", "C2", "C4")]
        missing = np.setdiff1d(np.arange(23), kept)
        coords[row, missing] = np.nan
    assert list(annotate_pairs([chain.with_coords(coords)])["lw"]) == ["cWW"]


def test_residues_without_base_atoms_or_parent_do_not_pair():
    empty = np.full((4, 23, 3), np.nan, dtype=np.float32)
    i, j, lw = find_pairs(np.array([0, 1, 4, 3]), empty)
    assert len(i) == len(j) == len(lw) == 0


def test_atoms_that_are_no_base_do_not_pair():
    chain = pair("G", "C")
    collapsed = np.where(chain.atom_mask[..., None], chain.coords * 0.1, np.nan)
    assert annotate_pairs([chain.with_coords(collapsed.astype(np.float32))]).empty


def test_an_edge_takes_part_in_one_pair_only():
    chain = pair("G", "C")
    shifted = chain.coords[1:] + np.array([0, 0, 0.8], dtype=np.float32)
    third = chain_of("GCC", np.concatenate([chain.coords, shifted]))
    assert list(zip(*annotate_pairs([third])[["i", "j"]].to_numpy().T, strict=True)) == [(0, 1)]


def test_pairs_between_chains_are_a_table_of_their_own():
    first = chain_of("GA", strand("GA"), letter="A")
    second = chain_of("UC", strand("CU", turned=True)[::-1], letter="B")
    assert annotate_pairs([first, second]).empty
    table = annotate_between([first, second])
    assert table[["first_chain", "second_chain", "i", "j", "lw", "bases"]].to_numpy().tolist() == [
        ["x_A", "x_B", 0, 1, "cWW", "GC"],
        ["x_A", "x_B", 1, 0, "cWW", "AU"],
    ]
    other = chain_of("UC", second.coords, name="y", letter="B")
    assert annotate_between([first, other]).empty


def test_empty_tables_have_the_same_types():
    full = annotate_pairs([pair("G", "C")])
    assert dict(annotate_pairs([]).dtypes) == dict(full.dtypes)


def test_pairs_of_1a4d_are_those_of_dssr(shared_data):
    chains = read_chains(shared_data / "reference" / "1a4d.cif")
    letters = {chain.name: chain for chain in chains}

    def label(name, position):
        chain = letters[name]
        return f"{chain.chain}.{chain.sequence[position]}{chain.auth_numbers[position]}"

    found = {
        (label(row.first_chain, row.i), label(row.second_chain, row.j)): row.lw
        for row in annotate_between(chains).itertuples()
    }
    records = json.loads((shared_data / "reference" / "1a4d_dssr.json").read_text())["pairs"]
    reference = {(record["nt1"], record["nt2"]): record["LW"] for record in records}
    canonical = {pair for pair, lw in reference.items() if lw == "cWW"}
    mine = {pair for pair, lw in found.items() if lw == "cWW"}
    assert len(canonical) == 12
    assert 2 * len(mine & canonical) / (len(mine) + len(canonical)) >= 0.97
    classified = {pair: lw for pair, lw in reference.items() if "." not in lw}
    assert {pair: found.get(pair) for pair in classified} == classified


def test_the_cloverleaf_of_1ehz_is_found(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1ehz_A")
    table = annotate_pairs([chain])
    canonical = canonical_pairs(table)
    found = set(zip(canonical["i"], canonical["j"], strict=True)) - {(30, 38)}  # a strained A-Psi
    #                0         1         2         3         4         5         6         7
    #                0123456789012345678901234567890123456789012345678901234567890123456789012345
    cloverleaf = "(((((((..((((.....[..)))).((((.........)))).....(((((..]....))))))))))))...."
    assert to_dot_bracket(found, len(chain)) == cloverleaf
    classes = {(row.i, row.j): row.lw for row in table.itertuples()}
    assert classes[7, 13] == "tWH"  # U8-A14, reverse Hoogsteen
    assert classes[14, 47] == "tWW"  # G15-C48, Levitt
    assert classes[53, 57] == "tWH"  # T54-A58, of the T loop


def test_pairs_agree_with_rnapolis(shared_data):
    from rnapolis.annotator import extract_base_interactions
    from rnapolis.common import ResidueAuth
    from rnapolis.tertiary import Atom, Residue3D, Structure3D

    from rna_predict.constants import SLOT_ATOMS, UNKNOWN

    true = wrong = missed = 0
    for path in sorted((shared_data / "pdb").glob("*.cif.gz"))[::80]:
        chain = max(read_chains(path), key=len)
        residues = []
        for i in np.flatnonzero(chain.observed):
            base = chain.sequence[i]
            auth = ResidueAuth("A", int(i), None, base)
            atoms = tuple(
                Atom(None, None, auth, 1, SLOT_ATOMS[base][k], *map(float, chain.coords[i, k]), 1.0)
                for k in np.flatnonzero(chain.atom_mask[i])
            )
            if base != UNKNOWN:
                residues.append(Residue3D(None, auth, 1, base, atoms))
        pairs = extract_base_interactions(Structure3D(residues), 1).base_pairs
        reference = {
            (pair.nt1.auth.number, pair.nt2.auth.number)
            for pair in pairs
            if pair.lw.value == "cWW"
            and {pair.nt1.auth.name, pair.nt2.auth.name} in ({"A", "U"}, {"C", "G"}, {"G", "U"})
        }
        canonical = canonical_pairs(annotate_pairs([chain]))
        mine = set(zip(canonical["i"], canonical["j"], strict=True))
        true += len(mine & reference)
        wrong += len(mine - reference)
        missed += len(reference - mine)
    assert true > 100
    assert 2 * true / (2 * true + wrong + missed) >= 0.95
