"""Kept foldings: the same answers, never a damaged or a foreign one."""

import os
import subprocess
import sys
from dataclasses import astuple

import numpy as np
import pytest

from rna_predict.secondary.cache import CachedAdjacency
from rna_predict.secondary.files import PairFiles
from rna_predict.secondary.viennarna import ViennaRNA

SEQUENCES = ("GGGGCGAAAGCCCC", "GGGAAACCCAUUGGCAAAGCC", "AAAA", "A")


class Counted(ViennaRNA):
    """ViennaRNA that counts the sequences it folds."""

    calls = 0

    def fold(self, sequence, names=()):
        self.calls += 1
        return super().fold(sequence, names)


def equal(one, other):
    for a, b in zip(astuple(one), astuple(other), strict=True):
        assert type(a) is type(b)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_what_is_kept_is_what_was_folded_bit_by_bit(tmp_path, sequence):
    backend = Counted(0.0, 0)
    source = CachedAdjacency(backend, tmp_path)
    first, again = source.fold(sequence), source.fold(sequence)
    equal(first, again)
    equal(first, ViennaRNA(0.0, 0).fold(sequence))
    assert backend.calls == 1


def test_unknown_energies_survive(tmp_path):
    class Silent(Counted):
        def fold(self, sequence, names=()):
            return PairFiles(tmp_path, 0.01, 0).fold(sequence, ["x"])

    (tmp_path / "x.dbn").write_text("((...))")
    source = CachedAdjacency(Silent(0.01, 0), tmp_path / "cache")
    for _ in range(2):
        folding = source.fold("GGAAACC")
        assert np.isnan(folding.mfe_energy) and np.isnan(folding.ensemble_energy)


def test_other_options_versions_and_backends_have_other_entries(tmp_path):
    sources = [ViennaRNA(0.01, 0), ViennaRNA(0.02, 0), ViennaRNA(0.01, 9)]
    newer, other = ViennaRNA(0.01, 0), ViennaRNA(0.01, 0)
    newer.version, other.name = "0", "other"
    sources += [newer, other]
    paths = {
        CachedAdjacency(source, tmp_path).path(sequence)
        for source in sources
        for sequence in SEQUENCES
    }
    assert len(paths) == len(sources) * len(SEQUENCES)


@pytest.mark.parametrize("kind", ["empty", "cut", "flipped", "foreign"])
def test_a_damaged_entry_is_folded_anew_and_told(tmp_path, capsys, kind):
    backend = Counted(0.0, 0)
    source = CachedAdjacency(backend, tmp_path)
    right = source.fold(SEQUENCES[1])
    (path,) = files(tmp_path)
    data = path.read_bytes()
    damaged = {
        "empty": b"",
        "cut": data[: len(data) // 2],
        "flipped": data[:50] + bytes([data[50] ^ 1]) + data[51:],
        "foreign": b"not an entry at all, but long enough to look like one",
    }
    path.write_bytes(damaged[kind])
    equal(source.fold(SEQUENCES[1]), right)
    assert backend.calls == 2
    assert "damaged, folded anew" in capsys.readouterr().err
    assert path.read_bytes() == data


def test_a_folding_that_fails_leaves_nothing(tmp_path):
    class Failing(Counted):
        def fold(self, sequence, names=()):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        CachedAdjacency(Failing(0.01, 0), tmp_path).fold("AAAA")
    assert files(tmp_path) == []


def test_answers_that_depend_on_names_are_not_kept(tmp_path):
    with pytest.raises(ValueError, match="depend on names"):
        CachedAdjacency(PairFiles(tmp_path, 0.01, 0), tmp_path / "cache")


def test_jobs_may_share_a_folder(tmp_path, root):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from rna_predict.secondary.fold import fold_records, make_adjacency\n"
        "source = make_adjacency('viennarna', 0.01, 0, cache=Path(sys.argv[1]))\n"
        "records = [('GGG' + 'ACGU' * k + 'CCC', [str(k)]) for k in range(1, 40)]\n"
        "print(len(fold_records(records, source)[0]))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    jobs = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(2)]
    said = {job.communicate()[0] for job in jobs}
    assert [job.returncode for job in jobs] == [0, 0]
    assert len(said) == 1
    assert len(files(tmp_path)) == 39
