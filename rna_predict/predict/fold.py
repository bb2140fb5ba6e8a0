"""Fold the sequences of a FASTA file: model, minimise, rank, write; the command ``fold``.

Models come from known structures (templates), from a trained network, or from both. Each judges its
own: expected lDDT of the residues and expected TM-score; the ranking takes the best of all by these
and by their clashes.
"""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.constants import BASES
from rna_predict.data.msa import Msa, read_msa
from rna_predict.data.weights import file_sha256
from rna_predict.errors import InputError
from rna_predict.evaluate.clashes import clash_score
from rna_predict.predict.confidence import model_record, write_json
from rna_predict.predict.folders import CONFIDENCE, is_done, put_in_place
from rna_predict.predict.names import safe_names
from rna_predict.predict.ranking import rank_table, write_ranking
from rna_predict.predict.sampling import Prediction, predict_target
from rna_predict.predict.template_library import FamilyModels
from rna_predict.predict.template_model import (
    TemplateModel,
    fold_with_templates,
    provenance_table,
)
from rna_predict.predict.weights import (
    Predictor,
    find_weights,
    load_predictor,
    shipped_weights,
)
from rna_predict.secondary.fold import make_adjacency
from rna_predict.structure.chain import Chain
from rna_predict.structure.fasta import read_fasta
from rna_predict.templates.guards import Guard
from rna_predict.templates.library import TABLE, Library
from rna_predict.templates.query import make_query

MIN_LENGTH, MAX_LENGTH = 5, 500
"""Lengths that can be folded (nt)."""
TEMPLATES: Final = "templates.tsv"
SOURCES: Final = ("templates", "network", "both")
"""Where models may come from."""
LEAST_PROBABILITY: Final = 0.01
"""Of a base pair that a search for templates considers."""


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


@dataclass(frozen=True, eq=False)
class Sources:
    """What models are made from.

    Attributes
    ----------
    network : Predictor, optional
    library : Library, optional
        At least one of the two.
    guard : Guard
        What of the library must not be used.
    families : FamilyModels, optional
        That lead to templates, pairs and homologs of the query's families.
    """

    network: Predictor | None = None
    library: Library | None = None
    guard: Guard = Guard()
    families: FamilyModels | None = None

    def facts(self) -> dict[str, Any]:
        """Describe the sources as plain values that change when their results would."""
        facts: dict[str, Any] = {
            "weights_sha256": self.network.sha256 if self.network else None,
            "families": self.families.facts() if self.families else None,
        }
        if self.library:
            facts["library_sha256"] = file_sha256(self.library.folder / TABLE)
            facts["guard"] = {
                "cutoff": self.guard.cutoff,
                "exclude_entries": sorted(self.guard.exclude_entries),
                "exclude_chains": sorted(self.guard.exclude_chains),
                "exclude_families": sorted(self.guard.exclude_families),
                "max_identity": self.guard.max_identity,
            }
        return facts


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A model to be ranked, whatever its source."""

    chain: Chain
    plddt: Float[np.ndarray, " n"]
    ptm: float
    outcome: dict[str, Any]
    sampled: Prediction | None = None
    template: TemplateModel | None = None


def fold_fasta(
    fasta: Path,
    out: Path,
    *,
    models: int = 5,
    seed: int = 0,
    weights: Path | None = None,
    minimize: bool = True,
    refinement: dict[str, Any] | None = None,
    device: str = "auto",
    msa: Path | None = None,
    predictor: str = "network",
    library: Library | None = None,
    guard: Guard | None = None,
    families: FamilyModels | None = None,
) -> list[FoldResult]:
    """Fold every sequence of a FASTA file.

    Each target gets a folder with ``model_1.cif`` (best) to ``model_{models}.cif``,
    ``ranking.tsv`` and ``confidence.json``, and ``templates.tsv`` where templates were looked for;
    it appears whole or not at all. A folder that holds the same result (sequence, seed, sources,
    options) is left as it is; one of another result is replaced. A sequence that cannot be folded
    is refused, and the others are done.

    Parameters
    ----------
    fasta : path
        Sequences of 5 to 500 nt of A, C, G and U.
    out : path
        Folder of the targets' folders.
    models : int
        Models of each target.
    seed : int
        Seed of samples, links and loops.
    weights : path, optional
        safetensors; by default those of :func:`find_weights`.
    minimize : bool
        Minimise the models with OpenMM.
    refinement : dict, optional
        How: fields of :class:`rna_predict.refine.settings.Settings`.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    msa : path, optional
        Alignment of the one sequence: a3m, Stockholm or aligned FASTA.
    predictor : {"templates", "network", "both"}
        ``both``: as many models of each as are wanted, the best of all are kept.
    library : Library, optional
        Needed for templates.
    guard : Guard, optional
        What of the library must not be used.
    families : FamilyModels, optional
        That the library's chains were searched with. None: templates are found without families,
        and the network is told of none.

    Returns
    -------
    list of FoldResult
        In the order of the file.

    Raises
    ------
    InputError
        If nothing can be done: no weights, no library, a faulty FASTA file, two targets of one
        name, no models asked for, or an alignment that is not of the one sequence.
    """
    if models < 1:
        raise InputError("models", f"expected 1 or more, got {models}")
    if predictor not in SOURCES:
        raise InputError("predictor", f"expected one of {', '.join(SOURCES)}, got {predictor}")
    if predictor != "network" and library is None:
        raise InputError("library", f"none found, but the predictor {predictor} needs one")
    sequences = read_fasta(fasta)
    names = safe_names(list(sequences), str(fasta))
    aligned = None
    if msa is not None:
        if len(sequences) > 1:
            raise InputError(fasta, f"an alignment is of one sequence, got {len(sequences)}")
        aligned = read_msa(msa, *sequences.values())
    network = None
    if predictor != "templates":
        network = load_predictor(find_weights() if weights is None else weights, device)
    sources = Sources(
        network, None if predictor == "network" else library, guard or Guard(), families
    )
    facts = sources.facts()
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for header, sequence in sequences.items():
        name = names[header]
        request = {
            "target": name,
            "header": header,
            "sequence": sequence,
            "seed": seed,
            **facts,
            "options": {
                "models": models,
                "minimize": minimize,
                "refinement": refinement or {},
                "msa_sha256": None if msa is None else file_sha256(msa),
            },
        }
        try:
            folded = _fold_target(sources, out / name, request, aligned)
        except InputError as error:
            results.append(FoldResult(header, name, "refused", str(error)))
        else:
            results.append(FoldResult(header, name, "folded" if folded else "unchanged"))
    return results


def choose_predictor(library: Library | None, weights: Path | None) -> str:
    """Choose where models come from, where nobody says.

    Weights that a run on the example left here are not worth as much as known structures: the
    network takes part where weights are named or shipped, and alone where there is no library.
    """
    if library is None:
        return "network"
    return "both" if weights is not None or shipped_weights() else "templates"


def _fold_target(sources: Sources, folder: Path, request: dict[str, Any], msa: Msa | None) -> bool:
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
    if is_done(folder, request):
        return False
    candidates, members = _candidates(sources, request, msa)
    facts = [
        {"source_model": number, "plddt": float(one.plddt.mean()), "ptm": one.ptm, **one.outcome}
        for number, one in enumerate(candidates, start=1)
    ]
    table = rank_table(facts).head(n_models)
    ranked = [candidates[number - 1] for number in table["source_model"]]
    records = [
        model_record(number, one.plddt, one.ptm, one.sampled.pae if one.sampled else None)
        for number, one in enumerate(ranked, start=1)
    ]
    partial = folder.with_name(f".{name}.{os.getpid()}")
    try:
        write_ranking(partial, table, [(one.chain, one.plddt) for one in ranked])
        write_json(partial / CONFIDENCE, {**request, **members, "models": records})
        if sources.library:
            _write_provenance(partial / TEMPLATES, ranked, sources.library)
        put_in_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def _candidates(
    sources: Sources, request: dict[str, Any], msa: Msa | None
) -> tuple[list[_Candidate], dict[str, Any]]:
    """Make the models of each source; give them, and what was found on the way."""
    name, sequence, seed = request["target"], request["sequence"], request["seed"]
    options = request["options"]
    count, minimize, refinement = (options[k] for k in ("models", "minimize", "refinement"))
    candidates, found = [], {}
    if sources.library:
        adjacency = make_adjacency("viennarna", LEAST_PROBABILITY, 0)
        search = sources.families.search if sources.families else {}
        query = make_query(name, sequence, adjacency, msa=msa, **search)
        found["found_families"] = list(query.families)
        for model in fold_with_templates(
            query,
            sources.library,
            sources.guard,
            count,
            seed,
            minimize=minimize,
            refinement=refinement,
        ):
            outcome = {
                "clashes": model.clashes_after,
                "energy": model.energy,
                "minimised": model.minimised,
            }
            plddt = model.confidence.astype(np.float32)
            candidates.append(
                _Candidate(model.chain, plddt, model.expected_tm, outcome, template=model)
            )
    if sources.network:
        consensus = None
        if sources.families:
            consensus, homologs = sources.families.inputs(name, sequence)
            msa = homologs if msa is None else msa
        samples = predict_target(
            sources.network, name, sequence, count, seed, consensus=consensus, msa=msa
        )
        for sample, outcome in _minimized(samples, minimize, refinement):
            candidates.append(
                _Candidate(sample.chain, sample.plddt, sample.ptm, outcome, sampled=sample)
            )
    return candidates, found


def _write_provenance(path: Path, ranked: list[_Candidate], library: Library) -> None:
    """Say which known structures the models rest on; one of the network has a row that says so."""
    numbered = dict(enumerate(ranked, start=1))
    table = provenance_table(
        {number: one.template for number, one in numbered.items() if one.template}, library
    )
    own = [
        {"model": number, "role": "none", "method": "network"}
        for number, one in numbered.items()
        if one.sampled
    ]
    if own:
        table = pd.concat([table, pd.DataFrame(own, dtype=object)]).sort_values(
            "model", kind="stable"
        )
    table.to_csv(path, sep="\t", index=False)


def _minimized(
    predictions: list[Prediction], minimize: bool, refinement: dict[str, Any]
) -> list[tuple[Prediction, dict[str, Any]]]:
    """Minimise models where asked for; give them with their clashes and energies."""
    if not minimize:
        return [
            (one, {"clashes": clash_score(one.chain), "energy": float("nan"), "minimised": False})
            for one in predictions
        ]
    # Imported here: without a minimisation OpenMM is not needed.
    from rna_predict.refine.batch import minimize_chains

    chains, table = minimize_chains([one.chain for one in predictions], **refinement)
    rows = table.itertuples(index=False)
    return [
        (
            replace(one, chain=chain),
            {
                "clashes": row.clashes_after if row.kept else row.clashes_before,
                "energy": row.energy_after if row.kept else row.energy_before,
                "minimised": bool(row.kept),
            },
        )
        for one, chain, row in zip(predictions, chains, rows, strict=True)
    ]
