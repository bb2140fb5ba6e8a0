"""Angles of single structures as a table for people: one row a residue, degrees."""

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.constants import TORSIONS
from rna_predict.structure.chain import Chain

ORDER = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi", "nu0", "nu1", "nu2", "nu3", "nu4",
    "phase", "amplitude", "eta", "theta",
)  # fmt: skip
"""Angle columns in the order of the table."""
DECIMALS = 3
"""Digits after the point: a thousandth of a degree."""


def residue_table(chains: list[Chain], backend: str = "mdanalysis") -> pd.DataFrame:
    """List the angles of all observed residues.

    Parameters
    ----------
    chains : list of Chain
    backend : str
        As in :func:`~rna_predict.angles.table.measure_angles`.

    Returns
    -------
    DataFrame
        Columns chain, index (0-based in the full sequence), auth_number, ins_code, residue
        (component), base (parent letter), then ``ORDER`` in degrees, rounded to ``DECIMALS``:
        (-180, 180], phase in [0, 360); NaN = undefined.

    Raises
    ------
    InputError
        If there is no such backend, or it is not installed or fails.
    """
    tables = []
    for chain, angles in zip(chains, measure_angles(chains, backend), strict=True):
        table = pd.DataFrame(
            {
                "chain": chain.chain,
                "index": np.arange(len(chain)),
                "auth_number": chain.auth_numbers,
                "ins_code": chain.ins_codes,
                "residue": chain.residue_names,
                "base": list(chain.sequence),
            }
        )
        degrees = pd.DataFrame(_rounded_degrees(angles), columns=list(COLUMNS))
        tables.append(pd.concat([table, degrees[list(ORDER)]], axis=1)[chain.observed])
    return pd.concat(tables, ignore_index=True)


def _rounded_degrees(angles: Float32[np.ndarray, "n 16"]) -> Float64[np.ndarray, "n 16"]:
    """Convert to degrees; rounding can reach the end that a range leaves out, so turn it round."""
    degrees = np.rad2deg(angles.astype(np.float64)).round(DECIMALS)
    torsions, phase = degrees[:, : len(TORSIONS)], degrees[:, COLUMNS.index("phase")]
    torsions[torsions <= -180] += 360
    phase[phase >= 360] -= 360
    return degrees + 0.0  # no -0.0, which prints as -0.000
