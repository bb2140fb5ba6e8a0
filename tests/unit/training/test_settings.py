"""The model file."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rna_predict.config import load_model_file
from rna_predict.data.records import dump_record, parse_record, read_record
from rna_predict.errors import InputError
from rna_predict.training.settings import ModelFile

MODELS = Path(__file__).resolve().parents[3] / "config" / "model"


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.yaml")), ids=lambda path: path.stem)
def test_model_files_are_read_alike_with_and_without_pydantic(path):
    model = read_record(ModelFile, path)
    assert parse_record(ModelFile, load_model_file(path), path) == model


def test_written_model_file_is_read_back(small_model, tmp_path):
    (tmp_path / "model.yaml").write_text(dump_record(small_model))
    assert read_record(ModelFile, tmp_path / "model.yaml") == small_model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 7}, r"steps \(7\) must be a multiple of validate_every \(3\)"),
        ({"batch": 0}, "1 or more expected for batch"),
        ({"ema_decay": 1.0}, "fractions"),
        ({"learning_rate": 0.0}, "must be positive"),
    ],
)
def test_phases_that_cannot_run_are_refused(small_model, change, message):
    with pytest.raises(ValueError, match=message):
        replace(small_model.training.phases[0], **change)


def test_phases_need_names_of_their_own(small_model):
    phase = small_model.training.phases[0]
    with pytest.raises(ValueError, match="names of their own"):
        replace(small_model.training, phases=(phase, phase))


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_losses_without_a_positive_weight_are_refused(small_model, weight):
    losses = small_model.training.phases[0].losses
    names = ("diffusion", "smooth_lddt", "bond", "torsion", "distogram", "contact")
    with pytest.raises(ValueError, match="weights are"):
        replace(losses, **dict.fromkeys(names, weight))


def test_fault_in_a_model_file_names_file_and_key():
    path = MODELS / "tiny.yaml"
    text = path.read_text().replace("  crop: 80 ", "  crop: none ", 1)
    with pytest.raises(InputError, match=r"tiny.yaml: training.phases\[0\].crop: expected int"):
        parse_record(ModelFile, yaml.safe_load(text), path)
