from functools import cache

import gemmi
import pytest

from rna_predict.constants import ALPHABET, BASE_ATOMS, SLOT_INDEX
from rna_predict.structure.components import (
    C_GLYCOSIDE_ATOMS,
    C_GLYCOSIDES,
    DNA,
    L_RNA,
    OTHER,
    PARENTS,
    RNA,
    UNLISTED,
    component,
    slot_names,
)

SHARED = {
    (RNA, "A"): (
        "12A 1MA 2MA 365 3DA 45A 574 7AT A23 A2M AET AMP ATP AVC DJF LCA MIA MTU O2Z P5P RIA SRA "
        "T6A ZJS"
    ),
    (RNA, "C"): "1SC 5HM 5MC CBV CCC CH LCC LKC N5M OMC",
    (RNA, "G"): (
        "1MG 23G 2MG 2SG 5GP 7MG G46 G4P G7M GAO GDP GTP I LCG M2G M7G N6G OMG Q61 QUO VC7 YG YYG"
    ),
    (RNA, "U"): (
        "1RN 2MU 3AU 4SU 5BU 5MU 70U 75B FHU FMU H2U IU MUM OMU PSU PYO SSU TLN U23 U37 U8U UD5"
    ),
    (RNA, "N"): "56B 8AZ N NF2 PYY",
    (L_RNA, "N"): "0C 0G 0U",
    (OTHER, "N"): "2BA 4BW C2E FMN URA",
}
"""All residue names of the shared entries but A, C, G and U."""


@cache
def dictionary_atoms(*names: str) -> dict[str, set[str]]:
    """Give the atoms of components in the chemical component dictionary."""
    from biotite.structure.info.ccd import get_ccd

    table = get_ccd()["chem_comp_atom"]
    found: dict[str, set[str]] = {name: set() for name in names}
    pairs = zip(table["comp_id"].as_array(str), table["atom_id"].as_array(str), strict=True)
    for name, atom in pairs:
        if name in found:
            found[name].add(str(atom))
    return found


@pytest.mark.parametrize(
    ("name", "kind", "parent"),
    [
        ("G", RNA, "G"),
        ("DG", DNA, "G"),
        ("DT", DNA, "U"),
        ("0A", L_RNA, "N"),
        ("ALA", OTHER, "N"),
        ("HOH", OTHER, "N"),
        ("QQQQQ", UNLISTED, "N"),
        ("ACGU", UNLISTED, "N"),
        ("", UNLISTED, "N"),
        *((name, *expected) for expected, names in SHARED.items() for name in names.split()),
    ],
)
def test_kind_and_parent(name, kind, parent):
    found = component(name)
    assert (found.kind, found.parent) == (kind, parent)


def test_parents_are_purines_where_the_dictionary_has_an_n9():
    parents = {name: p for (k, p), names in SHARED.items() if k == RNA for name in names.split()}
    atoms = dictionary_atoms(*parents)
    purines = {name for name, parent in parents.items() if parent in tuple("AG")}
    assert purines == {n for n in parents if "N9" in atoms[n]} - {"56B", "8AZ"}


def test_parents_that_the_dictionary_leaves_open_have_the_atoms_of_the_base():
    atoms = dictionary_atoms(*PARENTS)
    for name, parent in PARENTS.items():
        lacking = set(BASE_ATOMS[parent]) - atoms[name]
        assert lacking == ({"N2"} if name == "I" else set()), name


def test_c_glycosides_are_those_of_the_dictionary():
    from biotite.structure.info.ccd import get_ccd

    table = get_ccd()["chem_comp_bond"]
    ends = [table[column].as_array(str) for column in ("atom_id_1", "atom_id_2")]
    first, second = (end == "C1'" for end in ends), (end == "C5" for end in reversed(ends))
    bonded = sum(a & b for a, b in zip(first, second, strict=True)) > 0
    names = {str(name) for name in table["comp_id"].as_array(str)[bonded]}
    assert {n for n in names if component(n).kind in (RNA, DNA)} == C_GLYCOSIDES
    assert {component(name).parent for name in C_GLYCOSIDES} == {"U"}


def test_atoms_of_pseudouridine_take_the_places_of_those_of_uridine():
    assert {C_GLYCOSIDE_ATOMS[own]: own for own in C_GLYCOSIDE_ATOMS} == C_GLYCOSIDE_ATOMS
    names = slot_names("PSU", "U")
    assert names[SLOT_INDEX["U"]["N1"]] == "C5"
    assert set(names) == set(slot_names("U", "U"))
    assert slot_names("PSU", "A") == slot_names("A", "A")  # a mutated copy


def test_every_component_of_the_dictionary_has_one_known_letter():
    from biotite.structure.info.ccd import get_ccd

    names = get_ccd()["chem_comp"]["id"].as_array(str).tolist()
    found = [component.__wrapped__(name) for name in names]  # uncached: 50,000 names
    assert {entry.parent for entry in found} == set(ALPHABET)
    assert {entry.kind for entry in found} == {RNA, DNA, L_RNA, OTHER}


@pytest.mark.slow
def test_no_residue_name_of_the_shared_data_is_left_out(shared_data):
    listed = {name for names in SHARED.values() for name in names.split()}
    assert len(listed) == 92
    found = set()
    for path in (shared_data / "pdb").glob("*.cif.gz"):
        found |= set(gemmi.cif.read(str(path))[0].find_values("_atom_site.label_comp_id"))
    assert found - set("ACGU") == listed
