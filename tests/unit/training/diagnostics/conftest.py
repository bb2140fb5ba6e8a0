"""A phase of a tiny network on two real chains, with any callbacks."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.strategies import SingleDeviceStrategy

from rna_predict.data.datamodule import RnaData
from rna_predict.data.dataset import ExampleSet, load_examples
from rna_predict.model.build import build_network
from rna_predict.model.sampler import SamplerSettings
from rna_predict.training.callbacks import LAST, Ema, Metrics, ResumePoints
from rna_predict.training.fit import QUIET
from rna_predict.training.module import PhaseModule
from rna_predict.training.settings import LossWeights, ModelFile, Phase

NONE = dict.fromkeys(vars(LossWeights()), 0.0)


@pytest.fixture
def sets(example_chains, tmp_path, make_tables) -> dict[str, ExampleSet]:
    """Give a training and a validation set of one chain of 24 and 26 nt."""
    chain = {chain.name: chain for chain in example_chains}
    parts = {"train": [chain["1a9n_R"]], "validation": [chain["2a43_A"]]}
    paths = make_tables(tmp_path / "tables", parts)
    return {split: load_examples(paths, split) for split in parts}


@pytest.fixture
def phase(small_model) -> Phase:
    """Give six steps of two validations, from four kinds of losses."""
    weights = {"diffusion": 1.0, "smooth_lddt": 1.0, "torsion": 1.0, "distogram": 1.0}
    losses = LossWeights(**{**NONE, **weights})
    parts = ("torsion_net", "pairformer", "distogram_head", "merger", "diffusion")
    first = small_model.training.phases[0]
    return replace(first, parts=parts, batch=1, noised_copies=4, crop=24, losses=losses)


class Run:
    """A phase that can be fitted, and fitted on from its last checkpoint."""

    def __init__(self, model: ModelFile, sets: dict[str, ExampleSet], folder: Path) -> None:
        self.model, self.sets, self.folder = model, sets, folder
        torch.manual_seed(0)
        self.network = build_network(model.dimensions)
        self.rows: list[dict] = []

    def __call__(
        self, phase: Phase, diagnostics: list[pl.Callback], *more: pl.Callback
    ) -> PhaseModule:
        """Fit the phase with its diagnostics; give its module."""
        data = RnaData(
            self.sets["train"], self.sets["validation"], size=phase.batch, crop=phase.crop,
            copied=0.0, seed=0, stretch=phase.validate_every, limit=60, count=1,
        )  # fmt: skip
        metrics = Metrics(self.folder / "metrics.csv", phase.name, 1, [])
        resume = ResumePoints(self.folder, phase.select)
        module = PhaseModule(self.network, self.model, phase, 0)
        last = self.folder / LAST
        with warnings.catch_warnings():
            for message in QUIET:
                warnings.filterwarnings("ignore", message)
            trainer = pl.Trainer(
                accelerator="cpu", max_epochs=phase.steps // phase.validate_every,
                callbacks=[*diagnostics, Ema(0.9), metrics, *more, resume], logger=False,
                enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
                num_sanity_val_steps=0, default_root_dir=self.folder,
            )  # fmt: skip
            path = last if last.exists() else None
            trainer.fit(module, data, ckpt_path=path, weights_only=True)
        self.rows = metrics.rows
        return module


class StandingTrainer(pl.Trainer):
    """A trainer that stands at a step, alone and without loggers."""

    global_step, loggers, strategy, should_stop = 0, (), SingleDeviceStrategy("cpu"), False

    def __init__(self, step: int) -> None:
        self.global_step = step


@pytest.fixture
def trainer_at() -> type[pl.Trainer]:
    """Give trainers that stand at a step."""
    return StandingTrainer


@pytest.fixture
def rows() -> pl.LightningModule:
    """Give a module that only has rows."""
    module = pl.LightningModule()
    module.losses, module.validation = {}, {}
    return module


@pytest.fixture
def run(small_model, sets, tmp_path) -> Callable[..., PhaseModule]:
    """Give a run of a network that is made anew."""
    training = replace(small_model.training, rollout=SamplerSettings(steps=2))
    return Run(replace(small_model, training=training), sets, tmp_path / "run")
