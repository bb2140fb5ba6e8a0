"""OpenMM platforms: which one computes, and how it is kept deterministic."""

from functools import cache

import openmm
from jaxtyping import Float64
from numpy import ndarray

from rna_predict.errors import InputError
from rna_predict.refine.settings import PLATFORMS

PROPERTIES = {
    "CUDA": {"Precision": "mixed", "DeterministicForces": "true"},
    "OpenCL": {"Precision": "mixed"},
    "CPU": {"Threads": "1", "DeterministicForces": "true"},
}
"""One thread on the CPU: with more, sums of forces depend on the order in which threads end."""


@cache
def find_platform(name: str) -> openmm.Platform:
    """Find a platform.

    Parameters
    ----------
    name : str
        One of ``PLATFORMS``, or ``auto`` for the first of them that works.

    Returns
    -------
    openmm.Platform

    Raises
    ------
    InputError
        If there is no such platform, or no device for it.
    """
    count = openmm.Platform.getNumPlatforms()
    found = {p.getName(): p for p in (openmm.Platform.getPlatform(i) for i in range(count))}
    for wanted in PLATFORMS if name == "auto" else [name]:
        if wanted in found and wanted in PROPERTIES and _works(found[wanted]):
            return found[wanted]
    raise InputError(
        "minimisation",
        f"expected a platform that works, auto or one of {PLATFORMS}, got {name!r}; "
        f"OpenMM has {sorted(found)}",
    )


def make_context(
    system: openmm.System,
    integrator: openmm.Integrator,
    platform: openmm.Platform,
    positions: Float64[ndarray, "atoms 3"],
) -> openmm.Context:
    """Make a context at positions in angstrom, with the properties of the platform."""
    properties = PROPERTIES[platform.getName()]
    context = openmm.Context(system, integrator, platform, properties)
    context.setPositions(positions / 10.0)
    return context


def _works(platform: openmm.Platform) -> bool:
    """Try a platform on one particle: a plugin may be there without its device."""
    system = openmm.System()
    system.addParticle(1.0)
    try:
        openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    except openmm.OpenMMException:
        return False
    return True
