"""What the network said on its way: predictions taken where its parts give them, at chosen steps.

The callbacks that look at predictions share one recorder, so that they cost no pass of their own.
"""

from typing import Any

import lightning.pytorch as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.data.batch import Batch
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import start_coords

DENOISERS = ("diffusion", "structure")
"""Parts that give coordinates from noise: of the network, and of a regressor."""


class Recorder(pl.Callback):
    """Keeps the last predictions of a training step that is looked at, and of a validation chain.

    Must stand before the callbacks that read it.

    Parameters
    ----------
    every : int
        Steps between looks; the first step is one too.

    Attributes
    ----------
    sin_cos : (B, N, 14, 2) float or None
        Of the torsion net.
    denoised : (B, S, N, 23, 3) float or None, angstrom
        Of the denoiser in training, or of a regressor.
    sigma : (B, S) float or None, angstrom
        Noise that was taken from the former; 0 for a regressor.
    sampled : (B, S, N, 23, 3) float or None, angstrom
        Structures that the confidence head was shown.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.step: int | None = None
        self._handles: list[Any] = []
        self._armed = False
        self._forget()

    def due(self, step: int) -> bool:
        """Whether a step (from 1) is looked at."""
        return step == 1 or step % self.every == 0

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Listen to the parts that the network has."""
        self.teardown(trainer, pl_module, stage)
        for name, part in pl_module.network.named_children():
            if name == "torsion_net":
                self._handles.append(part.register_forward_hook(self._take_torsions))
            elif name in DENOISERS:
                self._handles.append(part.register_forward_hook(self._take_denoised))
            elif name == "confidence_head":
                hook = part.register_forward_pre_hook(self._take_sampled)
                self._handles.append(hook)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Leave the network as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._armed = False
        self._forget()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Leave the network as it was after an error too."""
        self.teardown(trainer, pl_module, "fit")

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Listen if the coming step is looked at."""
        self._forget()
        self.step = trainer.global_step + 1
        self._armed = self.due(self.step)

    def on_validation_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Listen to every validation chain."""
        self._forget()
        self._armed = True

    def on_validation_epoch_start(self, *_: Any) -> None:
        """Forget the training batch."""
        self._forget()

    def on_validation_end(self, *_: Any) -> None:
        """Stop listening."""
        self._armed = False
        self._forget()

    def ready(self, trainer: pl.Trainer) -> bool:
        """Whether a step that is looked at has just been made, with all of its batches."""
        return self._armed and trainer.global_step == self.step

    def kinematics(self, batch: Batch) -> Float[Tensor, "B 1 N 23 3"] | None:
        """Build stage C's coordinates (angstrom) of the batch that was predicted."""
        if self.sin_cos is None:
            return None
        return start_coords(self.sin_cos.float(), Features(**batch.inputs))[:, None]

    def _forget(self) -> None:
        """Let go of what was kept."""
        self.sin_cos = self.denoised = self.sigma = self.sampled = None

    def _take_torsions(self, part: nn.Module, inputs: tuple, output: Any) -> None:
        """Keep the torsions."""
        if self._armed:
            self.sin_cos = output.sin_cos.detach()

    def _take_denoised(self, part: nn.Module, inputs: tuple, output: Tensor) -> None:
        """Keep coordinates made for a loss: guesses and samples are made without gradient."""
        if self._armed and torch.is_grad_enabled():
            self.denoised = output.detach().float()
            sigma = inputs[2] if inputs[2].ndim == 2 else output.new_zeros(output.shape[:2])
            self.sigma = sigma.detach()

    def _take_sampled(self, part: nn.Module, inputs: tuple) -> None:
        """Keep the structures that are judged, the fourth argument of the head."""
        if self._armed:
            self.sampled = inputs[3].detach().float()


def summed(trainer: pl.Trainer, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Add up what the processes found, so that all of them note and decide the same."""
    return trainer.strategy.reduce(values, reduce_op="sum")
