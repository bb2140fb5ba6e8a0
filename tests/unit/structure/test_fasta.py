import pytest

from rna_predict.errors import InputError
from rna_predict.structure.fasta import read_fasta


def fasta(tmp_path, text):
    path = tmp_path / "targets.fasta"
    path.write_text(text)
    return path


def test_names_are_first_words_and_order_is_kept(tmp_path):
    path = fasta(tmp_path, ">b second word\nACGU\n\n>a\tx\nGG\nCC\n")
    assert list(read_fasta(path).items()) == [("b", "ACGU"), ("a", "GGCC")]


def test_lower_case_and_thymine_are_read_as_rna(tmp_path):
    assert read_fasta(fasta(tmp_path, ">a\nacgtTUn\n")) == {"a": "ACGUUUN"}


def test_windows_line_ends_and_byte_order_mark_are_no_letters(tmp_path):
    path = tmp_path / "targets.fasta"
    path.write_bytes(b"\xef\xbb\xbf>a\r\nACGU\r\n")
    assert read_fasta(path) == {"a": "ACGU"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found none"),
        ("ACGU\n", "line 1: expected a header"),
        (">\nACGU\n", "line 1: a header without a name"),
        (">a\nAC\n>a\nGU\n", "record 'a': a second record of that name, line 3"),
        (">a\n>b\nGU\n", "record 'a': an empty sequence"),
        (">a\nAC\nG-U\n", "record 'a' position 4: '-' is not a nucleotide"),
        (">a\nACGR\n", "record 'a' position 4: ambiguity code 'R'"),
        (">a\nAC GU\n", "record 'a' position 3: ' ' is not a nucleotide"),
    ],
)
def test_bad_files_are_refused_with_file_record_and_position(tmp_path, text, message):
    path = fasta(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_fasta(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_binary_files_are_refused(tmp_path):
    path = tmp_path / "targets.fasta"
    path.write_bytes(b">a\n\xff\xfe\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_fasta(path)
