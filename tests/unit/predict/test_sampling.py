"""Samples of a sequence."""

import numpy as np
import pytest
import torch

from rna_predict.constants import slot_mask
from rna_predict.data.features import Templates
from rna_predict.errors import EntryError, InputError
from rna_predict.predict.sampling import predict_target
from rna_predict.predict.weights import load_predictor

SEQUENCE = "GGCGAAAGCNC"


@pytest.fixture(scope="module")
def predictor(trained):
    return load_predictor(trained[1] / "model.safetensors", "cpu")


@pytest.fixture(scope="module")
def predictions(predictor):
    return predict_target(predictor, "hairpin", SEQUENCE, 3, seed=5)


def test_every_atom_of_every_residue_is_there(predictions):
    for prediction in predictions:
        chain = prediction.chain
        assert (chain.entry, chain.chain, chain.sequence) == ("hairpin", "A", SEQUENCE)
        assert chain.auth_numbers.tolist() == list(range(1, 12))
        np.testing.assert_array_equal(chain.atom_mask, slot_mask()[chain.kinds])


def test_confidence_is_in_range(predictions):
    for prediction in predictions:
        assert prediction.plddt.shape == (11,)
        assert prediction.pae.shape == (11, 11)
        assert ((prediction.plddt >= 0) & (prediction.plddt <= 100)).all()
        assert (prediction.pae >= 0).all()
        assert 0 <= prediction.ptm <= 1


def test_samples_differ(predictions):
    first, second, third = (prediction.chain.coords for prediction in predictions)
    assert not np.array_equal(first, second, equal_nan=True)
    assert not np.array_equal(second, third, equal_nan=True)


def test_model_depends_on_its_number_and_not_on_how_many_there_are(predictor, predictions):
    torch.manual_seed(99)
    (again,) = predict_target(predictor, "other_name", SEQUENCE, 1, seed=5)
    np.testing.assert_array_equal(again.chain.coords, predictions[0].chain.coords)
    np.testing.assert_array_equal(again.plddt, predictions[0].plddt)


def test_seed_changes_the_samples(predictor, predictions):
    (other,) = predict_target(predictor, "hairpin", SEQUENCE, 1, seed=6)
    assert not np.array_equal(other.chain.coords, predictions[0].chain.coords, equal_nan=True)


def frames(count):
    generator = np.random.default_rng(0)
    parts = generator.normal(size=(count, len(SEQUENCE), 3, 4)).astype(np.float32)
    return Templates(5 * parts[..., 3], parts[..., :3], np.ones(parts.shape[:2], dtype=bool))


@pytest.mark.parametrize(
    "given",
    [
        {"consensus": (np.array([[0, 10], [1, 8]]), np.ones(2, dtype=np.float32))},
        {"msa": np.array([[2, 1] * 5 + [5]], dtype=np.uint8)},
        {"templates": frames(2)},
    ],
)
def test_what_is_known_besides_the_sequence_enters(predictor, predictions, given):
    (informed,) = predict_target(predictor, "hairpin", SEQUENCE, 1, seed=5, **given)
    assert not np.array_equal(informed.chain.coords, predictions[0].chain.coords, equal_nan=True)


def test_nothing_known_is_the_same_as_nothing_given(predictor, predictions):
    nothing = {
        "consensus": (np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32)),
        "msa": np.zeros((0, len(SEQUENCE)), dtype=np.uint8),
        "templates": frames(0),
    }
    (again,) = predict_target(predictor, "hairpin", SEQUENCE, 1, seed=5, **nothing)
    np.testing.assert_array_equal(again.chain.coords, predictions[0].chain.coords)


def test_deep_alignment_is_cut_to_the_rows_of_the_network_by_the_seed(predictor, monkeypatch):
    msa = np.random.default_rng(0).integers(0, 6, (200, len(SEQUENCE))).astype(np.uint8)
    seen, trunk = [], predictor.network.trunk

    def look(features, recycles):
        seen.append(features.msa)
        return trunk(features, recycles)

    monkeypatch.setattr(predictor.network, "trunk", look)
    for seed in (5, 5, 6):
        predict_target(predictor, "hairpin", SEQUENCE, 1, seed, msa=msa)
    assert seen[0].shape[1] == predictor.network.dimensions.msa_rows < 200
    assert torch.equal(seen[0], seen[1]) and not torch.equal(seen[0], seen[2])


def test_network_that_gives_no_numbers_is_an_error(trained):
    predictor = load_predictor(trained[1] / "model.safetensors", "cpu")
    with torch.no_grad():
        next(predictor.network.diffusion.parameters()).fill_(float("nan"))
    with pytest.raises(EntryError, match="model 1: .*finite"):
        predict_target(predictor, "hairpin", SEQUENCE, 1, seed=5)


def test_letters_that_are_no_bases_are_refused(predictor):
    with pytest.raises(InputError, match="expected letters of ACGUN"):
        predict_target(predictor, "x", "GGXCC", 1, seed=0)
