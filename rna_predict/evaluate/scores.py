"""Tables of scores: models against the experimental structure."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.evaluate.circular import circular_differences, mean_of_circular
from rna_predict.evaluate.clash_score import molprobity_clash_score
from rna_predict.evaluate.clashes import clash_score
from rna_predict.evaluate.elements import ELEMENTS
from rna_predict.evaluate.gdt import gdt_ts
from rna_predict.evaluate.interactions import (
    compare_interactions,
    find_interactions,
    paired_interactions,
)
from rna_predict.evaluate.lddt import lddt
from rna_predict.evaluate.mcq import (
    MCQ_ANGLES,
    MCQ_TORSIONS,
    mcq_angles,
    paired_angles,
)
from rna_predict.evaluate.native import Match, Native, Structure, match_model, read_native
from rna_predict.evaluate.outliers import outlier_share, pucker_outliers
from rna_predict.evaluate.pairing import How
from rna_predict.evaluate.reference import PUCKERS
from rna_predict.evaluate.rmsd import rmsd, superposed_distances
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.structure.chain import Chain

COLUMNS = (
    *("model", "pairing", "n_native", "n_common", "tm_score", "tm_score_c1", "rmsd", "rmsd_c1"),
    *("lddt", "gdt_ts", "inf_all", "inf_wc", "inf_nwc", "inf_stack", "di", "mcq", "clash_score"),
    *("bond_outliers", "angle_outliers", "chirality_errors"),
    *(
        "pucker_outliers",
        "lddt_30",
        "clashes",
        "mcq_torsions",
        "pair_f1",
        "pseudoknot_f1",
        "contact_f1",
        "pucker_agreement",
    ),
    *(f"lddt_{element}" for element in ELEMENTS),
    *(f"mcq_{name}" for name in MCQ_ANGLES),
    "error",
)
RESIDUE_COLUMNS = (
    *("model", "chain", "index", "number", "residue", "element"),
    *("lddt", "distance_c1", "rmsd", "mcq"),
)
Models = Sequence[Structure | InputError]


def score_models(
    models: Models,
    native: Structure,
    names: Sequence[str] | None = None,
    pairing: How = "auto",
    *,
    hydrogens: bool = True,
    wide: bool = False,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score models against the experimental structure, one row a model.

    Parameters
    ----------
    models : sequence of Chain, sequence of Chain, or InputError
        In the place of a model that could not be read, its error.
    native : Chain or sequence of Chain
        Its observed residues and atoms are the whole to be predicted.
    names : sequence of str, optional
        For the column ``model``; default the chains' names and the errors' places.
    pairing : {"auto", "number", "sequence", "structure"}
        See :func:`rna_predict.evaluate.complexes.pair_complexes`.
    hydrogens : bool
        Whether to compute the clash score with hydrogens, which takes most of the time.
    wide : bool
        Whether to compute ``lddt_30``: lDDT at 30 A, not comparable with that at 15 A.
    jobs : int
        Processes.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``. ``n_native``: observed residues of the native; ``n_common``: those
        paired. TM-scores (C3' and C1') are divided by the native's observed residues, GDT-TS (C4')
        by those with that atom. ``rmsd`` over all heavy atoms in common, ``rmsd_c1`` over C1'
        (angstrom). lDDT over heavy atoms at 15 A. INF of all interactions, Watson-Crick pairs,
        other pairs and stackings; DI = RMSD / INF of all. MCQ over seven torsions and the pucker
        phase, without the phase, and by angle (degrees). ``clash_score``: MolProbity's, and
        ``clashes``: of heavy atoms alone, per 1,000 atoms. Outliers are shares of all bonds,
        angles and sugars, ``chirality_errors`` a count. A model which cannot be used has empty
        cells and its reason in ``error``.

    Raises
    ------
    InputError
        If the native cannot serve: fewer than three residues have C1', C3' and C4'.
    """
    work = partial(_row, how=pairing, hydrogens=hydrogens)
    rows = _all(work, models, native, jobs, wide)
    named = [{"model": name} | row for name, row in zip(_names(models, names), rows, strict=True)]
    table = pd.DataFrame(named, columns=list(COLUMNS))
    whole = dict.fromkeys(("n_common", "chirality_errors"), "Int64")
    return table.astype(whole | {"pairing": "str", "error": "str"}).fillna(
        {"pairing": "", "error": ""}
    )


def residue_scores(
    models: Models,
    native: Structure,
    names: Sequence[str] | None = None,
    pairing: How = "auto",
    *,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score each observed residue of the native in each model.

    Parameters
    ----------
    models, native, names, pairing, jobs
        As in :func:`score_models`. Models which cannot be used have no rows here.

    Returns
    -------
    DataFrame
        Columns ``RESIDUE_COLUMNS``: ``chain`` and ``number`` (with insertion code) in the native;
        ``index``, the position in its sequence (from 0, chain after chain); ``residue``, its name;
        ``element``, stem, loop or strand; ``lddt`` over the contacts of its atoms; ``distance_c1``
        after superposition of all C1' and ``rmsd`` of its atoms after superposition of all atoms
        (angstrom); ``mcq`` of its angles (degrees). NaN where the model has no such atoms, or the
        residue no contacts.

    Raises
    ------
    InputError
        As in :func:`score_models`.
    """
    tables = [pd.DataFrame(columns=list(RESIDUE_COLUMNS))]
    found = _all(partial(_residues, how=pairing), models, native, jobs)
    for name, table in zip(_names(models, names), found, strict=True):
        if table is not None:
            tables.append(table.assign(model=name)[list(RESIDUE_COLUMNS)])
    return pd.concat(tables[1:] or tables, ignore_index=True)


Work = Callable[[Structure | InputError, Native], object]


def _all(
    work: Work, models: Models, native: Structure, jobs: int, wide: bool = False
) -> Iterator[object]:
    """Do some work on all models, in processes that work the native out once each."""
    if jobs <= 1 or len(models) < 2:
        reference = read_native(native, wide)
        return iter([work(model, reference) for model in models])
    read_native(native)  # its fault is told here, not by every process
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_keep, initargs=(native, wide)) as pool:
        size = max(1, len(models) // (4 * jobs))
        return iter(list(pool.map(partial(_work, work), models, chunksize=size)))


def _keep(native: Structure, wide: bool) -> None:
    """Work the native out once in a process."""
    _KEPT.append(read_native(native, wide))


_KEPT: list[Native] = []


def _work(work: Work, model: Structure | InputError) -> object:
    """Do some work on one model in a process."""
    return work(model, _KEPT[0])


def _names(models: Models, names: Sequence[str] | None) -> Sequence[str]:
    """Name the models after themselves where no names are given."""
    if names is not None:
        return names
    return [
        model.where
        if isinstance(model, InputError)
        else model.name
        if isinstance(model, Chain)
        else model[0].name
        for model in models
    ]


def _matched(model: Structure | InputError, native: Native, how: How) -> Match:
    """Lay a model on the native, or raise the error that stands in its place."""
    if isinstance(model, InputError):
        raise model
    return match_model(model, native, how)


def _row(
    model: Structure | InputError, native: Native, how: How, hydrogens: bool
) -> dict[str, object]:
    """Compute one row of the table, without its name."""
    row: dict[str, object] = {"n_native": int(native.joined.observed.sum())}
    try:
        match = _matched(model, native, how)
        row |= _superposed(match, native) | _local(match, native) | _chemistry(match)
        inf = row["inf_all"]
        row["di"] = row["rmsd"] / inf if inf else float("nan")
        if hydrogens:
            row["clash_score"] = molprobity_clash_score(match.joined)
    except InputError as error:
        row["error"] = str(error)
    return row


def _atoms(name: str, match: Match, native: Native) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give one atom a residue of model and native, (n, 3) each, and where both have it, (n,)."""
    slot = SLOT_INDEX[ALPHABET[0]][name]
    coords = match.coords[:, slot]
    return coords, native.joined.coords[:, slot], np.isfinite(coords).all(-1)


def _superposed(match: Match, native: Native) -> dict[str, object]:
    """Compute what rests on superposition."""
    common = np.isfinite(match.coords).all(-1)
    observed = int(native.joined.observed.sum())
    c4 = int(native.joined.atom_mask[:, SLOT_INDEX[ALPHABET[0]]["C4'"]].sum())
    return {
        "pairing": match.pairing.how,
        "n_common": len(match.pairing.native),
        "tm_score": tm_score(*_atoms("C3'", match, native), observed),
        "tm_score_c1": tm_score(*_atoms("C1'", match, native), observed),
        "rmsd": rmsd(match.coords[common], native.joined.coords[common]),
        "rmsd_c1": rmsd(*_atoms("C1'", match, native)),
        "gdt_ts": gdt_ts(*_atoms("C4'", match, native), c4),
    }


def _local(match: Match, native: Native) -> dict[str, object]:
    """Compute what rests on distances, angles and interactions."""
    score, per_residue = lddt(match.coords, native.contacts)
    apart = _angle_differences(match, native)[native.joined.observed]
    by_angle = np.rad2deg(mean_of_circular(apart, axis=0))
    found = paired_interactions(find_interactions(match.joined), match.pairing)
    elements = np.array(native.elements)
    counted = np.isfinite(per_residue)
    return (
        {
            "lddt": score,
            "lddt_30": lddt(match.coords, native.wide_contacts)[0]
            if native.wide_contacts is not None
            else float("nan"),
            "mcq": float(np.rad2deg(mean_of_circular(apart))),
            "mcq_torsions": float(np.rad2deg(mean_of_circular(apart[:, : len(MCQ_TORSIONS)]))),
            "pucker_agreement": _pucker_agreement(match, native),
        }
        | {f"mcq_{name}": float(v) for name, v in zip(MCQ_ANGLES, by_angle, strict=True)}
        | {
            f"lddt_{element}": float(per_residue[chosen].mean()) if chosen.any() else float("nan")
            for element in ELEMENTS
            for chosen in [counted & (elements == element)]
        }
        | compare_interactions(found, native.interactions)
    )


def _chemistry(match: Match) -> dict[str, object]:
    """Judge the model by itself."""
    return {
        "clashes": clash_score(match.joined),
        "bond_outliers": outlier_share(match.joined, "bond"),
        "angle_outliers": outlier_share(match.joined, "angle"),
        "chirality_errors": chirality_errors(match.joined),
        "pucker_outliers": pucker_outliers(match.joined),
    }


def _angle_differences(match: Match, native: Native) -> np.ndarray:
    """Compare the angles of MCQ by the native's residues, (n, 8) radians."""
    matched = paired_angles(mcq_angles(match.joined), match.pairing, len(native.joined))
    return circular_differences(matched, native.angles)


def _pucker_agreement(match: Match, native: Native) -> float:
    """Give the share of the native's C3'-endo and C2'-endo sugars that are so in the model."""
    place = MCQ_ANGLES.index("phase")
    matched = paired_angles(mcq_angles(match.joined), match.pairing, len(native.joined))
    ours, theirs = (np.rad2deg(angles[:, place]) % 360 for angles in (matched, native.angles))
    right = counted = 0
    for low, high in PUCKERS.values():
        so = (theirs >= low) & (theirs <= high)
        counted += int(so.sum())
        right += int((so & (ours >= low) & (ours <= high)).sum())
    return right / counted if counted else float("nan")


def _residues(model: Structure | InputError, native: Native, how: How) -> pd.DataFrame | None:
    """Score the residues of one model; None if it cannot be used: score_models says why."""
    try:
        match = _matched(model, native, how)
    except InputError:
        return None
    joined = native.joined
    index = np.flatnonzero(joined.observed)
    common = np.isfinite(match.coords).all(-1)
    squares = np.full(common.shape, np.nan)
    squares[common] = superposed_distances(match.coords[common], joined.coords[common]) ** 2
    atoms = common.sum(1)
    mean = np.divide(np.nansum(squares, 1), atoms, out=np.full(len(atoms), np.nan), where=atoms > 0)
    origin = [(c.chain, n, code) for c in native.chains for n, code in _numbers(c)]
    return pd.DataFrame(
        {
            "chain": [origin[i][0] for i in index],
            "index": index,
            "number": [f"{origin[i][1]}{origin[i][2]}" for i in index],
            "residue": [joined.residue_names[i] for i in index],
            "element": [native.elements[i] for i in index],
            "lddt": lddt(match.coords, native.contacts)[1][index],
            "distance_c1": superposed_distances(*_atoms("C1'", match, native))[index],
            "rmsd": np.sqrt(mean)[index],
            "mcq": np.rad2deg(mean_of_circular(_angle_differences(match, native), axis=1))[index],
        }
    )


def _numbers(chain: Chain) -> Iterator[tuple[int, str]]:
    """Give author number and insertion code of each residue."""
    return zip(chain.auth_numbers.tolist(), chain.ins_codes, strict=True)
