"""The Lightning data module: batch ``k`` of a run is a function of the seed and of ``k``.

No state is carried from batch to batch, so a resumed run sees what an uninterrupted one would.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import lightning.pytorch as pl
import numpy as np
from jaxtyping import Int
from torch.utils.data import DataLoader, Dataset, Sampler

from rna_predict.data.batch import Batch, collate
from rna_predict.data.dataset import Example, ExampleSet
from rna_predict.data.draws import PLAIN, Draws, DrawSettings, Rung
from rna_predict.data.features import Templates
from rna_predict.data.msa import choose_rows
from rna_predict.data.seeds import derive_seed

MSA_ROWS = 64
"""Most rows of an alignment that an example shows, where nothing else is asked."""
TEMPLATE_DROPOUT = 0.5
"""Share of the training draws that do without the templates of their chain."""

TemplateFeatures = Callable[[str, str], Templates | None]
"""Gives the templates of a chain by its name and sequence, or None. It sees no coordinates; to
leave out the chain itself, its kin and whatever is too young is its duty."""


class TrainingBatches(Dataset):
    """Training batches by number.

    A chain with several models shows one of them, and with probability ``copied`` one of its
    augmented copies instead.

    Parameters
    ----------
    examples : ExampleSet
        The training split.
    size : int
        Chains a batch.
    crop : int
        Longest crop (residues).
    copied : float
        Probability of an augmented copy, for a chain that has any.
    seed : int
        Seed of order, choice and crop.
    rank, world : int
        Number of this process and how many share the batches.
    draws : DrawSettings
        How chains and crops are drawn.
    curriculum : tuple of Rung
        By rising step.
    accumulate : int
        Batches a step.
    msa_rows : int
        Most rows of an alignment; each draw shows others, and another number of them.
    template_features : callable, optional
        Gives the templates of a chain, or of a copy's parent; half of the draws do without.
    """

    def __init__(
        self,
        examples: ExampleSet,
        size: int,
        crop: int,
        copied: float,
        seed: int,
        rank: int = 0,
        world: int = 1,
        draws: DrawSettings = PLAIN,
        curriculum: tuple[Rung, ...] = (),
        accumulate: int = 1,
        msa_rows: int = MSA_ROWS,
        template_features: TemplateFeatures | None = None,
    ) -> None:
        self.draws = Draws(examples, draws, crop, copied, seed)
        self.size, self.seed, self.rank, self.world = size, seed, rank, world
        self.curriculum, self.accumulate = curriculum, accumulate
        self.msa_rows, self.template_features = msa_rows, template_features
        self._sorted = lru_cache(maxsize=2)(self._sort)

    def __getitem__(self, number: int) -> Batch:
        """Make batch ``number``."""
        window, place = divmod(number, self.draws.settings.bucket)
        numbers = self._sorted(window)[place * self.world + self.rank]
        longest = self._longest(number - place)
        return collate([self._show(int(draw), longest) for draw in numbers])

    def _longest(self, number: int) -> int | None:
        """Give the curriculum's longest chain at a batch; None where all are drawn."""
        step = number // self.accumulate
        return next((rung.longest for rung in self.curriculum if step < rung.until), None)

    def _sort(self, window: int) -> Int[np.ndarray, "batches size"]:
        """Deal the draws of a window to the batches of all processes, by length."""
        bucket = self.draws.settings.bucket
        count = bucket * self.world * self.size
        draws = np.arange(window * count, (window + 1) * count)
        if bucket == 1:
            return draws.reshape(-1, self.size)
        longest = self._longest(window * bucket)
        lengths = [self.draws.length(int(draw), longest) for draw in draws]
        dealt = draws[np.argsort(lengths, kind="stable")].reshape(bucket, self.world, self.size)
        order = np.random.default_rng(derive_seed(self.seed, "bucket", window)).permutation(bucket)
        return dealt[order].reshape(-1, self.size)

    def _show(self, draw: int, longest: int | None) -> tuple:
        """Make one crop."""
        example, positions = self.draws.example(draw, longest)
        shown = np.random.default_rng(derive_seed(self.seed, "inputs", draw))
        msa = choose_rows(example.homologs, self.msa_rows, shown, thin=True)
        templates = None
        if self.template_features and shown.random() >= TEMPLATE_DROPOUT:
            templates = self.template_features(example.origin, example.chain.sequence)
        return example.crop(positions, msa, templates)


class WholeChains(Dataset):
    """Validation chains, whole, one a batch.

    Parameters
    ----------
    examples : ExampleSet
        The validation split.
    limit : int
        Longest chain.
    count : int, optional
        Most chains, one a cluster and one model each, spread over the lengths; all if absent.
    msa_rows : int
        Most rows of an alignment, always the same ones.
    template_features : callable, optional
        Gives the templates of a chain.
    """

    def __init__(
        self,
        examples: ExampleSet,
        limit: int,
        count: int | None,
        msa_rows: int = MSA_ROWS,
        template_features: TemplateFeatures | None = None,
    ) -> None:
        self.msa_rows, self.template_features = msa_rows, template_features
        first: dict[str, Example] = {}
        for example in examples.examples:
            if len(example.chain) <= limit:
                first.setdefault(examples.cluster_of.get(example.name, example.name), example)
        self.examples = spread_lengths(list(first.values()), count)

    def __len__(self) -> int:
        """Count the chains."""
        return len(self.examples)

    def __getitem__(self, number: int) -> Batch:
        """Give chain ``number`` as a batch of one."""
        example = self.examples[number]
        shown = np.random.default_rng(derive_seed("inputs", example.name))
        templates = None
        if self.template_features:
            templates = self.template_features(example.name, example.chain.sequence)
        msa = choose_rows(example.homologs, self.msa_rows, shown)
        return collate([example.crop(msa=msa, templates=templates)])


def spread_lengths(examples: list[Example], count: int | None) -> list[Example]:
    """Choose examples at even ranks of their lengths, keeping their order."""
    if count is None or len(examples) <= count:
        return examples
    by_length = np.argsort([len(example.chain) for example in examples], kind="stable")
    ranks = np.linspace(0, len(examples) - 1, count).round().astype(int)
    return [examples[k] for k in np.sort(by_length[ranks])]


class _Stretch(Sampler[int]):
    """Numbers of the batches of one epoch, from the step at which the epoch starts."""

    def __init__(self, module: "RnaData") -> None:
        self.module = module

    def __len__(self) -> int:
        return self.module.stretch * self.module.accumulate

    def __iter__(self) -> Iterator[int]:
        trainer = self.module.trainer
        start = trainer.global_step if trainer is not None else 0
        start *= self.module.accumulate
        return iter(range(start, start + len(self)))


class RnaData(pl.LightningDataModule):
    """Training batches and validation chains of one phase.

    An epoch is a stretch of ``stretch`` steps, after which Lightning validates.

    Parameters
    ----------
    training, validation : ExampleSet
        Checked sets of the two splits.
    size, crop, copied, seed, draws, curriculum, accumulate
        See :class:`TrainingBatches`.
    stretch : int
        Steps between validations.
    limit, count : int
        See :class:`WholeChains`.
    workers : int
        Processes that make batches; 0 makes them in the training process.
    msa_rows, template_features
        See :class:`TrainingBatches` and :class:`WholeChains`.
    """

    def __init__(
        self,
        training: ExampleSet,
        validation: ExampleSet,
        *,
        size: int,
        crop: int,
        copied: float,
        seed: int,
        stretch: int,
        limit: int,
        count: int | None,
        workers: int = 0,
        draws: DrawSettings = PLAIN,
        curriculum: tuple[Rung, ...] = (),
        accumulate: int = 1,
        msa_rows: int = MSA_ROWS,
        template_features: TemplateFeatures | None = None,
    ) -> None:
        super().__init__()
        for examples, split in ((training, "train"), (validation, "validation")):
            if examples.split != split:
                raise ValueError(f"expected the split {split!r}, got {examples.split!r}")
        self.training = training
        self.size, self.crop, self.copied, self.seed = size, crop, copied, seed
        self.stretch, self.workers = stretch, workers
        self.draws, self.curriculum, self.accumulate = draws, curriculum, accumulate
        self.msa_rows, self.template_features = msa_rows, template_features
        self.whole = WholeChains(validation, limit, count, msa_rows, template_features)

    def train_dataloader(self) -> DataLoader:
        """Give the batches from the current step on."""
        trainer = self.trainer
        batches = TrainingBatches(
            self.training,
            self.size,
            self.crop,
            self.copied,
            self.seed,
            trainer.global_rank if trainer is not None else 0,
            trainer.world_size if trainer is not None else 1,
            self.draws,
            self.curriculum,
            self.accumulate,
            self.msa_rows,
            self.template_features,
        )
        return DataLoader(
            batches,
            batch_size=None,
            sampler=_Stretch(self),
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )

    def val_dataloader(self) -> DataLoader:
        """Give the validation chains."""
        return DataLoader(self.whole, batch_size=None)
