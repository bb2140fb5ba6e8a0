"""Strands that pass through loops closed by base pairs: knots that no force undoes.

A strand passes through a loop where the Gauss linking integral of the two is near one: it is an
integer for closed curves, and for a strand that comes from one side of the loop and leaves on the
other it tends to one (Niemyska et al. 2020, Nucleic Acids Res 48:W332, use it so on proteins).
Unlike a surface across the loop it does not depend on how that is drawn. Residues that pair with
the loop are left out: the strands of a pseudoknot wind about each other as those of any helix.
"""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.refine.repairs import Repair, residue_number
from rna_predict.structure.chain import Chain

CANONICAL = ("AU", "GC", "GU")
HYDROGEN_BOND = (2.4, 3.6)
"""Angstrom between N1 of the purine and N3 of the pyrimidine in a canonical pair."""
C1_DISTANCE = (8.5, 12.5)
"""Angstrom between the C1' of a canonical pair."""
LINKING = 0.75
"""Gauss linking integral from which a strand passes through a loop. None of 465 chains of
260 entries reaches it, the nearest of 354 has 0.72; straight strands through a loop of eleven
reach 0.85 with six residues."""
LOOP_REACH = 30.0
"""Angstrom from the centre of a loop within which strands are followed."""
LONGEST_LOOP = 40
"""Residues; longer loops are no obstacle that a strand could not leave."""


def threaded_loops(
    chain: Chain, coords: Float[np.ndarray, "n 23 3"], joined: Bool[np.ndarray, " n-1"]
) -> list[Repair]:
    """Find strands through loops, hairpins to junctions.

    Parameters
    ----------
    chain : Chain
        n residues.
    coords : (n, 23, 3) float, angstrom
        Of the whole, repaired chain.
    joined : (n - 1,) bool
        Of neighbours that are bonded.

    Returns
    -------
    list of Repair
        ``knot`` at the residue of the strand that is deepest in the loop.
    """
    slot = SLOT_INDEX[ALPHABET[-1]]
    trace = coords[:, [slot["P"], slot["C4'"]]].reshape(-1, 3)
    bonded = np.ones(len(trace) - 1, dtype=bool)
    bonded[1::2] = joined
    bonded &= np.isfinite(trace[:-1]).all(-1) & np.isfinite(trace[1:]).all(-1)
    strands = np.stack([trace[:-1], trace[1:]], axis=1)
    middle = strands.mean(1)
    owner = np.arange(len(strands)) // 2
    partner = _partners(chain, coords)
    repairs = []
    for loop in _loops(partner):
        if len(loop) > LONGEST_LOOP:
            continue
        corners = _polygon(coords, loop, joined)
        if not np.isfinite(corners).all():
            continue
        with np.errstate(invalid="ignore"):
            use = bonded & (np.linalg.norm(middle - corners.mean(0), axis=-1) < LOOP_REACH)
        for shift in (-1, 0, 1):
            use &= ~np.isin(owner + shift, loop)
        use &= ~np.isin(partner[owner], loop)
        rows = np.flatnonzero(use)
        if not len(rows):
            continue
        linking = _linking(corners, strands[rows])
        start, stop, value = _strongest_run(linking, np.append(True, np.diff(rows) > 1))
        if abs(value) >= LINKING:
            first, last = (residue_number(chain, int(owner[rows[k]])) for k in (start, stop))
            ends = (residue_number(chain, loop[0]), residue_number(chain, loop[-1]))
            through = int(owner[rows[start + np.abs(linking[start : stop + 1]).argmax()]])
            detail = f"{first}-{last} through the loop {ends[0]}-{ends[1]}, linking {value:.2f}"
            repairs.append(Repair("knot", through, detail))
    return repairs


def _loops(partner: Int[np.ndarray, " n"]) -> list[list[int]]:
    """List the residues of each loop that a canonical pair closes, hairpins to junctions."""
    loops = []
    for first in np.flatnonzero(partner > np.arange(len(partner))).tolist():
        last, loop, at = int(partner[first]), [first], first + 1
        while at < last:
            loop.append(at)
            inner = int(partner[at])
            at = inner if at < inner < last else at + 1
        loop.append(last)
        if len(loop) > 4:
            loops.append(loop)
    return loops


def _partners(chain: Chain, coords: Float[np.ndarray, "n 23 3"]) -> Int[np.ndarray, " n"]:
    """Give the canonical pairs of helices of two or more; -1 where there is none."""
    n = len(chain)
    c1, edge = np.moveaxis(
        atom_points(coords, chain.kinds, np.zeros(n, dtype=bool), ("C1'", "N1|N3")), 1, 0
    )
    rows = np.flatnonzero(np.isfinite(c1).all(-1) & np.isfinite(edge).all(-1))
    partner = np.full(n, -1)
    if len(rows) < 2:
        return partner
    pairs = rows[cKDTree(edge[rows]).query_pairs(HYDROGEN_BOND[1], output_type="ndarray")]
    pairs = np.sort(pairs, axis=1)
    reach = np.linalg.norm(c1[pairs[:, 0]] - c1[pairs[:, 1]], axis=-1)
    bond = np.linalg.norm(edge[pairs[:, 0]] - edge[pairs[:, 1]], axis=-1)
    good = _canonical()[tuple(chain.kinds[pairs.T])]
    good &= (reach > C1_DISTANCE[0]) & (reach < C1_DISTANCE[1]) & (bond > HYDROGEN_BOND[0])
    good &= pairs[:, 1] - pairs[:, 0] > 3
    pairs, bond = pairs[good], bond[good]
    for first, second in pairs[np.argsort(-bond, kind="stable")].tolist():  # the shortest stays
        partner[first], partner[second] = second, first
    mutual = partner >= 0
    mutual[mutual] = partner[partner[mutual]] == np.flatnonzero(mutual)
    partner = np.where(mutual, partner, -1)
    padded = np.concatenate([[-9], partner, [-9]])
    stacked = (padded[2:] == partner - 1) | (padded[:-2] == partner + 1)
    return np.where(stacked & (partner >= 0), partner, -1)


@cache
def _canonical() -> Bool[np.ndarray, "kinds kinds"]:
    """Tell which kinds of residues form canonical pairs."""
    table = np.zeros((len(ALPHABET), len(ALPHABET)), dtype=bool)
    for first, second in CANONICAL:
        a, b = ALPHABET.index(first), ALPHABET.index(second)
        table[a, b] = table[b, a] = True
    return table


def _polygon(
    coords: Float[np.ndarray, "n 23 3"], loop: list[int], joined: Bool[np.ndarray, " n-1"]
) -> Float[np.ndarray, "corners 3"]:
    """Draw a loop: P and C4' along the chain, C4'-C1'-C1'-C4' across its pairs."""
    slot = SLOT_INDEX[ALPHABET[-1]]
    corners = []
    for here, there in zip(loop, [*loop[1:], loop[0]], strict=True):
        corners.append(coords[here, slot["C4'"]])
        if there == here + 1:
            corners.append(coords[there, slot["P"]])
        else:
            corners += [coords[here, slot["C1'"]], coords[there, slot["C1'"]]]
    return np.array(corners)


def _linking(
    corners: Float[np.ndarray, "corners 3"], strands: Float[np.ndarray, "s 2 3"]
) -> Float[np.ndarray, " s"]:
    """Give the Gauss linking integral of each segment with a closed polygon.

    Klenin & Langowski (2000) Biopolymers 54:307, method 1a.
    """
    p1, p2 = corners[:, None], np.roll(corners, -1, axis=0)[:, None]
    p3, p4 = strands[None, :, 0], strands[None, :, 1]
    r13, r14, r23, r24 = p3 - p1, p4 - p1, p3 - p2, p4 - p2
    normals = [np.cross(r13, r14), np.cross(r14, r24), np.cross(r24, r23), np.cross(r23, r13)]
    normals = [n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-12) for n in normals]
    turned = zip(normals, normals[1:] + normals[:1], strict=True)
    area = sum(np.arcsin(np.clip((a * b).sum(-1), -1.0, 1.0)) for a, b in turned)
    sign = np.sign((np.cross(p4 - p3, p2 - p1) * r13).sum(-1))
    return (area * sign).sum(0) / (4 * np.pi)


def _strongest_run(
    values: Float[np.ndarray, " s"], breaks: Bool[np.ndarray, " s"]
) -> tuple[int, int, float]:
    """Find the run of neighbouring values, with no break inside, whose sum is largest in size."""
    starts = np.flatnonzero(breaks)
    best = (0, 0, 0.0)
    for start, stop in zip(starts, [*starts[1:], len(values)], strict=True):
        sums = np.concatenate([[0.0], np.cumsum(values[start:stop])])
        for sign in (1.0, -1.0):
            height = sign * sums
            last = int((height - np.minimum.accumulate(height)).argmax())
            first = int(height[: last + 1].argmin())
            if height[last] - height[first] > abs(best[2]):
                best = (int(start) + first, int(start) + last - 1, sums[last] - sums[first])
    return best
