import pytest

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
    ],
)
def test_kind_and_parent(name, kind, parent):
    found = component(name)
    assert (found.kind, found.parent) == (kind, parent)
