"""The search for templates of all chains that a training shows; made before it, once.

A query is what the tables know without coordinates: sequence, pair probabilities, the consensus of
its family, and its places in covariance models. It is never shown itself: not its entry, its
cluster, chains like it, nor what was released on its date or later, and only chains of the training
split serve as templates, for validation chains too.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

from rna_predict.data.chain_templates import Found, search_facts, write_chain_templates
from rna_predict.data.families import FamilyTables, read_families
from rna_predict.data.features import Templates
from rna_predict.data.tables import read_clusters, read_probabilities, read_splits
from rna_predict.errors import InputError
from rna_predict.secondary.adjacency import unite_probabilities
from rna_predict.structure.chain import Chain
from rna_predict.structure.store import iterate_chains
from rna_predict.templates.features import LibraryFeatures, guards_by_chain
from rna_predict.templates.guards import Guard
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library, Template
from rna_predict.templates.query import Query, square
from rna_predict.templates.search import find_templates

SHOWN = ("train", "validation")
"""Splits whose chains are shown templates."""


@dataclass(frozen=True)
class SearchTables:
    """The tables of a data set that a search reads: see :class:`~.tables.TablePaths`."""

    chains: Path
    probabilities: Path
    splits: Path
    consensus: Path | None = None
    clusters: Path | None = None


def search_chain_templates(
    tables: SearchTables, library: Path, out: Path, cutoff: str = "", processes: int = 1
) -> dict[str, int]:
    """Search templates for all chains of the training and validation splits and write them.

    Parameters
    ----------
    tables : SearchTables
        The data set.
    library : path
        Folder of the library.
    out : path
        File to write.
    cutoff : str
        ISO date: nothing released on or after it, and nothing undated, is a template.
    processes : int
        Processes that search.

    Returns
    -------
    dict of str to int
        ``chains`` searched for, and how many have a template: ``shown``.

    Raises
    ------
    InputError
        If a table or the library cannot be read, or the cut-off is no date.
    """
    search = ChainSearch.read(tables, library, cutoff)
    names = sorted(search.sequences, key=lambda name: (len(search.sequences[name]), name))
    if processes == 1:
        found = search.all(names)
    else:
        # Started anew: a fork would inherit the locks of threads that it does not have.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            parts = pool.map(search.all, [names[k::processes] for k in range(processes)])
            found = [item for part in parts for item in part]
    found.sort(key=lambda item: item.name)
    write_chain_templates(out, found, search_facts(tables.splits, tables.clusters, cutoff))
    return {"chains": len(found), "shown": sum(item.frames is not None for item in found)}


@dataclass(frozen=True, eq=False)
class ChainSearch:
    """A library of the training split, and what is known of the chains of two splits.

    Attributes
    ----------
    library : Library
        Chains of the training split alone.
    dates, clusters : dict of str
        Release date or cut-off, and cluster, of each chain.
    sequences : dict
        Of the chains that are searched for.
    probabilities : dict
        Pairs and their probabilities from the sequence.
    families : FamilyTables
        Consensus pairs.
    known : dict of Template
        What the whole library says of a chain: its places in covariance models are used.
    """

    library: Library
    dates: dict[str, str]
    clusters: dict[str, str]
    sequences: dict[str, str]
    probabilities: dict
    families: FamilyTables
    known: dict[str, Template]

    @classmethod
    def read(cls, tables: SearchTables, library: Path, cutoff: str = "") -> "ChainSearch":
        """Read tables and library; see :func:`search_chain_templates`."""
        split_of = read_splits(tables.splits)
        chains: dict[str, Chain] = {}
        for chain in iterate_chains(tables.chains):
            if split_of.get(chain.name) in SHOWN:
                chains.setdefault(chain.name, chain)
        if not chains:
            raise InputError(tables.splits, f"no chain in the splits {', '.join(SHOWN)}")
        dates = {name: earlier(chain.release_date, cutoff) for name, chain in chains.items()}
        clusters = {} if tables.clusters is None else read_clusters(tables.clusters)
        whole = Library.read(library)
        return cls(
            library=of_training_split(whole, split_of),
            dates=dates,
            clusters=clusters,
            sequences={name: chain.sequence for name, chain in chains.items()},
            probabilities=read_probabilities(tables.probabilities),
            families=read_families(tables.consensus, None, chains),
            known={name: template for template in whole.templates for name in template.copies},
        )

    def all(self, names: Sequence[str]) -> list[Found]:
        """Search templates for some chains."""
        return [self.one(name) for name in names]

    def one(self, name: str) -> Found:
        """Search templates for one chain."""
        sources: list[str] = []

        def search(query: Query, library: Library, guard: Guard, limit: int) -> list[TemplateHit]:
            hits = find_templates(query, library, guard, limit, parts=False)
            sources.extend(library.templates[hit.template].name for hit in hits)
            return hits

        shown = LibraryFeatures(self.library, self.guard, self.query, search)(
            name, self.sequences[name]
        )
        frames = None if shown is None else Templates(shown.origin, shown.rotation, shown.mask)
        return Found(name, len(self.sequences[name]), tuple(sources), frames)

    @cached_property
    def guard(self) -> Callable[[str], Guard]:
        """Give the guard of each chain."""
        return guards_by_chain(self.dates, self.clusters)

    def query(self, name: str, sequence: str) -> Query:
        """Make the query of a chain from the tables."""
        n = len(sequence)
        consensus, _ = self.families.of(name, sequence)
        listed = [consensus]
        if name in self.probabilities:
            listed.append(self.probabilities[name])
        sources = [(pairs[:, 0], pairs[:, 1], probability) for pairs, probability in listed]
        template = self.known.get(name)
        if template is not None and template.sequence != sequence:
            raise InputError(f"chain {name}", "the library holds another sequence of it")
        return Query(
            name=name,
            sequence=sequence,
            pair_probability=square(n, *unite_probabilities(n, sources)),
            families=template.families if template else (),
            placements=template.placements if template else (),
        )


def of_training_split(library: Library, split_of: dict[str, str]) -> Library:
    """Leave in a library only chains of the training split of which no copy is in another one."""
    return replace(
        library,
        templates=tuple(
            template
            for template in library.templates
            if split_of.get(template.name) == "train"
            and all(split_of.get(copy, "train") == "train" for copy in template.copies)
        ),
    )


def earlier(date: str, cutoff: str) -> str:
    """Give the earlier of a chain's date and the cut-off; "" where the date is unknown."""
    return min(date, cutoff) if date and cutoff else date
