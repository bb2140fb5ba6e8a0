"""The share of every term in the loss, as a curve, and a warning where one rules the others."""

from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from rna_predict.training.callbacks import ends_step
from rna_predict.training.diagnostics.recorder import Recorder, summed
from rna_predict.training.shares import loss_shares, warn_of_dominant_term

SUFFIX = "_weighted"


class TermShares(pl.Callback):
    """Adds up the weighted terms between two looks and notes their shares.

    Rows get ``share_{term}``, of magnitudes, in [0, 1].

    Parameters
    ----------
    recorder : Recorder
        Says which steps are looked at.
    phase : str
        Name of the phase, for the warning.
    limit : float
        Share from which on a term is warned of.
    """

    def __init__(self, recorder: Recorder, phase: str, limit: float) -> None:
        self.recorder, self.phase, self.limit = recorder, phase, limit
        self.sums: dict[str, Tensor | float] = {}

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Add the terms of a step; at a look note their shares over all processes, begin anew."""
        if not ends_step(trainer, batch_idx):
            return
        for name, value in pl_module.losses.items():
            if name.endswith(SUFFIX):
                term = name.removesuffix(SUFFIX)
                self.sums[term] = self.sums.get(term, 0.0) + value.detach()
        if not self.recorder.ready(trainer):
            return
        values = torch.stack([torch.as_tensor(value) for value in self.sums.values()])
        values = summed(trainer, values.to(pl_module.device)).tolist()
        sums = dict(zip(self.sums, values, strict=True))
        shares = loss_shares(sums).to_dict()
        pl_module.losses |= {f"share_{term}": share for term, share in shares.items()}
        warn_of_dominant_term(sums, f"phase {self.phase} step {trainer.global_step}", self.limit)
        self.sums = {}

    def state_dict(self) -> dict[str, Any]:
        """Give the sums to a checkpoint."""
        return {"sums": {term: float(value) for term, value in self.sums.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the sums from a checkpoint."""
        self.sums = dict(state_dict["sums"])
