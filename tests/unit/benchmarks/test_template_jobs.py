"""Results that are kept: done once, and again when what they rest on changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.template_jobs import ROOT, Clock, Job, do_all, peak_memory


def work(folder: Path, *, text: str) -> dict[str, str]:
    if text == "fault":
        raise ValueError(text)
    (folder / "result.txt").write_text(text)
    return {"text": text}


@pytest.fixture
def job(tmp_path) -> Job:
    return Job(tmp_path / "a" / "b", work, {"text": "one"}, Path(__file__), {"seed": 0})


def test_a_job_is_done_in_a_process_and_not_again(job, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)  # processes import the tests from it
    do_all([job], 1)
    assert job.is_done()
    assert job.outcome()["text"] == "one"
    (job.folder / "result.txt").unlink()
    do_all([job], 1)
    assert not (job.folder / "result.txt").exists()


def test_other_facts_or_other_code_ask_for_it_anew(job, tmp_path):
    job.do()
    code = tmp_path / "code.py"
    code.write_text("x = 1\n")
    assert not replace(job, facts={"seed": 1}).is_done()
    assert not replace(job, code=code).is_done()
    (job.folder / "left_over.cif").touch()
    replace(job, facts={"seed": 1}).do()
    assert not (job.folder / "left_over.cif").exists()


def test_a_job_that_failed_leaves_no_record(job):
    broken = replace(job, arguments={"text": "fault"})
    with pytest.raises(ValueError, match="fault"):
        broken.do()
    assert broken.folder.is_dir()
    assert not broken.is_done()


def test_the_clock_measures_laps_apart():
    clock = Clock()
    sum(range(10**6))
    clock.lap("first")
    clock.lap("second")
    assert set(clock.laps) == {"first_seconds", "first_cpu", "second_seconds", "second_cpu"}
    assert clock.laps["second_seconds"] <= clock.laps["first_seconds"]
    assert peak_memory()["peak_mb"] > 10
