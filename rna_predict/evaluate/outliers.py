"""Bond lengths, bond angles and sugar puckers outside the limits of good structures.

The limits are four robust standard deviations about the medians of the reference table, as
MolProbity takes four (Chen et al. 2010, Acta Cryst D66:12).
"""

from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.constants import ALPHABET, BASES
from rna_predict.evaluate.bonds import expected_links
from rna_predict.evaluate.reference import (
    ALL,
    NORMAL_90,
    PUCKERS,
    normal_limits,
    reference_table,
)
from rna_predict.geometry.dihedrals import bond_angle
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.structure.chain import Chain

Kind = Literal["bond", "angle"]
MARGIN = 18.0
"""Degrees of the pucker phase beyond the named ranges: half the distance to the next pucker."""
GLYCOSIDIC = "N9|N1"


def geometry_outliers(
    chain: Chain, kind: Kind
) -> tuple[Bool[np.ndarray, "n measures"], Bool[np.ndarray, "n measures"]]:
    """Tell which bonds or angles of each residue are out of range.

    Parameters
    ----------
    chain : Chain
        n residues. Links are those that ought to be, see
        :func:`~rna_predict.evaluate.bonds.expected_links`.
    kind : {"bond", "angle"}

    Returns
    -------
    outlier : (n, measures) bool
    measured : (n, measures) bool
        False where the residue has no such measure or an atom is missing.
    """
    values, low, high = _measures(chain, kind)
    measured = np.isfinite(values)
    with np.errstate(invalid="ignore"):  # NaN is no outlier
        return (values < low) | (values > high), measured


def outlier_share(chain: Chain, kind: Kind) -> float:
    """Give the share of bonds or angles out of range; NaN if none is measured."""
    outlier, measured = geometry_outliers(chain, kind)
    return float(outlier.sum() / measured.sum()) if measured.any() else float("nan")


def pucker_outliers(chain: Chain) -> float:
    """Give the share of sugars that are neither C3'-endo nor C2'-endo, or too flat or too bent.

    Parameters
    ----------
    chain : Chain

    Returns
    -------
    float
        In [0, 1]; NaN if no sugar is whole. The ranges of the phase are those of the reference
        table, ``MARGIN`` wider at both ends; the limits of the amplitude are as of bonds.
    """
    angles = np.rad2deg(measure_angles([chain], "mdanalysis")[0])
    phase, amplitude = (angles[:, COLUMNS.index(name)] for name in ("phase", "amplitude"))
    whole = np.isfinite(phase)
    if not whole.any():
        return float("nan")
    usual = np.zeros(len(phase), dtype=bool)
    for low, high in PUCKERS.values():
        middle, half = (low + high) / 2, (high - low) / 2 + MARGIN
        usual |= np.abs((phase - middle + 180) % 360 - 180) <= half
    low, high = _amplitude_limits()
    usual &= (amplitude >= low) & (amplitude <= high)
    return float(1 - usual[whole].mean())


@cache
def _amplitude_limits() -> tuple[float, float]:
    """Give the limits of the pucker amplitude, degrees."""
    table = reference_table()
    row = table[(table["atoms"] == "amplitude") & (table["base"] == ALL) & (table["pucker"] == ALL)]
    width = 4 * (row["p95"] - row["p05"]).item() / NORMAL_90
    return row["median"].item() - width, row["median"].item() + width


def _measures(
    chain: Chain, kind: Kind
) -> tuple[
    Float[np.ndarray, "n measures"], Float[np.ndarray, " measures"], Float[np.ndarray, " measures"]
]:
    """Measure all bonds (angstrom) or angles (degrees), and give their limits."""
    linked = np.concatenate([[False], expected_links(chain)]) if len(chain) else np.zeros(0, bool)
    coords = chain.coords.astype(np.float64)
    columns, low, high = [], [], []
    for base, atoms, limits in _limits(kind):
        points = atom_points(coords, chain.kinds, linked, atoms)
        if kind == "bond":
            found = np.linalg.norm(points[:, 1] - points[:, 0], axis=-1)
        else:
            found = np.rad2deg(bond_angle(points))
        if base:
            found = np.where(chain.kinds == ALPHABET.index(base), found, np.nan)
        columns.append(found)
        low.append(limits[0])
        high.append(limits[1])
    return np.stack(columns, axis=1), np.array(low), np.array(high)


@cache
def _limits(kind: Kind) -> list[tuple[str, tuple[str, ...], tuple[float, float]]]:
    """List base ("" for all), atoms and limits of each measure."""
    return [
        (key[0], key[1:], limits) if key[0] in tuple(BASES) else ("", key, limits)
        for key, limits in normal_limits(kind).items()
        if key != ("C1'", GLYCOSIDIC)  # each base has its own
    ]
