"""Pages of predicted structures over the true ones."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.settings import StructurePages
from rna_predict.training.diagnostics.structures import (
    Prediction,
    StructurePageWriter,
    write_page,
)


def shown(path):
    text = path.read_text()
    return json.loads(re.search(r'id="chains">(.*?)</script>', text, re.S).group(1))


@pytest.fixture
def native(sets):
    chain = sets["train"].examples[0].chain
    return Prediction(
        name=chain.name, source="sampled", sequence=chain.sequence,
        coords=np.nan_to_num(chain.coords).astype(float),
        native=np.nan_to_num(chain.coords).astype(float), mask=chain.atom_mask,
    )  # fmt: skip


def test_page_is_whole_by_itself(native, tmp_path):
    write_page(tmp_path / "page.html", "A <title> & more", [native])
    text = (tmp_path / "page.html").read_text()
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)|@import", text)
    assert "A &lt;title&gt; &amp; more" in text
    assert "$chains" not in text


def test_moved_native_lies_on_the_native(native, tmp_path):
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved = replace(native, coords=native.coords @ turn.T + 50)
    write_page(tmp_path / "page.html", "t", [moved])
    (chain,) = shown(tmp_path / "page.html")
    assert chain["scores"] == pytest.approx({"RMSD": 0, "TM": 1, "lDDT": 1}, abs=1e-3)
    assert max(d for d in chain["distance"] if d is not None) < 0.01
    assert np.allclose(chain["model"], chain["native"], atol=0.02)


def test_residues_that_were_not_observed_have_no_error(native, tmp_path):
    mask = native.mask.copy()
    mask[3] = False
    write_page(tmp_path / "page.html", "t", [replace(native, mask=mask)])
    (chain,) = shown(tmp_path / "page.html")
    assert chain["native"][3] is None
    assert chain["distance"][3] is None
    assert len(chain["native"]) == len(chain["sequence"]) == 24


def test_text_cannot_leave_its_place(native, tmp_path):
    write_page(tmp_path / "page.html", "t", [replace(native, name="</script><b>")])
    assert "</script><b>" not in (tmp_path / "page.html").read_text()
    assert shown(tmp_path / "page.html")[0]["name"] == "</script><b>"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [(StructurePages(), [1, 2, 4, 8, 11]), (StructurePages(validations=(3, 11)), [3, 11])],
)
def test_chosen_validations(settings, expected, tmp_path):
    writer = StructurePageWriter(settings, Recorder(1), "pretrain", tmp_path)
    assert [number for number in range(1, 12) if writer.chosen(number, 11)] == expected


def test_run_leaves_a_page_of_every_chosen_validation(run, phase, tmp_path):
    recorder = Recorder(1)
    pages = StructurePageWriter(StructurePages((2,)), recorder, "pretrain", tmp_path / "pages")
    run(phase, [recorder, pages])
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["pretrain_step6.html"]
    (chain,) = shown(tmp_path / "pages/pretrain_step6.html")
    assert (chain["name"], chain["source"]) == ("2a43_A", "sampled")
    (result,) = [row for row in run.rows if (row["step"], row["kind"]) == (6, "validation")]
    assert chain["scores"]["RMSD"] == pytest.approx(result["rmsd"], rel=1e-3)
    assert chain["scores"]["lDDT"] == pytest.approx(result["lddt"], rel=1e-3)


def test_phase_that_samples_nothing_shows_stage_c(run, phase, tmp_path):
    only = dict.fromkeys(vars(phase.losses), 0.0)
    losses = replace(phase.losses, **{**only, "torsion": 1.0})
    torsions = replace(phase, parts=("torsion_net",), losses=losses, select="mcq")
    recorder = Recorder(1)
    run(torsions, [recorder, StructurePageWriter(StructurePages(), recorder, "t", tmp_path / "p")])
    assert shown(tmp_path / "p/t_step3.html")[0]["source"] == "stage C"
