import pandas as pd
import pytest

from rna_predict.families import search_cache
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import InfernalModule
from rna_predict.families.search import search_families

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
SEQUENCES = {"a": TRNA, "b": "ACGU" * 10, "c": TRNA[:45]}


class Counted(InfernalModule):
    """pyinfernal that notes what it is asked."""

    def __init__(self, max_evalue=1.0, database_size=1.0):
        super().__init__(max_evalue, database_size)
        self.asked = []

    def search(self, model, sequences):
        self.asked += [(model.name, text) for text in sequences]
        return super().search(model, sequences)


@pytest.fixture(scope="module")
def models(root):
    return read_models([root / "config" / "example" / "rfam"])


def search(sequences, models, folder, program=None):
    """Give the tables, and what the program was asked."""
    program = program or Counted()
    found = search_families(sequences, models, program, cache=folder)
    return *found, program.asked


def test_kept_hits_equal_searched_ones_and_nothing_is_searched_twice(models, tmp_path):
    plain, aligned = search_families(SEQUENCES, models, Counted())
    first, kept_aligned, asked = search(SEQUENCES, models, tmp_path)
    assert len(asked) == len(models) * len(SEQUENCES)
    again, again_aligned, asked_again = search(SEQUENCES, models, tmp_path)
    assert asked_again == []
    assert len(plain) >= 2
    pd.testing.assert_frame_equal(first, plain)
    pd.testing.assert_frame_equal(again, plain)
    assert aligned == kept_aligned == again_aligned


def test_only_new_sequences_and_new_models_are_searched(models, tmp_path):
    search({"a": TRNA}, models[:2], tmp_path)
    table, _, asked = search(SEQUENCES, models, tmp_path)
    known = {(model.name, TRNA) for model in models[:2]}
    everything = {(model.name, text) for model in models for text in SEQUENCES.values()}
    assert set(asked) == everything - known
    pd.testing.assert_frame_equal(table, search_families(SEQUENCES, models, Counted())[0])


@pytest.mark.parametrize("change", ["evalue", "size", "version", "format"])
def test_answers_to_other_questions_are_not_used(models, tmp_path, change, monkeypatch):
    search({"a": TRNA}, models, tmp_path)
    program = Counted(0.5 if change == "evalue" else 1.0, 2.0 if change == "size" else 1.0)
    if change == "version":
        program.version = "0"
    if change == "format":
        monkeypatch.setattr(search_cache, "FORMAT", search_cache.FORMAT + 1)
    assert len(search({"a": TRNA}, models, tmp_path, program)[2]) == len(models)


def test_a_changed_model_is_searched_anew(root, models, tmp_path):
    search({"a": TRNA}, models, tmp_path)
    text = (
        (root / "config/example/rfam/tRNA.c.cm").read_text().replace("DESC     tRNA", "DESC     x")
    )
    (tmp_path / "other.cm").write_text(text)
    _, _, asked = search({"a": TRNA}, read_models([tmp_path / "other.cm"]), tmp_path)
    assert asked == [("tRNA", TRNA)]


def test_a_damaged_entry_is_told_and_searched_anew(models, tmp_path, capsys):
    search(SEQUENCES, models, tmp_path)
    (entry,) = tmp_path.glob("*/*.z")
    entry.write_bytes(entry.read_bytes()[:-5])
    assert len(search(SEQUENCES, models, tmp_path)[2]) == len(models) * len(SEQUENCES)
    assert "damaged, not used" in capsys.readouterr().err


def test_a_killed_search_keeps_what_it_had_written(models, tmp_path, monkeypatch):
    monkeypatch.setattr(search_cache, "INTERVAL", -1.0)  # an entry after each model

    class Killed(Counted):
        def search(self, model, sequences):
            if model is models[-1]:
                raise KeyboardInterrupt
            return super().search(model, sequences)

    with pytest.raises(KeyboardInterrupt):
        search(SEQUENCES, models, tmp_path, Killed())
    asked = {name for name, _ in search(SEQUENCES, models, tmp_path)[2]}
    assert asked == {model.name for model in models[-2:]}  # the last but one was not yet written
