"""The Lightning data module: batch ``k`` of a run is a function of the seed and of ``k``.

No state is carried from batch to batch, so a resumed run sees what an uninterrupted one would.
"""

from collections import defaultdict
from collections.abc import Iterator

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler

from rna_predict.data.batch import Batch, collate
from rna_predict.data.crops import contiguous_crop
from rna_predict.data.dataset import Example, ExampleSet
from rna_predict.data.seeds import derive_seed


class TrainingBatches(Dataset):
    """Training batches by number.

    Each pass goes over every chain once, in a shuffled order of its own. A chain with several
    models shows one of them, and with probability ``copied`` one of its augmented copies instead.

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
    ) -> None:
        models: dict[str, list[Example]] = defaultdict(list)
        copies: dict[str, list[Example]] = defaultdict(list)
        for example in examples.examples:
            models[example.name].append(example)
        for example in examples.copies:
            copies[example.origin].append(example)
        self.models = list(models.values())
        self.copies = [copies[name] for name in models]
        self.size, self.crop, self.copied, self.seed = size, crop, copied, seed
        self.rank, self.world = rank, world

    def __getitem__(self, number: int) -> Batch:
        """Make batch ``number``."""
        first = (number * self.world + self.rank) * self.size
        return collate([self._draw(draw) for draw in range(first, first + self.size)])

    def _draw(self, draw: int) -> tuple:
        """Make one crop."""
        turn, place = divmod(draw, len(self.models))
        order = np.random.default_rng(derive_seed(self.seed, "order", turn))
        index = int(order.permutation(len(self.models))[place])
        generator = np.random.default_rng(derive_seed(self.seed, "crop", draw))
        kind = self.models[index]
        if self.copies[index] and generator.random() < self.copied:
            kind = self.copies[index]
        example = kind[int(generator.integers(len(kind)))]
        return example.crop(contiguous_crop(len(example.chain), self.crop, generator))


class WholeChains(Dataset):
    """Validation chains, whole, one a batch.

    Parameters
    ----------
    examples : ExampleSet
        The validation split.
    limit : int
        Longest chain.
    count : int
        Most chains; the first ones, one model each.
    """

    def __init__(self, examples: ExampleSet, limit: int, count: int) -> None:
        first: dict[str, Example] = {}
        for example in examples.examples:
            if len(example.chain) <= limit:
                first.setdefault(example.name, example)
        self.examples = list(first.values())[:count]

    def __len__(self) -> int:
        """Count the chains."""
        return len(self.examples)

    def __getitem__(self, number: int) -> Batch:
        """Give chain ``number`` as a batch of one."""
        return collate([self.examples[number].crop()])


class _Stretch(Sampler[int]):
    """Numbers of the batches of one epoch, from the step at which the epoch starts."""

    def __init__(self, module: "RnaData") -> None:
        self.module = module

    def __len__(self) -> int:
        return self.module.stretch

    def __iter__(self) -> Iterator[int]:
        trainer = self.module.trainer
        start = trainer.global_step if trainer is not None else 0
        return iter(range(start, start + self.module.stretch))


class RnaData(pl.LightningDataModule):
    """Training batches and validation chains of one phase.

    An epoch is a stretch of ``stretch`` steps, after which Lightning validates.

    Parameters
    ----------
    training, validation : ExampleSet
        Checked sets of the two splits.
    size, crop, copied, seed
        See :class:`TrainingBatches`.
    stretch : int
        Steps between validations.
    limit, count : int
        See :class:`WholeChains`.
    workers : int
        Processes that make batches; 0 makes them in the training process.
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
        count: int,
        workers: int = 0,
    ) -> None:
        super().__init__()
        for examples, split in ((training, "train"), (validation, "validation")):
            if examples.split != split:
                raise ValueError(f"expected the split {split!r}, got {examples.split!r}")
        self.training = training
        self.size, self.crop, self.copied, self.seed = size, crop, copied, seed
        self.stretch, self.workers = stretch, workers
        self.whole = WholeChains(validation, limit, count)

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
        )
        return DataLoader(
            batches, batch_size=None, sampler=_Stretch(self), num_workers=self.workers
        )

    def val_dataloader(self) -> DataLoader:
        """Give the validation chains."""
        return DataLoader(self.whole, batch_size=None)
