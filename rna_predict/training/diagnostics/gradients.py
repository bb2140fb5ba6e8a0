"""The gradient of every part: its norm as a curve, and an alarm where there is none."""

import logging
import math
from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn

from rna_predict.model.adapters import trained_state
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.settings import DeadParts
from rna_predict.training.diagnostics.watch import Watch
from rna_predict.training.objective import DENOISED
from rna_predict.training.settings import CONFIDENCE_TERMS, Phase
from rna_predict.training.sharding import whole

log = logging.getLogger(__name__)

TEACHERS = {
    "torsion_net": ("torsion", "torsion_likelihood", "kinematics_fape", *DENOISED),
    "pairformer": ("distogram", "contact", *DENOISED),
    "tracks": ("distogram", "contact", *DENOISED),
    "distogram_head": ("distogram",),
    "contact_head": ("contact",),
    "merger": DENOISED,
    "diffusion": DENOISED,
    "structure": DENOISED,
    "confidence_head": CONFIDENCE_TERMS,
}
"""Loss terms that reach each part of the network and of the regressors."""
MOST_NAMES = 5
"""Tensors that a message names."""


class DeadPartError(RuntimeError):
    """A part that should learn got no gradient: training was stopped."""


def tensor_norms(network: nn.Module) -> dict[str, float]:
    """Give the norm of the gradient of every trainable tensor by name; 0 where there is none."""
    tensors = trained_state(network)
    known = {name: t.grad.detach() for name, t in tensors.items() if t.grad is not None}
    lengths = [whole(torch.linalg.vector_norm(gradient.float())) for gradient in known.values()]
    lengths = torch.stack(lengths).tolist() if lengths else []  # one wait for the device
    return dict.fromkeys(tensors, 0.0) | dict(zip(known, lengths, strict=True))


def taught_parts(network: nn.Module, phase: Phase) -> set[str]:
    """Name the parts that should get a gradient in a phase.

    Those that the phase names must; if it names none, those that any of its losses reaches. A part
    that ``TEACHERS`` does not know is expected to learn from anything.
    """
    if phase.parts:
        return set(phase.parts)
    return {
        name
        for name, part in network.named_children()
        if any(parameter.requires_grad for parameter in part.parameters())
        and any(getattr(phase.losses, term) for term in TEACHERS.get(name, vars(phase.losses)))
    }


class GradientMonitor(Watch):
    """Notes the gradient's norm in every part, before clipping, and finds parts without any.

    Rows get ``gradient_{part}``.

    Parameters
    ----------
    settings : DeadParts or None
        When a part counts as dead; None: never.
    recorder : Recorder
        Says which steps are looked at.
    phase : Phase
        Says which parts should learn.
    """

    KEPT = ("idle",)

    def __init__(self, settings: DeadParts | None, recorder: Recorder, phase: Phase) -> None:
        self.settings, self.recorder, self.phase = settings, recorder, phase
        self.idle: dict[str, int] = {}

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Look at the gradients of a step.

        Raises
        ------
        DeadPartError
            If a part that should learn had no gradient for too many looks.
        """
        step = trainer.global_step + 1
        if not self.recorder.due(step):
            return
        norms = tensor_norms(pl_module.network)
        parts: dict[str, list[float]] = {}
        for name, norm in norms.items():
            parts.setdefault(name.partition(".")[0], []).append(norm)
        lengths = {part: math.hypot(*tensors) for part, tensors in parts.items()}
        pl_module.losses |= {f"gradient_{part}": length for part, length in lengths.items()}
        if self.settings is not None:
            self._judge(pl_module.network, norms, lengths, step)

    def _judge(
        self, network: nn.Module, norms: dict[str, float], lengths: dict[str, float], step: int
    ) -> None:
        """Count looks in a row without gradient, of parts and of tensors in parts that learn."""
        expected = taught_parts(network, self.phase)
        quiet = {part for part in expected if not lengths.get(part)}
        silent = {name for name, norm in norms.items() if not norm}
        silent = {name for name in silent if name.partition(".")[0] in expected - quiet}
        self.idle = {name: self.idle.get(name, 0) + 1 for name in sorted(quiet | silent)}
        where = f"phase {self.phase.name} step {step}"
        for part in sorted(quiet):
            count = self.idle[part]
            message = f"{where}: {part} should learn, but had no gradient in {count} looks in a row"
            if count >= self.settings.stop_after:
                raise DeadPartError(message)
            if count == self.settings.warn_after:
                log.warning("%s", message)
        named = [name for name in sorted(silent) if self.idle[name] == self.settings.warn_after]
        if named:
            more = f" and {len(named) - MOST_NAMES} more" if len(named) > MOST_NAMES else ""
            shown = ", ".join(named[:MOST_NAMES])
            log.warning(
                "%s: no gradient in %d looks in a row: %s%s (are there any inputs for them?)",
                where, self.settings.warn_after, shown, more,
            )  # fmt: skip
