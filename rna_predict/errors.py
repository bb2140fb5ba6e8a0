"""Errors a user can act on: each says what was expected, what came, and where."""

from pathlib import Path


class InputError(ValueError):
    """Input that cannot be used: a file, an entry, a residue, a table row or a configuration key.

    The message reads ``{where}: {what}``, for example
    ``1abc.cif chain B residue 17 'PSU': no C1'; atoms found: P, O5'``. Command lines print it
    and exit with status 1; batches write it to ``rejected.tsv`` and go on.

    Parameters
    ----------
    where : path or str
        File, and within it entry, chain, residue or row.
    what : str
        What was expected and what came.
    """

    def __init__(self, where: Path | str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = str(where)
        self.what = what

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:
        """Let errors pass between processes."""
        return type(self), (self.where, self.what)


class EntryError(InputError):
    """One entry of a batch that cannot be used, with a reason short enough for a table.

    Parameters
    ----------
    where : path or str
        As in :class:`InputError`.
    what : str
        The full message.
    reason : str
        A fixed word for grouping, for example ``unreadable`` or ``too_short``.
    """

    def __init__(self, where: Path | str, what: str, reason: str) -> None:
        super().__init__(where, what)
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:
        """Let errors pass between processes."""
        return type(self), (self.where, self.what, self.reason)
