"""Minimisation of noisy natives, foreign models and samples of the network: what the gates say.

``python -m tests.benchmarks.minimize 24`` takes 24 structures in place of 200. Samples are looked
for in ``results/predictions``, or in the folder of RNA_PREDICT_SAMPLES; where there are none, their
share goes to the foreign models.
"""

import os
import sys
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from rna_predict.constants import UNKNOWN
from rna_predict.evaluate.models import read_models
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.refine.batch import minimize_chains
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains, read_entry

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
SAMPLES = Path(os.environ.get("RNA_PREDICT_SAMPLES", ROOT / "results" / "predictions"))
COUNT = int(os.environ.get("RNA_PREDICT_MINIMIZE", "200"))
NOISE = 0.5
"""Angstrom of Gaussian noise on every coordinate of a native."""
LENGTHS = (10, 120)
"""Of natives, nt."""
TRNA = "1ehz"
"""76 nt, of the embedded example: the one that is timed alone."""
MEASURES = ("clashes", "bond_outliers", "angle_outliers", "chirality_errors")


def run(count: int = COUNT) -> None:
    """Print shares, geometry and times of each kind of model, where the shared data is present."""
    _time_one()
    if not SHARED.is_dir():
        print(f"no shared data at {SHARED}")
        return
    samples = _models(sorted(SAMPLES.glob("**/model_*.cif")), count // 5)
    foreign = _models(
        sorted((SHARED / "rna_puzzles").glob("*/models/*")), 2 * count // 5 - len(samples)
    )
    natives = _natives(count - len(samples) - len(foreign))
    noisy = [_noisy(chain, seed) for seed, chain in enumerate(natives)]
    minimised = _report(f"natives with {NOISE} A of noise", noisy)
    _print_distances(natives, noisy, minimised)
    _report("foreign models", foreign)
    _report("samples of the network", samples)


def _time_one() -> None:
    """Print the time of one noisy tRNA, its process not included."""
    (chain,) = read_chains(ROOT / f"config/example/pdb/{TRNA}.cif.gz")
    start = perf_counter()
    _, table = minimize_chains([_noisy(chain, seed) for seed in range(3)], platform="CPU")
    print(
        f"{len(chain)} nt, one core: median {table['seconds'].median():.1f} s (n=3), "
        f"{perf_counter() - start:.1f} s for all with the process"
    )


def _natives(count: int) -> list[Chain]:
    """Read the longest chain of entries drawn at random, whole ones of RNA only."""
    paths = sorted((SHARED / "pdb").glob("*.cif.gz"))
    order = np.random.default_rng(0).permutation(len(paths))
    chains = (max(read_entry(paths[k])[0], key=len, default=None) for k in order.tolist())
    low, high = LENGTHS
    return list(
        islice(
            (
                chain
                for chain in chains
                if chain is not None
                and low <= len(chain) <= high
                and chain.observed.all()
                and UNKNOWN not in chain.sequence
            ),
            count,
        )
    )


def _models(paths: list[Path], count: int) -> list[Chain]:
    """Read models drawn at random; those that cannot be read are left out."""
    order = np.random.default_rng(1).permutation(len(paths)).tolist()
    models = (read_models([paths[k]])[0] for k in order)
    return list(islice((model for model in models if isinstance(model, Chain)), max(0, count)))


def _noisy(chain: Chain, seed: int) -> Chain:
    """Add noise to all coordinates."""
    shift = NOISE * np.random.default_rng(seed).normal(size=chain.coords.shape)
    return chain.with_coords((chain.coords + shift).astype(np.float32))


def _report(label: str, models: list[Chain]) -> list[Chain]:
    """Minimise and print; give the chains that came out."""
    print(f"## {len(models)} {label}")
    if not models:
        return []
    start = perf_counter()
    chains, table = minimize_chains(models, threads=os.cpu_count() or 1)
    kept = table["kept"].astype(bool)
    print(
        f"kept {kept.mean():.3f}, converged {table['converged'].astype(bool).mean():.3f}, "
        f"reasons {table['reason'][~kept].value_counts().to_dict()}"
    )
    for name in MEASURES:
        before, after = (table[f"{name}_{when}"].astype(float) for when in ("before", "after"))
        print(
            f"{name}: median {before.median():.4f} -> {after.median():.4f}, "
            f"mean {before.mean():.4f} -> {after.mean():.4f}"
        )
    tm, moved = (table[name].astype(float) for name in ("tm_to_input", "rmsd_to_input"))
    print(
        f"TM to input: median {tm.median():.3f}, least of those kept {tm[kept].min():.3f}; "
        f"RMSD to input: median {moved.median():.2f} A"
    )
    seconds = table["seconds"].astype(float)
    residues = pd.Series([int(chain.observed.sum()) for chain in models])
    print(
        f"seconds: median {seconds.median():.1f}, most {seconds.max():.1f}, "
        f"of 60 to 90 nt {seconds[residues.between(60, 90)].median():.1f}; "
        f"{perf_counter() - start:.0f} s for all"
    )
    return chains


def _print_distances(natives: list[Chain], noisy: list[Chain], minimised: list[Chain]) -> None:
    """Print how far all atoms are from the native before and after, of long and of short chains."""
    rows = []
    for native, before, after in zip(natives, noisy, minimised, strict=True):
        both = native.atom_mask & before.atom_mask & after.atom_mask
        distances = (rmsd(model.coords[both], native.coords[both]) for model in (before, after))
        rows.append((len(native) < 45, *distances))
    table = pd.DataFrame(rows, columns=["short", "before", "after"])
    for short, part in table.groupby("short"):
        print(
            f"RMSD to the native, {'below' if short else 'from'} 45 nt (n={len(part)}): "
            f"median {part['before'].median():.2f} -> {part['after'].median():.2f} A, "
            f"nearer {(part['after'] < part['before']).mean():.2f}"
        )


if __name__ == "__main__":
    run(*map(int, sys.argv[1:2]))
