"""Statistics of bonds, angles and torsions; the constants against the committed table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from rna_predict.constants import (
    BASE_BONDS,
    BASE_FRAME,
    BASES,
    IDEAL_ANGLE,
    IDEAL_BOND,
    TORSIONS,
    slot_mask,
)
from rna_predict.evaluate.reference import (
    ALL,
    PUCKERS,
    backbone_angles,
    base_angles,
    geometry_statistics,
    normal_limits,
    reference_chains,
    reference_table,
)
from rna_predict.geometry.dihedrals import bond_angle
from rna_predict.geometry.nerf import build_atoms
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.mmcif import read_entry

PHENIX = {
    "O5' C5'": (1.420, 1.424), "C5' C4'": (1.508, 1.509), "C4' O4'": (1.451, 1.454),
    "C4' C3'": (1.521, 1.527), "C3' O3'": (1.417, 1.427), "C3' C2'": (1.523, 1.525),
    "C2' O2'": (1.420, 1.412), "C2' C1'": (1.529, 1.526), "C1' O4'": (1.412, 1.415),
    "O3' P+1": (1.607, 1.607), "O3'-1 P O5'": (104.0, 104.0), "P O5' C5'": (120.9, 120.9),
    "C5' C4' C3'": (116.0, 115.2), "C5' C4' O4'": (109.8, 109.1), "C3' C4' O4'": (104.0, 106.1),
    "C4' O4' C1'": (109.9, 109.7), "C4' C3' O3'": (113.0, 109.4), "C4' C3' C2'": (102.6, 102.6),
    "O3' C3' C2'": (113.7, 109.5), "C3' O3' P+1": (119.7, 120.2), "C3' C2' O2'": (110.7, 114.6),
    "C3' C2' C1'": (101.3, 101.5), "C1' C2' O2'": (108.4, 111.8), "C2' C1' O4'": (107.6, 105.8),
    "C2' C1' N9|N1": (112.0, 114.0), "O4' C1' N9|N1": (108.5, 108.2),
}  # fmt: skip
"""C3'-endo and C2'-endo values of the restraints of phenix (geostd: rna_dna/mod_rna3p.cif,
mod_rna2p.cif, chain_link_rna3p.cif, chain_link_rna2p.cif), angstrom and degrees."""


def ideal_chain(name: str, n: int = 40, nu2: float = 36.0, nu3: float = -36.0, **facts) -> Chain:
    """Build a helix of ideal geometry."""
    torsions = torch.zeros(n, len(TORSIONS), dtype=torch.float64)
    degrees = {
        "alpha": -68, "beta": 178, "gamma": 54, "delta": 120 + nu3, "epsilon": -153, "zeta": -71,
        "chi": -158, "nu2": nu2, "nu3": nu3,
    }  # fmt: skip
    for torsion, value in degrees.items():
        torsions[:, TORSIONS.index(torsion)] = np.radians(value)
    kinds = torch.arange(n) % 4
    coords = build_atoms(torsions, kinds).float().numpy()
    coords[~slot_mask()[kinds.numpy()]] = np.nan
    return replace(model_chain(name, "".join(BASES[kind] for kind in kinds), coords), **facts)


def cell(table: pd.DataFrame, atoms: str, column: str, base: str = ALL, pucker: str = ALL) -> float:
    row = table[(table.atoms == atoms) & (table.base == base) & (table.pucker == pucker)]
    assert len(row) == 1, atoms
    return row[column].item()


def test_ideal_bonds_and_angles_are_the_medians_of_the_committed_table():
    table = reference_table()
    for bond, length in IDEAL_BOND.items():
        assert length == pytest.approx(cell(table, " ".join(bond), "median"), abs=6e-4)
    for angle, values in IDEAL_ANGLE.items():
        for pucker, value in zip(PUCKERS, values, strict=True):
            median = cell(table, " ".join(angle), "median", pucker=pucker)
            assert value == pytest.approx(median, abs=0.06)
    assert cell(table, "C4' C3'", "n") > 6000


def test_planar_bases_of_the_standard_frame_fit_the_committed_table():
    table = reference_table()
    for base in BASES:
        frame = {name: np.array([*xy, 0.0]) for name, xy in BASE_FRAME[base].items()}
        for first, second in BASE_BONDS[base]:
            length = np.linalg.norm(frame[first] - frame[second])
            assert length == pytest.approx(
                cell(table, f"{first} {second}", "median", base), abs=0.01
            )
        for angle in base_angles(base):
            points = np.array([[frame[name] for name in angle]])
            degrees = np.rad2deg(bond_angle(points)).item()
            assert degrees == pytest.approx(cell(table, " ".join(angle), "median", base), abs=0.8)


def test_the_reference_agrees_with_the_restraints_of_phenix():
    table = reference_table()
    for atoms, values in PHENIX.items():
        tolerance = 0.005 if atoms.count(" ") == 1 else 1.0
        for pucker, value in zip(PUCKERS, values, strict=True):
            assert cell(table, atoms, "median", pucker=pucker) == pytest.approx(
                value, abs=tolerance
            ), atoms


def test_structures_measured_anew_agree_with_the_committed_table(shared_data):
    facts = pd.read_csv(shared_data / "entries.tsv", sep="\t").set_index("pdb_id")
    entries = facts.index[facts["resolution"] <= 2.0][::3]
    chains = [
        replace(chain, resolution=float(facts.loc[entry, "resolution"]))
        for entry in entries
        for chain in read_entry(shared_data / "pdb" / f"{entry}.cif.gz")[0]
    ]
    found, table = geometry_statistics(reference_chains(chains, 2.0)), reference_table()
    assert cell(found, "C4' C3'", "n", pucker="C3'-endo") > 1000
    for bond in IDEAL_BOND:
        name = " ".join(bond)
        assert cell(found, name, "median") == pytest.approx(cell(table, name, "median"), abs=0.004)
    for angle in IDEAL_ANGLE:
        name = " ".join(angle)
        for pucker, tolerance in zip(PUCKERS, (0.4, 1.2), strict=True):
            median = cell(table, name, "median", pucker=pucker)
            again = cell(found, name, "median", pucker=pucker)
            assert again == pytest.approx(median, abs=tolerance), name


def test_a_chain_of_ideal_geometry_has_the_ideal_values_and_no_spread():
    for pucker, nu in zip(PUCKERS, ((36.0, -36.0), (-36.0, 22.0)), strict=True):
        table = geometry_statistics([ideal_chain("a", 40, *nu)])
        for bond, length in IDEAL_BOND.items():
            if bond != ("C1'", "N9|N1"):
                assert cell(table, " ".join(bond), "median") == pytest.approx(length, abs=1e-5)
                assert cell(table, " ".join(bond), "sd") < 1e-5
        for angle, values in IDEAL_ANGLE.items():
            ideal = dict(zip(PUCKERS, values, strict=True))[pucker]
            name = " ".join(angle)
            assert cell(table, name, "mean", pucker=pucker) == pytest.approx(ideal, abs=1e-2)
        assert cell(table, "C4' C3'", "n") == 40
        assert cell(table, "O3' P+1", "n") == 39
        assert cell(table, "N9 C8", "n", base="A") == 10


def test_torsions_about_180_degrees_have_circular_statistics():
    torsions = geometry_statistics([ideal_chain("a")])
    assert abs(cell(torsions, "beta", "mean")) == pytest.approx(178.0, abs=0.01)
    here, there = (ideal_chain(name) for name in "ab")
    mirrored = there.with_coords(there.coords * np.array([1, 1, -1], dtype=np.float32))
    table = geometry_statistics([here, mirrored])
    assert abs(cell(table, "beta", "mean")) == pytest.approx(180.0, abs=0.01)
    assert cell(table, "beta", "sd") == pytest.approx(2.0, abs=0.01)
    low, high = cell(table, "beta", "p01"), cell(table, "beta", "p99")
    assert high - low == pytest.approx(4.0, abs=0.01)


def test_one_chain_of_each_sequence_counts_and_it_is_the_best_resolved():
    chains = [
        ideal_chain("poor", resolution=2.5), ideal_chain("good", resolution=1.5),
        ideal_chain("same", resolution=1.5), ideal_chain("nmr", 8, method="SOLUTION NMR"),
        ideal_chain("odd", 9, method="Solution NMR", resolution=1.0),
        ideal_chain("coarse", 10, resolution=4.0), ideal_chain("unknown", 11),
        ideal_chain("copy", 12, resolution=1.0, parent="good_A", tier="noise"),
        ideal_chain("short", 13, resolution=3.0),
    ]  # fmt: skip
    assert [chain.entry for chain in reference_chains(chains, 3.0)] == ["good", "short"]
    assert reference_chains([], 3.0) == []


def test_modified_residues_and_bonds_across_breaks_do_not_count():
    chain = ideal_chain("a")
    names = list(chain.residue_names)
    names[4] = "A2M"
    coords = chain.coords.copy()
    coords[20:] += 50.0
    broken = replace(chain.with_coords(coords), residue_names=tuple(names))
    table = geometry_statistics([broken])
    assert cell(table, "C4' C3'", "n") == 39
    assert cell(table, "N9 C8", "n", base="A") == 9
    assert cell(table, "O3' P+1", "n") == 37
    assert cell(table, "O3' P+1", "p99") < 1.7


def test_no_chains_give_no_rows():
    table = geometry_statistics([])
    assert table.empty and list(table.columns) == list(reference_table().columns)


def test_every_angle_of_the_sugar_and_phosphate_is_listed_once():
    angles = backbone_angles()
    assert set(IDEAL_ANGLE) <= set(angles)
    assert len({frozenset((a, c)) | {b} for a, b, c in angles}) == len(angles) == 22
    assert [len(base_angles(base)) for base in BASES] == [17, 12, 19, 12]


def test_limits_hold_nearly_all_experimental_values_and_the_ideal_ones(example_chains):
    lengths, angles = normal_limits("bond"), normal_limits("angle")
    for bond, ideal in IDEAL_BOND.items():
        low, high = lengths[bond]
        assert low < ideal < high and high - low < 0.12
    for angle, values in IDEAL_ANGLE.items():
        assert all(angles[angle][0] < value < angles[angle][1] for value in values)
    assert ("A", "N9", "C8") in lengths and ("U", "C4", "C5", "C6") in angles
    inside = geometry_statistics([c for c in example_chains if c.resolution <= 2.1])
    for table, limits in ((inside[inside.kind == "bond"], lengths), (inside, angles)):
        rows = [row for row in table.itertuples() if tuple(row.atoms.split()) in limits]
        kept = [limits[tuple(r.atoms.split())] for r in rows]
        good = [low < r.p05 and r.p95 < high for (low, high), r in zip(kept, rows, strict=True)]
        assert len(good) > 50 and np.mean(good) > 0.97
    narrow, wide = normal_limits("bond", 2.0), normal_limits("bond", 4.0)
    for bond, (low, high) in narrow.items():
        assert wide[bond][1] - wide[bond][0] == pytest.approx(2 * (high - low))


def test_limits_of_angles_follow_the_pucker():
    north, south = (normal_limits("angle", pucker=pucker) for pucker in PUCKERS)
    angle = ("C3'", "C4'", "O4'")
    assert sum(south[angle]) / 2 - sum(north[angle]) / 2 == pytest.approx(2.4, abs=0.3)
    assert north["A", "N9", "C8", "N7"] == south["A", "N9", "C8", "N7"]
