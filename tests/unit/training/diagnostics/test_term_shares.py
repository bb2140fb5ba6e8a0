"""Shares of the terms: noted, and said where one rules."""

from dataclasses import replace

import pandas as pd
import pytest

from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.term_shares import TermShares


def watch(every, limit=0.9):
    return [recorder := Recorder(every), TermShares(recorder, "pretrain", limit)]


def test_shares_are_those_of_the_terms_since_the_last_look(run, phase, caplog):
    run(phase, watch(3))
    rows = pd.DataFrame(run.rows)
    rows = rows[rows["kind"] == "train"].set_index("step")
    names = ("diffusion", "smooth_lddt", "torsion", "distogram")
    shares = rows[[f"share_{name}" for name in names]].dropna()
    assert shares.index.tolist() == [1, 3, 6]
    assert shares.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    terms = rows[[f"{name}_weighted" for name in names]].loc[4:6].sum()
    expected = (terms / terms.sum()).tolist()
    assert shares.loc[6].tolist() == pytest.approx(expected, rel=1e-5)
    assert "is too large" not in caplog.text


def test_term_that_rules_is_said(run, phase, caplog):
    heavy = replace(phase, losses=replace(phase.losses, torsion=1000.0))
    run(heavy, watch(3))
    assert "phase pretrain step 3: torsion is" in caplog.text


def test_sums_go_on_from_a_checkpoint():
    first, second = watch(3)[1], watch(3)[1]
    first.sums = {"torsion": 2.5}
    second.load_state_dict(first.state_dict())
    assert second.sums == {"torsion": 2.5}
