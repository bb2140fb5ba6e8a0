"""Lightning's trainer as this project uses it: processes, loggers, progress bar."""

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from lightning.pytorch.utilities import rank_zero_only

from rna_predict.training.settings import Phase, TrainingSettings


def is_first_process() -> bool:
    """Whether this process writes files; before a trainer is made, by the environment."""
    return rank_zero_only.rank == 0


def make_trainer(
    settings: TrainingSettings,
    phase: Phase,
    device: str,
    folder: Path,
    callbacks: list[pl.Callback],
    events: Path,
    step: int,
) -> pl.Trainer:
    """Make the trainer of a phase.

    Parameters
    ----------
    settings : TrainingSettings
        Processes, their strategy, and whether TensorBoard is written for.
    phase : Phase
        Steps and accumulation.
    device : str
        ``cpu`` or ``cuda``.
    folder : path
        For whatever Lightning wants to write.
    callbacks : list of Callback
        In their order. A progress bar is added where the standard error is a terminal.
    events : path
        Folder of the files for TensorBoard.
    step : int
        Step that the phase starts from; later events of a run that was killed do not count.

    Returns
    -------
    Trainer
        Of epochs of ``validate_every`` steps; it writes no checkpoint of its own.
    """
    logger: TensorBoardLogger | bool = False
    if settings.tensorboard:
        logger = TensorBoardLogger(events.parent, events.name, phase.name, purge_step=step + 1)
    watched = sys.stderr.isatty()
    return pl.Trainer(
        accelerator=device,
        devices=settings.processes,
        strategy=make_strategy(settings, device),
        plugins=[LightningEnvironment()] if _launches(settings) else None,
        max_epochs=phase.steps // phase.validate_every,
        accumulate_grad_batches=phase.accumulate,
        callbacks=[*callbacks, Progress()] if watched else callbacks,
        logger=logger,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=watched,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        default_root_dir=folder,
    )


def make_strategy(settings: TrainingSettings, device: str) -> Strategy | str:
    """Make the strategy by which processes share the work.

    Parts that a phase does not reach get no gradient, so DDP looks for them.
    """
    if settings.processes == 1:
        return "auto"
    backend = "gloo" if device == "cpu" else "nccl"
    if settings.strategy == "fsdp":
        return ModelParallelStrategy(
            data_parallel_size=settings.processes,
            tensor_parallel_size=1,
            save_distributed_checkpoint=False,
            process_group_backend=backend,
        )
    return DDPStrategy(find_unused_parameters=True, process_group_backend=backend)


def _launches(settings: TrainingSettings) -> bool:
    """Whether the other processes are for us to start: not where SLURM starts a task for each."""
    return settings.processes > 1 and int(os.environ.get("SLURM_NTASKS", "1")) == 1


class Progress(TQDMProgressBar):
    """Lightning's progress bar on the standard error, with the last loss and validation."""

    def init_train_tqdm(self) -> Tqdm:
        """Make the bar of the training steps."""
        with redirect_stdout(sys.stderr):
            return super().init_train_tqdm()

    def init_validation_tqdm(self) -> Tqdm:
        """Make the bar of the validation chains."""
        with redirect_stdout(sys.stderr):
            return super().init_validation_tqdm()

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Give what stands behind the bar."""
        shown: dict[str, Any] = {}
        if "total" in pl_module.losses:
            shown["loss"] = f"{float(pl_module.losses['total']):.4g}"
        select = pl_module.phase.select
        if select in pl_module.validation:
            shown[select] = f"{pl_module.validation[select]:.4g}"
        return shown
