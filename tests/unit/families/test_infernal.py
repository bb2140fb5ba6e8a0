import os
import shutil

import pytest

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.families.stockholm import read_stockholm

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"

installed = pytest.mark.skipif(shutil.which("cmsearch") is None, reason="no cmsearch on PATH")


@pytest.fixture(scope="module")
def models(root):
    return read_models([root / "config" / "example" / "rfam"])


@pytest.fixture(scope="module")
def trna(models):
    return next(model for model in models if model.name == "tRNA")


@pytest.fixture(scope="module")
def pieces(root):
    """Give whole tRNAs of the seed, and both ends and the middle of others."""
    rows = read_stockholm(root / "config/example/rfam/RF00005.sto").rows[::15]
    texts = [row.replace(".", "").replace("-", "").upper() for row in rows]
    cuts = (slice(None), slice(0, 50), slice(25, None), slice(8, 62))
    return tuple(dict.fromkeys(text[cuts[k % 4]] for k, text in enumerate(texts)))


def test_a_trna_is_found_where_it_lies_and_aligned_column_by_column(trna):
    sequences = ("ACGU" * 10, "AAAAAAA" + TRNA + "AAAAA")
    ((number, hit),) = make_program("pyinfernal", 1.0, 1.0).search(trna, sequences)
    assert number == 1
    assert (hit.start, hit.end, hit.cm_start, hit.cm_end) == (7, 80, 0, 71)
    assert hit.truncated == ""
    assert hit.score > 50
    assert hit.evalue < 1e-9
    # The anticodon loop of the consensus lies on the anticodon loop of the sequence.
    loop = [hit.start + hit.columns.index(column) for column in range(30, 37)]
    assert "".join(sequences[1][k] for k in loop) == "CUGAAGA"


def test_a_trna_that_lacks_an_end_is_truncated_there(trna):
    program = make_program("pyinfernal", 1e3, 1.0)
    ((_, left),) = program.search(trna, (TRNA[:45],))
    ((_, right),) = program.search(trna, (TRNA[26:],))
    assert (left.truncated, left.cm_start) == ("3'", 0)
    assert (right.truncated, right.cm_end) == ("5'", 71)


def test_a_hit_does_not_depend_on_what_else_is_searched(trna, pieces):
    program = make_program("pyinfernal", 1.0, 1.0)
    together = program.search(trna, pieces)
    alone = [(k, hit) for k, text in enumerate(pieces) for _, hit in program.search(trna, (text,))]
    assert sorted(together, key=lambda pair: pair[0]) == alone
    assert {hit.truncated for _, hit in alone} == {"", "5'", "3'", "5'3'"}


def test_evalues_are_proportional_to_the_stated_database(trna):
    small, large = (
        make_program("pyinfernal", 1.0, size).search(trna, (TRNA,))[0][1].evalue
        for size in (1.0, 10.0)
    )
    assert large == pytest.approx(10 * small, rel=1e-3)


def test_hits_above_the_evalue_are_not_reported(trna):
    half = (TRNA[:40],)
    least = min(hit.evalue for _, hit in make_program("pyinfernal", 1e5, 1.0).search(trna, half))
    assert make_program("pyinfernal", least / 2, 1.0).search(trna, half) == []


def test_sequences_too_short_for_a_model_are_no_error(trna):
    assert make_program("pyinfernal", 1.0, 1.0).search(trna, ("A", "NN", "NNNNNNNNNN")) == []


@pytest.mark.parametrize("name", ["pyinfernal", pytest.param("infernal", marks=[
    pytest.mark.tool, installed])])  # fmt: skip
def test_a_model_that_the_program_cannot_read_is_named(root, tmp_path, name):
    text = (root / "config/example/rfam/tRNA.c.cm").read_text().replace("STATES", "STATEZ")
    (tmp_path / "spoiled.cm").write_text(text)
    (model,) = read_models([tmp_path / "spoiled.cm"])
    with pytest.raises(InputError, match="spoiled.cm: model 'tRNA' not readable by"):
        make_program(name, 1.0, 1.0).search(model, (TRNA,))


def test_programs_that_cannot_run_are_refused(monkeypatch, tmp_path):
    with pytest.raises(InputError, match="expected one of pyinfernal, infernal, got 'blast'"):
        make_program("blast", 1.0, 1.0)
    with pytest.raises(InputError, match="positive"):
        make_program("pyinfernal", 0.0, 1.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no program cmsearch"):
        make_program("infernal", 1.0, 1.0)
    other = tmp_path / "cmsearch"
    other.write_text("#!/bin/sh\necho something else\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    with pytest.raises(InputError, match="expected Infernal's cmsearch, it said: something else"):
        make_program("infernal", 1.0, 1.0)


def assert_same_hits(models, sequences):
    """Search with both programs; give the number of hits after comparing them."""
    module, program = (make_program(name, 1.0, 1.0) for name in ("pyinfernal", "infernal"))
    total = 0
    for model in models:
        ours, theirs = (
            sorted(searched.search(model, sequences), key=lambda pair: (pair[0], pair[1].start))
            for searched in (module, program)
        )
        assert [number for number, _ in ours] == [number for number, _ in theirs], model.name
        for (_, one), (_, other) in zip(ours, theirs, strict=True):
            # cmsearch prints one decimal of the score and two digits of the E-value
            assert one.score == pytest.approx(other.score, abs=0.051)
            assert one.evalue == pytest.approx(other.evalue, rel=0.06)
            for name in ("start", "end", "cm_start", "cm_end", "truncated", "columns", "posterior"):
                assert getattr(one, name) == getattr(other, name), (model.name, name)
        total += len(ours)
    return total


@pytest.mark.tool
@installed
def test_the_program_gives_the_same_hits_as_the_module(models, pieces, example_chains):
    sequences = {chain.sequence for chain in example_chains}
    assert assert_same_hits(models, (*pieces, *sorted(sequences))) > 50


@pytest.mark.tool
@pytest.mark.slow
@installed
def test_the_program_gives_the_same_hits_on_the_shared_chains(shared_data):
    from rna_predict.structure.mmcif import read_chains

    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))[::10]
    sequences = {
        chain.sequence
        for path in paths
        if path.name[:4] not in {"2g32", "1r3o"} and "2gp" not in path.name
        for chain in read_chains(path)
        if len(chain) <= 200
    }
    models = [model for model in read_models([shared_data / "rfam"]) if model.length < 600]
    assert assert_same_hits(models, tuple(sorted(sequences))) > 50
