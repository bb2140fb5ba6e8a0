import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.families.hits import posterior_values, read_printed


def read(model, target, posterior="", **places):
    values = {"start": 0, "cm_start": 0, "score": 20.0, "evalue": 1e-3, **places}
    return read_printed(model, target, posterior, **values)


def test_matches_insertions_and_deletions():
    hit = read("gcA.uU", "GC-aAU", "98.*76", start=7, end=12, cm_start=3, cm_end=8)
    assert hit.columns == (3, 4, -1, 6, 7)
    assert hit.posterior == "98*76"
    assert hit.truncated == ""


def test_a_local_end_hides_columns_and_residues():
    hit = read("gc*[17]*Ag", "GC*[ 2]*UC", "**......9*", end=6, cm_end=21)
    assert hit.columns == (0, 1, -1, -1, 19, 20)
    assert hit.posterior == "**??9*"


def test_truncated_ends_are_told_and_cost_no_residues():
    model, target = "<[2]*ggA*[30]>", "<[0]*GCA*[ 0]>"
    hit = read(model, target, ".....***......", end=3, cm_start=2, cm_end=5)
    assert hit.columns == (2, 3, 4)
    assert hit.truncated == "5'3'"
    # With a local begin the number at the 5' end is not the first column.
    assert read(model, target, end=3, cm_start=20, cm_end=23).columns == (20, 21, 22)
    assert read("gg*[3]>", "GC*[0]>", end=2, cm_end=2).truncated == "3'"


def test_local_ends_may_follow_one_another():
    hit = read("g*[112]**[27]*C", "G*[  1]**[ 2]*C", end=5, cm_end=141)
    assert hit.columns == (0, -1, -1, -1, 140)


def test_without_posteriors_they_are_unknown():
    assert read("gc", "GC", end=2, cm_end=2).posterior == "??"


def test_lines_that_end_elsewhere_are_refused():
    with pytest.raises(InputError, match="ends at column 2 after 2 residues, expected 3 after 2"):
        read("gc", "GC", end=2, cm_end=3)
    with pytest.raises(InputError, match="expected 2 after 3"):
        read("gc", "GC", end=3, cm_end=2)
    with pytest.raises(InputError, match="does not fit"):
        read("g*[17]*c", "GAAAAAAC", end=8, cm_end=19)


def test_posterior_letters_are_the_middles_of_their_ranges():
    values = posterior_values("0123456789*")
    assert (np.diff(values) > 0).all()
    assert values[0] == pytest.approx(0.025)
    assert values[[1, 9]] == pytest.approx([0.1, 0.9])
    assert values[10] == pytest.approx(0.975)
