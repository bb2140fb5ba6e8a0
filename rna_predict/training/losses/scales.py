"""What a value of 1 means: the constants that every term is divided by before it is weighed.

With them a weight is the share of the loss that a term has at its reference error, and weights of
different terms can be compared. A test measures the constants again.

=================== ========== ============================================================
term                scale      the raw value of
=================== ========== ============================================================
diffusion           1          an untrained denoiser: the EDM weight is the inverse variance
smooth_lddt         1          everything lost (a perfect structure has 0.20)
multiscale          1          an ideal A-form chain in place of the native
fape                13 A       the same
kinematics_fape     13 A       the same: stage C before it is trained
torsion             0.25 rad   the same: every torsion as in A-form
torsion_mcq         0.25       the same, smoothed
torsion_likelihood  1.84       not knowing: log(2 pi), the entropy of the whole circle
bond                0.75 A^2   natives whose atoms are displaced at random by 0.2 A a coordinate
angle               0.88 rad   the same
chirality           1.1        the same; a mirror image has 5.0
clash               0.33       the same
minimum_distance    1 A        each residue with another 1 A too near
distogram, plddt,   log(bins)  a uniform guess
pae, pde
contact, resolved   log(2)     a uniform guess
=================== ========== ============================================================
"""

from math import log, pi
from typing import Final

from rna_predict.model.dimensions import Dimensions

FIXED: Final = {
    "diffusion": 1.0,
    "smooth_lddt": 1.0,
    "multiscale": 1.0,
    "fape": 13.0,
    "kinematics_fape": 13.0,
    "torsion": 0.25,
    "torsion_mcq": 0.25,
    "torsion_likelihood": log(2 * pi),
    "bond": 0.75,
    "angle": 0.88,
    "chirality": 1.1,
    "clash": 0.33,
    "minimum_distance": 1.0,
    "contact": log(2),
    "resolved": log(2),
}
"""Scales that do not depend on the sizes of the network."""
DISPLACEMENT: Final = 0.2
"""Angstrom: standard deviation, in each coordinate, of the reference error of local geometry."""


def term_scales(dimensions: Dimensions) -> dict[str, float]:
    """Give the scale of every term of ``LossWeights``."""
    guesses = {
        "distogram": dimensions.distogram_bins,
        "plddt": dimensions.plddt_bins,
        "pae": dimensions.error_bins,
        "pde": dimensions.error_bins,
    }
    return FIXED | {name: log(bins) for name, bins in guesses.items()}
