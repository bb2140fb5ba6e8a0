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
    with pytest.raises(InputError, match=r"got twice: \['model'\]"):
        minimize_files(paths, tmp_path / "out", tmp_path / "out" / "energies.tsv")
    assert not (tmp_path / "out").exists()


def minimized(paths, out, **settings):
    return minimize_files(paths, out, out / "energies.tsv", max_iterations=10, **settings)


def test_a_rerun_leaves_what_is_done_and_does_what_changed(chain, noisy, tmp_path):
    paths = [tmp_path / f"{name}.cif" for name in "ab"]
    for seed, path in enumerate(paths):
        write_chain(path, noisy(chain("434d_A"), 0.1, seed=seed))
    out = tmp_path / "out"
    first = minimized(paths, out)
    assert first.skipped == 0 and first.table["kept"].all()
    before = [(out / path.name).stat().st_mtime_ns for path in paths]
    table = (out / "energies.tsv").read_bytes()
    assert minimized(paths, out).skipped == 2
    assert [(out / path.name).stat().st_mtime_ns for path in paths] == before
    assert (out / "energies.tsv").read_bytes() == table
    write_chain(paths[0], noisy(chain("434d_A"), 0.1, seed=5))
    again = minimized(paths, out)
    assert again.skipped == 1 and not again.faults
    assert (out / "b.cif").stat().st_mtime_ns == before[1]
    assert minimized(paths, out, restraint=4000.0).skipped == 0
    assert minimized(paths, out, restraint=4000.0, force=True).skipped == 0


def test_the_same_input_gives_the_same_files(chain, noisy, tmp_path):
    write_chain(tmp_path / "a.cif", noisy(chain("434d_A"), 0.2))
    for name in ("one", "two"):
        minimized([tmp_path / "a.cif"], tmp_path / name, platform="CPU")
    assert (tmp_path / "one/a.cif").read_bytes() == (tmp_path / "two/a.cif").read_bytes()


def test_stems_that_meet_and_results_in_the_place_of_models_are_refused(chain, tmp_path):
    paths = [tmp_path / "a.cif", tmp_path / "a.pdb"]
    for path in paths:
        write_chain(path, chain("434d_A"))
    with pytest.raises(InputError, match=r"got twice: \['a'\]"):
        minimized(paths, tmp_path / "out")
    with pytest.raises(InputError, match="another folder"):
        minimized(paths[:1], tmp_path)
    with pytest.raises(InputError, match="threads >= 1"):
        minimized(paths[:1], tmp_path / "out", threads=0)


def test_a_model_that_is_ended_keeps_its_input_and_is_tried_again(chain, tmp_path):
    write_chain(tmp_path / "a.cif", chain("1y26_X"))
    ended = minimized([tmp_path / "a.cif"], tmp_path / "out", time_limit=0.05, grace=0.0)
    assert ended.table["reason"].tolist() == ["time_limit"] and not ended.faults
    assert ended.table["detail"].tolist() == ["ended after 0.05 s"]
    (before,), (after,) = (read_chains(tmp_path / at / "a.cif") for at in (".", "out"))
    np.testing.assert_array_equal(before.coords, after.coords)
    again = minimized([tmp_path / "a.cif"], tmp_path / "out", time_limit=0.05, grace=0.0)
    assert again.skipped == 0
