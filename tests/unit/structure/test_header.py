import gemmi
import pytest

from rna_predict.structure.header import cif_release_date, iso_date, pdb_release_date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("23-FEB-00", "2000-02-23"),
        ("16-JAN-79", "1979-01-16"),
        (" 1-feb-05 ", "2005-02-01"),
        ("31-FEB-00", ""),
        ("", ""),
        ("yesterday", ""),
    ],
)
def test_pdb_dates_become_iso_dates(text, date):
    assert iso_date(text) == date


def test_earliest_revision_of_a_pdb_file_counts():
    lines = ["REVDAT   2   01-APR-03 1ABC    1       JRNL", "REVDAT   1   16-OCT-97 1ABC    0"]
    text = "\n".join([*lines, "REVDAT   1", "ATOM", "REVDAT   1   01-JAN-71"])
    assert pdb_release_date(text.encode()) == "1997-10-16"


def test_pdb_file_without_revisions_has_no_date():
    assert pdb_release_date(b"HEADER    RNA                    04-JAN-00   1DQF\n") == ""


def test_first_of_several_revisions_of_an_mmcif_counts():
    tag = "_pdbx_audit_revision_history"
    rows = "2 2009-02-24\n1 2000-10-02\n3 ?\n"
    text = f"data_x\nloop_\n{tag}.ordinal\n{tag}.revision_date\n{rows}"
    assert cif_release_date(gemmi.cif.read_string(text)) == "2000-10-02"
    assert cif_release_date(gemmi.cif.read_string("data_x\n_entry.id x\n")) == ""
