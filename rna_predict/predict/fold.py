"""Fold the sequences of a FASTA file: sample, minimise, rank, write; the command ``fold``."""

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rna_predict.constants import BASES
from rna_predict.data.msa import Msa, read_msa
from rna_predict.data.weights import file_sha256
from rna_predict.errors import InputError
from rna_predict.evaluate.clashes import clash_score
from rna_predict.predict.confidence import confidence_record, write_json
from rna_predict.predict.names import safe_names
from rna_predict.predict.ranking import rank_table, write_ranking
from rna_predict.predict.sampling import Prediction, predict_target
from rna_predict.predict.weights import Predictor, find_weights, load_predictor
from rna_predict.structure.fasta import read_fasta

MIN_LENGTH, MAX_LENGTH = 5, 500
"""Lengths that can be folded (nt)."""
CONFIDENCE = "confidence.json"


@dataclass(frozen=True)
class FoldResult:
    """What became of one sequence.

    Attributes
    ----------
    header : str
        First word of its FASTA header.
    name : str
        Name of its folder.
    status : {"folded", "unchanged", "refused"}
        ``unchanged``: the folder already holds this result.
    message : str
        Why it was refused, else "".
    """

    header: str
    name: str
    status: Literal["folded", "unchanged", "refused"]
    message: str = ""


def fold_fasta(
    fasta: Path,
    out: Path,
    *,
    models: int = 5,
    seed: int = 0,
    weights: Path | None = None,
    minimize: bool = True,
    device: str = "auto",
    msa: Path | None = None,
) -> list[FoldResult]:
    """Fold every sequence of a FASTA file.

    Each target gets a folder with ``model_1.cif`` (best) to ``model_{models}.cif``,
    ``ranking.tsv`` and ``confidence.json``, which appears whole or not at all. A folder that holds
    the same result (sequence, seed, weights, options) is left as it is; one of another result
    is replaced. A sequence that cannot be folded is refused, and the others are done.

    Parameters
    ----------
    fasta : path
        Sequences of 5 to 500 nt of A, C, G and U.
    out : path
        Folder of the targets' folders.
    models : int
        Models of each target.
    seed : int
        Seed of the samples.
    weights : path, optional
        safetensors; by default those of :func:`find_weights`.
    minimize : bool
        Minimise the models with OpenMM.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    msa : path, optional
        Alignment of the one sequence: a3m, Stockholm or aligned FASTA.

    Returns
    -------
    list of FoldResult
        In the order of the file.

    Raises
    ------
    InputError
        If nothing can be done: no weights, a faulty FASTA file, two targets of one name, no
        models asked for, or an alignment that is not of the one sequence.
    """
    if models < 1:
        raise InputError("models", f"expected 1 or more, got {models}")
    sequences = read_fasta(fasta)
    names = safe_names(list(sequences), str(fasta))
    aligned = None
    if msa is not None:
        if len(sequences) > 1:
            raise InputError(fasta, f"an alignment is of one sequence, got {len(sequences)}")
        aligned = read_msa(msa, *sequences.values())
    predictor = load_predictor(find_weights() if weights is None else weights, device)
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for header, sequence in sequences.items():
        name = names[header]
        request = {
            "target": name,
            "header": header,
            "sequence": sequence,
            "seed": seed,
            "weights_sha256": predictor.sha256,
            "options": {
                "models": models,
                "minimize": minimize,
                "msa_sha256": None if msa is None else file_sha256(msa),
            },
        }
        try:
            folded = _fold_target(predictor, out / name, request, aligned)
        except InputError as error:
            results.append(FoldResult(header, name, "refused", str(error)))
        else:
            results.append(FoldResult(header, name, "folded" if folded else "unchanged"))
    return results


def _fold_target(
    predictor: Predictor, folder: Path, request: dict[str, Any], msa: Msa | None
) -> bool:
    """Fold one target unless its folder has the result; tell whether it was folded."""
    name, sequence, n_models = request["target"], request["sequence"], request["options"]["models"]
    if not MIN_LENGTH <= len(sequence) <= MAX_LENGTH:
        raise InputError(
            f"sequence {request['header']}",
            f"expected {MIN_LENGTH} to {MAX_LENGTH} nt, got {len(sequence)}",
        )
    if unknown := sorted(set(sequence) - set(BASES)):
        raise InputError(
            f"sequence {request['header']}", f"expected {', '.join(BASES)}, got {unknown[0]}"
        )
    if _is_done(folder, request):
        return False
    predictions = predict_target(predictor, name, sequence, n_models, request["seed"], msa=msa)
    facts = []
    for number, prediction in enumerate(predictions, start=1):
        prediction, outcome = _minimized(prediction, request["options"]["minimize"])
        predictions[number - 1] = prediction
        confidence = {"plddt": float(prediction.plddt.mean()), "ptm": prediction.ptm}
        facts.append({"source_model": number, **confidence, **outcome})
    table = rank_table(facts)
    ranked = [predictions[number - 1] for number in table["source_model"]]
    record = confidence_record(ranked, request["seed"], predictor.sha256)
    partial = folder.with_name(f".{name}.{os.getpid()}")
    try:
        write_ranking(partial, table, [(best.chain, best.plddt) for best in ranked])
        write_json(partial / CONFIDENCE, {**request, "models": record["models"]})
        _put_in_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def _minimized(prediction: Prediction, minimize: bool) -> tuple[Prediction, dict[str, Any]]:
    """Minimise a model where asked for; give it with its clashes and energy."""
    if not minimize:
        clashes = clash_score(prediction.chain)
        return prediction, {"clashes": clashes, "energy": float("nan"), "minimised": False}
    # Imported here: without a minimisation OpenMM is not needed.
    from rna_predict.refine.minimize import minimize_chain

    result = minimize_chain(prediction.chain)
    after = result.kept
    return replace(prediction, chain=result.chain), {
        "clashes": result.clashes_after if after else result.clashes_before,
        "energy": result.energy_after if after else result.energy_before,
        "minimised": after,
    }


def _is_done(folder: Path, request: dict[str, Any]) -> bool:
    """Tell whether a folder holds the result of this very request.

    Raises
    ------
    InputError
        If there is something that no earlier run can have written.
    """
    if not folder.exists():
        return False
    record = folder / CONFIDENCE
    if not record.is_file():
        raise InputError(folder, f"exists and is not a result of fold (no {CONFIDENCE})")
    try:
        found = json.loads(record.read_text())
    except ValueError as error:
        raise InputError(record, f"not a record of fold: {error}") from error
    if not isinstance(found, dict) or not request.keys() <= found.keys():
        raise InputError(record, f"not a record of fold: expected {', '.join(request)}")
    files = [f"model_{k}.cif" for k in range(1, request["options"]["models"] + 1)]
    whole = all((folder / file).is_file() for file in (*files, "ranking.tsv"))
    return whole and all(found[key] == request[key] for key in request)


def _put_in_place(partial: Path, folder: Path) -> None:
    """Rename a finished folder to its name; an earlier result goes away."""
    if folder.exists():
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old)
    else:
        partial.rename(folder)
