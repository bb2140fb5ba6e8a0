"""Template features of a network: the residue frames of the best hits, laid over the query.

The frames are those of known structures as they are, with their own coordinates: a network sees
only what does not change when a template is moved as a whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32

from rna_predict.geometry.frames import frame_from_points
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.templates.guards import Guard
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library
from rna_predict.templates.query import Query

MAX_TEMPLATES: Final = 4
SHOWN: Final = 0.2
"""Least confidence of a column that a network is shown."""
EARLIEST: Final = "0001-01-01"
"""Cut-off of a chain without a date: it may be older than all templates."""


@dataclass(frozen=True, eq=False)
class TemplateFeatures:
    """Residue frames of t templates over n residues; fields as of the network's ``Templates``.

    Attributes
    ----------
    origin : (t, n, 3) float32, angstrom
        C1'; 0 where ``mask`` is False.
    rotation : (t, n, 3, 3) float32
        Columns are the axes: x from C1' to N9 or N1, C4 or C2 at positive y; 0 where ``mask`` is
        False.
    mask : (t, n) bool
        Residues that a template has.
    """

    origin: Float32[np.ndarray, "t n 3"]
    rotation: Float32[np.ndarray, "t n 3 3"]
    mask: Bool[np.ndarray, "t n"]


def template_features(
    length: int, hits: Sequence[TemplateHit], library: Library, limit: int = MAX_TEMPLATES
) -> TemplateFeatures:
    """Give the frames of the first hits.

    Parameters
    ----------
    length : int
        Residues of the query.
    hits : sequence of TemplateHit
        Best first. Those without a residue to show are passed over.
    library : Library
    limit : int
        Greatest number of templates.

    Returns
    -------
    TemplateFeatures
        Of no template where there is no hit. A residue of which an atom of the frame is missing is
        not shown.
    """
    origin = np.zeros((limit, length, 3), dtype=np.float32)
    rotation = np.zeros((limit, length, 3, 3), dtype=np.float32)
    mask = np.zeros((limit, length), dtype=bool)
    row = 0
    for hit in hits:
        if row == limit:
            break
        into, source = hit.columns[hit.confidence >= SHOWN].T
        chain = library.chain(hit.template)
        apart = np.zeros(len(chain), dtype=bool)
        names = ("C1'", "N9|N1", "C4|C2")
        c1, nitrogen, carbon = np.moveaxis(
            atom_points(chain.coords, chain.kinds, apart, names)[source], 1, 0
        )
        axes = frame_from_points(c1, nitrogen, carbon)
        known = np.isfinite(axes).all((1, 2))
        if not known.any():
            continue
        origin[row, into[known]], rotation[row, into[known]] = c1[known], axes[known]
        mask[row, into[known]] = True
        row += 1
    return TemplateFeatures(origin[:row], rotation[:row], mask[:row])


class LibraryFeatures:
    """Template features of chains by name and sequence, for training and validation.

    Each chain has a guard of its own, so that no chain is shown itself, its copies or what was
    not known before it. What was found is kept.

    Parameters
    ----------
    library : Library
    guard : callable
        Gives the guard of a chain by its name: see :func:`guards_by_chain`.
    query : callable
        Gives the query of a name and a sequence.
    search : callable
        :func:`rna_predict.templates.search.find_templates`, or what takes and gives the same.
    limit : int
        Greatest number of templates.
    """

    def __init__(
        self,
        library: Library,
        guard: Callable[[str], Guard],
        query: Callable[[str, str], Query],
        search: Callable[[Query, Library, Guard, int], list[TemplateHit]],
        limit: int = MAX_TEMPLATES,
    ) -> None:
        self.library, self.guard, self.query = library, guard, query
        self.search, self.limit = search, limit
        self._found: dict[tuple[str, str], list[TemplateHit]] = {}

    def __call__(self, name: str, sequence: str) -> TemplateFeatures | None:
        """Give the templates of a chain; None where there are none."""
        if (name, sequence) not in self._found:
            query, guard = self.query(name, sequence), self.guard(name)
            self._found[name, sequence] = self.search(query, self.library, guard, self.limit)
        hits = self._found[name, sequence]
        features = template_features(len(sequence), hits, self.library, self.limit)
        return features if len(features.mask) else None


def guards_by_chain(
    dates: dict[str, str],
    clusters: dict[str, str],
    max_identity: float = 0.9,
) -> Callable[[str], Guard]:
    """Make the guards of training chains.

    Parameters
    ----------
    dates : dict of str
        Release date (ISO) of each chain by name; "" where unknown.
    clusters : dict of str
        Cluster of each chain by name: near copies of one sequence.
    max_identity : float
        Identity that no template may reach.

    Returns
    -------
    callable
        Of a chain's name: excludes its entry, the chains of its cluster, those alike, and all that
        was released on its date or later. A chain without a date sees nothing.
    """
    members: dict[str, set[str]] = {}
    for chain, cluster in clusters.items():
        members.setdefault(cluster, set()).add(chain)

    def guard(name: str) -> Guard:
        own = clusters.get(name)
        return Guard(
            cutoff=dates.get(name) or EARLIEST,
            exclude_entries=frozenset([name.split("_")[0]]),
            exclude_chains=frozenset(members.get(own, set()) if own is not None else ()),
            max_identity=max_identity,
        )

    return guard
