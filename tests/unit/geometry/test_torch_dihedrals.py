import numpy as np
import pytest
import torch

from rna_predict.geometry import dihedrals
from rna_predict.geometry.torch_dihedrals import dihedral


def test_clockwise_looking_along_the_axis_is_positive():
    turn = torch.deg2rad(torch.tensor([-170.0, -90.0, 0.0, 1e-3, 60.0, 179.0], dtype=torch.double))
    first = torch.tensor([1.0, 0.0, 0.0], dtype=torch.double).expand(6, 3)
    axis = torch.tensor([0.0, 0.0, 1.5], dtype=torch.double).expand(6, 3)
    last = torch.stack([turn.cos(), turn.sin(), 1.5 + 0 * turn], dim=-1)
    points = torch.stack([first, 0 * axis, axis, last], dim=-2)
    assert torch.rad2deg(dihedral(points)).numpy() == pytest.approx(torch.rad2deg(turn).numpy())


def test_arrays_and_tensors_give_the_same_angles():
    points = np.random.default_rng(0).normal(size=(50, 3, 4, 3))
    points[7, 1, 2] = np.nan
    expected, found = dihedrals.dihedral(points), dihedral(torch.from_numpy(points)).numpy()
    assert found.shape == (50, 3)
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert np.isnan(found[7, 1])
