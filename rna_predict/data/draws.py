"""Which chain, model and crop a training draw shows: functions of the seed and of its number.

Nothing is carried from draw to draw, so that a resumed run sees what an uninterrupted one would.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.data.crops import contiguous_crop, spatial_crop
from rna_predict.data.dataset import Example, ExampleSet
from rna_predict.data.seeds import derive_seed
from rna_predict.errors import InputError

C1 = BACKBONE_ATOMS.index("C1'")


@dataclass(frozen=True)
class DrawSettings:
    """How chains and crops are drawn."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    weight: Literal["chain", "cluster"] = "chain"
    """Every chain once a pass, or every cluster as likely as every other."""
    length_power: float = 0.0
    """Chains are as likely as this power of the residues they show; 0 = length does not matter."""
    poor_weight: float = 1.0
    """Weight of chains without a resolution, or of one worse than ``good_resolution``."""
    good_resolution: float = 3.2
    """Angstrom."""
    spatial: float = 0.0
    """Probability of a crop in space; the others are stretches of the chain."""
    bucket: int = 1
    """Batches whose draws are sorted by length, so that chains of one batch need little padding."""

    def __post_init__(self) -> None:
        """Refuse numbers that no draw can be made with."""
        if self.bucket < 1 or not 0 <= self.spatial <= 1:
            raise ValueError("bucket is 1 or more, spatial a fraction")
        if min(self.length_power, self.poor_weight) < 0:
            raise ValueError("length_power and poor_weight are 0 or more")

    @property
    def plain(self) -> bool:
        """Whether every chain is as likely as every other."""
        return self.weight == "chain" and not self.length_power and self.poor_weight == 1


PLAIN = DrawSettings()
"""Every chain once a pass, stretches of it, nothing sorted."""


@dataclass(frozen=True)
class Rung:
    """A step of a curriculum: before step ``until`` only chains of at most ``longest`` nt."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    until: int
    """Step at which longer chains come."""
    longest: int
    """Longest chain (nt)."""


class Draws:
    """The draws of one phase.

    Parameters
    ----------
    examples : ExampleSet
        The training split.
    settings : DrawSettings
    crop : int
        Longest crop (residues).
    copied : float
        Probability of an augmented copy, for a chain that has any.
    seed : int
        Seed of order, choice and crop.

    Raises
    ------
    InputError
        If clusters are to be weighed and a chain has none.
    """

    def __init__(
        self, examples: ExampleSet, settings: DrawSettings, crop: int, copied: float, seed: int
    ) -> None:
        models: dict[str, list[Example]] = defaultdict(list)
        copies: dict[str, list[Example]] = defaultdict(list)
        for example in examples.examples:
            models[example.name].append(example)
        for example in examples.copies:
            copies[example.origin].append(example)
        self.models = list(models.values())
        self.copies = [copies[name] for name in models]
        self.settings, self.crop, self.copied, self.seed = settings, crop, copied, seed
        self.lengths = np.array([len(kind[0].chain) for kind in self.models])
        poor = np.array([_is_poor(kind[0], settings.good_resolution) for kind in self.models])
        self.weights = np.where(poor, settings.poor_weight, 1.0) * chain_weights(
            list(models), self.lengths, examples.cluster_of, settings, crop
        )
        self._cumulative = lru_cache(maxsize=8)(self._cumulate)

    def length(self, draw: int, longest: int | None = None) -> int:
        """Count the residues that draw ``draw`` shows."""
        return min(int(self.lengths[self._index(draw, longest)]), self.crop)

    def example(
        self, draw: int, longest: int | None = None
    ) -> tuple[Example, Int[np.ndarray, " k"]]:
        """Give what draw ``draw`` shows: one model or copy of a chain, and some of its residues.

        Parameters
        ----------
        draw : int
            From 0.
        longest : int, optional
            Of a curriculum: longer chains are not drawn.
        """
        index = self._index(draw, longest)
        generator = np.random.default_rng(derive_seed(self.seed, "crop", draw))
        kind = self.models[index]
        if self.copies[index] and generator.random() < self.copied:
            kind = self.copies[index]
        example = kind[int(generator.integers(len(kind)))]
        n = len(example.chain)
        if n > self.crop and self.settings.spatial and generator.random() < self.settings.spatial:
            points = np.where(
                example.chain.atom_mask[:, C1, None], example.chain.coords[:, C1], np.nan
            )
            return example, spatial_crop(points, self.crop, generator)
        return example, contiguous_crop(n, self.crop, generator)

    def _index(self, draw: int, longest: int | None) -> int:
        """Choose a chain: in shuffled passes, or by weight."""
        if longest is None and self.settings.plain:
            turn, place = divmod(draw, len(self.models))
            order = np.random.default_rng(derive_seed(self.seed, "order", turn))
            return int(order.permutation(len(self.models))[place])
        chance = np.random.default_rng(derive_seed(self.seed, "choice", draw)).random()
        return int(np.searchsorted(self._cumulative(longest), chance, side="right"))

    def _cumulate(self, longest: int | None) -> Float[np.ndarray, " chains"]:
        """Add the weights up to 1."""
        weights = self.weights if longest is None else self.weights * (self.lengths <= longest)
        if not weights.sum():
            raise InputError("split train", f"no chain of at most {longest} nt for the curriculum")
        total = weights.cumsum()
        return total / total[-1]


def chain_weights(
    names: list[str],
    lengths: Int[np.ndarray, " chains"],
    cluster_of: Mapping[str, str],
    settings: DrawSettings,
    crop: int,
) -> Float[np.ndarray, " chains"]:
    """Weigh chains: 1 by the chains of their cluster, times a power of the residues they show.

    Raises
    ------
    InputError
        If clusters are to be weighed and a chain has none.
    """
    weights = np.minimum(lengths, crop).astype(float) ** settings.length_power
    if settings.weight == "chain":
        return weights
    if stray := [name for name in names if name not in cluster_of]:
        raise InputError(f"chain {stray[0]}", "has no cluster to be weighed by")
    size = Counter(cluster_of[name] for name in names)
    return weights / np.array([size[cluster_of[name]] for name in names])


def _is_poor(example: Example, good_resolution: float) -> bool:
    """Tell whether a structure has no resolution or a worse one."""
    return not example.chain.resolution <= good_resolution  # NaN without one
