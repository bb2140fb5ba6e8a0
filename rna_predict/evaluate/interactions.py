"""INF: how well a model keeps the interactions of the native, and other comparisons of contacts.

Interaction network fidelity: Parisien et al. (2009) RNA 15:1875. An interaction is a pair of
residues with its class: that of Leontis and Westhof, or the topology of a stacking.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.evaluate.pairing import Pairing
from rna_predict.secondary.dot_bracket import OPENING, to_dot_bracket
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.secondary.stacking import annotate_stackings
from rna_predict.structure.chain import Chain

WATSON_CRICK = ("AU", "UA", "GC", "CG")
CONTACT = 12.0
"""Residues whose C1' are nearer are in contact (angstrom)."""
APART = 4
"""Neighbours in sequence nearer than this are no contacts."""

NEAR = "near"
"""Class of contacts."""
TURNED = {"upward": "downward", "downward": "upward"}
"""Topology of a stacking seen from the other residue; inward and outward stay."""

Keys = frozenset[tuple[int, int, str]]


@dataclass(frozen=True)
class Interactions:
    """What the residues of a structure do with each other, as sets of (i, j, class), i < j.

    Attributes
    ----------
    watson_crick : set
        cWW pairs of A-U and G-C. Of the official tables of RNA-Puzzles the newer counts these,
        the older cWW pairs of any bases.
    others : set
        All other base pairs.
    stackings : set
        By topology.
    nested, crossing : set
        Canonical pairs (G-U included) without and with pseudoknots.
    contacts : set
        Residues near each other in space and not in sequence.
    """

    watson_crick: Keys
    others: Keys
    stackings: Keys
    nested: Keys
    crossing: Keys
    contacts: Keys


def find_interactions(chain: Chain) -> Interactions:
    """Annotate a structure.

    Parameters
    ----------
    chain : Chain
        One chain, or those of a complex joined.

    Returns
    -------
    Interactions
    """
    pairs = annotate_pairs([chain])
    canonical = canonical_pairs(pairs)
    brackets = to_dot_bracket(zip(canonical["i"], canonical["j"], strict=True), len(chain))
    crosses = np.array([brackets[i] != OPENING[0] for i in canonical["i"]], dtype=bool)
    plain = (pairs["lw"] == "cWW") & pairs["bases"].isin(WATSON_CRICK)
    stackings = annotate_stackings([chain])
    c1 = chain.coords[:, SLOT_INDEX[ALPHABET[0]]["C1'"]]
    rows = np.flatnonzero(np.isfinite(c1).all(-1))
    near = rows[cKDTree(c1[rows]).query_pairs(CONTACT, output_type="ndarray")]
    # By number, so that chains of a complex are far from each other in sequence.
    apart = np.abs(np.diff(chain.auth_numbers[near].astype(np.int64), axis=1)[:, 0])
    near = np.sort(near[apart >= APART], axis=1)
    return Interactions(
        _keys(pairs[plain], pairs.loc[plain, "lw"]),
        _keys(pairs[~plain], pairs.loc[~plain, "lw"]),
        _keys(stackings, stackings["topology"]),
        _keys(canonical[~crosses], canonical.loc[~crosses, "lw"]),
        _keys(canonical[crosses], canonical.loc[crosses, "lw"]),
        frozenset((int(i), int(j), NEAR) for i, j in near),
    )


def paired_interactions(found: Interactions, pairing: Pairing) -> Interactions:
    """Count a model's interactions by the native's residues.

    Parameters
    ----------
    found : Interactions
        Of the model.
    pairing : Pairing
        Interactions of residues that stand for none of the native are left out: whether they are
        right is not known.

    Returns
    -------
    Interactions
    """
    place = dict(zip(pairing.model.tolist(), pairing.native.tolist(), strict=True))

    def move(keys: Keys) -> Keys:
        moved = set()
        for i, j, kind in keys:
            if i in place and j in place:
                a, b = place[i], place[j]
                moved.add((a, b, kind) if a < b else (b, a, _turned(kind)))
        return frozenset(moved)

    return Interactions(*(move(getattr(found, name)) for name in found.__dataclass_fields__))


def fidelity(model: Keys, native: Keys) -> float:
    """Give INF, the geometric mean of precision and sensitivity.

    Parameters
    ----------
    model, native : set of (i, j, class)

    Returns
    -------
    float
        In [0, 1]; NaN if the native has no such interaction and neither has the model.
    """
    if not model and not native:
        return float("nan")
    common = len(model & native)
    return float(np.sqrt(common / max(len(model), 1) * common / max(len(native), 1)))


def f1_score(model: Keys, native: Keys) -> float:
    """Give the harmonic mean of precision and sensitivity; NaN as in :func:`fidelity`."""
    if not model and not native:
        return float("nan")
    return 2 * len(model & native) / (len(model) + len(native))


def compare_interactions(model: Interactions, native: Interactions) -> dict[str, float]:
    """Compare all kinds of interactions.

    Parameters
    ----------
    model, native : Interactions
        Both by the native's residues.

    Returns
    -------
    dict
        ``inf_all``, ``inf_wc``, ``inf_nwc``, ``inf_stack``, then F1 of canonical pairs without and
        with pseudoknots (``pair_f1``, ``pseudoknot_f1``) and of contacts (``contact_f1``).
    """
    whole = [side.watson_crick | side.others | side.stackings for side in (model, native)]
    return {
        "inf_all": fidelity(*whole),
        "inf_wc": fidelity(model.watson_crick, native.watson_crick),
        "inf_nwc": fidelity(model.others, native.others),
        "inf_stack": fidelity(model.stackings, native.stackings),
        "pair_f1": f1_score(model.nested | model.crossing, native.nested | native.crossing),
        "pseudoknot_f1": f1_score(model.crossing, native.crossing),
        "contact_f1": f1_score(model.contacts, native.contacts),
    }


def _turned(kind: str) -> str:
    """Name a class of interaction from the other residue."""
    if kind == NEAR or len(kind) > 3:
        return TURNED.get(kind, kind)
    return kind[0] + kind[2] + kind[1]


def _keys(table: pd.DataFrame, labels: Iterable[str]) -> Keys:
    """Make keys of the rows of an annotation."""
    return frozenset(zip(table["i"].tolist(), table["j"].tolist(), labels, strict=True))
