from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.store import (
    ROW_GROUP,
    SCHEMA,
    iterate_chains,
    read_chain,
    read_chains,
    write_chains,
)

FACTS = [name for name in SCHEMA.names if name not in ("chain_id", "resolution")]


def assert_same(first: Chain, second: Chain) -> None:
    for name in FACTS:
        a, b = getattr(first, name), getattr(second, name)
        assert type(a) is type(b)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        else:
            assert a == b
    assert first.resolution == pytest.approx(second.resolution, abs=1e-6, nan_ok=True)


def test_chains_come_back_as_they_were(example_chains, tmp_path):
    chains = [replace(example_chains[0], chain=f"A{i}") for i in range(70)] + example_chains
    path = tmp_path / "chains.parquet"
    write_chains(chains, path)
    back = read_chains(path)
    assert len(back) == len(chains)
    for first, second in zip(chains, back, strict=True):
        assert_same(first, second)


def test_one_chain_and_one_model_can_be_read_alone(example_chains, tmp_path):
    models = [replace(example_chains[0], model=k) for k in (1, 2)]
    path = tmp_path / "chains.parquet"
    write_chains([*models, *example_chains[1:]], path)
    last = example_chains[-1]
    assert_same(read_chain(path, last.name), last)
    assert read_chain(path, models[0].name).model == 1
    assert_same(read_chain(path, models[0].name, model=2), models[1])


def test_one_chain_is_found_in_any_row_group(example_chains, tmp_path):
    chains = [
        replace(example_chains[0], chain=f"A{number}", model=model)
        for number in (7, 3, 12)
        for model in range(1, ROW_GROUP + 1)
    ]
    path = tmp_path / "chains.parquet"
    write_chains(chains, path)
    for chain in chains[:: ROW_GROUP // 2 - 1]:
        assert_same(read_chain(path, chain.name, chain.model), chain)
    with pytest.raises(InputError, match="no chain 1a51_A7 model 99"):
        read_chain(path, "1a51_A7", 99)


def test_chains_come_one_by_one(example_chains, tmp_path):
    write_chains(example_chains, tmp_path / "chains.parquet")
    chains = iterate_chains(tmp_path / "chains.parquet")
    assert_same(next(chains), example_chains[0])
    assert len(list(chains)) == len(example_chains) - 1


def test_pandas_reads_the_store(example_chains, tmp_path):
    path = tmp_path / "chains.parquet"
    write_chains(example_chains, path)
    table = pd.read_parquet(path)
    assert table["chain_id"].tolist() == [chain.name for chain in example_chains]
    assert len(table["coords"][0]) == len(example_chains[0]) * 23 * 3


def test_an_empty_store_is_a_store(tmp_path):
    write_chains([], tmp_path / "chains.parquet")
    assert read_chains(tmp_path / "chains.parquet") == []


def test_errors_name_the_file_and_the_chain(example_chains, tmp_path):
    path = tmp_path / "chains.parquet"
    with pytest.raises(InputError, match="1a51_A model 1 occurs twice"):
        write_chains([example_chains[0]] * 2, path)
    assert not path.exists()
    write_chains(example_chains, path)
    with pytest.raises(InputError, match=r"chains.parquet: no chain 9xyz_A"):
        read_chain(path, "9xyz_A")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="no column chain_id"):
        read_chains(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("not parquet")
    with pytest.raises(InputError, match="expected a chain store"):
        read_chains(tmp_path / "text.parquet")
    with pytest.raises(InputError, match="expected a chain store"):
        read_chain(tmp_path / "absent.parquet", "1a51_A")
