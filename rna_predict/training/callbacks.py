"""Callbacks: averaged weights, metrics, the alarm for collapse, and resume points."""

import csv
import logging
import shutil
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from rna_predict.model.adapters import trained_state
from rna_predict.structure.files import replacing
from rna_predict.training.sharding import copy_like, whole

log = logging.getLogger(__name__)

LAST, BEST = "last.ckpt", "best.ckpt"
SHOWN = ("lddt", "tm", "rmsd", "mcq", "plddt_error")
"""Results of a validation that the log tells; all are in the metrics."""


class Ema(pl.Callback):
    """Exponential moving average of the trained weights, in place of them during validation.

    Weights that are not trained are their own average and are not copied. The decay starts small
    and rises to ``decay``: ``min(decay, (1 + step) / (10 + step))``.

    Parameters
    ----------
    decay : float
        Weight of the past at each step.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.average: dict[str, Tensor] = {}
        self.current: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start from the weights as they are, unless a checkpoint brought an average."""
        weights = trained_state(pl_module.network)
        source = self.average or weights
        self.average = {name: copy_like(source[name], tensor) for name, tensor in weights.items()}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take up an average that a checkpoint brought late, as it does to weights in parts."""
        self.on_fit_start(trainer, pl_module)

    @torch.no_grad()
    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Move the average towards the new weights, after the last batch of a step."""
        if not ends_step(trainer, batch_idx):
            return
        step = trainer.global_step
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, tensor in trained_state(pl_module.network).items():
            self.average[name].lerp_(tensor, share)

    @torch.no_grad()
    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the average in place."""
        weights = trained_state(pl_module.network)
        self.current = {name: tensor.clone() for name, tensor in weights.items()}
        for name, tensor in weights.items():
            tensor.copy_(self.average[name])

    @torch.no_grad()
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the weights back."""
        for name, tensor in trained_state(pl_module.network).items():
            tensor.copy_(self.current[name])
        self.current = {}

    def state_dict(self) -> dict[str, Any]:
        """Give the average to a checkpoint."""
        return {name: whole(tensor) for name, tensor in self.average.items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the average from a checkpoint."""
        self.average = state_dict


class Metrics(pl.Callback):
    """Rows of losses and of validation results, kept in checkpoints, so none is lost or doubled.

    Loggers get the same values, under ``train/`` and ``validation/``. Losses are means over the
    processes.

    Parameters
    ----------
    path : path
        CSV that is rewritten after each validation.
    phase : str
        Name of the phase.
    every : int
        Steps between rows of losses.
    rows : list of dict
        Rows of the phases before.
    """

    def __init__(self, path: Path, phase: str, every: int, rows: list[dict[str, Any]]) -> None:
        self.path, self.phase, self.every = path, phase, every
        self.rows = list(rows)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Note the losses of every ``every``-th step and of the first.

        Raises
        ------
        FloatingPointError
            If a loss is not finite.
        """
        step = trainer.global_step
        if not ends_step(trainer, batch_idx) or (step != 1 and step % self.every):
            return
        losses = torch.stack(
            [torch.as_tensor(value).double() for value in pl_module.losses.values()]
        )
        means = trainer.strategy.reduce(losses.to(pl_module.device), reduce_op="mean").tolist()
        values = dict(zip(pl_module.losses, means, strict=True))
        if not all(value == value and abs(value) != float("inf") for value in values.values()):
            raise FloatingPointError(f"phase {self.phase} step {step}: losses {values}")
        self._note(trainer, {"phase": self.phase, "step": step, "kind": "train", **values})

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the validation results and write the file."""
        row = {"phase": self.phase, "step": trainer.global_step, "kind": "validation"}
        self._note(trainer, {**row, **pl_module.validation})
        if trainer.is_global_zero:
            write_rows(self.path, self.rows)
        found = {name: pl_module.validation[name] for name in SHOWN if name in pl_module.validation}
        results = "  ".join(f"{name} {value:.3f}" for name, value in found.items())
        log.info("%s step %d: %s", self.phase, trainer.global_step, results)

    def _note(self, trainer: pl.Trainer, row: dict[str, Any]) -> None:
        """Keep a row and give its numbers to the loggers."""
        self.rows.append(row)
        values = {
            f"{row['kind']}/{name}": value
            for name, value in row.items()
            if name not in ("phase", "step", "kind")
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step=row["step"])

    def state_dict(self) -> dict[str, Any]:
        """Give the rows to a checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the rows from a checkpoint."""
        self.rows = list(state_dict["rows"])


class ResumePoints(pl.Callback):
    """Checkpoints after each validation: the last one, the best one by the phase's rule, and some.

    Parameters
    ----------
    folder : path
        Where ``last.ckpt`` and ``best.ckpt`` go.
    select : str
        ``lddt`` (greatest), ``plddt_error`` or ``mcq`` (smallest); of equals the later one is best.
    every : int
        Steps between checkpoints that are kept for good; 0 = none.
    kept : path, optional
        Where these go, as ``{kept}_{step}.ckpt``.
    """

    def __init__(self, folder: Path, select: str, every: int = 0, kept: Path | None = None) -> None:
        self.folder, self.select, self.every = folder, select, every
        self.kept = folder / "kept" if kept is None else kept
        self.best = float("-inf")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the checkpoints, each whole or not at all; all processes give, the first writes."""
        value = pl_module.validation[self.select]
        value = value if self.select == "lddt" else -value  # the others are errors
        step = trainer.global_step
        copies = []
        if self.every and step % self.every == 0:
            copies.append(self.kept.with_name(f"{self.kept.name}_{step}.ckpt"))
        if value >= self.best:
            self.best = value
            copies.append(self.folder / BEST)
        if trainer.is_global_zero:
            with replacing(self.folder / LAST) as temporary:
                trainer.save_checkpoint(temporary)
                for path in copies:
                    copy_whole(temporary, path)
        else:
            trainer.save_checkpoint(self.folder / LAST)
        trainer.strategy.barrier()

    def state_dict(self) -> dict[str, Any]:
        """Give the best value to a checkpoint."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the best value from a checkpoint."""
        self.best = state_dict["best"]


def ends_step(trainer: pl.Trainer, batch_idx: int) -> bool:
    """Whether a batch was the last of those whose gradients add up to one step."""
    return (batch_idx + 1) % trainer.accumulate_grad_batches == 0


def copy_whole(source: Path, path: Path) -> None:
    """Copy a file, whole or not at all."""
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV; the columns are all keys in the order they first occur."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
