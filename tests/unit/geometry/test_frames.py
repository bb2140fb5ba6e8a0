import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rna_predict.constants import BASE_ATOMS, BASE_BONDS, BASES, N_BACKBONE, SLOT_INDEX
from rna_predict.geometry.frames import frame_from_points, ideal_base, replace_base
from rna_predict.geometry.superpose import apply_motion, superpose


def test_axes_are_right_handed_and_point_where_they_should():
    rng = np.random.default_rng(0)
    origin, on_x, in_plane = rng.normal(size=(3, 50, 3))
    axes = frame_from_points(origin, on_x, in_plane)
    assert np.allclose(np.swapaxes(axes, -1, -2) @ axes, np.eye(3))
    assert np.allclose(np.linalg.det(axes), 1.0)
    local_x = np.einsum("nij,ni->nj", axes, on_x - origin)
    local_y = np.einsum("nij,ni->nj", axes, in_plane - origin)
    assert (local_x[:, 0] > 0).all()
    assert np.allclose(local_x[:, 1:], 0)
    assert (local_y[:, 1] > 0).all()
    assert np.allclose(local_y[:, 2], 0)


def test_collinear_or_missing_points_have_no_frame():
    line = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    with np.errstate(invalid="ignore"):
        assert np.isnan(frame_from_points(*line)).any()
    assert np.isnan(frame_from_points(line[0], line[1], np.full(3, np.nan))).any()


@pytest.mark.parametrize("base", BASES)
def test_ideal_bases_are_planar_with_bonds_of_the_right_length(base):
    atoms = ideal_base(base)
    assert np.allclose(atoms[:, 2], 0)
    assert np.allclose(atoms[0], 0)
    at = dict(zip(BASE_ATOMS[base], atoms, strict=True))
    for first, second in BASE_BONDS[base]:
        if first != "C1'":
            assert 1.2 < np.linalg.norm(at[first] - at[second]) < 1.5, (first, second)


@pytest.mark.parametrize("base", BASES)
def test_ideal_bases_lie_on_the_measured_ones(example_chains, base):
    chain = next(chain for chain in example_chains if chain.name == "1y26_X")
    slots = [SLOT_INDEX[base][name] for name in BASE_ATOMS[base]]
    for row in [row for row, letter in enumerate(chain.sequence) if letter == base]:
        measured = chain.coords[row, slots].astype(np.float64)
        motion = superpose(ideal_base(base), measured)
        apart = np.linalg.norm(apply_motion(ideal_base(base), *motion) - measured, axis=-1)
        assert np.sqrt(np.square(apart).mean()) < 0.1


@pytest.mark.parametrize("new", BASES)
@pytest.mark.parametrize("old", BASES)
def test_a_replaced_base_keeps_its_plane_and_glycosidic_bond(old, new):
    rng = np.random.default_rng(1)
    rotation = Rotation.random(rng=rng).as_matrix()
    c1 = np.array([-1.47, 0.0, 0.0])
    backbone = np.full((N_BACKBONE, 3), np.nan)
    backbone[-1] = rotation @ c1 + 4.0
    placed = ideal_base(old) @ rotation.T + 4.0
    built = replace_base(backbone, old, placed, new)
    assert np.allclose(built, ideal_base(new) @ rotation.T + 4.0, atol=1e-9)
    back = replace_base(backbone, new, built, old)
    assert np.allclose(back, placed, atol=1e-9)


def test_a_base_without_its_frame_cannot_be_replaced():
    backbone = np.full((N_BACKBONE, 3), np.nan)
    with pytest.raises(ValueError, match="needs C1', N9 and C4"):
        replace_base(backbone, "G", ideal_base("G"), "A")
