"""ViennaRNA's answers as the record holds them: parity with its own functions, and bounds."""

import numpy as np
import pytest
import RNA

from rna_predict.errors import InputError
from rna_predict.secondary import viennarna
from rna_predict.secondary.adjacency import MEA_GAMMA, paired_probability
from rna_predict.secondary.viennarna import ViennaRNA, fold_windows

HAIRPIN = "GGGGCGAAAGCCCC"
COMPLEMENT = str.maketrans("ACGU", "UGCA")


def random_sequence(seed, n):
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), n))


def dense(n, i, j, probability):
    matrix = np.zeros((n, n))
    matrix[i, j] = probability
    return matrix


def folded_by_hand(sequence, span=0):
    model = RNA.md()
    model.max_bp_span = span + 1 if span else -1
    compound = RNA.fold_compound(sequence, model)
    structure, energy = compound.mfe()
    compound.exp_params_rescale(energy)
    _, ensemble = compound.pf()
    return compound, structure, energy, ensemble


@pytest.fixture(scope="module")
def sequences(example_chains):
    return sorted({chain.sequence for chain in example_chains if len(chain) >= 20})


def test_a_hairpin_pairs_its_ends_with_certainty():
    folding = ViennaRNA(0.5, 0).fold(HAIRPIN)
    ends = list(zip(folding.i, folding.j, strict=True))
    assert ends == [(0, 13), (1, 12), (2, 11), (3, 10), (4, 9)]
    assert folding.probability.dtype == np.float32
    assert (folding.probability > 0.9).all()
    assert folding.mfe == folding.mea == "(((((....)))))"


def test_probabilities_are_those_of_the_full_matrix(sequences):
    for sequence in sequences:
        folding = ViennaRNA(0.0, 0).fold(sequence)
        ours = dense(len(sequence), folding.i, folding.j, folding.probability)
        matrix = np.array(folded_by_hand(sequence)[0].bpp())[1:, 1:]
        np.testing.assert_allclose(ours, matrix, atol=1.01 * viennarna.FLOOR)


def test_structures_and_energies_are_those_of_the_library(sequences):
    for sequence in sequences:
        folding = ViennaRNA(0.01, 0).fold(sequence)
        compound, _, _, ensemble = folded_by_hand(sequence)
        structure, energy = RNA.fold(sequence)
        assert (folding.mfe, folding.mfe_energy) == (structure, pytest.approx(energy))
        assert folding.mea == compound.MEA(MEA_GAMMA)[0]
        assert folding.ensemble_energy == pytest.approx(ensemble)
        assert folding.ensemble_energy <= folding.mfe_energy
        theirs = np.mean(compound.positional_entropy()[1:])
        assert folding.entropy == pytest.approx(theirs, abs=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_the_probabilities_of_a_residue_add_up_to_one_at_most(seed):
    folding = ViennaRNA(0.0, 0).fold(random_sequence(seed, 150))
    total = paired_probability(150, folding.i, folding.j, folding.probability)
    assert total.max() <= 1 + 1e-5


def test_unknown_residues_never_pair():
    folding = ViennaRNA(0.0, 0).fold("NGGGCGAAAGCCCN")
    assert len(folding.i) > 0
    assert not {0, 13} & {*folding.i, *folding.j}
    assert folding.mfe[0] == folding.mfe[13] == folding.mea[0] == folding.mea[13] == "."


def test_span_bounds_the_distance_of_paired_residues():
    folding = ViennaRNA(0.0, 9).fold(HAIRPIN)
    assert (folding.j - folding.i).max() == 9
    compound, structure, _, _ = folded_by_hand(HAIRPIN, 9)
    assert (folding.mfe, folding.mea) == (structure, compound.MEA(MEA_GAMMA)[0])


def test_weak_pairs_are_left_out_and_change_no_structure():
    weak, strong = ViennaRNA(0.001, 0).fold("GGGAAACCC"), ViennaRNA(0.5, 0).fold("GGGAAACCC")
    assert 0 < len(strong.i) == (weak.probability >= 0.5).sum() < len(weak.i)
    assert (weak.mea, weak.entropy) == (strong.mea, strong.entropy)


@pytest.mark.parametrize("sequence", ["A", "AC", "GAC", "GAAC", "NNNNN"])
def test_sequences_that_cannot_pair_have_no_pairs(sequence):
    folding = ViennaRNA(0.0, 0).fold(sequence)
    assert len(folding.i) == len(folding.j) == len(folding.probability) == 0
    assert folding.mfe == folding.mea == "." * len(sequence)
    assert folding.mfe_energy == folding.entropy == 0
    assert folding.ensemble_energy == pytest.approx(0, abs=1e-6)


def test_windows_agree_with_the_whole_on_local_pairs():
    rng = np.random.default_rng(0)
    stems = ["".join(rng.choice(list("GCGCAU"), 9)) for _ in range(20)]
    sequence = "".join(f"AAAAAAA{s}GAAA{s[::-1].translate(COMPLEMENT)}" for s in stems)
    whole = ViennaRNA(0.0, 100).fold(sequence)
    windows = fold_windows(sequence, 100)
    matrices = [
        dense(len(sequence), *pairs)
        for pairs in (windows, (whole.i, whole.j, whole.probability))
    ]  # fmt: skip
    assert (matrices[1] > 0.9).sum() > 150
    np.testing.assert_allclose(*matrices, atol=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_windows_keep_the_certain_pairs_of_any_sequence_and_sums_of_at_most_one(seed):
    sequence = random_sequence(seed, 400)
    whole = ViennaRNA(0.9, 100).fold(sequence)
    i, j, probability = fold_windows(sequence, 100)
    assert (j - i).max() <= 100
    assert paired_probability(400, i, j, probability).max() <= 1 + 1e-9
    matrix = dense(400, i, j, probability)
    assert len(whole.i) > 10
    assert (matrix[whole.i, whole.j] > 0.5).mean() > 0.8


def test_one_window_is_the_whole():
    sequence = random_sequence(5, 120)
    whole = ViennaRNA(0.0, 70).fold(sequence)
    i, j, probability = fold_windows(sequence, 70)
    assert np.array_equal(np.stack([i, j]), np.stack([whole.i, whole.j]))
    np.testing.assert_allclose(probability, whole.probability, rtol=1e-5)


def test_long_sequences_are_folded_in_windows(monkeypatch):
    monkeypatch.setattr(viennarna, "WHOLE_LENGTH", 100)
    monkeypatch.setattr(viennarna, "WINDOW_SPAN", 40)
    spacer = "".join(np.random.default_rng(0).choice(list("AU"), 300))
    sequence = "GGGCGGCCGAAAGGCCGCCC" + spacer + "GGGCGGCCGAAAGGCCGCCC"
    folding = ViennaRNA(0.5, 0).fold(sequence)
    assert (folding.j - folding.i).max() <= 40
    strong = folding.probability > 0.9
    found = set(zip(folding.i[strong], folding.j[strong], strict=True))
    assert {(k + shift, 19 - k + shift) for k in range(6) for shift in (0, 320)} <= found
    assert folding.mea.startswith("((((((((") and folding.mea.endswith("))))))))")
    assert np.isnan(folding.ensemble_energy)
    assert (folding.mfe, folding.mfe_energy) == pytest.approx(folded_by_hand(sequence, 40)[1:3])


@pytest.mark.parametrize("sequence", ["", "ACGT", "acgu", "GG AA"])
def test_other_letters_are_refused(sequence):
    with pytest.raises(InputError, match="expected letters"):
        ViennaRNA(0.5, 0).fold(sequence)


@pytest.mark.parametrize(
    ("probability", "span", "message"),
    [(1.5, 0, "min_probability"), (0.5, 3, "max_span"), (0.5, -1, "max_span")],
)
def test_options_out_of_range_are_refused(probability, span, message):
    with pytest.raises(InputError, match=message):
        ViennaRNA(probability, span)
