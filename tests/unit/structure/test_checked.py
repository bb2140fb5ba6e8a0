import gzip
import hashlib

import numpy as np
import pytest

from rna_predict.errors import EntryError
from rna_predict.structure.checked import Journal, check_file

ROWS = np.random.default_rng(0).normal(size=(20_000, 3))
TEXT = b"data_X\n" + b"".join(b"%.6f %.6f %.6f\n" % tuple(row) for row in ROWS)


@pytest.mark.parametrize("before", [0, 1000, 65530, 200_000])
def test_atoms_are_found_wherever_they_begin(tmp_path, before):
    path = tmp_path / "x.cif.gz"
    path.write_bytes(gzip.compress(TEXT[:before] + b"_atom_site.id\n" + TEXT[before:], 1))
    assert check_file(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_gzip_files_that_follow_one_another_and_padding_are_whole(tmp_path):
    path = tmp_path / "x.cif.gz"
    parts = [gzip.compress(TEXT), gzip.compress(b"_atom_site.id\n"), bytes(600)]
    path.write_bytes(b"".join(parts))
    assert gzip.decompress(path.read_bytes()) == TEXT + b"_atom_site.id\n"
    wanted = hashlib.sha256(TEXT + b"_atom_site.id\n").hexdigest()
    assert check_file(path, wanted, of_text=True) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_flipped_bit_and_every_cut_is_noticed(tmp_path):
    path = tmp_path / "x.cif.gz"
    whole = gzip.compress(b"_atom_site.id\n" + TEXT)
    rng = np.random.default_rng(1)
    places = [*rng.integers(10, len(whole), size=20).tolist(), len(whole) - 8, len(whole) - 1]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        for content in (damaged, whole[:place]):
            path.write_bytes(content)
            with pytest.raises(EntryError) as caught:
                check_file(path)
            assert caught.value.reason == "wrong_bytes"


def test_journals_keep_what_was_noted_while_the_file_stays_the_same(tmp_path):
    path, other = tmp_path / "x.cif.gz", tmp_path / "y.cif.gz"
    path.write_bytes(b"1")
    other.write_bytes(b"1")
    Journal(tmp_path / "j.tsv").note(path, "a" * 64)
    journal = Journal(tmp_path / "j.tsv")
    assert (journal.sha256(path), journal.sha256(other)) == ("a" * 64, "")
    path.write_bytes(b"12")
    assert journal.sha256(path) == ""
