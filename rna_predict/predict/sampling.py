"""Structures and their confidence from a sequence and a trained network."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from rna_predict.data.features import Templates, WeighedPairs
from rna_predict.data.msa import Msa
from rna_predict.data.seeds import torch_generator
from rna_predict.errors import EntryError
from rna_predict.predict.idealise import idealise
from rna_predict.predict.inputs import target_features
from rna_predict.predict.weights import Predictor
from rna_predict.secondary.adjacency import Adjacency
from rna_predict.structure.chain import Chain, model_chain


@dataclass(frozen=True, eq=False)
class Prediction:
    """One predicted structure.

    Attributes
    ----------
    chain : Chain
        Chain A, residues numbered from 1.
    plddt : (n,) float32
        Predicted lDDT of each residue, 0 to 100.
    pae : (n, n) float32, angstrom
        Expected error of residue j when residue i's frame is superposed.
    ptm : float
        Predicted TM-score of the chain, with the d0 of RNA.
    """

    chain: Chain
    plddt: Float32[np.ndarray, " n"]
    pae: Float32[np.ndarray, "n n"]
    ptm: float


@torch.no_grad()
def predict_target(
    predictor: Predictor,
    name: str,
    sequence: str,
    n_models: int,
    seed: int,
    adjacency: Adjacency | None = None,
    consensus: WeighedPairs | None = None,
    msa: Msa | None = None,
    templates: Templates | None = None,
    idealised: bool = True,
) -> list[Prediction]:
    """Sample structures of one sequence.

    Model ``k`` depends on the inputs, the seed and ``k`` alone, not on how many models are asked
    for.

    Parameters
    ----------
    predictor : Predictor
        Trained network and sampler.
    name : str
        Of the target; becomes the entry of the chains.
    sequence : str
        Letters of ``constants.ALPHABET``.
    n_models : int
        Structures to sample.
    seed : int
        Seed of the samples.
    adjacency : Adjacency, optional
        Source of the base-pair probabilities; it should be that of the training. Default:
        ViennaRNA without a bound on the span.
    consensus : pairs and probabilities, optional
        Of the structure of the sequence's family.
    msa : (r, n) uint8, optional
        Homologs over the sequence; the network's number of rows is drawn from them.
    templates : Templates, optional
        Frames of known structures over the sequence. To leave out the target's own structure is
        for the caller.
    idealised : bool
        Whether sampled residues are replaced by ideal ones, see
        :func:`~rna_predict.predict.idealise.idealise`. The confidence is of the sample either way.

    Returns
    -------
    list of Prediction
        In the order of sampling.

    Raises
    ------
    EntryError
        If the network gave coordinates that are not finite.
    """
    rows = predictor.network.dimensions.msa_rows
    features = target_features(name, sequence, rows, seed, adjacency, consensus, msa, templates).to(
        predictor.device
    )
    trunk = predictor.network.trunk(features, predictor.recycles)
    predictions = []
    for number in range(1, n_models + 1):
        generator = torch_generator(predictor.device, seed, "sample", sequence, number)
        try:
            samples = predictor.network.sample(trunk, features, 1, predictor.sampling, generator)
        except torch.linalg.LinAlgError as error:
            raise EntryError(name, f"model {number}: {error}", "not_finite") from error
        confidence = predictor.network.confidence(trunk, features, samples)
        slots = features.slot_mask[0].cpu().numpy()
        coords = samples[0, 0].float().cpu().numpy()
        if not np.isfinite(coords[slots]).all():
            raise EntryError(name, f"model {number}: coordinates that are not finite", "not_finite")
        coords[~slots] = np.nan
        if idealised:
            coords = idealise(sequence, coords)
        predictions.append(
            Prediction(
                chain=model_chain(name, sequence, coords),
                plddt=confidence.plddt()[0, 0].float().cpu().numpy(),
                pae=confidence.pae()[0, 0].float().cpu().numpy(),
                ptm=float(confidence.ptm()[0, 0]),
            )
        )
    return predictions
