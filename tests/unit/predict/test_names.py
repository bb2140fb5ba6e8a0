"""Names of folders."""

import pytest

from rna_predict.errors import InputError
from rna_predict.predict.names import safe_names


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("1ehz_A", "1ehz_A"),
        ("sp|Q9/x", "sp_Q9_x"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        (".hidden", "_hidden"),
        ("-rf", "_rf"),
        ("a:b*c", "a_b_c"),
        ("tRNA-Ala.1", "tRNA-Ala.1"),
    ],
)
def test_unsafe_characters_are_replaced(header, name):
    assert safe_names([header], "f.fasta") == {header: name}


def test_two_targets_of_one_name_are_refused():
    with pytest.raises(InputError, match=r"'a/b' and 'a_b' are both named a_b"):
        safe_names(["a/b", "c", "a_b"], "f.fasta")


def test_name_too_long_for_a_folder_is_refused():
    with pytest.raises(InputError, match="over 100 letters"):
        safe_names(["a" * 101], "f.fasta")
