from dataclasses import replace

from rna_predict.refine.repairs import Repair, describe


def test_repairs_are_told_by_kind_with_author_numbers_and_ranges(motif):
    first = int(motif.auth_numbers[0])
    repairs = [
        Repair("knot", 20, "P-O5' through the sugar ring of 3"),
        *(Repair("built_atoms", index, "P") for index in (2, 7, 3, 4, 4)),
    ]
    expected = f"built_atoms {first + 2}-{first + 4}, {first + 7}; knot {first + 20}"
    assert describe(repairs, motif) == expected


def test_nothing_done_is_an_empty_text(motif):
    assert describe([], motif) == ""


def test_insertion_codes_are_told(motif):
    coded = replace(motif, ins_codes=("", "A", *motif.ins_codes[2:]))
    assert describe([Repair("chirality", 1, "")], coded) == f"chirality {motif.auth_numbers[1]}A"


def test_a_long_list_is_cut_short(motif):
    text = describe([Repair("knot", index, "") for index in range(0, 26, 2)], motif)
    assert text.endswith(", ... 13 in all") and text.count(",") == 10
