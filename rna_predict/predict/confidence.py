"""Predictions on disk: models with pLDDT as B-factor, and their confidence as JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from rna_predict.predict.sampling import Prediction
from rna_predict.structure.files import replacing
from rna_predict.structure.mmcif import write_chain


def confidence_record(
    predictions: list[Prediction], seed: int, weights_sha256: str
) -> dict[str, Any]:
    """Describe predictions as plain values.

    Parameters
    ----------
    predictions : list of Prediction
        Of one target, in the order in which they are numbered from 1.
    seed : int
        Seed of the samples.
    weights_sha256 : str
        Of the weights file.

    Returns
    -------
    dict
        ``target``, ``sequence``, ``seed``, ``weights_sha256`` and ``models``: for each its number,
        mean and per-residue pLDDT (0-100), pTM (0-1) and PAE (angstrom).
    """
    return {
        "target": predictions[0].chain.entry,
        "sequence": predictions[0].chain.sequence,
        "seed": seed,
        "weights_sha256": weights_sha256,
        "models": [
            model_record(number, prediction.plddt, prediction.ptm, prediction.pae)
            for number, prediction in enumerate(predictions, start=1)
        ],
    }


def model_record(
    number: int,
    plddt: Float[np.ndarray, " n"],
    ptm: float,
    pae: Float[np.ndarray, "n n"] | None = None,
) -> dict[str, Any]:
    """Describe the confidence of one model as plain values; ``pae`` only where there is one."""
    record = {
        "model": number,
        "plddt": round(float(plddt.mean()), 2),
        "ptm": round(float(ptm), 4),
        "plddt_per_residue": [round(float(value), 2) for value in plddt],
    }
    if pae is not None:
        record["pae"] = [[round(float(value), 1) for value in row] for row in pae]
    return record


def write_predictions(
    folder: Path, predictions: list[Prediction], seed: int, weights_sha256: str
) -> None:
    """Write ``model_{k}.cif`` in the order given, and ``confidence.json``.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    predictions, seed, weights_sha256
        See :func:`confidence_record`.
    """
    for number, prediction in enumerate(predictions, start=1):
        write_chain(folder / f"model_{number}.cif", prediction.chain, prediction.plddt)
    write_json(folder / "confidence.json", confidence_record(predictions, seed, weights_sha256))


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record) + "\n")
