import runpy

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.refine.b_factors import read_b_factors
from rna_predict.refine.files import minimize_files
from rna_predict.structure.mmcif import read_chains, write_chain


def test_the_script_keeps_names_and_b_factors(chain, noisy, root, tmp_path):
    plddt = np.linspace(40.0, 90.0, 7)
    for k in (1, 2):
        write_chain(tmp_path / f"model_{k}.cif", noisy(chain("434d_A"), 0.2, seed=k), plddt)
    out = tmp_path / "refined"
    script = runpy.run_path(str(root / "scripts" / "minimize_models.py"))
    arguments = ["--out-dir", str(out), "--energies", str(out / "energies.tsv")]
    models = [str(tmp_path / f"model_{k}.cif") for k in (1, 2)]
    script["main"](["--models", *models, *arguments, "--max-iterations", "20"])
    table = pd.read_csv(out / "energies.tsv", sep="\t")
    assert table["model"].tolist() == [1, 2] and table["kept"].all()
    for k in (1, 2):
        (minimised,) = read_chains(out / f"model_{k}.cif")
        values = read_b_factors(out / f"model_{k}.cif", minimised)
        np.testing.assert_allclose(values, plddt, atol=0.005)
        (before,) = read_chains(tmp_path / f"model_{k}.cif")
        assert not np.allclose(minimised.coords, before.coords, atol=0.01, equal_nan=True)


def test_the_script_goes_on_after_a_file_it_cannot_read_and_says_so(chain, root, tmp_path):
    write_chain(tmp_path / "good.cif", chain("434d_A"))
    (tmp_path / "bad.cif").write_text("nothing")
    script = runpy.run_path(str(root / "scripts" / "minimize_models.py"))
    models = [str(tmp_path / "bad.cif"), str(tmp_path / "good.cif")]
    with pytest.raises(SystemExit, match=r"bad\.cif"):
        script["main"](
            ["--models", *models, "--out-dir", str(tmp_path / "out"), "--max-iterations", "10",
             "--energies", str(tmp_path / "out" / "energies.tsv")]
        )  # fmt: skip
    assert (tmp_path / "out" / "good.cif").is_file()
    table = pd.read_csv(tmp_path / "out" / "energies.tsv", sep="\t")
    assert table["kept"].tolist() == [False, True]


def test_two_files_of_one_name_are_refused_before_anything_is_written(chain, tmp_path):
    paths = [tmp_path / folder / "model.cif" for folder in ("a", "b")]
    for path in paths:
        write_chain(path, chain("434d_A"))
    with pytest.raises(InputError, match=r"got twice: \['model.cif'\]"):
        minimize_files(paths, tmp_path / "out", tmp_path / "out" / "energies.tsv")
    assert not (tmp_path / "out").exists()
