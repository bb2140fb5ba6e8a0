"""The command rna-predict: what it writes, what it says, and its exit status."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.cli import main
from rna_predict.predict import fold, template_library, weights
from rna_predict.structure.mmcif import read_chains, write_chain


@pytest.fixture
def hairpin(root):
    return root / "config/example/pdb/1q9a.cif.gz"


def test_angles_has_the_promised_columns_in_degrees(hairpin, tmp_path):
    assert main(["angles", str(hairpin), "--out", str(tmp_path / "t.tsv")]) == 0
    table = pd.read_table(tmp_path / "t.tsv")
    assert list(table.columns[:6]) == [
        "chain", "index", "auth_number", "ins_code", "residue", "base",
    ]  # fmt: skip
    assert len(table) == 27
    assert np.isnan(table["alpha"].iloc[0])
    assert table["phase"].dropna().between(0, 360).all()
    assert (table["delta"].dropna() > 60).all()


def test_score_gives_one_row_a_model_in_order_and_says_what_failed(hairpin, tmp_path, capsys):
    missing = tmp_path / "missing.cif"
    out, residues = tmp_path / "s.tsv", tmp_path / "r.tsv"
    arguments = ["score", "--native", str(hairpin), "--out", str(out)]
    status = main(
        [*arguments, "--models", str(missing), str(hairpin), "--per-residue", str(residues)]
    )
    assert status == 1
    assert "missing.cif: no such file" in capsys.readouterr().err
    table = pd.read_table(out)
    assert table["model"].tolist() == [str(missing), str(hairpin)]
    assert table["tm_score"].isna().tolist() == [True, False]
    assert table.loc[1, ["tm_score", "lddt", "rmsd"]].tolist() == pytest.approx([1, 1, 0], abs=1e-5)
    assert len(pd.read_table(residues)) == 27
    assert main([*arguments, "--models", str(hairpin)]) == 0


def test_minimize_keeps_names_and_says_what_it_did(root, tmp_path):
    (chain,) = read_chains(root / "config/example/pdb/1a9n.cif.gz")
    write_chain(tmp_path / "in" / "loop.cif", chain)
    assert main(["minimize", str(tmp_path / "in/loop.cif"), "--out", str(tmp_path / "out")]) == 0
    (minimised,) = read_chains(tmp_path / "out/loop.cif")
    assert minimised.sequence == chain.sequence
    (row,) = pd.read_table(tmp_path / "out/energies.tsv").itertuples()
    assert row.model == "loop"
    assert row.kept
    assert row.energy_after < row.energy_before


def test_fold_without_weights_is_an_error_and_never_a_guess(tmp_path, monkeypatch, capsys):
    def none_found():
        from rna_predict.predict.weights import find_weights

        return find_weights((tmp_path,))

    monkeypatch.setattr(weights, "shipped_weights", list)
    monkeypatch.setattr(fold, "find_weights", none_found)
    monkeypatch.setattr(template_library, "find_library", lambda: None)
    (tmp_path / "in.fasta").write_text(">a\nGGGAAACCC\n")
    assert main(["fold", str(tmp_path / "in.fasta"), "--out", str(tmp_path / "out")]) == 1
    assert "make run" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_faulty_input_is_a_message_and_not_a_traceback(tmp_path, capsys):
    assert main(["angles", str(tmp_path / "no.cif"), "--out", str(tmp_path / "t.tsv")]) == 1
    assert capsys.readouterr().err.startswith("rna-predict angles: ")
    with pytest.raises(SystemExit) as stop:
        main(["unfold"])
    assert stop.value.code == 2
