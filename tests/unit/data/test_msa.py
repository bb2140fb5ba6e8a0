"""Alignments that a user gives."""

import numpy as np
import pytest

from rna_predict.data.msa import GAP, choose_rows, empty_msa, encode_rows, read_msa
from rna_predict.errors import InputError
from rna_predict.model import inputs

SEQUENCE = "GGACUC"
ROWS = ["GGACUC", "GA-CNU", "--ACUC"]
CODES = [[2, 0, 5, 1, 4, 3], [5, 5, 0, 1, 3, 1]]


@pytest.fixture
def write(tmp_path):
    def write(text, name="a.fasta"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def fasta(*rows):
    return "".join(f">r{k} text\n{row[:4]}\n{row[4:]}\n" for k, row in enumerate(rows))


def test_gap_is_the_letter_that_the_network_knows():
    assert GAP == inputs.GAP


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (fasta(*ROWS), "plain.fasta"),
        (fasta(*ROWS).replace("U", "t"), "dna.fasta"),
        (fasta("G-GAC.UC", "GCA-CGNU", "-U-AC-UC"), "columns.fasta"),
        (fasta("GGACUC", "GAaa-CNuU", "..--ACUC"), "insertions.a3m"),
        (fasta("GGACUC", "GAaa-CNuU", "--ACUC"), "insertions.txt"),
        (fasta("GAyCNU", "GGACUC", "GA-CRU", "GA~CDU", "--ACUC", "------"), "order.fasta"),
        (
            "# STOCKHOLM 1.0\n#=GF SS <<..>>\n\nt GGACUC\nx GA-CNU\n#=GR x SS <<..>>\ny --ACUC\n"
            "#=GC SS_cons <<..>>\n//\n",
            "family.sto",
        ),
    ],
)
def test_formats_give_the_same_rows_over_the_sequence(write, text, name):
    found = read_msa(write(text, name), SEQUENCE).tolist()
    if name == "order.fasta":
        assert found.pop(0) == [2, 0, 4, 1, 4, 3]  # ambiguity codes are N
    assert found == CODES


def test_lines_of_structure_change_nothing(write):
    rows = "t GGACUC\nx GA-CNU\ny --ACUC\n"
    plain = write(f"# STOCKHOLM 1.0\n{rows}//\n", "a.sto")
    lines = "#=GC SS_cons <<<>>>\n#=GR t SS ((..))\n#=GS t DR PDB; 1ABC A;\n"
    with_structure = write(f"# STOCKHOLM 1.0\n{rows}{lines}//\n", "b.sto")
    np.testing.assert_array_equal(read_msa(plain, SEQUENCE), read_msa(with_structure, SEQUENCE))


def test_the_sequence_itself_and_copies_of_rows_are_left_out(write):
    found = read_msa(write(fasta(*ROWS, *ROWS, "GGACUC")), SEQUENCE)
    assert found.tolist() == CODES


def test_an_alignment_of_the_sequence_alone_has_no_rows(write):
    assert read_msa(write(fasta("GGACUC")), SEQUENCE).shape == (0, 6)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "a.fasta", "expected '# STOCKHOLM 1.0' or FASTA rows"),
        ("GGACUC\n", "a.fasta", "line 1: expected '>name' first"),
        (fasta("GGACUU", "GA-CNU"), "a.fasta", "none of its 2 rows is the sequence of 6 nt"),
        (fasta("GGACUC", "GAWLKU"), "a.fasta", "row 2 column 4: 'L' is not a nucleotide"),
        (fasta("GGACUC", "GA-CN"), "a.a3m", "row 2: expected 6 columns, got 5"),
        (fasta("GG-ACUC", "GGaACUC"), "a.a3m", "row 1: expected the sequence, without gaps"),
        ("# STOCKHOLM 1.0\nt GGACUC\n", "a.sto", "cut short"),
    ],
)
def test_faulty_files_are_refused(write, text, name, message):
    with pytest.raises(InputError, match=message):
        read_msa(write(text, name), SEQUENCE)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.sto: expected an alignment"):
        read_msa(tmp_path / "none.sto", SEQUENCE)


def test_rows_of_text_that_is_not_ascii_are_refused():
    with pytest.raises(InputError, match="row 1 column 2: 'é' is not a nucleotide"):
        encode_rows(["GéA"], 3, "table")


def test_rows_are_drawn_without_replacement_in_their_order():
    msa = np.arange(40, dtype=np.uint8)[:, None]
    drawn = [choose_rows(msa, 10, np.random.default_rng(seed))[:, 0] for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    assert all(len(rows) == 10 and (np.diff(rows.astype(int)) > 0).all() for rows in drawn)
    assert len(choose_rows(msa, 99, np.random.default_rng(0))) == 40
    assert choose_rows(empty_msa(7), 9, np.random.default_rng(0), thin=True).shape == (0, 7)
