"""Tables of scores: models against the experimental structure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float32

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.clashes import clash_score
from rna_predict.evaluate.gdt import gdt_ts
from rna_predict.evaluate.lddt import Contacts, lddt, native_contacts
from rna_predict.evaluate.pairing import SMALLEST, How, Pairing, matched_coords, pair_residues
from rna_predict.evaluate.rmsd import rmsd, superposed_distances
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.structure.chain import Chain

COLUMNS = (
    *("model", "pairing", "n_native", "n_common", "tm_score", "tm_score_c1", "rmsd", "rmsd_c1"),
    *("lddt", "gdt_ts", "clashes", "error"),
)
RESIDUE_COLUMNS = ("model", "index", "residue", "lddt", "distance_c1")


def score_models(
    models: Sequence[Chain | InputError],
    native: Chain,
    names: Sequence[str] | None = None,
    pairing: How = "auto",
) -> pd.DataFrame:
    """Score models against the experimental structure, one row a model.

    Parameters
    ----------
    models : sequence of Chain or InputError
        In the place of a model that could not be read, its error.
    native : Chain
        Its observed residues and atoms are the whole to be predicted.
    names : sequence of str, optional
        For the column ``model``; default the chains' names and the errors' places.
    pairing : {"auto", "number", "sequence"}
        See :func:`rna_predict.evaluate.pairing.pair_residues`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``. ``n_native``: observed residues of the native; ``n_common``: those
        paired. TM-scores (C3' and C1') and GDT-TS (C4') are divided by the native's residues with
        that atom. ``rmsd`` over all heavy atoms in common, ``rmsd_c1`` over C1' (angstrom). lDDT
        over heavy atoms at 15 A. ``clashes``: heavy-atom clashes of the model per 1,000 atoms. A
        model which cannot be used has empty cells and its reason in ``error``.

    Raises
    ------
    InputError
        If the native cannot serve: fewer than three residues have C1', C3' and C4'.
    """
    contacts = _reference(native)
    rows = []
    for name, model in _named(models, names):
        row: dict[str, object] = {"model": name, "n_native": int(native.observed.sum())}
        try:
            row |= _scores(_usable(model), native, contacts, pairing)
        except InputError as error:
            row["error"] = str(error)
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"n_common": "Int64", "pairing": "str", "error": "str"}).fillna(
        {"pairing": "", "error": ""}
    )


def residue_scores(
    models: Sequence[Chain | InputError],
    native: Chain,
    names: Sequence[str] | None = None,
    pairing: How = "auto",
) -> pd.DataFrame:
    """Score each observed residue of the native in each model.

    Parameters
    ----------
    models, native, names, pairing
        As in :func:`score_models`. Models which cannot be used have no rows here.

    Returns
    -------
    DataFrame
        Columns ``RESIDUE_COLUMNS``: ``index``, the position in the native's sequence (from 0);
        ``residue``, its name; ``lddt`` over the contacts of its atoms; ``distance_c1``, angstrom
        between the C1' after superposition of all C1'. NaN where the model lacks the residue's
        C1', or the residue has no contacts.

    Raises
    ------
    InputError
        As in :func:`score_models`.
    """
    contacts = _reference(native)
    index = np.flatnonzero(native.observed)
    tables = [pd.DataFrame(columns=list(RESIDUE_COLUMNS))]
    for name, model in _named(models, names):
        try:
            _, matched = _match(_usable(model), native, pairing)
        except InputError:
            continue  # score_models records why
        distances = superposed_distances(*_atoms("C1'", matched, native))
        per_residue = lddt(matched, contacts)[1]
        table = pd.DataFrame({"index": index, "lddt": per_residue[index]})
        table["distance_c1"] = distances[index]
        table["residue"] = [native.residue_names[i] for i in index]
        tables.append(table.assign(model=name)[list(RESIDUE_COLUMNS)])
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _named(
    models: Sequence[Chain | InputError], names: Sequence[str] | None
) -> list[tuple[str, Chain | InputError]]:
    """Pair each model with its name."""
    if names is None:
        names = [model.name if isinstance(model, Chain) else model.where for model in models]
    return list(zip(names, models, strict=True))


def _usable(model: Chain | InputError) -> Chain:
    """Raise the error that stands in the place of a model."""
    if isinstance(model, InputError):
        raise model
    return model


def _reference(native: Chain) -> Contacts:
    """Check that the native can serve, and list its contacts."""
    for name in ("C1'", "C3'", "C4'"):
        present = int(native.atom_mask[:, SLOT_INDEX[ALPHABET[0]][name]].sum())
        if present < SMALLEST:
            raise InputError(
                native.name, f"{present} residues of the native have {name}, expected {SMALLEST}"
            )
    return native_contacts(native.coords, native.atom_mask)


def _match(
    model: Chain, native: Chain, how: How
) -> tuple[Pairing, Float32[np.ndarray, "n_native 23 3"]]:
    """Pair the residues and gather the model's atoms; refuse what cannot be superposed."""
    pairs = pair_residues(model, native, how)
    matched = matched_coords(model, native, pairs)
    for name in ("C1'", "C3'", "C4'"):
        common = int(_atoms(name, matched, native)[2].sum())
        if common < SMALLEST:
            raise InputError(
                model.name,
                f"{common} residues have {name} in the model and in the native, "
                f"expected {SMALLEST} or more",
            )
    return pairs, matched


def _atoms(
    name: str, matched: Float32[np.ndarray, "n 23 3"], native: Chain
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give one atom a residue of model and native, (n, 3) each, and where both have it, (n,)."""
    slot = SLOT_INDEX[ALPHABET[0]][name]
    return matched[:, slot], native.coords[:, slot], np.isfinite(matched[:, slot]).all(-1)


def _scores(model: Chain, native: Chain, contacts: Contacts, how: How) -> dict[str, object]:
    """Compute one row of the table, without its name."""
    pairs, matched = _match(model, native, how)
    common = np.isfinite(matched).all(-1)
    lengths = native.atom_mask.sum(axis=0)
    slot = SLOT_INDEX[ALPHABET[0]]
    return {
        "pairing": pairs.how,
        "n_common": len(pairs.native),
        "tm_score": tm_score(*_atoms("C3'", matched, native), int(lengths[slot["C3'"]])),
        "tm_score_c1": tm_score(*_atoms("C1'", matched, native), int(lengths[slot["C1'"]])),
        "rmsd": rmsd(matched[common], native.coords[common]),
        "rmsd_c1": rmsd(*_atoms("C1'", matched, native)),
        "lddt": lddt(matched, contacts)[0],
        "gdt_ts": gdt_ts(*_atoms("C4'", matched, native), int(lengths[slot["C4'"]])),
        "clashes": clash_score(model),
    }
