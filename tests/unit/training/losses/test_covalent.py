"""Bonds, angles and handedness against ideal and real chains."""

import math

import numpy as np
import pytest
import torch

from rna_predict.constants import BACKBONE_ATOMS, SLOT_INDEX
from rna_predict.evaluate.chirality import chiral_volumes
from rna_predict.training.losses import covalent
from rna_predict.training.losses.covalent import (
    HANDED,
    HANDEDNESS,
    angle_loss,
    bond_angles,
    bond_loss,
    chirality_loss,
)

BONDS = 9 * 12 + 12 + 9 + (12 + 9 + 13 + 9) * 2 + 13
"""Sugar and phosphate, links, and the bases of GCAUGCAU and G; the ninth residue has none."""


def test_ideal_chain_has_no_bad_bond_angle_or_centre(truth, kinds, index, mask):
    chain = (truth[:, None], kinds, index, mask)
    assert bond_loss(*chain).item() == pytest.approx(0.0, abs=1e-6)
    assert angle_loss(*chain).item() == pytest.approx(0.0, abs=5e-3)
    assert chirality_loss(*chain).item() == pytest.approx(0.0, abs=0.02)


def test_real_chains_are_good_and_noise_is_worse(natives, jittered):
    for coords, mask, kinds, index in natives:
        chain = (kinds, index, mask)
        for loss, limit in ((bond_loss, 0.05), (angle_loss, 0.1), (chirality_loss, 0.6)):
            native = loss(coords[:, None], *chain)
            noised = [loss(jittered(coords[:, None], s), *chain) for s in (0.1, 0.2, 0.4)]
            assert native < limit
            assert native < noised[0] < noised[1] < noised[2]


def test_one_stretched_bond_costs_its_square_over_all_and_over_the_worst(truth, kinds, index, mask):
    slots = SLOT_INDEX["G"]
    truth = truth.double()
    carbonyl = truth[0, 0, slots["O6"]] - truth[0, 0, slots["C6"]]
    truth[0, 0, slots["O6"]] += 0.5 * carbonyl / carbonyl.norm()
    worst = math.ceil(0.01 * BONDS)
    assert bond_loss(truth[:, None], kinds, index, mask).item() == pytest.approx(
        0.25 / BONDS + 0.25 / worst, rel=1e-3
    )


def test_bond_cost_is_linear_beyond_one_angstrom(truth, kinds, index, mask):
    cut = torch.cat([index[:, :5], index[:, 5:]], dim=1)
    costs = []
    for shift in (10.0, 20.0):
        apart = truth[:, None].clone()
        apart[:, :, 5:] += shift * torch.tensor([1.0, 0.0, 0.0])
        costs.append(bond_loss(apart, kinds, cut, mask).item())
    assert 1.5 < costs[1] / costs[0] < 2.5


def test_links_count_only_between_residues_that_follow_each_other(truth, kinds, index, mask):
    apart = truth[:, None].clone()
    apart[:, :, 5:] += 50.0
    broken = torch.tensor([[0, 1, 2, 3, 4, 15, 16, 17, 18, 19]])
    for loss in (bond_loss, angle_loss):
        whole = loss(apart, kinds, broken, mask)
        assert whole.item() == pytest.approx(0.0, abs=5e-3)
        assert loss(apart, kinds, index, mask) > whole + 0.1


def test_angle_cost_is_of_the_angle_itself(truth, kinds, index, mask):
    """C6-O6 of a guanine turned in the plane: two of its angles change by 30 degrees."""
    slots = SLOT_INDEX["G"]
    coords = truth.double()
    only = torch.zeros_like(mask)
    for name in ("C5", "C6", "O6"):
        only[0, 0, slots[name]] = True
    centre = coords[0, 0, slots["C6"]]
    arm, bond = coords[0, 0, slots["C5"]] - centre, coords[0, 0, slots["O6"]] - centre
    normal = torch.linalg.cross(arm, bond)
    side = torch.linalg.cross(normal / normal.norm(), bond)
    turn = math.radians(30.0)
    coords[0, 0, slots["O6"]] = centre + math.cos(turn) * bond - math.sin(turn) * side
    cost = turn - 0.5 * covalent.WIDE
    loss = angle_loss(coords[:, None], kinds, index, only)
    assert loss.item() == pytest.approx(2 * cost, rel=1e-3)  # it is the mean and the worst


def test_angle_between_the_puckers_costs_nothing(truth, kinds, index, mask):
    table = covalent._angles()
    assert (table.high >= table.low).all()
    spread = np.rad2deg(table.high - table.low)
    assert spread.max() < 4.0 and (spread > 1.0).any()


def test_bond_angles_equal_numpy_and_have_a_gradient_near_ten_degrees():
    angles = torch.linspace(0.2, 3.0, 20)
    points = torch.zeros(20, 3, 3)
    points[:, 0, 0] = 1.5
    points[:, 2] = 1.4 * torch.stack([angles.cos(), angles.sin(), 0 * angles], dim=-1)
    torch.testing.assert_close(bond_angles(points), angles, atol=5e-4, rtol=0)
    points.requires_grad_()
    bond_angles(points).sum().backward()
    slope = (points.grad[:, 2].norm(dim=-1) * 1.4).detach()
    torch.testing.assert_close(slope, torch.ones(20), atol=0.01, rtol=0)


def test_mirror_image_has_every_centre_wrong(mirror, truth, kinds, index, mask):
    loss = chirality_loss(mirror, kinds, index, mask).item()
    squares = [4 * volume**2 for volume in HANDEDNESS.values()]
    assert loss == pytest.approx(np.mean(squares) + max(squares), rel=0.05)
    assert bond_loss(mirror, kinds, index, mask).item() == pytest.approx(0.0, abs=1e-6)


def test_swapped_phosphate_oxygens_are_an_error(truth, kinds, index, mask):
    swapped = truth[:, None].clone()
    first, second = BACKBONE_ATOMS.index("OP1"), BACKBONE_ATOMS.index("OP2")
    swapped[:, :, 4, [first, second]] = swapped[:, :, 4, [second, first]]
    chain = (kinds, index, mask)
    assert chirality_loss(swapped, *chain) > chirality_loss(truth[:, None], *chain) + 1.0


def test_handedness_is_that_of_real_chains_and_of_the_evaluation(example_chains):
    found = {name: [] for name in HANDED}
    for chain in example_chains:
        x, m = torch.tensor(chain.coords).nan_to_num()[None, None], torch.tensor(chain.atom_mask)
        kinds = torch.tensor(chain.kinds, dtype=torch.long)[None]
        index = torch.arange(len(chain))[None]
        points, kept, _, _ = covalent._measured(covalent._centres(), x, kinds, index, m[None], None)
        arms = points[..., 1:, :] - points[..., :1, :]
        volume = (arms[..., 0, :] * torch.linalg.cross(arms[..., 1, :], arms[..., 2, :])).sum(-1)
        volume = torch.where(kept, volume, torch.nan)[0, 0]
        np.testing.assert_allclose(
            volume[:, [list(HANDED).index(c) for c in ("C1'", "C2'", "C3'", "C4'")]],
            chiral_volumes(chain),
            atol=1e-3,
        )
        unit = volume / arms.norm(dim=-1).prod(-1)[0, 0]
        for column, name in enumerate(HANDED):
            found[name] += unit[:, column][kept[0, 0, :, column]].tolist()
    for name, values in found.items():
        assert np.median(values) == pytest.approx(HANDEDNESS[name], abs=0.015)
