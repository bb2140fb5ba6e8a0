"""The query of a template search: a sequence and what is known of it without coordinates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, UInt8

from rna_predict.errors import InputError
from rna_predict.families.consensus import consensus_table
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.infernal import Program
from rna_predict.families.members import ALIGNMENT_SCHEMA
from rna_predict.families.search import search_families
from rna_predict.secondary.adjacency import Adjacency, unite_probabilities
from rna_predict.templates.library import Placement, encode


@dataclass(frozen=True, eq=False)
class Query:
    """A sequence of n residues.

    Attributes
    ----------
    name, sequence : str
        Letters of ``constants.ALPHABET``.
    pair_probability : (n, n) float
        Symmetric, from the sequence's ensemble and the consensus of its families.
    families : tuple of str
        Those that it is a member of.
    placements : tuple of Placement
        Its alignments to them.
    msa : (r, n) uint8, optional
        Rows of an alignment over its residues, the query itself not among them: positions in
        ``constants.ALPHABET``, or one past its end for a gap.
    """

    name: str
    sequence: str
    pair_probability: Float[np.ndarray, "n n"]
    families: tuple[str, ...] = ()
    placements: tuple[Placement, ...] = ()
    msa: UInt8[np.ndarray, "r columns"] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check that all parts are of the sequence."""
        n = len(self.sequence)
        if self.pair_probability.shape != (n, n):
            what = f"pair probabilities of shape {self.pair_probability.shape}, expected ({n}, {n})"
            raise InputError(f"query {self.name}", what)
        if self.msa is not None and (self.msa.ndim != 2 or self.msa.shape[1] != n):
            what = f"an alignment of shape {self.msa.shape}, expected (rows, {n})"
            raise InputError(f"query {self.name}", what)

    def __len__(self) -> int:
        """Give the number of residues."""
        return len(self.sequence)

    @cached_property
    def kinds(self) -> Int[np.ndarray, " n"]:
        """Position of each letter in ``constants.ALPHABET``."""
        return encode(self.sequence)

    @cached_property
    def pair_profile(self) -> Float[np.ndarray, "n 3"]:
        """Probability to be paired with a later residue, with an earlier one, and with none."""
        later = np.triu(self.pair_probability).sum(1)
        earlier = np.tril(self.pair_probability).sum(1)
        return np.stack([later, earlier, np.clip(1 - later - earlier, 0, 1)], axis=1)


def make_query(
    name: str,
    sequence: str,
    adjacency: Adjacency,
    *,
    models: Sequence[CovarianceModel] = (),
    program: Program | None = None,
    family_evalue: float = 1e-3,
    clans: Mapping[str, str] | None = None,
    cache: Path | None = None,
    msa: UInt8[np.ndarray, "r n"] | None = None,
) -> Query:
    """Fold a sequence and search it with covariance models.

    Parameters
    ----------
    name, sequence : str
        Letters of ``constants.ALPHABET``.
    adjacency : Adjacency
        Source of pair probabilities.
    models : sequence of CovarianceModel
        Those that the library's chains were searched with; none: no families.
    program : Program, optional
        Needed where there are models.
    family_evalue, clans, cache
        As of :func:`~rna_predict.families.search.search_families`.
    msa : (r, n) uint8, optional
        As of :class:`Query`.

    Returns
    -------
    Query

    Raises
    ------
    InputError
        If the sequence cannot be folded, a model cannot be read, or models come without a program.
    """
    if models and program is None:
        raise InputError(f"query {name}", "covariance models need a program to search with")
    folding = adjacency.fold(sequence, (name,))
    sources = [(folding.i, folding.j, folding.probability)]
    families: tuple[str, ...] = ()
    placements: tuple[Placement, ...] = ()
    if models and program is not None:
        table, rows = search_families(
            {name: sequence},
            models,
            program,
            family_evalue=family_evalue,
            clans=clans,
            cache=cache,
        )
        families = tuple(sorted(set(table["family"][table["label"]])))
        placements = tuple(placement(row) for row in rows)
        aligned = pd.DataFrame(rows, columns=ALIGNMENT_SCHEMA.names)
        pairs = consensus_table({name: sequence}, aligned, models)
        sources.append(tuple(pairs[column].to_numpy() for column in ("i", "j", "probability")))
    return Query(
        name=name,
        sequence=sequence,
        pair_probability=square(len(sequence), *unite_probabilities(len(sequence), sources)),
        families=families,
        placements=placements,
        msa=msa,
    )


def placement(row: Mapping) -> Placement:
    """Make a placement of a row of ``families.members.ALIGNMENT_SCHEMA``."""
    return Placement(
        family=row["family"],
        model=row["model"],
        start=int(row["start"]),
        columns=np.asarray(row["columns"], dtype=np.int64),
        posterior=row["posterior"],
    )


def square(
    length: int,
    i: Int[np.ndarray, " p"],
    j: Int[np.ndarray, " p"],
    probability: Float[np.ndarray, " p"],
) -> Float[np.ndarray, "n n"]:
    """Write pairs as a symmetric matrix."""
    matrix = np.zeros((length, length))
    matrix[i, j] = matrix[j, i] = probability
    return matrix
