"""Angles of single structures as a table for people: one row a residue, degrees."""

import numpy as np
import pandas as pd

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.structure.chain import Chain

ORDER = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi", "nu0", "nu1", "nu2", "nu3", "nu4",
    "phase", "amplitude", "eta", "theta",
)  # fmt: skip
"""Angle columns in the order of the table."""


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
        (component), base (parent letter), then ``ORDER`` in degrees: (-180, 180], phase in
        [0, 360); NaN = undefined.

    Raises
    ------
    InputError
        If there is no such backend.
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
        degrees = pd.DataFrame(np.rad2deg(angles.astype(np.float64)), columns=list(COLUMNS))
        tables.append(pd.concat([table, degrees[list(ORDER)]], axis=1)[chain.observed])
    return pd.concat(tables, ignore_index=True)
