"""One target: its native, its ranked models on top of it, their confidences and their scores."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.constants import SLOT_INDEX, UNKNOWN
from rna_predict.errors import InputError
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.report.inputs import ReportInputs
from rna_predict.report.metrics import METRICS
from rna_predict.report.tables import read_json, read_parquet_table, read_text_table
from rna_predict.secondary.pairs import CANONICAL, find_pairs
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains

C1: Final = SLOT_INDEX[UNKNOWN]["C1'"]
CANONICAL_CLASS: Final = "cWW"
"""Leontis-Westhof class of the pairs that make stems."""
FOLDED: Final = 0.5
"""Pairs more probable than this are drawn; nested ones only, for two that cross add up to 1."""

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Model:
    """One of the final models.

    Attributes
    ----------
    rank, source : int
        Place among the final models, and number of the sample it came from.
    chain : Chain
        Superposed on the native's C1', or on the first model's where there is no native.
    values : dict of float
        Ranking and accuracy by the keys of ``metrics.METRICS``; absent where undefined.
    plddt : (n,) float, 0-100
    pae : (n, n) float, angstrom
    lddt, distance : (n,) float
        Accuracy of each residue: lDDT (0-1), C1' to C1' (angstrom); NaN where unknown.
    pairs : set of (i, j)
        Canonical cis pairs in the coordinates.
    refinement : dict
        Row of energies.tsv of its sample.
    error : str
        Why it could not be scored; "" otherwise.
    """

    rank: int
    source: int
    chain: Chain
    values: dict[str, float]
    plddt: Float[np.ndarray, " n"]
    pae: Float[np.ndarray, "n n"]
    lddt: Float[np.ndarray, " n"]
    distance: Float[np.ndarray, " n"]
    pairs: set[Pair]
    refinement: Mapping[str, Any]
    error: str


@dataclass(frozen=True, eq=False)
class Target:
    """A target with all that is known of it."""

    name: str
    sequence: str
    native: Chain | None
    models: list[Model]
    native_pairs: set[Pair]
    """Canonical cis pairs of the native."""
    folded_pairs: set[Pair] | None
    """Pairs predicted from the sequence; None where none were given."""
    seed: int | None
    weights_sha256: str

    def best(self, key: str) -> float | None:
        """Give the best value of a metric over the models; None where it is undefined."""
        values = [model.values[key] for model in self.models if key in model.values]
        if not values:
            return None
        return max(values) if METRICS[key].better == "high" else min(values)


def read_target(inputs: ReportInputs, name: str) -> Target:
    """Read a target's files and put its models on top of its native.

    Raises
    ------
    InputError
        If a file is missing or malformed, or files do not fit each other.
    """
    ranked = inputs.ranked_dir / name
    ranking = read_text_table(
        ranked / "ranking.tsv",
        {"rank": int, "source_model": int, "score": float, "minimised": bool},
        "the ranking of the models",
        optional={"clashes": float, "energy": float},
    ).sort_values("rank", ignore_index=True)
    if ranking.empty:
        raise InputError(ranked / "ranking.tsv", "expected at least one model")
    chains = [_one_chain(ranked / f"model_{rank}.cif") for rank in ranking["rank"]]
    sequence = chains[0].sequence
    native = _read_native(inputs, name, len(sequence))
    fixed = native if native is not None else chains[0]
    confidence = read_json(inputs.predictions_dir / name / "confidence.json", "confidences")
    confidence_path = inputs.predictions_dir / name / "confidence.json"
    energies = read_text_table(
        inputs.refined_dir / name / "energies.tsv",
        {"model": int, "kept": bool, "reason": str}
        | dict.fromkeys(("energy_before", "energy_after", "clashes_before", "clashes_after"), float)
        | dict.fromkeys(("rmsd_to_input", "tm_to_input", "iterations", "seconds"), float),
        "energies of the minimisation",
    ).set_index("model", drop=False)
    scores, residues = _read_scores(inputs, name, len(sequence), native is not None)
    models = []
    for row, chain in zip(ranking.to_dict("records"), chains, strict=True):
        if chain.sequence != sequence:
            raise InputError(ranked / f"model_{row['rank']}.cif", "another sequence than model_1")
        if row["source_model"] not in energies.index:
            raise InputError(
                inputs.refined_dir / name / "energies.tsv", f"no row of model {row['source_model']}"
            )
        sample = _sample(confidence, row["source_model"], len(sequence), confidence_path)
        score = scores.get(row["rank"], {})
        values = {key: row[key] for key in ("score", "clashes", "energy") if key in row}
        values |= {"plddt": sample["plddt"], "ptm": sample["ptm"]}
        values |= {key: score[key] for key in METRICS if key in score}
        lddt, distance = residues.get(row["rank"], np.full((2, len(sequence)), np.nan))
        models.append(
            Model(
                rank=row["rank"],
                source=row["source_model"],
                chain=_superposed(chain, fixed),
                values={k: float(v) for k, v in values.items() if v is not None and np.isfinite(v)},
                plddt=np.array(sample["plddt_per_residue"], dtype=float),
                pae=np.array(sample["pae"], dtype=float),
                lddt=lddt,
                distance=distance,
                pairs=canonical_pairs(chain),
                refinement=energies.loc[row["source_model"]].to_dict(),
                error=score.get("error", ""),
            )
        )
    seed = confidence.get("seed")
    return Target(
        name=name,
        sequence=sequence,
        native=native,
        models=models,
        native_pairs=canonical_pairs(native) if native is not None else set(),
        folded_pairs=_folded_pairs(inputs, name),
        seed=seed if isinstance(seed, int) else None,
        weights_sha256=str(confidence.get("weights_sha256", "")),
    )


def canonical_pairs(chain: Chain) -> set[Pair]:
    """Give the canonical pairs in coordinates: AU, GC, GU; cis, both Watson-Crick edges."""
    return {
        (int(i), int(j))
        for i, j, lw in zip(*find_pairs(chain.kinds, chain.coords), strict=True)
        if lw == CANONICAL_CLASS and chain.sequence[i] + chain.sequence[j] in CANONICAL
    }


def _one_chain(path: Path) -> Chain:
    """Read a file that holds one chain."""
    chains = read_chains(path)
    if len(chains) != 1:
        raise InputError(path, f"expected one RNA chain, got {len(chains)}")
    return chains[0]


def _read_native(inputs: ReportInputs, name: str, length: int) -> Chain | None:
    """Read the experimental structure, where there is one."""
    path = inputs.natives_dir / f"{name}.cif"
    if not path.is_file():
        return None
    native = _one_chain(path)
    if len(native) != length:
        raise InputError(path, f"{len(native)} residues, but the models have {length}")
    return native


def _superposed(mobile: Chain, fixed: Chain) -> Chain:
    """Put a chain on top of another of the same length by their C1' atoms."""
    both = mobile.atom_mask[:, C1] & fixed.atom_mask[:, C1]
    if both.sum() < 3:
        return mobile
    rotation, translation = superpose(mobile.coords[:, C1], fixed.coords[:, C1], both)
    moved = apply_motion(mobile.coords.reshape(-1, 3), rotation, translation)
    return mobile.with_coords(moved.reshape(mobile.coords.shape))


def _sample(confidence: Mapping[str, Any], number: int, length: int, path: Path) -> dict[str, Any]:
    """Find one sample's confidences and check their shapes."""
    samples = [s for s in confidence.get("models", []) if s.get("model") == number]
    if not samples:
        raise InputError(path, f"no model {number}")
    sample = samples[0]
    for key, shape in (("plddt_per_residue", (length,)), ("pae", (length, length))):
        found = np.shape(sample.get(key, ()))
        if found != shape:
            raise InputError(path, f"model {number}: {key} has shape {found}, expected {shape}")
    return {"plddt": None, "ptm": None} | sample


def _read_scores(
    inputs: ReportInputs, name: str, length: int, has_native: bool
) -> tuple[dict[int, dict[str, Any]], dict[int, Float[np.ndarray, "2 n"]]]:
    """Read accuracy by rank: of whole models and of each residue."""
    path = inputs.scores_dir / f"{name}.tsv"
    if not has_native and not path.is_file():
        return {}, {}
    table = read_text_table(
        path,
        {"model": str},
        "scores of the models",
        optional=dict.fromkeys(METRICS, float) | {"pairing": str, "error": str},
    )
    scores = {_rank(path, row["model"]): row for row in table.to_dict("records")}
    path = inputs.scores_dir / f"{name}.residues.tsv"
    table = read_text_table(
        path,
        {"model": str, "index": int, "lddt": float, "distance_c1": float},
        "scores of the residues",
    )
    residues: dict[int, Float[np.ndarray, "2 n"]] = {}
    for model, rows in table.groupby("model"):
        if not rows["index"].between(0, length - 1).all():
            raise InputError(path, f"model {model}: an index outside 0 to {length - 1}")
        values = np.full((2, length), np.nan)
        values[:, rows["index"]] = rows[["lddt", "distance_c1"]].to_numpy().T
        residues[_rank(path, str(model))] = values
    return scores, residues


def _rank(path: Path, model: str) -> int:
    """Read the rank out of a model's name, ``.../model_{rank}.cif``."""
    match = re.fullmatch(r"model_(\d+)(\.cif)?", Path(model).name)
    if not match:
        raise InputError(path, f"expected models named model_1.cif and so on, got {model!r}")
    return int(match.group(1))


def _folded_pairs(inputs: ReportInputs, name: str) -> set[Pair] | None:
    """Give the probable pairs of the target's sequence, where they were computed."""
    if inputs.probabilities is None:
        return None
    columns = ["chain_id", "i", "j", "probability"]
    table: pd.DataFrame = read_parquet_table(
        inputs.probabilities, columns, "base-pair probabilities"
    )
    table = table[table["chain_id"] == name]
    if table.empty:
        return None
    likely = table[table["probability"] > FOLDED]
    return set(zip(likely["i"].tolist(), likely["j"].tolist(), strict=True))
