"""Facts from the headers of structure files that gemmi does not give: release dates."""

import gzip
from datetime import datetime
from pathlib import Path

import gemmi


def cif_release_date(document: gemmi.cif.Document) -> str:
    """Give the date of the first release by the revision history; "" where there is none."""
    for tag in ("_pdbx_audit_revision_history.revision_date", "_database_PDB_rev.date"):
        values = (gemmi.cif.as_string(value) for value in document[0].find_values(tag))
        if dates := sorted(value for value in values if value):
            return dates[0]
    return ""


def pdb_release_date(path: Path) -> str:
    """Give the earliest date of the REVDAT records of a PDB file; "" where there are none."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    dates = []
    with opener(path, "rt", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith(("ATOM", "HETATM", "MODEL")):
                break
            if line.startswith("REVDAT"):
                dates.append(iso_date(line[13:22]))
    return min(filter(None, dates), default="")


def iso_date(text: str) -> str:
    """Convert a PDB date (``23-FEB-00``) to ``2000-02-23``; "" for anything else.

    Years from 69 on are of the last century, as in POSIX; the PDB began in 1971.
    """
    try:
        return datetime.strptime(text.strip(), "%d-%b-%y").date().isoformat()
    except ValueError:
        return ""
