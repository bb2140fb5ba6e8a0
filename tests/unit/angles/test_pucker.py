import numpy as np
import pytest

from rna_predict.angles.pucker import pseudorotation


@pytest.mark.parametrize("amplitude", [20.0, 38.0])
@pytest.mark.parametrize("phase", [0.0, 18.0, 90.0, 162.0, 250.0, 359.0])
def test_torsions_made_from_a_phase_give_it_back(phase, amplitude):
    # the model behind the formula: nu_j = amplitude * cos(P + 144 (j - 2))
    nu = amplitude * np.cos(np.deg2rad(phase + 144 * (np.arange(5) - 2)))
    found_phase, found_amplitude = pseudorotation(np.deg2rad(nu)[None])
    assert np.rad2deg(found_phase[0]) == pytest.approx(phase, abs=1e-6)
    assert np.rad2deg(found_amplitude[0]) == pytest.approx(amplitude, abs=1e-6)


def test_phase_never_reaches_a_full_turn():
    nu = np.deg2rad(np.array([[0.0, -1e-6, 38.0, 0.0, 0.0], [0.0, -1e-30, 38.0, 0.0, 0.0]]))
    phase, _ = pseudorotation(nu.astype(np.float32))
    assert (phase >= 0).all()
    assert (phase < np.float32(2 * np.pi)).all()


def test_an_undefined_torsion_leaves_the_pucker_undefined():
    nu = np.full((3, 5), 0.5)
    nu[1, 3] = np.nan
    phase, amplitude = pseudorotation(nu)
    assert np.isnan(phase).tolist() == np.isnan(amplitude).tolist() == [False, True, False]
