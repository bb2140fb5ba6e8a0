"""The null model: what sequence, a predicted secondary structure and A-form helices give alone.

No training, no templates, no energies of tertiary structure; a predictor that does not beat it has
learned nothing about folds. The chain starts as a strand: residues of predicted helices in A-form,
each residue of a loop in a conformer that such residues have, drawn by how common it is
(``templates/loop_conformers.py``); models differ by that draw. Gradient descent on the backbone
torsions, through the kinematics, brings the partners of each predicted pair to the distances they
have in a duplex; paired residues are held near A-form, those of loops loosely near their
conformers, sugars keep their pucker, bonds and angles stay ideal. Pairs are switched on from the
shortest loops to the longest. ``benchmark_targets.py`` minimises the result with the force field.

Far pairs of large folds often stay open by an angstrom or two: torsions have long levers. Moving
rigid residues instead, with bonds as restraints, closed fewer pairs and broke bonds by 0.6 A.
"""

from dataclasses import dataclass
from math import radians
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from rna_predict.constants import ALPHABET, BACKBONE_ATOMS, TORSIONS, slot_mask
from rna_predict.data.seeds import derive_seed
from rna_predict.errors import InputError
from rna_predict.geometry.nerf import build_atoms
from rna_predict.secondary.dot_bracket import from_dot_bracket
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.templates.helices import helix_torsions
from rna_predict.templates.loop_conformers import sample_conformers

BEADS: Final = ("P", "C4'", "C1'")
"""Atoms that pairs are drawn together by, and whose overlap is avoided."""
DUPLEX: Final = {(0, 0): (18.3, 15.0, 10.5), (0, -1): (18.6, 17.5, 13.7), (1, 0): (17.3, 12.2, 7.8)}
"""Distances of ``BEADS`` (angstrom) between residues i + a and j + b by (a, b), where i and j pair
and i + 1 and j - 1 do: medians over the 133 such steps of the embedded example's entries."""
FREE: Final = ("alpha", "beta", "gamma", "epsilon", "zeta")
"""Torsions that move; sugars keep their pucker, and bases their chi."""
HELIX_WIDTH, LOOP_WIDTH = radians(10.0), radians(120.0)
"""Deviations that cost a tenth: from A-form in a paired residue, from its conformer in another."""
CONTACT: Final = 5.0
"""Beads of residues that are not neighbours come no closer without cost (angstrom)."""
STEPS, RATE = 400, 0.03
"""Steps of the descent (Adam), and its greatest step (radians)."""


@dataclass(frozen=True, eq=False)
class NullModel:
    """One model of the null model.

    Attributes
    ----------
    chain : Chain
        Chain A, residues numbered from 1.
    violation : float, angstrom
        Root mean square error of the distances of predicted pairs; 0 without pairs.
    """

    chain: Chain
    violation: float


def helical_pairs(structure: str) -> Int64[np.ndarray, "p 2"]:
    """List the pairs of a dot-bracket string that stack on another one, (p, 2), ``i < j``.

    Lone pairs are left out: what they would pull together is not a helix.
    """
    pairs = set(from_dot_bracket(structure))
    kept = [(i, j) for i, j in pairs if {(i + 1, j - 1), (i - 1, j + 1)} & pairs]
    return np.array(sorted(kept), dtype=np.int64).reshape(-1, 2)


def fold_null(
    name: str, sequence: str, structure: str, n_models: int, seed: int, steps: int = STEPS
) -> list[NullModel]:
    """Build models from a sequence and its secondary structure.

    Parameters
    ----------
    name : str
        Of the target; becomes the entry of the chains.
    sequence : str
        Letters of ``constants.ALPHABET``.
    structure : str
        Dot-bracket of the same length; pseudoknots may be in it.
    n_models : int
        They differ in the conformers of their loops; those that model ``k`` starts from do not
        depend on the number of models.
    seed : int
        Seed of the conformers.
    steps : int
        Of the descent; 0 leaves the strand as it was drawn.

    Returns
    -------
    list of NullModel
        The best closed first.

    Raises
    ------
    InputError
        If sequence and structure have different lengths.
    """
    if len(sequence) != len(structure):
        what = f"expected {len(sequence)} characters of dot-bracket, got {len(structure)}"
        raise InputError(name, what)
    kinds = np.array([ALPHABET.index(letter) for letter in sequence])
    pairs = helical_pairs(structure)
    start = [_strand(len(kinds), pairs, derive_seed(seed, "null", k + 1)) for k in range(n_models)]
    coords, violation = _descend(
        torch.as_tensor(kinds), torch.as_tensor(pairs), torch.as_tensor(np.stack(start)), steps
    )
    coords[:, ~slot_mask()[kinds]] = np.nan
    models = [
        NullModel(model_chain(name, sequence, xyz), float(error))
        for xyz, error in zip(coords, violation, strict=True)
    ]
    return sorted(models, key=lambda model: model.violation)


def _strand(
    length: int, pairs: Int64[np.ndarray, "p 2"], seed: int
) -> Float32[np.ndarray, "n torsions"]:
    """Give the torsions that a model starts from: A-form where paired, else drawn conformers."""
    torsions = sample_conformers(length, np.random.default_rng(seed))
    torsions[pairs.flatten()] = helix_torsions()
    return torsions.astype(np.float32)


def _descend(
    kinds: Int64[Tensor, " n"],
    pairs: Int64[Tensor, "p 2"],
    start: Float[Tensor, "m n torsions"],
    steps: int,
) -> tuple[Float32[np.ndarray, "m n 23 3"], Float32[np.ndarray, " m"]]:
    """Bring pairs together; give coordinates, angstrom, and the error of each model's pairs."""
    paired = torch.zeros(len(kinds), dtype=torch.bool)
    paired[pairs.flatten()] = True
    columns = [TORSIONS.index(torsion) for torsion in FREE]
    turn = torch.zeros(*start.shape[:2], len(FREE), requires_grad=True)
    width = torch.where(paired, HELIX_WIDTH, LOOP_WIDTH)[:, None]
    first, second, wanted = _duplex_distances(pairs)
    span = (second - first).to(torch.float32)

    def build() -> Tensor:
        torsions = start.clone()
        torsions[..., columns] = torsions[..., columns] + turn
        return build_atoms(torsions, kinds.expand(turn.shape[:2]))

    optimiser = torch.optim.Adam([turn], lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, max(steps, 1) + 1)
    for step in range(steps):
        beads = _beads(build())
        # The reach grows over the first half, so that hairpins close before what they lie in.
        reach = 12.0 + len(kinds) * min(1.0, 2.0 * step / steps)
        error = _distances(beads, first, second) - wanted
        pull = smooth_l1_loss(error, torch.zeros_like(error), reduction="none", beta=4.0)
        cost = (pull * (span <= reach)[:, None]).sum() + 0.1 * (turn / width).square().sum()
        cost = cost + _overlap(beads)
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        coords = build()
        error = _distances(_beads(coords), first, second) - wanted
    # Without pairs nothing is violated; anything else that is not finite stays so.
    none = error.new_zeros(error.shape[:-2])
    violation = error.square().mean((-2, -1)).sqrt() if len(first) else none
    return coords.numpy(), violation.numpy()


def _duplex_distances(pairs: Int64[Tensor, "p 2"]) -> tuple[Tensor, Tensor, Tensor]:
    """List residues (d,), (d,) and the distances (d, beads) that their beads have in a duplex."""
    stacked = (pairs[:, None] + torch.tensor([1, -1]) == pairs).all(-1).any(-1)
    ends, wanted = [], []
    for (a, b), distances in DUPLEX.items():
        rows = pairs if (a, b) == (0, 0) else pairs[stacked]
        ends.append(rows + torch.tensor([a, b]))
        wanted.append(torch.tensor(distances).expand(len(rows), -1))
    first, second = torch.cat(ends).unbind(-1)
    return first, second, torch.cat(wanted)


def _beads(coords: Tensor) -> Tensor:
    """Take the beads of all residues, (m, n, beads, 3)."""
    return coords[..., [BACKBONE_ATOMS.index(atom) for atom in BEADS], :]


def _distances(beads: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return (beads[:, first] - beads[:, second]).norm(dim=-1)


def _overlap(beads: Tensor) -> Tensor:
    """Sum what beads of residues at least three apart are closer than ``CONTACT``, squared."""
    n = beads.shape[1]
    flat = beads.flatten(1, 2)
    residue = torch.arange(n).repeat_interleave(len(BEADS))
    with torch.no_grad():
        near = torch.cdist(flat, flat) < CONTACT
        model, one, other = (near & (residue - residue[:, None] > 2)).nonzero().unbind(-1)
    gap = (flat[model, one] - flat[model, other]).square().sum(-1).clamp_min(1e-6).sqrt()
    return 0.3 * (CONTACT - gap).clamp_min(0.0).square().sum()
