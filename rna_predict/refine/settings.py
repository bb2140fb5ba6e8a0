"""How to minimise: the settings, and the words of a command line for them."""

import argparse
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from rna_predict.errors import InputError

RESTRAINT = 5000.0
"""kJ/mol/nm^2. Chosen before there were repairs: at 0.5 A of noise on natives 1000 moves 71 nt to a
TM-score of 0.87 to the input and 0.92 to the native; this, to 0.89 and 0.95, with the same bonds
and clashes."""
MAX_ITERATIONS = 500
TIME_LIMIT = 120.0
"""Seconds."""
Solvent = Literal["obc", "gbn2", "none"]
SOLVENTS: tuple[str, ...] = get_args(Solvent)
PLATFORMS = ("CUDA", "OpenCL", "CPU")
"""Of OpenMM, in the order in which ``auto`` takes them."""


@dataclass(frozen=True)
class Settings:
    """How to minimise.

    Attributes
    ----------
    restraint : float, kJ/mol/nm^2
        Holds P and C1' in the first stage; a tenth of it holds the other heavy atoms, and later
        stages relax both (see ``stages.STAGES``).
    max_iterations : int
        Of all stages together.
    time_limit : float, seconds
        For one model; past it the input is kept.
    solvent : {"obc", "gbn2", "none"}
    dynamics_ps : float, ps
        Length of restrained Langevin dynamics at 100 K after the last stage, which then comes
        once more; 0 for none.
    seed : int
        Of the dynamics; not negative.
    platform : str
        CUDA, OpenCL, CPU, or ``auto`` for the first of these that works. On the CPU the same
        input gives the same bytes.

    Raises
    ------
    InputError
        If a value is out of range.
    """

    restraint: float = RESTRAINT
    max_iterations: int = MAX_ITERATIONS
    time_limit: float = TIME_LIMIT
    solvent: str = "obc"
    dynamics_ps: float = 0.0
    seed: int = 0
    platform: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        finite = np.isfinite([self.restraint, self.dynamics_ps]).all()
        right = {
            "restraint >= 0": finite and self.restraint >= 0,
            "max_iterations >= 1": self.max_iterations >= 1,
            "time_limit > 0": self.time_limit > 0,
            f"solvent among {SOLVENTS}": self.solvent in SOLVENTS,
            "dynamics_ps >= 0": finite and self.dynamics_ps >= 0,
            "0 <= seed < 2^31 - 1": 0 <= self.seed < 2**31 - 1,
            f"platform auto or among {PLATFORMS}": self.platform in ("auto", *PLATFORMS),
        }
        if wrong := [what for what, holds in right.items() if not holds]:
            raise InputError("minimisation", f"expected {', '.join(wrong)}, got {self}")


def add_refine_options(parser: argparse.ArgumentParser, seed: str = "--dynamics-seed") -> None:
    """Let a command line say how models are minimised; `seed` names the seed of the dynamics."""
    add = parser.add_argument
    add("--max-iterations", type=int, default=MAX_ITERATIONS, help="over all stages")
    add("--restraint", type=float, default=RESTRAINT,
        help="holds P and C1' in the first stage (kJ/mol/nm^2)")  # fmt: skip
    add("--time-limit", type=float, default=TIME_LIMIT,
        help="for one model, then its input is kept (s)")  # fmt: skip
    add("--solvent", choices=SOLVENTS, default="obc", help="implicit")
    add("--dynamics", type=float, default=0.0, metavar="PS",
        help="at 100 K, then minimised again")  # fmt: skip
    add(seed, type=int, default=0, dest="dynamics_seed", help="of the dynamics")
    add("--platform", choices=("auto", *PLATFORMS), default="auto", help="of OpenMM")


def chosen_refinement(args: argparse.Namespace) -> dict[str, Any]:
    """Give the fields of `Settings` that :func:`add_refine_options` let be chosen.

    Raises
    ------
    InputError
        If a value is out of range.
    """
    return asdict(
        Settings(
            restraint=args.restraint,
            max_iterations=args.max_iterations,
            time_limit=args.time_limit,
            solvent=args.solvent,
            dynamics_ps=args.dynamics,
            seed=args.dynamics_seed,
            platform=args.platform,
        )
    )
