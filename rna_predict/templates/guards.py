"""Guards: which templates a query may see, and why it may not see the others.

A benchmark on a structure that is in the library, or that was released before a template was, must
not be answered with what nobody could have known. Guards decide before the search; what they
exclude is not aligned, not counted and not copied from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from jaxtyping import Bool

from rna_predict.errors import InputError
from rna_predict.families.similarity import align, shared_words
from rna_predict.templates.library import Library, Template

WORD: Final = 3
"""Length of the words that tell which sequences need no alignment (nt)."""
OVERLAP: Final = 0.8
"""Least share of the shorter sequence that an alignment must cover for its identity to count."""


@dataclass(frozen=True)
class Guard:
    """What a query must not be answered with.

    Attributes
    ----------
    cutoff : str
        ISO date. Nothing released on or after it passes, nor anything without a date. "": none.
    exclude_entries : frozenset of str
        PDB ids, in either case.
    exclude_chains : frozenset of str
        Names of chains; a template goes if any of its copies is named.
    exclude_families : frozenset of str
        Families; a template goes if one of them has any hit on it, a member or not.
    max_identity : float, optional
        Share of identical columns (0 to 1) that no template may reach, in an alignment that covers
        ``OVERLAP`` of the shorter of query and template. None: no bound.

    Raises
    ------
    InputError
        If the cut-off is no ISO date, or the identity is out of range.
    """

    cutoff: str = ""
    exclude_entries: frozenset[str] = frozenset()
    exclude_chains: frozenset[str] = frozenset()
    exclude_families: frozenset[str] = frozenset()
    max_identity: float | None = None

    def __post_init__(self) -> None:
        """Check the cut-off and the identity."""
        if self.cutoff:
            try:
                right = date.fromisoformat(self.cutoff).isoformat() == self.cutoff
            except ValueError:
                right = False
            if not right:
                raise InputError("cutoff", f"expected a date YYYY-MM-DD, got {self.cutoff!r}")
        if self.max_identity is not None and not 0 < self.max_identity <= 1:
            raise InputError("max_identity", f"expected above 0, at most 1: {self.max_identity}")

    def allowed(self, library: Library, query_sequence: str) -> Bool[np.ndarray, " t"]:
        """Tell which templates of a library a query may see."""
        return np.array([not why for why in self.reasons(library, query_sequence)], dtype=bool)

    def reasons(self, library: Library, query_sequence: str) -> list[str]:
        """Say of each template why it is excluded.

        Parameters
        ----------
        library : Library
        query_sequence : str
            Letters of ``constants.ALPHABET``.

        Returns
        -------
        list of str
            The first reason that applies, "" for an allowed template.
        """
        entries = {entry.lower() for entry in self.exclude_entries}
        found = [self._fault(template, entries) for template in library.templates]
        if self.max_identity is not None:
            left = [k for k, why in enumerate(found) if not why]
            texts = sorted({library.templates[k].sequence for k in left})
            alike = self._alike(query_sequence, texts)
            for k in left:
                if (identity := alike.get(library.templates[k].sequence)) is not None:
                    found[k] = f"identity {identity:.2f} to the query"
        return found

    def _fault(self, template: Template, entries: set[str]) -> str:
        """Give the reason against a template that needs no alignment."""
        if template.entry.lower() in entries:
            return f"entry {template.entry} is excluded"
        if named := self.exclude_chains.intersection(template.copies):
            return f"chain {min(named)} is excluded"
        if self.cutoff and not template.release_date:
            return f"no release date, cut-off {self.cutoff}"
        if self.cutoff and template.release_date >= self.cutoff:
            return f"released {template.release_date}, cut-off {self.cutoff}"
        if of_family := self.exclude_families.intersection(template.families + template.related):
            return f"family {min(of_family)} is excluded"
        return ""

    def _alike(self, query: str, texts: Sequence[str]) -> dict[str, float]:
        """Give the identity of each sequence that reaches the bound.

        The q-gram lemma spares most alignments: each column that is not identical spoils at most
        ``WORD`` shared words.
        """
        if not texts or not query or self.max_identity is None:
            return {}
        shared = shared_words([query], texts, WORD)[0]
        shorter = np.array([min(len(query), len(text)) for text in texts])
        unknown = np.array([text.count("N") for text in texts]) + query.count("N")
        errors = (1 - self.max_identity) / self.max_identity
        least = OVERLAP * shorter * (1 - WORD * errors) - WORD + 1 - WORD * unknown
        alike = {}
        for k in np.flatnonzero(shared >= least):
            identity, coverage = align(query, texts[k])
            covered = coverage * max(len(query), len(texts[k])) / shorter[k]
            if identity >= self.max_identity and covered >= OVERLAP:
                alike[texts[k]] = identity
        return alike
