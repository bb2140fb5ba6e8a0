"""Names of targets that are safe as names of folders."""

import re

from rna_predict.errors import InputError

UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
LONGEST = 100
"""Characters; longer names do not fit every file system with what is added to them."""


def safe_names(headers: list[str], where: str) -> dict[str, str]:
    """Make a folder name of each target's name.

    Parameters
    ----------
    headers : list of str
        First words of the FASTA headers.
    where : str
        File they come from, for messages.

    Returns
    -------
    dict
        Header to name: letters, digits, ``.``, ``_`` and ``-``; anything else, and a leading
        ``.`` or ``-``, becomes ``_``.

    Raises
    ------
    InputError
        If two targets get the same name, or one is longer than 100 characters.
    """
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    for header in headers:
        name = UNSAFE.sub("_", header)
        name = "_" + name[1:] if name[0] in ".-" else name
        if len(name) > LONGEST:
            raise InputError(where, f"record {header[:40]!r}...: a name of over {LONGEST} letters")
        if name in taken:
            raise InputError(where, f"records {taken[name]!r} and {header!r} are both named {name}")
        taken[name] = header
        names[header] = name
    return names
