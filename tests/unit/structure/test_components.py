import pytest

from rna_predict.constants import ALPHABET
from rna_predict.structure.components import DNA, L_RNA, OTHER, RNA, UNLISTED, component


@pytest.mark.parametrize(
    ("name", "kind", "parent"),
    [
        ("G", RNA, "G"),
        ("PSU", RNA, "U"),
        ("5MC", RNA, "C"),
        ("YYG", RNA, "G"),
        ("1MA", RNA, "A"),
        ("I", RNA, "G"),
        ("LCG", RNA, "G"),
        ("GTP", RNA, "G"),
        ("GDP", RNA, "G"),
        ("N", RNA, "N"),
        ("DG", DNA, "G"),
        ("DT", DNA, "U"),
        ("0G", L_RNA, "N"),
        ("0U", L_RNA, "N"),
        ("ALA", OTHER, "N"),
        ("FMN", OTHER, "N"),
        ("HOH", OTHER, "N"),
        ("QQQQQ", UNLISTED, "N"),
        ("ACGU", UNLISTED, "N"),
        ("", UNLISTED, "N"),
    ],
)
def test_kind_and_parent(name, kind, parent):
    found = component(name)
    assert (found.kind, found.parent) == (kind, parent)


def test_every_component_of_the_dictionary_has_one_known_letter():
    from biotite.structure.info.ccd import get_ccd

    names = get_ccd()["chem_comp"]["id"].as_array(str).tolist()
    found = [component.__wrapped__(name) for name in names]  # uncached: 50,000 names
    assert {entry.parent for entry in found} == set(ALPHABET)
    assert {entry.kind for entry in found} == {RNA, DNA, L_RNA, OTHER}
