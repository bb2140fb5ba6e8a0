import runpy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.evaluate.models import read_complex, read_model, read_models
from rna_predict.evaluate.scores import COLUMNS, RESIDUE_COLUMNS, residue_scores, score_models
from rna_predict.structure.mmcif import write_chain

BETTER_HIGH = ["tm_score", "tm_score_c1", "lddt", "gdt_ts"]
BETTER_LOW = ["rmsd", "rmsd_c1"]


def test_the_native_itself_scores_perfectly(chain):
    native = chain("1y26_X")
    row = score_models([native], native).loc[0]
    assert row[BETTER_HIGH].tolist() == pytest.approx([1.0] * 4, abs=1e-6)
    assert row[BETTER_LOW].tolist() == pytest.approx([0.0] * 2, abs=1e-4)
    assert (row["n_native"], row["n_common"]) == (71, 71)
    assert (row["pairing"], row["error"]) == ("number", "")


def test_chain_name_and_rigid_motion_change_nothing(chain, noisy):
    native = chain("1y26_X")
    model = noisy(native, 1.0)
    moved = replace(model.with_coords(model.coords[..., [1, 2, 0]] - np.float32(20)), chain="Q")
    table = score_models([model, moved], native, hydrogens=False).drop(columns="model")
    pd.testing.assert_frame_equal(table[:1], table[1:].reset_index(drop=True), rtol=1e-4)


def test_mirror_image_scores_low(chain):
    native = chain("1y26_X")
    mirrored = native.with_coords(native.coords * np.float32([-1, 1, 1]))
    row = score_models([mirrored], native, hydrogens=False).loc[0]
    assert row["tm_score"] < 0.4 and row["gdt_ts"] < 0.5 and row["rmsd"] > 5.0


def test_removed_residues_lower_the_scores(chain, part):
    native = chain("1y26_X")
    models = [native, part(native, slice(0, 50)), part(native, slice(0, 30))]
    table = score_models(models, native, hydrogens=False)
    for column in ("tm_score", "lddt", "gdt_ts", "n_common"):
        assert table[column].is_monotonic_decreasing and table[column].is_unique
    assert table["n_native"].tolist() == [71] * 3


def test_what_cannot_be_used_has_its_reason_and_the_rest_is_scored(chain):
    native = chain("1y26_X")
    coords = native.coords.copy()
    coords[:, 1:] = np.nan
    phosphorus = native.with_coords(coords)
    models = [InputError("bad.cif", "not readable"), chain("1kxk_A"), phosphorus, native]
    names = ["a.cif", "b.cif", "c.cif", "d.cif"]
    table = score_models(models, native, names)
    assert list(table.columns) == list(COLUMNS)
    assert table["model"].tolist() == names
    assert table["error"][0] == "bad.cif: not readable"
    assert "nothing in common" in table["error"][1]
    assert "0 residues have C1'" in table["error"][2]
    assert table["error"][3] == "" and table["tm_score"][3] == pytest.approx(1.0)
    measured = [*BETTER_HIGH, *BETTER_LOW, "n_common", "clashes"]
    assert table.loc[:2, measured].isna().all(axis=None)
    assert residue_scores(models, native, names)["model"].unique().tolist() == ["d.cif"]


def test_a_table_of_errors_alone_keeps_its_columns(chain):
    models = [InputError("bad.cif", "not readable")]
    assert score_models(models, chain("1q9a_A"))["error"].tolist() == ["bad.cif: not readable"]
    assert list(residue_scores(models, chain("1q9a_A")).columns) == list(RESIDUE_COLUMNS)


def test_a_native_without_sugars_is_refused(chain):
    native = chain("1q9a_A")
    coords = native.coords.copy()
    coords[:, 1:] = np.nan
    with pytest.raises(InputError, match="0 residues of the native have C1'"):
        score_models([native], native.with_coords(coords))


def test_residues_are_scored_at_their_place_in_the_native(chain, part):
    native = chain("1y26_X")
    coords = native.coords.copy()
    coords[20] = np.nan
    gapped = native.with_coords(coords)
    shifted = native.coords.copy()
    shifted[30] += np.float32(6)
    model = part(native.with_coords(shifted), slice(5, 71))
    table = residue_scores([model], gapped).set_index("index")
    assert 20 not in table.index and len(table) == 70
    assert table["residue"].tolist() == [native.residue_names[i] for i in table.index]
    assert table["lddt"].drop(range(5)).idxmin() == 30
    assert table["distance_c1"].idxmax() == 30
    assert table.loc[:4, "distance_c1"].isna().all() and (table.loc[:4, "lddt"] == 0).all()


def test_the_script_scores_files_and_names_them_as_given(chain, noisy, root, tmp_path):
    native = chain("1q9a_A")
    write_chain(tmp_path / "native.cif", native)
    write_chain(tmp_path / "model_1.cif", noisy(native, 0.5))
    write_chain(tmp_path / "model_2.pdb", native)
    (tmp_path / "broken.cif").write_text("nothing")
    models = [str(tmp_path / name) for name in ("model_1.cif", "model_2.pdb", "broken.cif")]
    script = runpy.run_path(str(root / "scripts" / "score_models.py"))
    script["main"](
        ["--models", *models, "--native", str(tmp_path / "native.cif"),
         "--out", str(tmp_path / "scores.tsv"), "--per-residue", str(tmp_path / "residues.tsv")]
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "scores.tsv", sep="\t")
    assert table["model"].tolist() == models
    assert table["tm_score"][1] > 0.99 > table["tm_score"][0]
    assert "broken.cif" in table["error"][2]
    residues = pd.read_csv(tmp_path / "residues.tsv", sep="\t")
    assert residues.groupby("model").size().tolist() == [27, 27]


def test_a_file_of_several_chains_is_refused_with_their_names(root):
    path = root / "config" / "example" / "pdb" / "1duq.cif.gz"
    with pytest.raises(InputError, match="expected one RNA chain, got 2: A, B"):
        read_model(path)
    assert isinstance(read_models([path])[0], InputError)


def test_chains_of_a_complex_are_scored_together_in_any_order(root):
    native = read_complex(root / "config" / "example" / "pdb" / "1duq.cif.gz")
    assert [chain.chain for chain in native] == ["A", "B"]
    table = score_models([native[::-1], native[1:], native[0]], native, hydrogens=False, wide=True)
    assert table["n_native"].tolist() == [sum(int(c.observed.sum()) for c in native)] * 3
    perfect = ["tm_score", "lddt", "gdt_ts", "inf_all", "contact_f1", "lddt_30"]
    assert table.loc[0, perfect].tolist() == pytest.approx([1.0] * 6, abs=1e-6)
    assert (table.loc[1:, "tm_score"] < 0.7).all()
    residues = residue_scores([native[::-1]], native)
    assert residues["chain"].unique().tolist() == ["A", "B"]
    assert residues["lddt"].min() == 1.0
    only = read_complex(root / "config" / "example" / "pdb" / "1duq.cif.gz", "B")
    assert score_models([native], only, hydrogens=False)["n_native"][0] == len(only[0])
    with pytest.raises(InputError, match="no RNA chain 'Q'; chains found: A, B"):
        read_complex(root / "config" / "example" / "pdb" / "1duq.cif.gz", "Q")


def test_free_alignment_needs_neither_numbers_nor_bases(chain):
    native = chain("1y26_X")
    letters = native.sequence.translate(str.maketrans("ACGU", "UGCA"))
    backbone = native.coords.copy()
    backbone[:, 12:] = np.nan
    model = replace(
        native.with_coords(backbone),
        sequence=letters,
        residue_names=tuple(letters),
        auth_numbers=native.auth_numbers + np.int32(100),
    )
    table = score_models([model], native, pairing="structure", hydrogens=False)
    assert table["pairing"][0] == "structure"
    assert table["tm_score"][0] == pytest.approx(1.0, abs=1e-4)
    assert "nothing in common" in score_models([model], native, hydrogens=False)["error"][0]


def test_processes_give_the_same_table(chain, noisy):
    native = chain("1q9a_A")
    models = [native, InputError("bad.cif", "not readable"), noisy(native, 0.5), noisy(native, 1.0)]
    alone = score_models(models, native, hydrogens=False)
    pd.testing.assert_frame_equal(score_models(models, native, hydrogens=False, jobs=2), alone)
