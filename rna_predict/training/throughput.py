"""How fast training is, and what it waits for."""

import logging
import resource
import time
from pathlib import Path
from typing import Any, Final

import lightning.pytorch as pl
import torch
from torch import Tensor

from rna_predict.data.batch import Batch
from rna_predict.training.callbacks import write_rows

log = logging.getLogger(__name__)

WAITING: Final = 0.05
"""Share of the time spent waiting for batches from which on it is said."""
MIB: Final = 2**20


class Throughput(pl.Callback):
    """Rows of samples and residues a second, the share of waiting, and memory, one a validation.

    They differ from run to run and so stand in a file of their own. Must be the last callback: what
    the others do counts as work. A wait is the time from the end of one batch to the start of the
    next; on a GPU it may be shorter for the device, which works on what was queued meanwhile.

    Parameters
    ----------
    path : path
        CSV that is rewritten after each validation.
    phase : str
        Name of the phase.
    rows : list of dict
        Rows of the phases before.
    """

    def __init__(self, path: Path, phase: str, rows: list[dict[str, Any]]) -> None:
        self.path, self.phase = path, phase
        self.rows = list(rows)
        self._reset(0.0)

    def _reset(self, now: float) -> None:
        """Begin a stretch."""
        self._began = self._mark = now
        self._waited = 0.0
        self._samples = 0
        self._residues: Tensor | int = 0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin a stretch of steps."""
        self._reset(time.perf_counter())

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Add the wait for a batch, and what is in it."""
        self._waited += time.perf_counter() - self._mark
        self._samples += len(batch.names)
        self._residues = self._residues + batch.inputs["residue_mask"].sum()

    def on_train_batch_end(self, *_: Any) -> None:
        """Begin to wait."""
        self._mark = time.perf_counter()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End the stretch."""
        _wait_for_device(pl_module.device)
        now = time.perf_counter()
        seconds = now - self._began
        own = torch.tensor(
            [self._samples, float(self._residues), self._waited, seconds],
            dtype=torch.float64, device=pl_module.device,
        )  # fmt: skip
        samples, residues, waited, spent = trainer.strategy.reduce(own, reduce_op="sum").tolist()
        self.rows.append(
            {
                "phase": self.phase,
                "step": trainer.global_step,
                "samples_per_second": samples / seconds,
                "residues_per_second": residues / seconds,
                "waiting_share": waited / spent,
                "training_seconds": seconds,
                "memory_mib": _peak_memory(pl_module.device),
            }
        )
        self._began = now

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note how long the validation took; write the file, and say it."""
        _wait_for_device(pl_module.device)
        row = self.rows[-1]
        row["validation_seconds"] = time.perf_counter() - self._began
        if not trainer.is_global_zero:
            return
        write_rows(self.path, self.rows)
        message = (
            f"{self.phase} step {row['step']}: {row['samples_per_second']:.3g} samples/s,"
            f" {row['residues_per_second']:.4g} residues/s,"
            f" {100 * row['waiting_share']:.1f} % of the time spent waiting for data,"
            f" {row['memory_mib']:.0f} MiB"
        )
        if row["waiting_share"] > WAITING:
            log.warning("%s; more than %.0f %%: more workers help", message, 100 * WAITING)
        else:
            log.info("%s", message)

    def state_dict(self) -> dict[str, Any]:
        """Give the rows to a checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the rows from a checkpoint."""
        self.rows = list(state_dict["rows"])


def _wait_for_device(device: torch.device) -> None:
    """Let a GPU finish what is queued."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_memory(device: torch.device) -> float:
    """Give the greatest memory so far, in MiB: of tensors on a GPU, of the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
