import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.angles.table import (
    COLUMNS,
    angle_table,
    measure_angles,
    read_angles,
    write_angles,
    write_manifest,
)
from rna_predict.constants import TORSIONS
from rna_predict.errors import InputError


def test_table_reads_back_as_it_was(example_chains, tmp_path):
    path = tmp_path / "angles.parquet"
    write_angles(angle_table(example_chains, "mdanalysis"), path)
    back = read_angles(path)
    measured = measure_angles(example_chains, "mdanalysis")
    assert list(back) == [(chain.name, chain.model) for chain in example_chains]
    for first, second in zip(back.values(), measured, strict=True):
        assert np.array_equal(first, second, equal_nan=True)


def test_pandas_reads_one_list_an_angle_and_chain(example_chains, tmp_path):
    path = tmp_path / "angles.parquet"
    write_angles(angle_table(example_chains, "mdanalysis"), path)
    table = pd.read_parquet(path)
    assert list(table.columns) == ["chain_id", "model", *TORSIONS, "phase", "amplitude"]
    for name in COLUMNS:
        assert [len(values) for values in table[name]] == [len(c) for c in example_chains]
        assert {values.dtype for values in table[name]} == {np.dtype(np.float32)}


def test_most_residues_of_an_a_form_helix_are_c3_endo(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1duq_A")
    (angles,) = measure_angles([chain], "mdanalysis")
    phase = np.rad2deg(angles[:, COLUMNS.index("phase")])
    assert (phase < 36).mean() > 0.8


def test_an_empty_table_keeps_its_columns(tmp_path):
    path = tmp_path / "angles.parquet"
    write_angles(angle_table([], "mdanalysis"), path)
    assert read_angles(path) == {}


def test_manifest_names_backend_and_version(example_chains, tmp_path):
    import MDAnalysis

    for chains in (example_chains[:1], []):
        write_manifest(tmp_path / "m.json", angle_table(chains, "mdanalysis"))
        found = json.loads((tmp_path / "m.json").read_text())
        assert found == {"backend": "mdanalysis", "version": MDAnalysis.__version__}


def test_another_backend_is_refused(example_chains):
    with pytest.raises(InputError, match="curves: expected one of mdanalysis, dssr"):
        angle_table(example_chains, "curves")


def test_every_model_of_a_chain_has_its_row(example_chains, tmp_path):
    first = example_chains[0]
    moved = np.random.default_rng(0).normal(scale=0.1, size=first.coords.shape)
    second = replace(first.with_coords(first.coords + moved.astype(np.float32)), model=2)
    path = tmp_path / "angles.parquet"
    write_angles(angle_table([first, second], "mdanalysis"), path)
    back = read_angles(path)
    for chain in (first, second):
        (alone,) = measure_angles([chain], "mdanalysis")
        assert np.array_equal(back[chain.name, chain.model], alone, equal_nan=True)
    assert not np.array_equal(*back.values(), equal_nan=True)


def test_a_file_that_is_no_angle_table_is_named(tmp_path):
    (tmp_path / "a.parquet").write_text("text")
    pd.DataFrame({"chain_id": ["x"], "model": [1]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="a.parquet: expected an angle table"):
        read_angles(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="b.parquet: .*alpha"):
        read_angles(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="c.parquet: expected an angle table"):
        read_angles(tmp_path / "c.parquet")
