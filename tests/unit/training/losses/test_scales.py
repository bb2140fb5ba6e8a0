"""Scales as documented, and what holds for every loss of coordinates."""

from dataclasses import fields
from math import radians

import numpy as np
import pytest
import torch

from rna_predict.angles.torsions import measure_torsions
from rna_predict.constants import TORSIONS
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.torsion_net import A_FORM
from rna_predict.structure.links import linked_to_previous
from rna_predict.training.losses.alignment import aligned_mse, multiscale_loss
from rna_predict.training.losses.covalent import angle_loss, bond_loss, chirality_loss
from rna_predict.training.losses.frames import fape_loss
from rna_predict.training.losses.local import smooth_lddt_loss
from rna_predict.training.losses.repulsion import clash_loss, minimum_distance_loss
from rna_predict.training.losses.scales import DISPLACEMENT, FIXED, term_scales
from rna_predict.training.losses.torsions import torsion_loss
from rna_predict.training.settings import LossWeights


def coordinate_losses(predicted, truth, mask, kinds, index):
    """Give every loss of coordinates by name."""
    chain = (predicted, kinds, index, mask)
    return {
        "diffusion": aligned_mse(predicted, truth, mask),
        "smooth_lddt": smooth_lddt_loss(predicted, truth, mask),
        "multiscale": multiscale_loss(predicted, truth, mask, index),
        "fape": fape_loss(predicted, truth, mask),
        "bond": bond_loss(*chain),
        "angle": angle_loss(*chain),
        "chirality": chirality_loss(*chain),
        "clash": clash_loss(*chain),
        "minimum_distance": minimum_distance_loss(predicted, mask),
    }


def test_every_term_has_a_scale():
    assert set(term_scales(Dimensions())) == {field.name for field in fields(LossWeights)}


def test_small_displacements_cost_one_in_each_term_of_local_geometry(natives, jittered):
    rows = [
        coordinate_losses(jittered(truth[:, None], DISPLACEMENT), truth, mask, kinds, index)
        for truth, mask, kinds, index in natives
    ]
    for name in ("bond", "angle", "chirality", "clash"):
        mean = np.mean([row[name].item() for row in rows])
        assert mean / FIXED[name] == pytest.approx(1.0, abs=0.15), name


def test_a_form_chain_costs_one_in_each_term_of_the_fold(example_chains):
    form = torch.tensor([radians(A_FORM[name]) for name in TORSIONS])
    found = {"multiscale": [], "fape": [], "torsion": []}
    for chain in (chain for chain in example_chains if len(chain) >= 24):
        n = len(chain)
        truth, mask = torch.tensor(chain.coords).nan_to_num()[None], torch.tensor(chain.atom_mask)
        kinds = torch.tensor(chain.kinds, dtype=torch.long)[None]
        helix = build_atoms(form.expand(1, n, -1), kinds)[:, None]
        linked = linked_to_previous(chain.coords, chain.auth_numbers)
        target = torch.tensor(measure_torsions(chain.coords, chain.kinds, linked))[None]
        vectors = torch.stack([form.sin(), form.cos()], dim=-1).expand(1, n, -1, 2)
        losses = {
            "multiscale": multiscale_loss(helix, truth, mask[None], torch.arange(n)[None]),
            "fape": fape_loss(helix, truth, mask[None]),
            "torsion": torsion_loss(vectors, target.nan_to_num(), target.isfinite()),
        }
        for name, loss in losses.items():
            found[name].append(loss.item())
    for name, values in found.items():
        assert np.mean(values) / FIXED[name] == pytest.approx(1.0, abs=0.1), name


def test_rotation_and_translation_change_no_loss(truth, mask, kinds, index, jittered):
    predicted = jittered(truth[:, None], 0.7)
    angle = torch.tensor(0.7)
    turn = torch.tensor(
        [[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0.0], [0.0, 0.0, 1.0]]
    )
    plain = coordinate_losses(predicted, truth, mask, kinds, index)
    turned = coordinate_losses(predicted @ turn.T + 20.0, truth, mask, kinds, index)
    for name, value in plain.items():
        torch.testing.assert_close(turned[name], value, atol=1e-3, rtol=1e-3, msg=name)


def test_mirror_image_costs_more_where_handedness_is_seen(truth, mirror, mask, kinds, index):
    right = coordinate_losses(truth[:, None], truth, mask, kinds, index)
    wrong = coordinate_losses(mirror, truth, mask, kinds, index)
    dearer = {name for name in right if wrong[name] > right[name] + 0.1}
    assert dearer == {"diffusion", "multiscale", "fape", "chirality"}


@pytest.mark.parametrize("shape", ["coincident", "collinear", "exact", "far", "all masked"])
def test_gradients_are_finite_on_degenerate_structures(truth, mask, kinds, index, shape):
    predicted = torch.zeros(1, 2, 10, 23, 3)
    if shape == "collinear":
        predicted[..., 0] = torch.arange(230.0).reshape(10, 23)
    if shape == "exact":
        predicted = truth[:, None].clone()
    if shape == "far":
        predicted = 1e4 * truth[:, None]
    if shape == "all masked":
        mask = torch.zeros_like(mask)
    for name in coordinate_losses(predicted, truth, mask, kinds, index):
        leaf = predicted.clone().requires_grad_()
        loss = coordinate_losses(leaf, truth, mask, kinds, index)[name]
        loss.backward()
        assert loss.isfinite(), name
        assert leaf.grad.isfinite().all(), name
        if shape == "all masked":
            assert loss == 0, name


def test_padding_does_not_change_a_loss(truth, moved, mask, kinds, index, jittered):
    predicted = jittered(moved, 1.0)
    cut = mask.clone()
    cut[:, 6:] = False
    dirty = predicted.clone()
    dirty[:, :, 6:] = 77.0
    plain = coordinate_losses(predicted, truth, cut, kinds, index)
    padded = coordinate_losses(dirty, truth, cut, kinds, index)
    for name, value in plain.items():
        torch.testing.assert_close(padded[name], value, msg=name)


def test_chain_in_a_batch_costs_what_it_costs_alone(truth, moved, mask, kinds, index, jittered):
    """Two chains, one of them six residues long and padded: the mean of each alone."""
    predicted = jittered(moved, 1.0)
    short = mask.clone()
    short[:, 6:] = False
    one = coordinate_losses(predicted, truth, mask, kinds, index)
    other = coordinate_losses(
        predicted[:, :, :6], truth[:, :6], mask[:, :6], kinds[:, :6], index[:, :6]
    )
    masked = coordinate_losses(predicted, truth, short, kinds, index)
    both = coordinate_losses(
        predicted.repeat(2, 1, 1, 1, 1),
        truth.repeat(2, 1, 1, 1),
        torch.cat([mask, short]),
        kinds.repeat(2, 1),
        index.repeat(2, 1),
    )
    for name in ("diffusion", "fape", "chirality", "minimum_distance", "smooth_lddt"):
        torch.testing.assert_close(masked[name], other[name], msg=name)
        low, high = sorted([one[name].item(), other[name].item()])
        assert low - 1e-5 <= both[name].item() <= high + 1e-5, name
