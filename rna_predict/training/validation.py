"""Validation on sampled structures, not on losses alone."""

import numpy as np
import torch
from jaxtyping import Bool, Float

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.data.batch import Batch
from rna_predict.data.seeds import torch_generator
from rna_predict.evaluate.lddt import lddt, native_contacts
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.model.build import AnyNetwork
from rna_predict.model.inputs import Features
from rna_predict.training.settings import TrainingSettings

C1, C3 = BACKBONE_ATOMS.index("C1'"), BACKBONE_ATOMS.index("C3'")


@torch.no_grad()
def judge_samples(
    network: AnyNetwork, batch: Batch, settings: TrainingSettings, seed: int
) -> list[dict[str, float]]:
    """Sample structures of one chain and compare each with the truth.

    The samples of a chain start from the same noise at every validation, so that curves show the
    network and not the draw.

    Parameters
    ----------
    network : RnaNetwork
        As it is; the caller chooses its mode and weights.
    batch : Batch
        One whole chain.
    settings : TrainingSettings
        Number of samples, their sampler, and rounds of the trunk.
    seed : int
        Seed of the run.

    Returns
    -------
    list of dict
        See :func:`compare`, one a sample, and ``plddt`` and ``plddt_error`` (0-1, mean
        predicted lDDT, and its distance from the true one).
    """
    device = batch.truth.coords.device
    features = Features(**batch.inputs)
    generator = torch_generator(device, seed, "validation", *batch.names)
    trunk = network.trunk(features, settings.recycles)
    samples = network.sample(
        trunk, features, settings.validation_samples, settings.rollout, generator
    )
    confidence = network.confidence(trunk, features, samples)
    plddt = confidence.plddt()[0].cpu().double().numpy() / 100
    slots = features.slot_mask[0].cpu().numpy()
    truth, mask = (t[0].cpu().numpy() for t in (batch.truth.coords, batch.truth.atom_mask))
    observed = mask.any(-1)
    results = []
    for coords, predicted in zip(samples[0].cpu().double().numpy(), plddt, strict=True):
        result = compare(np.where(slots[..., None], coords, np.nan), truth, mask)
        mean = float(predicted[observed].mean())
        error = abs(mean - result["lddt"])
        results.append({**result, "plddt": mean, "plddt_error": error})
    return results


def compare(
    sample: Float[np.ndarray, "n 23 3"],
    native: Float[np.ndarray, "n 23 3"],
    mask: Bool[np.ndarray, "n 23"],
) -> dict[str, float]:
    """Compare a sample with its native.

    Parameters
    ----------
    sample, native : (n, 23, 3) float, angstrom
        The sample has every atom that the native has.
    mask : (n, 23) bool
        Atoms of the native that were observed.

    Returns
    -------
    dict
        ``lddt`` (0-1, all atoms), ``tm`` (C3', paired), ``rmsd`` (angstrom, all atoms);
        ``spread`` and ``neighbour``: root-mean-square distance of C1' from their centre, and
        mean distance of a C1' to the nearest other, each divided by the native's.
    """
    score, _ = lddt(sample, native_contacts(native, mask))
    present = mask[:, C1]
    ours, theirs = sample[present, C1], native[present, C1]
    return {
        "lddt": score,
        "tm": tm_score(sample[:, C3], native[:, C3], mask[:, C3]),
        "rmsd": rmsd(sample[mask], native[mask]),
        "spread": _spread(ours) / _spread(theirs),
        "neighbour": _nearest(ours) / _nearest(theirs),
    }


def mean_results(results: list[dict[str, float]]) -> dict[str, float]:
    """Average each entry over the samples of all chains."""
    return {name: float(np.mean([row[name] for row in results])) for name in results[0]}


def _spread(points: Float[np.ndarray, "n 3"]) -> float:
    """Root-mean-square distance from the centre."""
    return float(np.sqrt(((points - points.mean(0)) ** 2).sum(-1).mean()))


def _nearest(points: Float[np.ndarray, "n 3"]) -> float:
    """Mean distance of a point to the nearest other."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(1).mean())
