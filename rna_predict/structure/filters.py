"""Which chains are kept: small functions that say why a chain is not."""

from collections.abc import Callable
from dataclasses import dataclass

from rna_predict.constants import UNKNOWN
from rna_predict.structure.chain import Chain
from rna_predict.structure.covalent import broken_residues
from rna_predict.structure.rejects import Reject


@dataclass(frozen=True)
class Limits:
    """Thresholds; a chain at a threshold is kept.

    Attributes
    ----------
    min_length, max_length : int
        Of the full sequence, nt.
    max_resolution : float
        Angstrom; entries without a resolution pass.
    min_observed : float
        Fraction of residues with coordinates.
    max_modified : float
        Fraction of residues of a known parent under another name.
    max_unknown : float
        Fraction of residues without a known parent base.
    max_broken : float
        Fraction of the observed residues whose coordinates are no molecule.
    """

    min_length: int
    max_length: int
    max_resolution: float
    min_observed: float
    max_modified: float
    max_unknown: float
    max_broken: float


def too_short(chain: Chain, limits: Limits) -> str | None:
    """Say how short a chain is, or None."""
    if len(chain) < limits.min_length:
        return f"{len(chain)} nt, at least {limits.min_length} wanted"
    return None


def too_long(chain: Chain, limits: Limits) -> str | None:
    """Say how long a chain is, or None."""
    if len(chain) > limits.max_length:
        return f"{len(chain)} nt, at most {limits.max_length} wanted"
    return None


def resolution(chain: Chain, limits: Limits) -> str | None:
    """Say how poor the resolution is, or None."""
    if chain.resolution > limits.max_resolution:
        return f"{chain.resolution:g} A, at most {limits.max_resolution:g} wanted"
    return None


def too_few_observed(chain: Chain, limits: Limits) -> str | None:
    """Say how few residues have coordinates, or None."""
    count = int(chain.observed.sum())
    if count < limits.min_observed * len(chain):
        return f"{count} of {len(chain)} residues have coordinates"
    return None


def too_modified(chain: Chain, limits: Limits) -> str | None:
    """Say how many residues are modified, or None."""
    pairs = zip(chain.residue_names, chain.sequence, strict=True)
    count = sum(name != letter and letter != UNKNOWN for name, letter in pairs)
    if count > limits.max_modified * len(chain):
        return f"{count} of {len(chain)} residues are modified"
    return None


def too_unknown(chain: Chain, limits: Limits) -> str | None:
    """Say how many residues have no known parent base, or None."""
    count = chain.sequence.count(UNKNOWN)
    if count > limits.max_unknown * len(chain):
        return f"{count} of {len(chain)} residues have no known parent base"
    return None


def broken_geometry(chain: Chain, limits: Limits) -> str | None:
    """Say how many residues have broken covalent geometry, or None."""
    count, observed = int(broken_residues(chain.coords, chain.kinds).sum()), chain.observed.sum()
    if count > limits.max_broken * observed:
        return f"{count} of {observed} observed residues have broken geometry"
    return None


FILTERS: tuple[Callable[[Chain, Limits], str | None], ...] = (
    too_short, too_long, resolution, too_few_observed, too_modified, too_unknown, broken_geometry,
)  # fmt: skip
"""In the order they are asked; the name of a function is the reason in rejected.tsv."""


def filter_chains(chains: list[Chain], limits: Limits) -> tuple[list[Chain], list[Reject]]:
    """Keep the chains of one entry that pass all filters, one of each set of identical copies.

    The filters judge each model by itself. Copies are whole chains, all their models alike.

    Parameters
    ----------
    chains : list of Chain
        All chains of an entry.
    limits : Limits

    Returns
    -------
    kept : list of Chain
    rejects : list of Reject
        A row for each of the others, in the order of ``chains``, with the first reason found;
        ``duplicate`` for a copy of a chain with more atoms a model (or as many, and earlier).
    """
    reasons: dict[int, tuple[str, str]] = {}
    models: dict[str, list[int]] = {}
    for row, chain in enumerate(chains):
        found = ((check.__name__, check(chain, limits)) for check in FILTERS)
        reason = next(((name, detail) for name, detail in found if detail is not None), None)
        if reason is not None:
            reasons[row] = reason
        else:
            models.setdefault(chain.chain, []).append(row)

    def atoms(rows: list[int]) -> float:
        return sum(int(chains[row].atom_mask.sum()) for row in rows) / len(rows)

    best: dict[str, str] = {}
    for name, rows in sorted(models.items(), key=lambda item: -atoms(item[1])):
        first = best.setdefault(chains[rows[0]].sequence, name)
        if first != name:
            reasons |= dict.fromkeys(rows, ("duplicate", f"of chain {first}"))
    kept = [chain for row, chain in enumerate(chains) if row not in reasons]
    return kept, [_reject(chains[row], *reasons[row]) for row in sorted(reasons)]


def _reject(chain: Chain, reason: str, detail: str) -> Reject:
    """Write down why a chain is left out."""
    return Reject(chain.entry, chain.chain, reason, detail, chain.model, len(chain))
