"""What the callbacks that watch a phase share: when they look, and what checkpoints keep."""

from copy import copy
from typing import Any, ClassVar

import lightning.pytorch as pl

from rna_predict.data.batch import Batch
from rna_predict.training.diagnostics.recorder import Recorder


class Watch(pl.Callback):
    """Looks at the recorder's steps and at validation chains, and goes on from a checkpoint."""

    KEPT: ClassVar[tuple[str, ...]] = ()
    """Attributes that go into checkpoints."""
    recorder: Recorder | None = None
    """Says which steps are looked at; None: no step."""
    found: tuple[Any, ...] | list[Any] = ()
    """What the chains of the last validation gave."""

    def look(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch) -> None:
        """Look at a training step with the last of its batches."""

    def look_at_chain(self, trainer: pl.Trainer, batch: Batch) -> Any:
        """Look at a validation chain; what is not None is found."""

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Look if it is time."""
        if self.recorder is not None and self.recorder.ready(trainer):
            self.look(trainer, pl_module, batch)

    def on_validation_epoch_start(self, *_: Any) -> None:
        """Forget the last validation."""
        self.found = []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Batch,
        *_: Any,
    ) -> None:
        """Look at a validation chain."""
        found = self.look_at_chain(trainer, batch)
        if found is not None:
            self.found.append(found)

    def state_dict(self) -> dict[str, Any]:
        """Give what is kept to a checkpoint."""
        return {name: copy(getattr(self, name)) for name in self.KEPT}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what was kept from a checkpoint."""
        for name, value in state_dict.items():
            setattr(self, name, value)
