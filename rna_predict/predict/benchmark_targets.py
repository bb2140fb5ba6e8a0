"""The targets of a benchmark, folded: each predictor sees a sequence and fills a folder.

The folder gets ``model_1.cif`` (best), ``model_2.cif``, ... and ``ranking.tsv``, or in their place
the reason why there are none. Targets of several chains are nobody's task here.
"""

from pathlib import Path
from typing import Any, Final

import pandas as pd

from rna_predict.errors import EntryError, InputError
from rna_predict.evaluate.benchmarks import EXCLUDED, FAILED, write_refusal
from rna_predict.predict.fold import fold_fasta
from rna_predict.predict.null_model import fold_null
from rna_predict.predict.template_library import FamilyModels
from rna_predict.structure.chain import Chain
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.files import replacing
from rna_predict.structure.mmcif import write_chain
from rna_predict.templates.guards import Guard
from rna_predict.templates.library import Library

MIN_LENGTH, MAX_LENGTH = 3, 1000
"""Lengths that the null model folds (nt)."""
RANKING: Final = "ranking.tsv"


def read_target(fasta: Path) -> tuple[str, str]:
    """Read the one sequence of a target.

    Parameters
    ----------
    fasta : path
        As :func:`~rna_predict.evaluate.benchmarks.target_fasta` gives it.

    Returns
    -------
    name, sequence : str

    Raises
    ------
    EntryError
        With the reason ``EXCLUDED`` if there are several chains.
    """
    records = read_fasta(fasta)
    if len(records) > 1:
        raise EntryError(fasta.name, f"{len(records)} chains, expected one", EXCLUDED)
    return next(iter(records.items()))


def fold_target_with_null(
    fasta: Path,
    folder: Path,
    *,
    models: int,
    seed: int,
    minimize: bool = True,
    refinement: dict[str, Any] | None = None,
) -> None:
    """Fold a target with the null model, on ViennaRNA's MEA structure.

    Parameters
    ----------
    fasta : path
    folder : path
        Of the target's models.
    models : int
    seed : int
        Of the noise that the models differ by.
    minimize : bool
        Whether to minimise the models; one that fails a gate stays as it was.
    refinement : dict, optional
        Fields of :class:`rna_predict.refine.settings.Settings`, for each model.

    Raises
    ------
    InputError
        If the file is no FASTA.
    """
    # Imported here: everything but the folding of a sequence works without ViennaRNA.
    from rna_predict.secondary.viennarna import ViennaRNA

    try:
        name, sequence = read_target(fasta)
        if not MIN_LENGTH <= len(sequence) <= MAX_LENGTH:
            what = f"expected {MIN_LENGTH} to {MAX_LENGTH} nt, got {len(sequence)}"
            raise EntryError(name, what, FAILED)
    except EntryError as error:
        write_refusal(folder, error.reason, error.what)
        return
    structure = ViennaRNA(0.0, 0).fold(sequence).mea
    folded = fold_null(name, sequence, structure, models, seed)
    chains, kept = [model.chain for model in folded], [False] * len(folded)
    if minimize:
        chains, kept = _minimized(chains, refinement or {})
    rows = []
    for rank, (model, chain, done) in enumerate(zip(folded, chains, kept, strict=True), start=1):
        write_chain(folder / f"model_{rank}.cif", chain)
        rows.append({"rank": rank, "violation": round(model.violation, 3), "minimised": done})
    with replacing(folder / RANKING) as path:
        pd.DataFrame(rows).assign(structure=structure).to_csv(path, sep="\t", index=False)


def fold_target_with_network(
    fasta: Path,
    folder: Path,
    weights: Path,
    *,
    models: int,
    seed: int,
    device: str = "auto",
    families: FamilyModels | None = None,
    refinement: dict[str, Any] | None = None,
) -> None:
    """Fold a target with the network: sampled, minimised and ranked, as ``rna-predict fold`` does.

    Parameters
    ----------
    fasta : path
    folder : path
        Of the target's models; named like the target.
    weights : path
        safetensors.
    models, seed, device, families, refinement
        See :func:`~rna_predict.predict.fold.fold_fasta`.

    Raises
    ------
    InputError
        If the file is no FASTA, the weights cannot be read, or the folder has another name.
    """
    _fold_as_users_do(
        fasta,
        folder,
        models=models,
        seed=seed,
        weights=weights,
        device=device,
        families=families,
        refinement=refinement,
    )


def fold_target_with_templates(
    fasta: Path,
    folder: Path,
    library: Path,
    guard: Guard,
    *,
    models: int,
    seed: int,
    families: FamilyModels | None = None,
    refinement: dict[str, Any] | None = None,
) -> None:
    """Fold a target on known structures, as ``rna-predict fold`` does.

    Parameters
    ----------
    fasta : path
    folder : path
        Of the target's models; named like the target. It gets ``templates.tsv`` too.
    library : path
        Folder of the template library.
    guard : Guard
        What of it the target must not be answered with.
    models, seed, families, refinement
        See :func:`~rna_predict.predict.fold.fold_fasta`.

    Raises
    ------
    InputError
        If the file is no FASTA, the library cannot be read, or the folder has another name.
    """
    _fold_as_users_do(
        fasta,
        folder,
        models=models,
        seed=seed,
        predictor="templates",
        library=Library.read(library),
        guard=guard,
        families=families,
        refinement=refinement,
    )


def _fold_as_users_do(fasta: Path, folder: Path, **how: Any) -> None:
    """Call :func:`~rna_predict.predict.fold.fold_fasta`; leave a refusal where it gives one."""
    try:
        name, _ = read_target(fasta)
    except EntryError as error:
        write_refusal(folder, error.reason, error.what)
        return
    if name != folder.name:
        raise InputError(folder, f"expected a folder named {name}")
    (result,) = fold_fasta(fasta, folder.parent, **how)
    if result.status == "refused":
        write_refusal(folder, FAILED, result.message)


def _minimized(chains: list[Chain], refinement: dict[str, Any]) -> tuple[list[Chain], list[bool]]:
    """Minimise models; tell which of the results passed the gates."""
    # Imported here: without a minimisation OpenMM is not needed.
    from rna_predict.refine.batch import minimize_chains

    chains, table = minimize_chains(chains, **refinement)
    return chains, table["kept"].tolist()
