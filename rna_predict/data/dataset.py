"""Examples of one split, and the guard that keeps every other chain out."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int64
from torch import Tensor

from rna_predict.constants import TORSIONS
from rna_predict.data.families import FamilyTables, read_families
from rna_predict.data.features import Templates, WeighedPairs, sequence_inputs
from rna_predict.data.msa import Msa
from rna_predict.data.tables import (
    TablePaths,
    read_clusters,
    read_pairs,
    read_probabilities,
    read_splits,
    read_torsions,
)
from rna_predict.data.truth import Truth, structure_truth
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.store import read_chains

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)
NO_VALUES = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Example:
    """One model of one chain, with all that training asks of it.

    Attributes
    ----------
    chain : Chain
        Sequence and structure.
    torsions : (n, 14) float32, radians
        NaN where undefined.
    pairs : (m, 2) int64
        Base pairs annotated in the structure.
    likely_pairs : (q, 2) int64
        Pairs with a probability from the sequence.
    probability : (q,) float32
        Their probabilities.
    consensus : pairs and probabilities
        Of the family's consensus structure.
    homologs : (r, n) uint8
        Rows of the family's alignment over the chain.
    """

    chain: Chain
    torsions: Float32[np.ndarray, "n 14"]
    pairs: Int64[np.ndarray, "m 2"]
    likely_pairs: Int64[np.ndarray, "q 2"]
    probability: Float32[np.ndarray, " q"]
    consensus: WeighedPairs
    homologs: Msa

    @property
    def name(self) -> str:
        """Name of the chain."""
        return self.chain.name

    @property
    def origin(self) -> str:
        """Name of the chain whose split decides: its own, or its parent's."""
        return self.chain.parent or self.chain.name

    def crop(
        self,
        positions: np.ndarray | None = None,
        msa: Msa | None = None,
        templates: Templates | None = None,
    ) -> tuple[str, dict[str, Tensor], Truth]:
        """Give name, inputs and truth of some residues.

        Parameters
        ----------
        positions : (k,) int, optional
            In rising order; all residues if absent.
        msa : (r, n) uint8, optional
            Rows to show; all homologs if absent.
        templates : Templates, optional
            Frames of other structures over the chain.
        """
        if positions is None:
            positions = np.arange(len(self.chain))
        chain = self.chain
        inputs = sequence_inputs(
            chain.sequence,
            self.likely_pairs,
            self.probability,
            positions,
            consensus=self.consensus,
            msa=self.homologs if msa is None else msa,
            templates=templates,
        )
        truth = structure_truth(chain.coords, chain.atom_mask, self.torsions, self.pairs, positions)
        return chain.name, inputs, truth


@dataclass(frozen=True, eq=False)
class ExampleSet:
    """Examples that all belong to one split; anything else is refused on construction.

    Attributes
    ----------
    split : str
        ``train``, ``validation`` or ``test``.
    examples : tuple of Example
        Chains as they were determined.
    copies : tuple of Example
        Augmented copies; they must descend from chains of the training split.
    split_of : dict
        Split of every chain of the data set.
    cluster_of : dict
        Cluster of every chain, where clusters are known.
    cutoff : str
        ISO date: no chain outside the test split was released on or after it; "" = no cut-off.
    """

    split: str
    examples: tuple[Example, ...]
    split_of: dict[str, str] = field(repr=False)
    copies: tuple[Example, ...] = ()
    cluster_of: dict[str, str] = field(default_factory=dict, repr=False)
    cutoff: str = ""

    def __post_init__(self) -> None:
        """Refuse chains of another split, unknown or too young ones, and copies elsewhere."""
        if not self.examples:
            raise InputError(f"split {self.split}", "no chain in it")
        if self.copies and self.split != "train":
            raise InputError(f"split {self.split}", "augmented copies belong to training only")
        for example in (*self.examples, *self.copies):
            found = self.split_of.get(example.origin, "")
            if found != self.split:
                raise InputError(
                    f"chain {example.name}",
                    f"expected {example.origin} in the split {self.split!r}, "
                    + (f"it is in {found!r}" if found else "it is in none"),
                )
            date = example.chain.release_date
            if self.split != "test" and self.cutoff and not "" < date < self.cutoff:
                raise InputError(
                    f"chain {example.name}",
                    f"expected a release before the cut-off {self.cutoff}, got {date or 'no date'}",
                )
        originals = {example.name for example in self.examples}
        for copy in self.copies:
            if not copy.chain.parent or copy.name in self.split_of:
                raise InputError(f"chain {copy.name}", "not an augmented copy with its own name")
            if copy.origin not in originals:
                raise InputError(f"chain {copy.name}", f"its parent {copy.origin} is not there")


def load_examples(paths: TablePaths, split: str, cutoff: str = "") -> ExampleSet:
    """Read the examples of one split.

    Parameters
    ----------
    paths : TablePaths
        Tables of the data set. Augmented copies are read for the training split only. A copy has
        the annotated pairs of its parent (swaps keep pairs) and its parent's family; a copy that
        differs by coordinate noise alone has its parent's torsions too, since noise is no change
        of conformation.
    split : str
        ``train``, ``validation`` or ``test``.
    cutoff : str
        ISO date: a chain that is younger, or undated, is refused outside the test split.

    Returns
    -------
    ExampleSet
        In the order of the chain table.

    Raises
    ------
    InputError
        If a chain has no split, a chain of the split is missing, a table lacks a chain or does
        not fit its length, or a chain does not belong (see :class:`ExampleSet`).
    """
    split_of = read_splits(paths.splits)
    chains = read_chains(paths.chains)
    names = {chain.name for chain in chains}
    if without := sorted(names - set(split_of)):
        raise InputError(paths.splits, f"no split for {', '.join(without[:5])}")
    wanted = {name for name, value in split_of.items() if value == split}
    if missing := sorted(wanted - names):
        raise InputError(paths.chains, f"chains of split {split} missing: {', '.join(missing[:5])}")
    torsions = read_torsions(paths.angles)
    pairs = read_pairs(paths.pairs)
    probabilities = read_probabilities(paths.probabilities)
    families = read_families(paths.consensus, paths.homologs, wanted)
    examples = tuple(
        _example(chain, torsions, pairs, probabilities, families, paths)
        for chain in chains
        if chain.name in wanted
    )
    copies: tuple[Example, ...] = ()
    if split == "train" and paths.augmented is not None:
        copies = _load_copies(paths, examples, torsions, families)
    clusters = {} if paths.clusters is None else read_clusters(paths.clusters)
    return ExampleSet(split, examples, split_of, copies, clusters, cutoff)


def _load_copies(
    paths: TablePaths,
    parents: tuple[Example, ...],
    parent_torsions: dict[tuple[str, int], np.ndarray],
    families: FamilyTables,
) -> tuple[Example, ...]:
    """Read augmented copies with torsions, pairs and probabilities."""
    if paths.augmented_probabilities is None or paths.augmented_angles is None:
        raise InputError(paths.augmented, "its copies need angles and probabilities of their own")
    chains = read_chains(paths.augmented)
    torsions = read_torsions(paths.augmented_angles)
    probabilities = read_probabilities(paths.augmented_probabilities)
    pairs_of = {(example.name, example.chain.model): example.pairs for example in parents}
    for chain in chains:
        parent = (chain.parent, chain.model)
        if chain.tier == "coordinates" and parent in parent_torsions:
            torsions[chain.name, chain.model] = parent_torsions[parent]
    pairs = {
        (chain.name, chain.model): pairs_of.get((chain.parent, chain.model), NO_PAIRS)
        for chain in chains
    }
    return tuple(
        _example(chain, torsions, pairs, probabilities, families, paths) for chain in chains
    )


def _example(
    chain: Chain,
    torsions: dict,
    pairs: dict,
    probabilities: dict,
    families: FamilyTables,
    paths: TablePaths,
) -> Example:
    """Join one chain with its rows of the tables."""
    key = (chain.name, chain.model)
    if key not in torsions:
        raise InputError(paths.angles, f"no row of chain {chain.name} model {chain.model}")
    if torsions[key].shape != (len(chain), len(TORSIONS)):
        raise InputError(
            f"{paths.angles} chain {chain.name}",
            f"expected torsions of {len(chain)} residues, got {len(torsions[key])}",
        )
    likely, probability = probabilities.get(chain.name, (NO_PAIRS, NO_VALUES))
    annotated = pairs.get(key, NO_PAIRS)
    for table, rows in ((paths.probabilities, likely), (paths.pairs, annotated)):
        if len(rows) and rows.max() >= len(chain):
            raise InputError(
                f"{table} chain {chain.name}",
                f"residue {rows.max()} of a chain of {len(chain)} (0-based)",
            )
    family = families.of(chain.parent or chain.name, chain.sequence)
    return Example(chain, torsions[key], annotated, likely, probability, *family)
