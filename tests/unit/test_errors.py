"""Errors say where and what, and survive the way between processes."""

import pickle

import pytest

from rna_predict.errors import EntryError, InputError


@pytest.mark.parametrize(
    "error", [InputError("1abc.cif", "no C1'"), EntryError("1abc", "3 nt", "too_short")]
)
def test_errors_come_back_whole_from_another_process(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error) == f"{error.where}: {error.what}"
    assert vars(back) == vars(error)
