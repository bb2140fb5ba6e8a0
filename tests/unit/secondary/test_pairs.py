import json

import numpy as np
import pytest

from rna_predict.constants import BASE_FRAME, SLOT_INDEX
from rna_predict.secondary.contacts import join_chains
from rna_predict.secondary.dot_bracket import to_dot_bracket
from rna_predict.secondary.pairs import (
    CANONICAL,
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


def joined(first, second, bonds):
    """Place the second base by two hydrogen bonds of 2.9 A, in the plane of the first.

    Each bond names the two atoms and the atom of the first base that the bond points away from.
    Two bonds leave two poses, mirror images about their line; the one without a clash is taken.
    """
    frame = {name: np.array(xy) for name, xy in BASE_FRAME[first].items()}
    other = {name: np.array(xy) for name, xy in BASE_FRAME[second].items()}
    ends = []
    for atom, _, away in bonds:
        out = frame[atom] - frame[away]
        ends.append(frame[atom] + 2.9 * out / np.linalg.norm(out))
    poses = []
    for flip in (1, -1):
        points = {name: xy * [1, flip] for name, xy in other.items()}
        (a, b), (c, d) = [points[bond[1]] for bond in bonds], ends
        turn = np.arctan2(*(d - c)[::-1]) - np.arctan2(*(b - a)[::-1])
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        shift = (c + d) / 2 - matrix @ (a + b) / 2
        poses.append({name: matrix @ xy + shift for name, xy in points.items()})
    centre = np.mean(list(frame.values()), axis=0)
    pose = max(poses, key=lambda pose: np.linalg.norm(np.mean(list(pose.values()), 0) - centre))
    coords = np.full((2, 23, 3), np.nan)
    for row, (base, atoms) in enumerate(((first, frame), (second, pose))):
        for name, xy in atoms.items():
            coords[row, SLOT_INDEX[base][name]] = [*xy, 0.0]
    return chain_of(first + second, coords)


@pytest.mark.parametrize(
    ("bases", "bonds", "lw"),
    [
        ("GU", [("N1", "O2", "C4"), ("O6", "N3", "C6")], "cWW"),  # wobble
        ("GA", [("N1", "N1", "C4"), ("O6", "N6", "C6")], "cWW"),  # imino
        ("AU", [("N1", "N3", "C4"), ("N6", "O2", "C6")], "tWW"),  # reverse Watson-Crick
        ("AA", [("N1", "N6", "C4"), ("N6", "N1", "C6")], "tWW"),
        ("AU", [("N7", "N3", "C4"), ("N6", "O4", "C6")], "cHW"),  # Hoogsteen
        ("AU", [("N7", "N3", "C4"), ("N6", "O2", "C6")], "tHW"),  # reverse Hoogsteen
        ("GG", [("N1", "O6", "C4"), ("N2", "N7", "C2")], "cWH"),  # of a quartet
        ("AA", [("N7", "N6", "C4"), ("N6", "N7", "C6")], "tHH"),
        ("AG", [("N7", "N2", "C4"), ("N6", "N3", "C6")], "tHS"),  # sheared
        ("GG", [("N3", "N2", "C6"), ("N2", "N3", "C2")], "tSS"),
    ],
)
def test_textbook_pairs_have_their_class(bases, bonds, lw):
    chain = joined(*bases, bonds)
    assert list(annotate_pairs([chain])["lw"]) == [lw]
    swapped = chain_of(bases[::-1], chain.coords[::-1].astype(np.float64))
    assert list(annotate_pairs([swapped])["lw"]) == [lw[0] + lw[2] + lw[1]]


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


def test_pairs_of_puzzle_14_are_those_of_mc_annotate(shared_data):
    # MC-Annotate, on which the official RNA-Puzzles tables rest, on 5ddp: its output for the
    # solution, example/14_solution_0.pdb.mcout of the repository RNA-Puzzles/RNA_assessment. Its
    # 12-15 tSH, a pair of one hydrogen bond, is none here.
    reference = """
    1-59cWW 2-22cHW 2-58cWW 3-57cWW 4-56cWW 5-55cWW 6-21tWW 7-20cWW 8-19cWW 9-18cWW 10-17cWW
    11-16cWW 23-60cWW 25-53tHH 26-27cSH 27-52tWH 28-51tHS 29-50cWW 30-49cWW 31-48cWW 32-47cWW
    33-46cWW 34-45cWW 54-56cWH
    """
    (chain,) = read_chains(shared_data / "rna_puzzles" / "rp14_bound" / "native.pdb")
    i, j, lw = find_pairs(chain.kinds, chain.coords)
    numbers = chain.auth_numbers
    found = {f"{numbers[a]}-{numbers[b]}{name}" for a, b, name in zip(i, j, lw, strict=True)}
    assert found == set(reference.split())


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


def canonical_f1(complexes, reference_pairs):
    """Compare the canonical pairs of complexes with RNApolis'; give F1 and the number of pairs."""
    true = ours = theirs = 0
    for chains in complexes:
        kinds, coords = join_chains(chains)
        letters = "".join(chain.sequence for chain in chains)
        found = {
            (int(i), int(j))
            for i, j, lw in zip(*find_pairs(kinds, coords), strict=True)
            if lw == "cWW" and letters[i] + letters[j] in CANONICAL
        }
        reference = {
            (i, j)
            for (i, j), classes in reference_pairs(chains).items()
            if "cWW" in classes and letters[i] + letters[j] in CANONICAL
        }
        true += len(found & reference)
        ours += len(found)
        theirs += len(reference)
    return 2 * true / (ours + theirs), theirs


def test_canonical_pairs_of_25_complexes_are_those_of_rnapolis(complexes, reference_pairs):
    score, n = canonical_f1(complexes(25), reference_pairs)
    assert n > 250
    assert score >= 0.97


@pytest.mark.slow
def test_canonical_pairs_of_200_complexes_are_those_of_rnapolis(complexes, reference_pairs):
    score, n = canonical_f1(complexes(200), reference_pairs)
    assert n > 2000
    assert score >= 0.98
