"""Stage C: seconds by length, and how well chains of the shared data come back from torsions."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from rna_predict.geometry import nerf
from rna_predict.geometry.internal import measure_geometry, whole_stretches
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_entry
from tests.benchmarks.clock import compare, seconds

SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", Path(__file__).parents[3] / "shared/data"))
WINDOW = 10
"""Residues of a window of the drift."""
BINS = (10, 20, 50, 100, 200, 500, 5000)
"""Lower ends of length bins."""


def run() -> None:
    """Print speed; then round trips and drift, where the shared data is."""
    _speed()
    if SHARED.is_dir():
        _rebuild()


def _speed() -> None:
    """Time forward and backward by length, and against one residue after the other."""
    for n in (100, 300, 1000, 3000):
        work = _step(n)
        best = min(seconds(work) for _ in range(15))
        print(f"{n} nt, forward and backward: best of 15 {1e3 * best:.1f} ms")

    step = _step(1000)

    def sequential() -> None:
        with patch.object(nerf, "_scan", _scan_one_by_one):
            step()

    compare("1000 nt, parallel scan against sequential product", step, sequential, n=5)


def _step(n: int) -> Callable[[], None]:
    """Make a function that builds n residues and finds the gradient of their torsions."""
    generator = torch.Generator().manual_seed(0)
    torsions = ((torch.rand(n, 14, generator=generator) * 2 - 1) * 3).requires_grad_()
    kinds = torch.randint(0, 4, (n,), generator=generator)
    return lambda: nerf.build_atoms(torsions, kinds).square().mean().backward()


def _scan_one_by_one(rotation: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Multiply the motions one after the other, as NeRF is usually written."""
    rotations, steps = [torch.eye(3)], [torch.zeros(3)]
    for i in range(len(step) - 1):
        steps.append(rotations[-1] @ step[i] + steps[-1])
        rotations.append(rotations[-1] @ rotation[i])
    return torch.stack(rotations), torch.stack(steps)


def _rebuild() -> None:
    """Rebuild every whole stretch with measured and with ideal geometry."""
    exact, whole, windows = [], [], []
    for chain in _chains():
        for part in whole_stretches(chain.coords):
            length = part.stop - part.start
            if length < 2:
                continue
            coords, kinds = chain.coords[part].astype(np.float64), chain.kinds[part]
            torsions, geometry = measure_geometry(coords, kinds)
            kinds = torch.from_numpy(kinds)
            errors = [
                _rmsd(nerf.build_atoms(torsions.to(dtype), kinds, geometry.to(dtype)), coords)
                for dtype in (torch.float64, torch.float32)
            ]
            exact.append((chain.name, length, length == chain.observed.sum(), *errors))
            ideal = nerf.build_atoms(torsions, kinds)
            whole.append((length, _rmsd(ideal, coords)))
            if length >= WINDOW:
                windows.append(_rmsds(_cut(ideal.numpy()), _cut(coords)))
    _report_exact(exact)
    drift = np.concatenate(windows)
    print(
        f"ideal geometry, windows of {WINDOW} nt (n={len(drift)}): RMSD median "
        f"{np.median(drift):.2f}, mean {drift.mean():.2f}, 95 % {np.percentile(drift, 95):.2f} A"
    )
    lengths, rmsds = np.array(whole).T
    for low, high in zip(BINS, BINS[1:], strict=False):
        found = rmsds[(lengths >= low) & (lengths < high)]
        print(
            f"ideal geometry, whole chains of {low}-{high - 1} nt (n={len(found)}): RMSD median "
            f"{np.median(found):.2f}, 95 % {np.percentile(found, 95):.2f} A"
        )


def _report_exact(rows: list[tuple]) -> None:
    """Print the worst round trip in either precision, of complete chains and of all stretches."""
    for label, kept in (("complete chains", [r for r in rows if r[2]]), ("all stretches", rows)):
        for column, precision in ((3, "float64"), (4, "float32")):
            worst = max(kept, key=lambda row: row[column])
            print(
                f"measured geometry, {precision}, {len(kept)} {label} ({sum(r[1] for r in kept)} "
                f"nt): worst RMSD {worst[column]:.1e} A, {worst[0]} ({worst[1]} nt)"
            )


def _chains() -> Iterator[Chain]:
    """Read the first models of all entries."""
    for path in sorted((SHARED / "pdb").glob("*.cif.gz")):
        yield from read_entry(path)[0]


def _cut(coords: np.ndarray) -> np.ndarray:
    """Give all windows of a chain, (windows, WINDOW, 23, 3)."""
    views = np.lib.stride_tricks.sliding_window_view(coords, WINDOW, axis=0)
    return np.moveaxis(views, -1, 1)


def _rmsd(model: Tensor, real: np.ndarray) -> float:
    """Superpose a whole chain and compare."""
    return _rmsds(model.double().numpy()[None], real[None]).item()


def _rmsds(models: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Superpose and compare over the observed atoms, (batch,)."""
    models, real = (atoms.reshape(len(atoms), -1, 3) for atoms in (models, real))
    mask = np.isfinite(real).all(-1)
    moved = apply_motion(models, *superpose(models, real, mask))
    square = np.where(mask, ((moved - real) ** 2).sum(-1), 0.0)
    return np.sqrt(square.sum(-1) / mask.sum(-1))
