"""Weights as safetensors."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from rna_predict.data.weights import (
    AdapterFile,
    convert_weights,
    file_sha256,
    read_adapter,
    read_weights,
    weights_sha256,
    write_adapter,
    write_weights,
)
from rna_predict.errors import InputError

JSON = '{"format": 2, "model": {}}'
WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1.0])}


def test_weights_and_model_come_back(tmp_path):
    path = tmp_path / "w.safetensors"
    write_weights(path, WEIGHTS, {"dimensions": {"pair": 3}}, {"step": 7})
    weights, model = read_weights(path)
    assert model == {"dimensions": {"pair": 3}}
    assert list(weights) == list(WEIGHTS)
    assert all(torch.equal(weights[name], WEIGHTS[name]) for name in WEIGHTS)
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]


def test_adapter_comes_back_and_is_no_weights(tmp_path):
    path = tmp_path / "a.safetensors"
    write_adapter(path, AdapterFile(WEIGHTS, {"rank": 4}, "ab" * 32), {"phase": "lora"})
    adapter = read_adapter(path)
    assert (adapter.settings, adapter.base_sha256) == ({"rank": 4}, "ab" * 32)
    assert all(torch.equal(adapter.tensors[name], WEIGHTS[name]) for name in WEIGHTS)
    with pytest.raises(InputError, match="no weights of this program"):
        read_weights(path)
    write_weights(path, WEIGHTS, {}, {})
    with pytest.raises(InputError, match="no adapter of this program"):
        read_adapter(path)


def test_hash_of_weights_is_that_of_names_types_shapes_and_values():
    def changed(**tensors):
        return weights_sha256(WEIGHTS | tensors)

    same = dict(reversed(WEIGHTS.items()))
    assert weights_sha256(same) == weights_sha256(WEIGHTS)
    b = WEIGHTS["b"]
    others = {changed(b=b + 1e-7), changed(b=b.double()), changed(b=b[None]), changed(c=b)}
    assert len(others | {weights_sha256(WEIGHTS)}) == 5


def test_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x").startswith("ba7816bf8f01cfea")


def test_same_weights_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_weights(tmp_path / name, WEIGHTS, {"b": 1, "a": 2}, {"step": 7, "phase": "x"})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    "header",
    [{"format": "pt"}, {"rna_predict": "[]"}, {"rna_predict": JSON}],
)
def test_other_safetensors_are_refused(tmp_path, header):
    save_file(WEIGHTS, tmp_path / "w", metadata=header)
    with pytest.raises(InputError, match="no weights of this program"):
        read_weights(tmp_path / "w")


def test_header_that_is_no_json_is_refused(tmp_path):
    save_file(WEIGHTS, tmp_path / "w", metadata={"rna_predict": "{"})
    with pytest.raises(InputError, match="not JSON"):
        read_weights(tmp_path / "w")


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all"])
def test_other_files_are_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "w").write_bytes(content)
    with pytest.raises(InputError, match="no readable safetensors"):
        read_weights(tmp_path / "w")


def test_weights_in_bf16_are_half_as_large_and_read_in_single_precision(tmp_path):
    weights = {"a": torch.randn(64, 64), "count": torch.tensor([3])}
    write_weights(tmp_path / "whole", weights, {"m": 1}, {"step": 7})
    convert_weights(tmp_path / "whole", tmp_path / "half", "bfloat16")
    assert (tmp_path / "half").stat().st_size < 0.55 * (tmp_path / "whole").stat().st_size
    got, model = read_weights(tmp_path / "half")
    assert model == {"m": 1}
    assert (got["a"].dtype, got["count"].dtype) == (torch.float32, torch.int64)
    torch.testing.assert_close(got["a"], weights["a"], rtol=2**-8, atol=0)
    assert torch.equal(got["a"], weights["a"].bfloat16().float())
    with safe_open(tmp_path / "half", framework="pt") as file:
        facts = json.loads(file.metadata()["rna_predict"])
    assert (facts["stored"], facts["step"]) == ("bfloat16", 7)


def test_weights_come_back_from_bf16_with_the_header_they_had(tmp_path):
    weights = {"a": torch.tensor([1.0, 0.5, -3.0])}
    write_weights(tmp_path / "whole", weights, {"m": 1}, {"step": 7})
    convert_weights(tmp_path / "whole", tmp_path / "half", "bfloat16")
    convert_weights(tmp_path / "half", tmp_path / "again", "float32")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "whole").read_bytes()
