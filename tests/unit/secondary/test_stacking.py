import json
from itertools import pairwise

import numpy as np
import pytest

from rna_predict.constants import BASE_FRAME, SLOT_INDEX
from rna_predict.secondary.bases import RINGS, ring_centres
from rna_predict.secondary.contacts import join_chains
from rna_predict.secondary.pairs import find_pairs
from rna_predict.secondary.stacking import (
    annotate_stackings,
    annotate_stackings_between,
    find_stackings,
)
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.mmcif import read_chains

# What MC-Annotate, on which the official RNA-Puzzles tables rest, finds: its output for puzzle 14
# (5ddp; example/14_solution_0.pdb.mcout of the repository RNA-Puzzles/RNA_assessment, chain A) and
# for three entries (first models; data set bioCIF). Letters: upward, downward, inward, outward.
MC_ANNOTATE = {
    "rna_puzzles/rp14_bound/native.pdb": """
    2-3u 3-4u 4-5u 5-6u 6-7u 9-10u 10-11u 11-12u 13-14u 14-15u 17-18u 18-19u 19-20u 20-21i 28-29u
    29-30u 30-31u 31-32u 33-34u 34-35u 35-36u 40-41u 43-44u 45-46u 46-47u 47-48u 48-49u 49-50u
    50-51u 52-53u 54-55d 56-57u 57-58u 58-59u 59-60u 60-61u 1-23d 2-59o 5-56o 10-18o 22-54i 23-61o
    24-53i 25-27o 26-51i 28-52o 35-45o
    """,
    "pdb/1aju.cif.gz": """
    16-17u 17-18u 18-19u 20-21u 21-22u 26-27u 27-28u 28-29u 29-30u 36-37u 38-39u 39-40u 41-42u
    42-43u 43-44u 44-45u 20-43o 30-34i 30-36o
    """,
    "pdb/1am0.cif.gz": "6-7u 7-8u 9-10u 13-14u 14-15u 15-16u 16-17u 33-34i 11-35u 12-34u",
    "pdb/1bn0.cif.gz": "2-3u 3-4u 6-7u 7-8u 13-14u 14-15u 15-16u 16-17u 17-18u 18-19u 6-16o",
}


def base(letter, rise=0.0, shift=0.0, tilt=0.0, turned=False):
    """Put a base on the standard frame; then turn it over, tilt (degrees), shift and lift it."""
    coords = np.full((1, 23, 3), np.nan)
    x_axis = np.deg2rad(tilt)
    matrix = np.array(
        [[1, 0, 0], [0, np.cos(x_axis), -np.sin(x_axis)], [0, np.sin(x_axis), np.cos(x_axis)]]
    )
    centre = np.mean([BASE_FRAME[letter][name] for name in ("N1", "C2", "C4", "C5")], axis=0)
    for name, xy in BASE_FRAME[letter].items():
        point = np.array([*(np.array(xy) - centre), 0.0]) * ([1, -1, -1] if turned else 1)
        coords[0, SLOT_INDEX[letter][name]] = matrix @ point + [shift, 0, rise]
    return coords


def chain_of(letters, *bases, letter="A") -> Chain:
    chain = model_chain("x", letters, np.concatenate(bases).astype(np.float32))
    return Chain(**{**vars(chain), "chain": letter})


def topologies(chain):
    return list(annotate_stackings([chain])["topology"])


@pytest.mark.parametrize("letters", ["AA", "CU", "GC", "UG"])
def test_a_base_above_another_is_stacked_on_it(letters):
    chain = chain_of(letters, base(letters[0]), base(letters[1], rise=3.4))
    assert annotate_stackings([chain]).to_dict("records") == [
        {"chain_id": "x_A", "model": 1, "i": 0, "j": 1, "topology": "upward", "bases": letters}
    ]


@pytest.mark.parametrize(
    ("first", "second", "topology"),
    [
        (False, False, "upward"),
        (True, True, "downward"),
        (False, True, "inward"),
        (True, False, "outward"),
    ],
)
def test_normals_give_the_topology_and_the_order_of_residues_turns_it(first, second, topology):
    lower, upper = base("A", turned=first), base("G", rise=3.4, turned=second)
    assert topologies(chain_of("AG", lower, upper)) == [topology]
    seen_from_above = {"upward": "downward", "downward": "upward"}.get(topology, topology)
    assert topologies(chain_of("GA", upper, lower)) == [seen_from_above]


@pytest.mark.parametrize(
    "second",
    [
        base("A", rise=5.0),
        base("A", rise=3.4, shift=7.0),
        base("A", rise=3.4, tilt=45.0),
        base("A", shift=6.0),
    ],
    ids=["too high", "beside", "tilted", "in one plane"],
)
def test_bases_farther_off_are_not_stacked(second):
    assert topologies(chain_of("AA", base("A"), second)) == []


def test_the_five_membered_ring_of_a_purine_is_enough():
    six, five = ring_centres()[0]
    beyond = five + 1.5 * (five - six) / np.linalg.norm(five - six)
    cytosine = base("C") - np.mean(base("C")[0, [SLOT_INDEX["C"][n] for n in RINGS[0]]], axis=0)
    adenine = base("A") - np.mean(base("A")[0, [SLOT_INDEX["A"][n] for n in RINGS[0]]], axis=0)
    over = cytosine + (beyond - six) + [0, 0, 3.4]
    assert topologies(chain_of("AC", adenine, over)) == ["upward"]
    on_the_other_side = cytosine - (beyond - six) + [0, 0, 3.4]
    assert topologies(chain_of("AC", adenine, on_the_other_side)) == []


def test_a_motion_changes_nothing(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1ehz_A")
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    moved = chain.with_coords((chain.coords @ rotation.T + [40, -7, 90]).astype(np.float32))
    assert annotate_stackings([moved]).equals(annotate_stackings([chain]))


def test_paired_bases_are_not_stacked_on_each_other(example_chains):
    for chain in example_chains:
        paired, stacked = (
            set(zip(*(ends.tolist() for ends in find(chain.kinds, chain.coords)[:2]), strict=True))
            for find in (find_pairs, find_stackings)
        )
        assert len(paired & stacked) <= 0.02 * len(stacked), chain.name


def test_stackings_between_chains_are_a_table_of_their_own():
    first = chain_of("G", base("G"), letter="A")
    second = chain_of("UC", base("U", shift=30.0), base("C", rise=3.4), letter="B")
    assert annotate_stackings([first, second]).empty
    table = annotate_stackings_between([first, second])
    assert table.to_dict("records") == [
        {"first_chain": "x_A", "second_chain": "x_B", "model": 1, "i": 0, "j": 1,
         "topology": "upward", "bases": "GC"}
    ]  # fmt: skip


@pytest.mark.parametrize("name", MC_ANNOTATE)
def test_stackings_are_those_of_mc_annotate(shared_data, name):
    (chain,) = read_chains(shared_data / name)
    i, j, topology = find_stackings(chain.kinds, chain.coords)
    numbers = chain.auth_numbers
    found = {f"{numbers[a]}-{numbers[b]}{t[0]}" for a, b, t in zip(i, j, topology, strict=True)}
    assert found == set(MC_ANNOTATE[name].split())


def test_stacks_of_1a4d_outside_its_stems_are_those_of_dssr(shared_data):
    chains = read_chains(shared_data / "reference" / "1a4d.cif")
    record = json.loads((shared_data / "reference" / "1a4d_dssr.json").read_text())
    names = [
        f"{chain.chain}.{chain.sequence[k]}{chain.auth_numbers[k]}"
        for chain in chains
        for k in range(len(chain))
    ]
    # DSSR leaves the stacks within a stem out of its list.
    stems = [{p[end] for p in stem["pairs"] for end in ("nt1", "nt2")} for stem in record["stems"]]
    i, j, _ = find_stackings(*join_chains(chains))
    contacts = {frozenset((names[a], names[b])) for a, b in zip(i, j, strict=True)}
    found = {pair for pair in contacts if not any(pair <= stem for stem in stems)}
    reference = {
        frozenset(pair)
        for stack in record["stacks"]
        for pair in pairwise(stack["nts_long"].split(","))
    }
    assert len(reference) == 15
    assert len(found & reference) >= 14  # U87 and C88 are tilted by 46 degrees
    assert len(found - reference) <= 2


def stacking_f1(complexes, reference_stackings):
    """Compare stackings with RNApolis', but for the downward ones, of which it reports none."""
    true = ours = theirs = 0
    for chains in complexes:
        i, j, topology = find_stackings(*join_chains(chains))
        kept = topology != "downward"
        found = set(zip(i[kept].tolist(), j[kept].tolist(), strict=True))
        reference = set(reference_stackings(chains))
        true += len(found & reference)
        ours += len(found)
        theirs += len(reference)
    return 2 * true / (ours + theirs), theirs


def test_stackings_of_25_complexes_agree_with_rnapolis(complexes, reference_stackings):
    score, n = stacking_f1(complexes(25), reference_stackings)
    assert n > 500
    assert score >= 0.85


@pytest.mark.slow
def test_stackings_of_200_complexes_agree_with_rnapolis(complexes, reference_stackings):
    score, n = stacking_f1(complexes(200), reference_stackings)
    assert n > 5000
    assert score >= 0.88
