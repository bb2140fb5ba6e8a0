"""Bond lengths, bond angles and torsions as experimental structures have them.

The table of a data set is what the ideal geometry in ``constants`` and the limits of good bonds
come from. ``reference.tsv`` beside this module is that table for the first models of the shared
data at 2.0 angstrom or better, one chain for each distinct sequence.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.constants import BASE_BONDS, BASES, IDEAL_ANGLE, IDEAL_BOND
from rna_predict.geometry.dihedrals import bond_angle, circular_difference
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.structure.chain import Chain
from rna_predict.structure.links import linked_to_previous

PUCKERS: Final = {"C3'-endo": (0.0, 36.0), "C2'-endo": (144.0, 190.0)}
"""Ranges of the pucker phase, degrees (Altona & Sundaralingam 1972 J Am Chem Soc 94:8205)."""
ALL: Final = "all"
PERCENTILES: Final = (1, 5, 25, 50, 75, 95, 99)
STATISTICS: Final = ("n", "mean", "sd", "p01", "p05", "p25", "median", "p75", "p95", "p99")
KEYS: Final = ("kind", "atoms", "base", "pucker")
UNITS: Final = {"bond": "angstrom", "angle": "degree", "torsion": "degree"}
NORMAL_90: Final = 3.2897
"""Standard deviations between the 5th and the 95th percentile of a normal distribution."""


def reference_chains(chains: Sequence[Chain], max_resolution: float) -> list[Chain]:
    """Choose chains whose geometry is worth counting, none of them twice.

    Parameters
    ----------
    chains : sequence of Chain
    max_resolution : float, angstrom
        A chain without a resolution (NMR, or unknown) is left out.

    Returns
    -------
    list of Chain
        In their order: of each distinct sequence the chain of best resolution, the first of
        equals. Augmented copies and NMR models are left out.
    """
    best: dict[str, Chain] = {}
    for chain in chains:
        good = chain.resolution <= max_resolution and "NMR" not in chain.method.upper()
        if good and not chain.parent:
            first = best.setdefault(chain.sequence, chain)
            if chain.resolution < first.resolution:
                best[chain.sequence] = chain
    kept = {id(chain) for chain in best.values()}
    return [chain for chain in chains if id(chain) in kept]


def geometry_statistics(chains: Sequence[Chain]) -> pd.DataFrame:
    """Summarise the bond lengths, bond angles and torsions of chains.

    Parameters
    ----------
    chains : sequence of Chain
        Their unmodified residues count, each once.

    Returns
    -------
    DataFrame
        Columns ``KEYS``, unit, ``STATISTICS``. ``atoms``: names apart by blanks, ``-1`` and ``+1``
        for neighbours and ``X|Y`` for X in purines and Y in pyrimidines; or the name of a torsion.
        ``base`` and ``pucker``: the residues counted, or ``all``. Angles in degrees. Of torsions
        and the pucker phase, mean and standard deviation (sqrt(-2 ln R)) are circular and the
        percentiles are of the deviations from the mean, added to it, so that they may pass 180.
    """
    rows: list[dict[str, object]] = []
    if chains:
        residues = _Residues(chains)
        for kind, atoms, letter, values in residues.measured():
            for base, pucker, kept in residues.groups(letter):
                found = values[kept & np.isfinite(values)].astype(np.float64)
                if len(found):
                    key = dict(zip(KEYS, (kind, atoms, base, pucker), strict=True))
                    circular = kind == "torsion" and atoms != "amplitude"
                    rows.append(key | {"unit": UNITS[kind]} | _summary(found, circular))
    return pd.DataFrame(rows, columns=[*KEYS, "unit", *STATISTICS])


@cache
def reference_table() -> pd.DataFrame:
    """Read the committed table; columns as of :func:`geometry_statistics`."""
    with (files("rna_predict.evaluate") / "reference.tsv").open() as file:
        return pd.read_csv(file, sep="\t")


def normal_limits(
    kind: str, deviations: float = 4.0, pucker: str = ALL
) -> dict[tuple[str, ...], tuple[float, float]]:
    """Give the limits within which a bond or an angle is as it should be.

    Parameters
    ----------
    kind : {"bond", "angle"}
    deviations : float
        Half the width in standard deviations. Median and width of the central 90 % stand for mean
        and standard deviation, because a few gross errors of the experiment would widen the plain
        ones (O3'-P: threefold).
    pucker : str
        ``all`` or a key of ``PUCKERS``; angles of a base and its bonds are of ``all`` only.

    Returns
    -------
    dict
        (low, high) in angstrom or degrees by the names of the atoms, as in
        ``constants.IDEAL_ANGLE``, with the letter first for those of one base: ``("C4'", "C3'")``,
        ``("A", "N9", "C8")``.
    """
    table = reference_table()
    table = table[table["kind"] == kind]
    whole = table[table["base"] == ALL]
    bases = table[~table["atoms"].isin(whole["atoms"])]
    limits = {}
    for row in pd.concat([whole[whole["pucker"] == pucker], bases]).itertuples():
        key = () if row.base == ALL else (row.base,)
        width = deviations * (row.p95 - row.p05) / NORMAL_90
        limits[(*key, *row.atoms.split())] = (row.median - width, row.median + width)
    return limits


def backbone_angles() -> list[tuple[str, str, str]]:
    """List the bond angles of sugar and phosphate, named as ``constants.IDEAL_ANGLE`` names them.

    Returns
    -------
    list of (first, centre, last)
        Those across both links included; glycosidic angles at the base are the base's.
    """
    found = _angles([*IDEAL_BOND, ("P", "O3'-1")], ("P+1", "O3'-1", "N9|N1"))
    return [angle if angle in IDEAL_ANGLE else _as_named(angle) for angle in found]


def base_angles(base: str) -> list[tuple[str, str, str]]:
    """List the bond angles of a base (first, centre, last), those with C1' at an end included."""
    return _angles(BASE_BONDS[base], ("C1'",))


def _angles(bonds: Sequence[tuple[str, str]], ends: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """List the pairs of bonds that share an atom; ``ends`` are centres of none."""
    neighbours: dict[str, list[str]] = {}
    for first, second in bonds:
        neighbours.setdefault(first, []).append(second)
        neighbours.setdefault(second, []).append(first)
    return [
        (first, centre, last)
        for centre, around in neighbours.items()
        if centre not in ends
        for first, last in combinations(around, 2)
    ]


def _as_named(angle: tuple[str, str, str]) -> tuple[str, str, str]:
    """Turn an angle round where the constants have it so."""
    return angle[::-1] if angle[::-1] in IDEAL_ANGLE else angle


class _Residues:
    """All residues of some chains, one after the other."""

    def __init__(self, chains: Sequence[Chain]) -> None:
        """Gather the arrays of the chains."""
        self.coords = np.concatenate([chain.coords for chain in chains])
        self.kinds = np.concatenate([chain.kinds for chain in chains])
        self.linked = np.concatenate(
            [linked_to_previous(chain.coords, chain.auth_numbers) for chain in chains]
        )
        self.angles = np.rad2deg(np.concatenate(measure_angles(list(chains), "mdanalysis")))
        self.plain = np.concatenate(
            [np.array(chain.residue_names) == np.array(list(chain.sequence)) for chain in chains]
        )

    def groups(self, letter: str) -> Iterator[tuple[str, str, np.ndarray]]:
        """Give the groups that a measure is summarised for: base, pucker, members (n,)."""
        if letter != ALL:
            yield letter, ALL, self.plain & (self.kinds == BASES.index(letter))
            return
        yield ALL, ALL, self.plain
        for base in BASES:
            yield base, ALL, self.plain & (self.kinds == BASES.index(base))
        phase = self.angles[:, COLUMNS.index("phase")]
        for pucker, (low, high) in PUCKERS.items():
            yield ALL, pucker, self.plain & (phase >= low) & (phase <= high)

    def measured(self) -> Iterator[tuple[str, str, str, np.ndarray]]:
        """Give kind, name, base (or ``all``) and the values (n,) of each measure, NaN = none."""
        for bond in IDEAL_BOND:
            yield "bond", " ".join(bond), ALL, self._lengths(bond)
        for angle in backbone_angles():
            yield "angle", " ".join(angle), ALL, self._bond_angles(angle)
        for column, name in enumerate(COLUMNS):
            yield "torsion", name, ALL, self.angles[:, column]
        for base in BASES:
            for bond in BASE_BONDS[base]:
                yield "bond", " ".join(bond), base, self._lengths(bond)
            for angle in base_angles(base):
                yield "angle", " ".join(angle), base, self._bond_angles(angle)

    def _points(self, atoms: tuple[str, ...]) -> np.ndarray:
        return atom_points(self.coords, self.kinds, self.linked, atoms)

    def _lengths(self, bond: tuple[str, str]) -> np.ndarray:
        return np.linalg.norm(np.diff(self._points(bond), axis=1)[:, 0], axis=-1)

    def _bond_angles(self, angle: tuple[str, str, str]) -> np.ndarray:
        return np.rad2deg(bond_angle(self._points(angle)))


def _summary(values: Float[np.ndarray, " n"], circular: bool) -> dict[str, float | int]:
    """Summarise values, degrees if ``circular``."""
    if circular:
        turn = np.exp(1j * np.deg2rad(values)).mean()
        mean = float(np.rad2deg(np.angle(turn)))
        sd = float(np.rad2deg(np.sqrt(-2 * np.log(np.clip(np.abs(turn), 1e-12, 1.0)))))
        apart = circular_difference(np.deg2rad(values), np.full(len(values), np.deg2rad(mean)))
        values = mean + np.rad2deg(apart)
    else:
        mean, sd = float(values.mean()), float(values.std())
    quantiles = dict(zip(PERCENTILES, np.percentile(values, PERCENTILES).tolist(), strict=True))
    named = {f"p{q:02d}" if q != 50 else "median": value for q, value in quantiles.items()}
    return {"n": len(values), "mean": mean, "sd": sd, **named}
