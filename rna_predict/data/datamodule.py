"""The Lightning data module: batch ``k`` of a run is a function of the seed and of ``k``.

No state is carried from batch to batch, so a resumed run sees what an uninterrupted one would.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler

from rna_predict.data.batch import Batch, collate
from rna_predict.data.crops import contiguous_crop
from rna_predict.data.dataset import Example, ExampleSet
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
        msa_rows: int = MSA_ROWS,
        template_features: TemplateFeatures | None = None,
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
        self.msa_rows, self.template_features = msa_rows, template_features

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
        positions = contiguous_crop(len(example.chain), self.crop, generator)
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
    count : int
        Most chains; the first ones, one model each.
    msa_rows : int
        Most rows of an alignment, always the same ones.
    template_features : callable, optional
        Gives the templates of a chain.
    """

    def __init__(
        self,
        examples: ExampleSet,
        limit: int,
        count: int,
        msa_rows: int = MSA_ROWS,
        template_features: TemplateFeatures | None = None,
    ) -> None:
        self.msa_rows, self.template_features = msa_rows, template_features
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
        example = self.examples[number]
        shown = np.random.default_rng(derive_seed("inputs", example.name))
        templates = None
        if self.template_features:
            templates = self.template_features(example.name, example.chain.sequence)
        msa = choose_rows(example.homologs, self.msa_rows, shown)
        return collate([example.crop(msa=msa, templates=templates)])


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
        count: int,
        workers: int = 0,
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
            self.msa_rows,
            self.template_features,
        )
        return DataLoader(
            batches, batch_size=None, sampler=_Stretch(self), num_workers=self.workers
        )

    def val_dataloader(self) -> DataLoader:
        """Give the validation chains."""
        return DataLoader(self.whole, batch_size=None)
