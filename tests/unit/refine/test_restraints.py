import numpy as np
import openmm
import pytest
from openmm import unit

from rna_predict.constants import SLOT_INDEX, slot_mask
from rna_predict.evaluate.chirality import chiral_volumes
from rna_predict.refine.restraints import HAND_STRENGTH, HAND_VOLUME, hand_restraint


def hand_energy(chain):
    """Give the energy of the hands alone, on a system of the chain's heavy atoms."""
    present = slot_mask()[chain.kinds]
    index = np.where(present, np.cumsum(present).reshape(present.shape) - 1, -1)
    system = openmm.System()
    for _ in range(present.sum()):
        system.addParticle(1.0)
    system.addForce(hand_restraint(index, chain.sequence))
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference")
    )
    context.setPositions(chain.coords[present].astype(float) / 10.0)
    return context.getState(getEnergy=True).getPotentialEnergy() / unit.kilojoule_per_mole


def test_sound_sugars_feel_nothing(motif):
    assert chiral_volumes(motif).min() > HAND_VOLUME
    assert hand_energy(motif) == 0.0


def test_what_a_centre_lacks_in_volume_costs_its_square(motif):
    slot = SLOT_INDEX[motif.sequence[4]]
    coords = motif.coords.copy()
    neighbours = coords[4, [slot[name] for name in ("C4'", "C2'", "O3'")]]
    normal = np.cross(neighbours[1] - neighbours[0], neighbours[2] - neighbours[0])
    normal /= np.linalg.norm(normal)
    atom = slot["C3'"]
    coords[4, atom] -= 2 * ((coords[4, atom] - neighbours[0]) @ normal) * normal
    mirrored = motif.with_coords(coords)
    volumes = chiral_volumes(mirrored)
    assert (volumes < 0).sum() == 1
    lacking = np.maximum(0, HAND_VOLUME - volumes) * 1e-3
    assert hand_energy(mirrored) == pytest.approx(HAND_STRENGTH / 2 * (lacking**2).sum(), rel=1e-4)
    assert hand_energy(mirrored) > 300


def test_a_mirror_image_is_wrong_everywhere(motif):
    mirror = motif.with_coords(motif.coords * np.float32([-1, 1, 1]))
    assert hand_energy(mirror) > 4 * len(motif) * 300
