"""The template library: known chains with dates, pairs and families, in one folder.

The folder holds ``templates.parquet``, one row a template with all that a search needs, and
``chains.safetensors``, the coordinates (:mod:`~rna_predict.structure.export`), which are mapped:
a chain is read in a millisecond when it is copied from. ``families/`` holds the covariance models
of its families, so that a query can be searched with the same ones wherever the library goes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Int

from rna_predict.constants import ALPHABET, N_BACKBONE, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.secondary.contacts import contacts_within
from rna_predict.secondary.dot_bracket import drop_multiplets
from rna_predict.secondary.pairs import canonical_pairs, find_pairs
from rna_predict.structure.chain import Chain
from rna_predict.structure.export import ChainExport, export_chains
from rna_predict.structure.files import replacing
from rna_predict.structure.store import iterate_chains

TABLE: Final = "templates.parquet"
CHAINS: Final = "chains.safetensors"
FAMILIES: Final = "families"
"""Folder of covariance models that a library may bring along."""
LEAST_OBSERVED: Final = 10
"""Chains with fewer residues that can be copied are no templates (nt)."""
LEAST_ATOMS: Final = 6
"""Backbone atoms, C3' among them, of a residue that can be copied: traces of P alone cannot."""
C3: Final = SLOT_INDEX["A"]["C3'"]
"""Slot of C3', the same for all bases."""
PLACEMENT: Final = pa.struct(
    {
        "family": pa.string(),
        "model": pa.string(),
        "start": pa.int64(),
        "columns": pa.list_(pa.int32()),
        "posterior": pa.string(),
    }
)
SCHEMA: Final = pa.schema(
    {
        "name": pa.string(),
        "entry": pa.string(),
        "model": pa.int32(),
        "copies": pa.list_(pa.string()),
        "sequence": pa.string(),
        "release_date": pa.string(),
        "resolution": pa.float32(),
        "observed": pa.list_(pa.bool_()),
        "partner": pa.list_(pa.int32()),
        "families": pa.list_(pa.string()),
        "related": pa.list_(pa.string()),
        "placements": pa.list_(PLACEMENT),
    }
)
"""Columns of the table of templates, those of :class:`Template`."""


@dataclass(frozen=True, eq=False)
class Placement:
    """A stretch of a sequence in the columns of a family's covariance model.

    Attributes
    ----------
    family : str
    model : str
        Digest of the covariance model: columns of equal digests are the same columns.
    start : int
        First residue of the stretch, 0-based.
    columns : (k,) int
        Column of each residue from ``start`` on, -1 for inserted ones.
    posterior : str
        Of each residue a letter of :data:`~rna_predict.families.hits.POSTERIORS`.
    """

    family: str
    model: str
    start: int
    columns: Int[np.ndarray, " k"]
    posterior: str


@dataclass(frozen=True, eq=False)
class Template:
    """What a search knows of one chain; m residues, observed or not.

    Attributes
    ----------
    name, entry : str
        As of :class:`~rna_predict.structure.chain.Chain`.
    model : int
        Number of the model in its entry.
    copies : tuple of str
        Names of all chains of the entry with this sequence, this one included.
    sequence : str
        Letters of ``constants.ALPHABET``.
    release_date : str
        ISO; "" where unknown, which counts as too new wherever there is a cut-off.
    resolution : float
        Angstrom; NaN where unknown.
    observed : (m,) bool
        Residues that can be copied, see :func:`copied_residues`.
    partner : (m,) int
        Residue that each forms a canonical cWW pair with in 3D, -1 for none.
    families : tuple of str
        Those that the chain is a member of.
    related : tuple of str
        All families that have a hit on it, however weak: what an exclusion by family goes by.
    placements : tuple of Placement
        Its alignments to the families it is a member of.
    """

    name: str
    entry: str
    model: int
    copies: tuple[str, ...]
    sequence: str
    release_date: str
    resolution: float
    observed: Bool[np.ndarray, " m"]
    partner: Int[np.ndarray, " m"]
    families: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    placements: tuple[Placement, ...] = ()

    def __len__(self) -> int:
        """Give the length of the full sequence."""
        return len(self.sequence)

    @cached_property
    def kinds(self) -> Int[np.ndarray, " m"]:
        """Position of each letter in ``constants.ALPHABET``."""
        return encode(self.sequence)


@dataclass(frozen=True, eq=False)
class Library:
    """Templates and the file of their chains.

    Attributes
    ----------
    templates : tuple of Template
        A template is known by its place in it.
    chains : ChainExport
    folder : path
    """

    templates: tuple[Template, ...]
    chains: ChainExport
    folder: Path

    def __len__(self) -> int:
        """Give the number of templates."""
        return len(self.templates)

    def chain(self, index: int) -> Chain:
        """Read the chain of the template at a place; residues are those of the template."""
        template = self.templates[index]
        return self.chains.get(template.name, template.model)

    @classmethod
    def read(cls, folder: Path) -> "Library":
        """Read a library.

        Parameters
        ----------
        folder : path
            As :func:`write_library` left it.

        Raises
        ------
        InputError
            If a file is missing or damaged, or the two do not belong together.
        """
        folder = Path(folder)
        path = folder / TABLE
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(path, f"expected a table of templates: {error}") from error
        if missing := [name for name in SCHEMA.names if name not in table.schema.names]:
            raise InputError(path, f"not a table of templates: no column {', '.join(missing)}")
        chains = ChainExport(folder / CHAINS)
        templates = tuple(map(_read_template, table.select(SCHEMA.names).to_pylist()))
        if stray := {(t.name, t.model) for t in templates} ^ set(chains.keys()):
            raise InputError(folder, f"{TABLE} and {CHAINS} differ, first in {sorted(stray)[0]}")
        return cls(templates, chains, folder)


def write_library(
    store: Path,
    folder: Path,
    *,
    pairs: pd.DataFrame | None = None,
    families: pd.DataFrame | None = None,
    alignments: pd.DataFrame | None = None,
    models: Sequence[CovarianceModel] = (),
) -> int:
    """Make a library of a chain store.

    Of the chains of one entry with one sequence the one with the most observed residues is kept;
    chains of other entries stay, as they may have other dates and other folds. Augmented copies
    and chains of fewer than ``LEAST_OBSERVED`` such residues are left out.

    Parameters
    ----------
    store : path
        Chain store (Parquet).
    folder : path
        Where the files go; each is replaced as a whole.
    pairs : DataFrame, optional
        Base pairs annotated in 3D: chain_id, model, i, j, lw, bases. By default they are found.
    families : DataFrame, optional
        Hits of families, columns of ``families.members.FAMILY_COLUMNS``; none by default.
    alignments : DataFrame, optional
        Members aligned to their families, columns of ``ALIGNMENT_SCHEMA``; none by default.
    models : sequence of CovarianceModel
        That the chains were searched with; those of the library's families go with it.

    Returns
    -------
    int
        Number of templates.

    Raises
    ------
    InputError
        If the store is missing or not one.
    """
    chosen, copies = _choose(iterate_chains(store))

    def chains() -> Iterator[Chain]:
        return (chain for chain in iterate_chains(store) if (chain.name, chain.model) in chosen)

    ends = _pairs_of(chains(), pairs)
    members = _by_chain(families)
    placed = _by_chain(alignments)
    rows = []
    for chain in chains():
        hits = members.get(chain.name, [])
        rows.append(
            {
                "name": chain.name,
                "entry": chain.entry,
                "model": chain.model,
                "copies": copies[chain.entry, chain.sequence],
                "sequence": chain.sequence,
                "release_date": chain.release_date,
                "resolution": chain.resolution,
                "observed": copied_residues(chain),
                "partner": _partners(ends.get((chain.name, chain.model)), len(chain)),
                "families": sorted({hit["family"] for hit in hits if hit["label"]}),
                "related": sorted({hit["family"] for hit in hits}),
                "placements": placed.get(chain.name, []),
            }
        )
    export_chains(chains(), folder / CHAINS)
    with replacing(folder / TABLE) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), temporary, compression="zstd")
    found = {family for row in rows for family in row["related"]}
    (folder / FAMILIES).mkdir(exist_ok=True)
    brought = folder / FAMILIES / "library.cm"
    if texts := [model.read() for model in models if model.family in found]:
        with replacing(brought) as temporary:
            temporary.write_bytes(b"".join(texts))
    else:
        brought.unlink(missing_ok=True)
    return len(rows)


def encode(sequence: str) -> Int[np.ndarray, " n"]:
    """Give the position of each letter in ``constants.ALPHABET``."""
    return np.array([ALPHABET.index(letter) for letter in sequence], dtype=np.int64)


def copied_residues(chain: Chain) -> Bool[np.ndarray, " m"]:
    """Tell the residues with C3' and at least ``LEAST_ATOMS`` backbone atoms."""
    backbone = chain.atom_mask[:, :N_BACKBONE].sum(1)
    return chain.atom_mask[:, C3] & (backbone >= LEAST_ATOMS)


def _choose(
    chains: Iterable[Chain],
) -> tuple[set[tuple[str, int]], dict[tuple[str, str], list[str]]]:
    """Choose one chain of each entry and sequence; give them, and the names of all its copies."""
    best: dict[tuple[str, str], tuple[int, str, int]] = {}
    copies: dict[tuple[str, str], list[str]] = {}
    for chain in chains:
        observed = int(copied_residues(chain).sum())
        if chain.parent or observed < LEAST_OBSERVED:
            continue
        key = chain.entry, chain.sequence
        names = copies.setdefault(key, [])
        if chain.name not in names:
            names.append(chain.name)
        if key not in best or observed > best[key][0]:
            best[key] = observed, chain.name, chain.model
    return {(name, model) for _, name, model in best.values()}, copies


def _pairs_of(
    chains: Iterator[Chain], pairs: pd.DataFrame | None
) -> dict[tuple[str, int], np.ndarray]:
    """Give the canonical pairs of each chain model, (p, 2)."""
    if pairs is None:
        pairs = contacts_within(list(chains), find_pairs, "lw")
    kept = canonical_pairs(pairs)
    groups = kept.groupby(["chain_id", "model"], sort=False)
    return {key: group[["i", "j"]].to_numpy() for key, group in groups}


def _partners(pairs: np.ndarray | None, length: int) -> Int[np.ndarray, " m"]:
    """Give the partner of each residue, -1 for none."""
    partner = np.full(length, -1, dtype=np.int64)
    if pairs is not None:
        i, j = pairs[drop_multiplets(pairs)].T
        partner[i], partner[j] = j, i
    return partner


def _by_chain(table: pd.DataFrame | None) -> dict[str, list[dict]]:
    """Group the rows of a table by chain."""
    rows: dict[str, list[dict]] = {}
    for row in [] if table is None else table.to_dict("records"):
        rows.setdefault(row["chain_id"], []).append(row)
    return rows


def _read_template(row: dict) -> Template:
    """Make a template of a row of the table."""
    placements = tuple(
        Placement(**{**place, "columns": np.array(place["columns"], dtype=np.int64)})
        for place in row["placements"]
    )
    return Template(
        **{
            **row,
            "observed": np.array(row["observed"], dtype=bool),
            "partner": np.array(row["partner"], dtype=np.int64),
            "placements": placements,
            **{name: tuple(row[name]) for name in ("copies", "families", "related")},
        }
    )
