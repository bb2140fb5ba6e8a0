from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.refine.batch import ENERGY_COLUMNS, minimize_chains


def test_each_model_has_its_row_and_errors_pass_through(chain, noisy):
    error = InputError("bad.cif", "not readable")
    models = [noisy(chain("434d_A"), 0.2), error, chain("434d_B")]
    chains, table = minimize_chains(models, ["a", "b", "c"], max_iterations=20)
    assert list(table.columns) == list(ENERGY_COLUMNS)
    assert table["model"].tolist() == ["a", "b", "c"]
    assert table["kept"].tolist() == [True, False, True]
    assert table["reason"][1] == "bad.cif: not readable" and chains[1] is error
    assert chains[0].name == "434d_A" and chains[2].name == "434d_B"


def test_processes_do_not_change_the_result(chain, noisy):
    models = [noisy(chain("434d_A"), 0.2), noisy(chain("434d_B"), 0.2)]
    alone, table = minimize_chains(models, max_iterations=20)
    together, parallel = minimize_chains(models, max_iterations=20, threads=2)
    for first, second in zip(alone, together, strict=True):
        assert first.coords.tobytes() == second.coords.tobytes()
    pd.testing.assert_frame_equal(
        table.drop(columns="seconds"), parallel.drop(columns="seconds"), check_exact=True
    )


def test_wrong_settings_are_refused_before_any_process_starts(chain):
    with pytest.raises(InputError, match="max_iterations"):
        minimize_chains([chain("434d_A")] * 2, max_iterations=0, threads=2)


def test_a_model_that_never_looks_at_the_clock_is_ended_and_the_others_go_on(chain):
    native = chain("1y26_X")
    copies = 60  # building the systems of so many residues takes minutes
    apart = 400.0 * np.arange(copies, dtype=np.float32)[:, None, None, None]
    coords = (native.coords + apart).reshape(-1, *native.coords.shape[1:])
    n = copies * len(native)
    huge = replace(
        native,
        sequence=native.sequence * copies,
        residue_names=native.residue_names * copies,
        coords=coords,
        atom_mask=np.isfinite(coords).all(-1),
        auth_numbers=np.arange(n, dtype=np.int32),
        ins_codes=("",) * n,
    )
    models = [huge, chain("434d_A")]
    chains, table = minimize_chains(models, max_iterations=10, time_limit=8.0, grace=0.0)
    assert table["reason"].tolist() == ["time_limit", ""]
    assert table["kept"].tolist() == [False, True]
    assert chains[0] is huge and np.isfinite(table["clashes_before"][0])
