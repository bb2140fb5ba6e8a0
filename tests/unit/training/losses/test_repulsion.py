"""Clashes and collapse."""

import numpy as np
import pytest
import torch

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.evaluate.clashes import clash_pairs
from rna_predict.structure.chain import model_chain
from rna_predict.training.losses import repulsion
from rna_predict.training.losses.repulsion import clash_loss, minimum_distance_loss

C1 = BACKBONE_ATOMS.index("C1'")


def test_overlaps_are_the_clashes_of_the_evaluation(example_chains):
    checked = 0
    for chain in example_chains:
        generator = np.random.default_rng(len(chain))
        coords = chain.coords + generator.normal(scale=0.2, size=chain.coords.shape)
        chain = model_chain(chain.name, chain.sequence, coords.astype(np.float32))
        mask = torch.tensor(chain.atom_mask)[None]
        first, second, least = repulsion._overlapping(
            torch.tensor(chain.coords).nan_to_num()[None, None],
            torch.tensor(chain.kinds, dtype=torch.long)[None],
            torch.tensor(chain.auth_numbers.astype(np.int64))[None],
            mask[:, None],
        )
        once = torch.stack([first, second], dim=1)[first < second].numpy()
        expected = clash_pairs(chain)
        assert {tuple(row) for row in once.tolist()} == {tuple(row) for row in expected.tolist()}
        assert len(once) * 2 == len(first)
        checked += len(expected)
    assert checked > 400


def test_two_atoms_that_overlap_cost_the_logarithm_of_their_overlap():
    coords = torch.full((1, 1, 2, 23, 3), 0.0)
    mask = torch.zeros(1, 2, 23, dtype=torch.bool)
    mask[:, :, C1] = True
    coords[0, 0, 1, C1, 0] = 2.0  # 3.4 - 0.4 is the least distance: an overlap of 1
    chain = (torch.tensor([[0, 1]]), torch.tensor([[0, 9]]), mask)
    assert clash_loss(coords, *chain).item() == pytest.approx(2 * np.log(2.0), rel=1e-4)
    coords[0, 0, 1, C1, 0] = 3.1
    assert clash_loss(coords, *chain) == 0


def test_gradient_pushes_clashing_atoms_apart():
    coords = torch.zeros(1, 1, 2, 23, 3)
    coords[0, 0, 1, C1, 0] = 2.0
    coords.requires_grad_()
    mask = torch.zeros(1, 2, 23, dtype=torch.bool)
    mask[:, :, C1] = True
    clash_loss(coords, torch.tensor([[0, 1]]), torch.tensor([[0, 9]]), mask).backward()
    assert coords.grad[0, 0, 1, C1, 0] < 0 < coords.grad[0, 0, 0, C1, 0]
    assert coords.grad[:, :, ~mask[0]].abs().sum() == 0


def test_linked_residues_do_not_clash_at_their_bond_and_the_same_ones_unlinked_do(
    truth, kinds, index, mask
):
    """Without the link O3' and P, and the atoms about them, are strangers that overlap."""
    linked, unlinked = (
        len(repulsion._overlapping(truth[:, None], kinds, step * index, mask[:, None])[0])
        for step in (1, 10)
    )
    assert unlinked >= linked + 2 * 9


def test_neighbours_hold_every_residue_that_can_clash(natives):
    for coords, mask, kinds, _ in natives:
        near = repulsion._neighbours(coords[:, None], mask[:, None])[0, 0]
        n = kinds.shape[1]
        atoms = coords[0][mask[0]]
        owner = torch.arange(n)[:, None].expand(n, 23)[mask[0]]
        rows, columns = (torch.cdist(atoms, atoms) < 3.6).nonzero(as_tuple=True)
        touching = torch.zeros(n, n, dtype=torch.bool)
        touching[owner[rows], owner[columns]] = True
        assert touching.sum(1).max() <= 20
        listed = torch.zeros(n, n, dtype=torch.bool).scatter_(1, near, True)
        assert not (touching & ~listed).any()


def test_least_distances_do_not_depend_on_the_order():
    table = repulsion._least_distances()
    np.testing.assert_array_equal(table[0], table[0].transpose(1, 0, 3, 2))
    np.testing.assert_array_equal(table[1], table[3].transpose(1, 0, 3, 2))


def test_minimum_distance_is_free_in_real_chains_and_counts_missing_angstroms(natives):
    for coords, mask, _, _ in natives:
        assert minimum_distance_loss(coords[:, None], mask) == 0
    coords = torch.zeros(1, 1, 3, 23, 3)
    coords[0, 0, :, C1, 0] = torch.tensor([0.0, 1.0, 50.0])
    mask = torch.zeros(1, 3, 23, dtype=torch.bool)
    mask[:, :, C1] = True
    assert minimum_distance_loss(coords, mask, minimum=3.5).item() == pytest.approx(2 * 2.5 / 3)
    mask[:, 0] = False
    assert minimum_distance_loss(coords, mask) == 0


def test_collapse_costs_more_than_any_fold(truth, mask):
    collapsed = (truth * 0.05)[:, None]
    assert minimum_distance_loss(truth[:, None], mask) == 0
    assert minimum_distance_loss(collapsed, mask) > 8
