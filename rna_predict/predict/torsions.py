"""Torsions of a sequence from a trained network, without a structure."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from rna_predict.data.features import WeighedPairs
from rna_predict.data.msa import Msa
from rna_predict.errors import InputError
from rna_predict.model.build import AnyNetwork
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.predict.inputs import target_features
from rna_predict.predict.weights import Predictor
from rna_predict.secondary.adjacency import Adjacency


@dataclass(frozen=True, eq=False)
class PredictedTorsions:
    """Torsions of n residues, in the order of ``constants.TORSIONS``.

    Attributes
    ----------
    torsions : (n, 14) float32, radians
        In (-pi, pi]; also where a chain of this sequence has none, as alpha of the first residue.
    concentration : (n, 14) float32
        Of the von Mises distribution about each: how sure the network is. A spread of s radians
        is about ``s**-2``.
    """

    torsions: Float32[np.ndarray, "n 14"]
    concentration: Float32[np.ndarray, "n 14"]


def predict_torsions(
    predictor: Predictor,
    name: str,
    sequence: str,
    adjacency: Adjacency | None = None,
    consensus: WeighedPairs | None = None,
    msa: Msa | None = None,
    seed: int = 0,
) -> PredictedTorsions:
    """Predict the torsions of one sequence of n residues.

    Parameters
    ----------
    predictor : Predictor
        Of :func:`~rna_predict.predict.weights.load_predictor`.
    name, sequence, adjacency, consensus, msa, seed
        As of :func:`~rna_predict.predict.inputs.target_features`;
        :func:`~rna_predict.predict.inputs.family_inputs` gives consensus pairs and homologs.

    Returns
    -------
    PredictedTorsions

    Raises
    ------
    InputError
        If the network has no torsion net: the baselines have none.
    """
    rows = predictor.network.dimensions.msa_rows
    features = target_features(name, sequence, rows, seed, adjacency, consensus, msa)
    return net_torsions(predictor.network, features.to(predictor.device))


@torch.no_grad()
def net_torsions(network: AnyNetwork, features: Features) -> PredictedTorsions:
    """Run the torsion net alone.

    Parameters
    ----------
    network : RnaNetwork
        In evaluation mode.
    features : Features
        Of one chain, on the network's device.

    Returns
    -------
    PredictedTorsions

    Raises
    ------
    InputError
        If the network has no torsion net.
    """
    if not isinstance(network, RnaNetwork):
        raise InputError(
            "weights", f"a {network.dimensions.architecture} regressor has no torsion net"
        )
    prediction = network.torsion_net(features)
    sine, cosine = prediction.sin_cos[0].float().unbind(-1)
    concentration = prediction.log_kappa[0].float().exp()
    return PredictedTorsions(torch.atan2(sine, cosine).cpu().numpy(), concentration.cpu().numpy())
