"""The null model: A-form helices of predicted pairs, ideal bonds, nothing left to chance."""

import numpy as np
import pandas as pd
import pytest
import torch

from rna_predict.angles.table import measure_angles
from rna_predict.constants import SLOT_INDEX, TORSIONS
from rna_predict.errors import EntryError, InputError
from rna_predict.evaluate.benchmarks import list_models
from rna_predict.evaluate.bonds import bond_deviations
from rna_predict.geometry.dihedrals import circular_difference
from rna_predict.geometry.nerf import build_atoms
from rna_predict.predict.benchmark_targets import (
    fold_target_with_network,
    fold_target_with_null,
    read_target,
)
from rna_predict.predict.null_model import fold_null, helical_pairs
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.templates.helices import helix_torsions
from rna_predict.templates.loop_conformers import BUILT, read_conformers

HAIRPIN = "GGCACGCUUAUCGGCGUGCC", "(((((((......)))))))"


@pytest.fixture(scope="module")
def models():
    return fold_null("hairpin", *HAIRPIN, n_models=3, seed=0)


def test_torsions_are_those_of_an_a_form_helix():
    torsions = dict(zip(TORSIONS, np.rad2deg(helix_torsions()), strict=True))
    # Saenger (1984), Principles of Nucleic Acid Structure: RNA A-form is g-, t, g+, C3'-endo, anti
    assert -90 < torsions["alpha"] < -45
    assert 150 < torsions["beta"] < 200
    assert 40 < torsions["gamma"] < 70
    assert 75 < torsions["delta"] < 90
    assert -175 < torsions["chi"] < -150


def test_their_strand_is_a_right_handed_helix_of_about_eleven_residues_a_turn():
    torsions = torch.as_tensor(helix_torsions()).expand(23, -1)
    strand = build_atoms(torsions, torch.zeros(23, dtype=torch.int64)).numpy()
    steps = np.diff(strand[:, SLOT_INDEX["A"]["P"]], axis=0)
    # on a helix the second differences of its points are at right angles to the axis
    inward = np.diff(steps, axis=0)
    axis = np.cross(inward[:-1], inward[1:])
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    rise = (steps[1:-1] * axis).sum(-1)
    assert rise == pytest.approx(np.full(20, 2.9), abs=0.2)  # positive: right-handed
    lengths = np.linalg.norm(inward, axis=-1)
    turn = np.rad2deg(np.arccos((inward[:-1] * inward[1:]).sum(-1) / lengths[:-1] / lengths[1:]))
    assert 360 / turn == pytest.approx(np.full(20, 10.4), abs=1.0)


def test_hairpin_closes_into_its_pairs(models):
    assert [model.violation for model in models] == sorted(model.violation for model in models)
    best = models[0]
    assert best.violation < 1.0
    pairs = canonical_pairs(annotate_pairs([best.chain]))
    wanted = set(map(tuple, helical_pairs(HAIRPIN[1]).tolist()))
    found = set(zip(pairs["i"], pairs["j"], strict=True))
    assert len(found & wanted) >= 4
    assert found <= wanted


def test_bonds_stay_ideal(models):
    for model in models:
        assert np.nanmax(np.abs(bond_deviations(model.chain))) < 0.1


def test_descent_brings_partners_together(models):
    before = fold_null("hairpin", *HAIRPIN, n_models=3, seed=0, steps=0)
    assert max(m.violation for m in models) < min(m.violation for m in before)


def test_same_seed_same_models_whatever_their_number(models):
    again = fold_null("hairpin", *HAIRPIN, n_models=3, seed=0)
    for one, other in zip(models, again, strict=True):
        np.testing.assert_array_equal(one.chain.coords, other.chain.coords)
    other = fold_null("hairpin", *HAIRPIN, n_models=3, seed=1)
    assert np.nanmax(np.abs(other[0].chain.coords - models[0].chain.coords)) > 0.5
    strand = fold_null("hairpin", *HAIRPIN, n_models=2, seed=0, steps=0)
    more = fold_null("hairpin", *HAIRPIN, n_models=4, seed=0, steps=0)
    known = [m.chain.coords for m in more]
    for model in strand:
        assert any(np.allclose(model.chain.coords, c, atol=1e-2, equal_nan=True) for c in known)


def test_loops_have_conformers_of_loops_and_models_differ():
    """Before the descent: helices are A-form, each loop residue is one of the table."""
    drawn = fold_null("hairpin", *HAIRPIN, n_models=5, seed=0, steps=0)
    offset = np.array([TORSIONS.index(name) for name in BUILT])
    conformers, _ = read_conformers()
    loops = []
    for model in drawn:
        torsions = measure_angles([model.chain], "mdanalysis")[0][:, offset]
        for k in range(1, 19):
            wanted = conformers if 7 <= k < 13 else helix_torsions()[None, offset]
            # delta and nu are restrained by the kinematics; the others are met
            apart = np.abs(
                circular_difference(*np.broadcast_arrays(torsions[k, :7], wanted[:, :7]))
            )
            assert apart[:, [0, 1, 2, 4, 5, 6]].max(axis=1).min() < 0.02
        loops.append(torsions[7:13, [0, 5]])
    for k, one in enumerate(loops):
        assert all(np.abs(circular_difference(one, two)).max() > 0.2 for two in loops[:k])


def test_lone_pairs_are_no_helix():
    assert helical_pairs("(....)").shape == (0, 2)
    assert helical_pairs("((....))").tolist() == [[0, 7], [1, 6]]


def test_structure_of_another_length_is_refused():
    with pytest.raises(InputError, match="expected 4 characters of dot-bracket, got 3"):
        fold_null("x", "ACGU", "...", 1, 0)


def test_unknown_bases_have_a_backbone_alone():
    (model,) = fold_null("x", "ANNA", "....", 1, 0, steps=0)
    assert model.chain.atom_mask.sum(axis=1).tolist() == [22, 12, 12, 22]


def test_target_is_folded_from_its_file(tmp_path):
    fasta = tmp_path / "t.fasta"
    fasta.write_text(">t\nGGGGAAAACCCC\n")
    fold_target_with_null(fasta, tmp_path / "t", models=2, seed=0, minimize=False)
    assert [path.name for path in list_models(tmp_path / "t")] == ["model_1.cif", "model_2.cif"]
    ranking = pd.read_csv(tmp_path / "t/ranking.tsv", sep="\t")
    assert ranking["structure"].tolist() == ["((((....))))"] * 2
    assert ranking["violation"].is_monotonic_increasing


def test_complexes_are_nobodys_task_and_say_so(tmp_path):
    fasta = tmp_path / "t.fasta"
    fasta.write_text(">t_A\nGGGG\n>t_B\nCCCC\n")
    with pytest.raises(EntryError, match="2 chains"):
        read_target(fasta)
    fold_target_with_null(fasta, tmp_path / "null", models=1, seed=0)
    fold_target_with_network(fasta, tmp_path / "net", tmp_path / "none", models=1, seed=0)
    for folder in ("null", "net"):
        row = pd.read_csv(tmp_path / folder / "refused.tsv", sep="\t").iloc[0]
        assert (row["status"], row["reason"]) == ("excluded", "2 chains, expected one")


def test_sequence_out_of_range_is_a_failure_with_its_reason(tmp_path):
    fasta = tmp_path / "t.fasta"
    fasta.write_text(f">t\n{'A' * 1001}\n")
    fold_target_with_null(fasta, tmp_path / "t", models=1, seed=0)
    row = pd.read_csv(tmp_path / "t/refused.tsv", sep="\t").iloc[0]
    assert row["status"] == "failed"
    assert "got 1001" in row["reason"]


def test_network_folds_a_target_and_says_what_it_refuses(tmp_path, trained):
    fasta, weights = tmp_path / "t.fasta", trained[1] / "model.safetensors"
    fasta.write_text(">t\nGGN\n")
    fold_target_with_network(fasta, tmp_path / "t", weights, models=1, seed=0, device="cpu")
    row = pd.read_csv(tmp_path / "t/refused.tsv", sep="\t").iloc[0]
    assert row["status"] == "failed"
    assert "got 3" in row["reason"]
    with pytest.raises(InputError, match="expected a folder named t"):
        fold_target_with_network(fasta, tmp_path / "u", weights, models=1, seed=0)
    fasta.write_text(">v\nGGGGAAAACCCC\n")
    fold_target_with_network(fasta, tmp_path / "v", weights, models=1, seed=0, device="cpu")
    assert [path.name for path in list_models(tmp_path / "v")] == ["model_1.cif"]
