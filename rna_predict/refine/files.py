"""Minimisation from files to files: names and B-factors (pLDDT) survive."""

from collections.abc import Sequence
from pathlib import Path

from rna_predict.errors import InputError
from rna_predict.evaluate.models import read_models
from rna_predict.refine.b_factors import read_b_factors
from rna_predict.refine.batch import minimize_chains
from rna_predict.refine.minimize import MAX_ITERATIONS, RESTRAINT, TIME_LIMIT
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing
from rna_predict.structure.mmcif import write_chain


def minimize_files(
    models: Sequence[Path],
    out_dir: Path,
    energies: Path,
    *,
    threads: int = 1,
    restraint: float = RESTRAINT,
    max_iterations: int = MAX_ITERATIONS,
    time_limit: float = TIME_LIMIT,
    platform: str = "auto",
) -> list[InputError]:
    """Minimise models, and write them with the table of energies.

    Parameters
    ----------
    models : sequence of path
        mmCIF or PDB files of one RNA chain each.
    out_dir : path
        Gets files of the same names: the minimised structure, or the input where a gate failed.
    energies : path
        TSV, one row a model; its column ``model`` is the file's stem, without ``model_``.
    threads, restraint, max_iterations, time_limit, platform
        See :func:`rna_predict.refine.batch.minimize_chains`.

    Returns
    -------
    list of InputError
        One for each file that cannot be read; it has a row and no structure.

    Raises
    ------
    InputError
        If two files have the same name, or a setting is out of range.
    """
    names = [path.name for path in models]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(out_dir, f"expected files of different names, got twice: {repeated}")
    chains, table = minimize_chains(
        read_models(models),
        [name.split(".")[0].removeprefix("model_") for name in names],
        threads=threads,
        restraint=restraint,
        max_iterations=max_iterations,
        time_limit=time_limit,
        platform=platform,
    )
    for path, chain in zip(models, chains, strict=True):
        if isinstance(chain, Chain):
            write_chain(out_dir / path.name, chain, read_b_factors(path, chain))
    with replacing(energies) as path:
        table.to_csv(path, sep="\t", index=False)
    return [chain for chain in chains if isinstance(chain, InputError)]
