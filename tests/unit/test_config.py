"""The configuration is checked as a whole before anything runs."""

import copy
import json

import pytest
import yaml

from rna_predict.config import Config, load_config, load_model_file, schema
from rna_predict.errors import InputError


@pytest.fixture
def values(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


def test_schema_file_is_in_step_with_the_sections(root):
    assert (root / "config/schema.json").read_text() == schema(), (
        "run: python scripts/write_schema.py --out config/schema.json"
    )


def test_default_file_names_and_explains_every_key(root, values):
    text = (root / "config/config.yaml").read_text()
    for section, part in Config.model_json_schema()["properties"].items():
        assert section in values
        if "$ref" in part:
            model = Config.model_fields[section].annotation
            assert set(values[section]) == set(model.model_fields), section
            for key, field in model.model_fields.items():
                assert field.description, f"{section}.{key}"
                (line,) = [line for line in text.splitlines() if line.startswith(f"  {key}:")][
                    :1
                ] or [""]
                assert line, f"{section}.{key}"


def test_paths_start_from_the_root(root, values):
    config = load_config(values, root)
    assert config.training.model == root / "config/model/tiny.yaml"
    assert config.entries.source == str(root / "config/example/pdb/{id}.cif.gz")


@pytest.mark.parametrize("name", ["test.yaml", "pdb.yaml", "rna3db.yaml"])
def test_other_configurations_differ_only_in_known_keys(root, values, name):
    def merge(base, other):
        for key, value in other.items():
            assert key in base, key
            old = base[key]
            base[key] = merge(old, value) if isinstance(old, dict) else value
        return base

    merged = merge(copy.deepcopy(values), yaml.safe_load((root / "config" / name).read_text()))
    assert Config.model_validate(merged).run != values["run"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("splits", "tran"), 0.7, "splits.tran: unknown key"),
        (("sede",), 1, "sede: unknown key"),
        (("splits", "train"), 0.9, "must be 1"),
        (("structures", "max_resolution"), "high", "structures.max_resolution"),
        (("entries", "source"), "config/example/pdb/1ehz.cif.gz", "entries.source"),
        (("predict", "targets"), "nowhere.fasta", "predict.targets: no such file"),
        (("run",), "../elsewhere", "run: "),
    ],
)
def test_a_fault_is_named_with_its_key(root, values, path, value, message):
    section = values
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    with pytest.raises(InputError, match="config") as error:
        load_config(values, root)
    assert message in str(error.value)


def test_an_unknown_key_of_the_model_file_is_named(root, tmp_path):
    values = yaml.safe_load((root / "config/model/tiny.yaml").read_text())
    values["dimensions"]["singel"] = 3
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(InputError, match="dimensions.singel: unknown key"):
        load_model_file(path)


def test_model_file_has_one_dimensions_section_and_survives_a_round_trip(root, tmp_path):
    complete = load_model_file(root / "config/model/tiny.yaml")
    assert set(complete) == {"dimensions", "training", "sampling"}
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump(complete))
    assert load_model_file(path) == complete
    json.dumps(complete)
