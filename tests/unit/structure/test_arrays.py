import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rna_predict.errors import InputError
from rna_predict.structure.arrays import map_arrays, write_arrays

ARRAYS = {
    "bytes": np.arange(5, dtype=np.uint8),
    "wide": np.arange(6, dtype=np.int64).reshape(2, 3) - 2**40,
    "empty": np.zeros((0, 3), dtype=np.int32),
    "real": np.array([1.5, np.nan]),
    "short": np.array([[-300], [300]], dtype=np.int16),
}


def assert_same(first, second):
    assert set(first) == set(second)
    for name, array in first.items():
        assert array.dtype == second[name].dtype
        assert array.shape == second[name].shape
        assert np.array_equal(array, second[name], equal_nan=array.dtype.kind == "f")


def test_arrays_and_texts_come_back(tmp_path):
    path = tmp_path / "a.safetensors"
    write_arrays(path, ARRAYS, {"format": "x"})
    arrays, metadata = map_arrays(path)
    assert_same(ARRAYS, arrays)
    assert metadata == {"format": "x"}
    assert all(not array.flags.writeable and array.flags.aligned for array in arrays.values())


def test_safetensors_reads_what_was_written_and_the_other_way_round(tmp_path):
    write_arrays(tmp_path / "a.safetensors", ARRAYS, {"format": "x"})
    assert_same(ARRAYS, load_file(tmp_path / "a.safetensors"))
    save_file(ARRAYS, tmp_path / "b.safetensors")
    assert_same(ARRAYS, map_arrays(tmp_path / "b.safetensors")[0])


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_arrays(tmp_path / name, ARRAYS, {"format": "x"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a: expected a safetensors file"),
        (b"1234", "a: expected a safetensors file"),
        (b"\xff" * 64, "a: expected a safetensors file"),
        (b"\x02\0\0\0\0\0\0\0[]", "a: expected a safetensors file"),
        (b"\x07\0\0\0\0\0\0\0not it!", "a: expected a safetensors file"),
    ],
)
def test_other_files_are_refused(tmp_path, data, message):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match=message):
        map_arrays(tmp_path / "a")
    with pytest.raises(InputError, match="absent: expected a safetensors file"):
        map_arrays(tmp_path / "absent")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"dtype": "U8", "shape": [4], "data_offsets": [0, 5]},
        {"dtype": "U8", "shape": [4], "data_offsets": [0, 400]},
        {"dtype": "U8", "shape": [4], "data_offsets": [-8, -4]},
        {"dtype": "U8", "shape": [4], "data_offsets": [4, 0]},
        {"dtype": "O", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": "I64", "shape": [1], "data_offsets": [0, 7]},
        {"dtype": "U8", "shape": 4, "data_offsets": ["a", "b"]},
    ],
)
def test_an_array_that_is_not_all_there_is_named(tmp_path, entry):
    header = json.dumps({"x": entry}).encode()
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(InputError, match="a array x: damaged"):
        map_arrays(tmp_path / "a")
