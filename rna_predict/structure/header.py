"""Facts from the headers of structure files that gemmi does not give: release dates."""

import re
from datetime import datetime

import gemmi


def cif_release_date(document: gemmi.cif.Document) -> str:
    """Give the date of the first release by the revision history; "" where there is none."""
    for tag in ("_pdbx_audit_revision_history.revision_date", "_database_PDB_rev.date"):
        values = (gemmi.cif.as_string(value) for value in document[0].find_values(tag))
        if dates := sorted(value for value in values if value):
            return dates[0]
    return ""


def pdb_release_date(data: bytes) -> str:
    """Give the earliest date of the REVDAT records of a PDB file; "" where there are none."""
    head = re.split(rb"^(?:ATOM|HETATM|MODEL)", data, maxsplit=1, flags=re.MULTILINE)[0]
    records = re.findall(rb"^REVDAT.{7}(.{9})", head, flags=re.MULTILINE)
    dates = [iso_date(record.decode("ascii", "replace")) for record in records]
    return min(filter(None, dates), default="")


def iso_date(text: str) -> str:
    """Convert a PDB date (``23-FEB-00``) to ``2000-02-23``; "" for anything else.

    Years from 69 on are of the last century, as in POSIX; the PDB began in 1971.
    """
    try:
        return datetime.strptime(text.strip(), "%d-%b-%y").date().isoformat()
    except ValueError:
        return ""
