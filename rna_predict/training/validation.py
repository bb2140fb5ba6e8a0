"""Validation on sampled structures and on predicted torsions, not on losses alone."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from rna_predict.constants import ALPHABET, BACKBONE_TORSIONS
from rna_predict.data.batch import Batch
from rna_predict.data.seeds import torch_generator
from rna_predict.evaluate.circular import circular_differences, mean_of_circular
from rna_predict.model.build import AnyNetwork
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork, Trunk
from rna_predict.training.levels import compare_levels, make_reference
from rna_predict.training.settings import TrainingSettings

N_MCQ = len(BACKBONE_TORSIONS)
JUDGED = "judged"
"""Column, and ending of columns, that say how many results a mean is of."""


@torch.no_grad()
def judge_torsions(network: RnaNetwork, batch: Batch) -> dict[str, float]:
    """Compare the torsion net's torsions of one chain with the truth.

    Returns
    -------
    dict
        ``mcq``, degrees, over the torsions alpha to zeta and chi that the native has; NaN if it
        has none.
    """
    return {"mcq": _mcq(network.torsion_net(Features(**batch.inputs)).sin_cos, batch)}


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
        See :func:`~rna_predict.training.levels.compare_levels`, one a sample, and ``plddt`` and
        ``plddt_error`` (0-1, mean predicted lDDT, and its distance from the true one); of a
        network with a torsion net also ``mcq``, see :func:`judge_torsions`.
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
    sequence = "".join(ALPHABET[kind] for kind in batch.inputs["sequence"][0].tolist())
    reference = make_reference(batch.names[0], sequence, truth, mask)
    torsions = {"mcq": _mcq(trunk.torsion_sin_cos, batch)} if isinstance(trunk, Trunk) else {}
    results = []
    for coords, predicted in zip(samples[0].cpu().double().numpy(), plddt, strict=True):
        result = compare_levels(np.where(slots[..., None], coords, np.nan), reference)
        mean = float(predicted[mask.any(-1)].mean())
        error = abs(mean - result["lddt"])
        results.append({**result, "plddt": mean, "plddt_error": error, **torsions})
    return results


def mean_results(results: list[dict[str, float]]) -> dict[str, float]:
    """Average each entry over the samples of all chains.

    Parameters
    ----------
    results : list of dict
        Of :func:`judge_samples` or :func:`judge_torsions`. NaN is no value: chains without loops
        have no lDDT of loops.

    Returns
    -------
    dict
        The means, NaN where no sample has a value; ``judged``, the number of results; and of each
        entry that some lack, ``{name}_judged``, the number of those that have it.
    """
    table = {name: np.array([row[name] for row in results]) for name in results[0]}
    means = {}
    for name, values in table.items():
        known = values[~np.isnan(values)]
        means[name] = float(known.mean()) if len(known) else float("nan")
        if len(known) < len(values):
            means[f"{name}_{JUDGED}"] = float(len(known))
    return {**means, JUDGED: float(len(results))}


def _mcq(sin_cos: Float[Tensor, "1 n 14 2"], batch: Batch) -> float:
    """Give the mean of circular quantities of predicted torsions, degrees."""
    vectors = sin_cos[0].cpu().double().numpy()
    predicted = np.arctan2(vectors[..., 0], vectors[..., 1])[:, :N_MCQ]
    truth = batch.truth.torsions[0, :, :N_MCQ].cpu().double().numpy()
    defined = batch.truth.torsion_mask[0, :, :N_MCQ].cpu().numpy()
    if not defined.any():
        return float("nan")
    differences = circular_differences(predicted[defined], truth[defined])
    return float(np.degrees(mean_of_circular(differences)))
