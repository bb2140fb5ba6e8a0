"""The Lightning module: one phase of training."""

import math
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from rna_predict.data.batch import Batch
from rna_predict.data.seeds import derive_seed, torch_generator
from rna_predict.model.adapters import trained_state
from rna_predict.model.build import AnyNetwork
from rna_predict.training.adapters import set_trainable
from rna_predict.training.objective import loss_terms, weigh
from rna_predict.training.settings import ModelFile, Phase
from rna_predict.training.shares import warn_of_dominant_term
from rna_predict.training.validation import judge_samples, mean_results


class PhaseModule(pl.LightningModule):
    """One phase: which parts learn, from which losses, at which rate.

    All that a step draws comes from generators seeded by the step's number.

    Parameters
    ----------
    network : RnaNetwork or Regressor
        Trained in place, with the phase's adapters in it. What is frozen: :func:`set_trainable`.
    model : ModelFile
        Settings of the run.
    phase : Phase
        One of its phases.
    seed : int
        Seed of the run.

    Attributes
    ----------
    losses : dict of tensor
        Raw and weighted terms, gradient norm and learning rate of the last step.
    validation : dict of float
        Results of the last validation.

    Raises
    ------
    InputError
        As :func:`set_trainable`.
    """

    def __init__(self, network: AnyNetwork, model: ModelFile, phase: Phase, seed: int) -> None:
        super().__init__()
        set_trainable(network, phase)
        self.network = network
        self.model, self.phase, self.seed = model, phase, seed
        self.losses: dict[str, Tensor] = {}
        self.validation: dict[str, float] = {}
        self._judged: list[dict[str, float]] = []
        self._weighted: dict[str, Tensor] = {}

    @property
    def strict_loading(self) -> bool:
        """Whether a checkpoint must hold every weight: the frozen base of adapters is not in it."""
        return self.phase.adapter is None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep only what is trained where a base is frozen; the base stands before the phase."""
        if self.phase.adapter is not None:
            trained = {f"network.{name}" for name in trained_state(self.network)}
            state = checkpoint["state_dict"]
            checkpoint["state_dict"] = {name: state[name] for name in state if name in trained}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed the global generators too: dropout draws from them."""
        torch.manual_seed(derive_seed(self.seed, "global", self.phase.name, *self._draw()))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Give the weighted loss of one batch."""
        generator = torch_generator(self.device, self.seed, "noise", self.phase.name, *self._draw())
        terms = loss_terms(self.network, batch, self.phase, self.model.training, generator)
        total, weighted = weigh(terms, self.phase.losses)
        self.losses = {"total": total.detach()}
        for name, term in terms.items():
            self.losses[name] = term.detach()
            self.losses[f"{name}_weighted"] = weighted[name].detach()
            self._weighted[name] = self._weighted.get(name, 0.0) + weighted[name].detach()
        return total

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Scale long gradients down and note their length."""
        norm = torch.nn.utils.clip_grad_norm_(trained_state(self.network).values(), self.phase.clip)
        rate = optimizer.param_groups[0]["lr"]
        self.losses |= {"gradient_norm": norm, "learning_rate": torch.tensor(rate)}

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation; say if one term ruled the losses since."""
        self._judged = []
        sums = {name: float(value) for name, value in self._weighted.items()}
        warn_of_dominant_term(sums, f"phase {self.phase.name} step {self.global_step}")
        self._weighted = {}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Sample one validation chain and compare with the truth."""
        self._judged += judge_samples(self.network, batch, self.model.training, self.seed)

    def on_validation_epoch_end(self) -> None:
        """Average over the validation chains."""
        self.validation = mean_results(self._judged)

    def configure_optimizers(self) -> dict:
        """Give Adam with linear warm-up and a cosine to the final rate."""
        phase = self.phase
        optimizer = torch.optim.Adam(
            trained_state(self.network).values(),
            lr=phase.learning_rate,
            betas=(0.9, 0.95),
        )

        def rate(step: int) -> float:
            if step < phase.warmup_steps:
                return (step + 1) / phase.warmup_steps
            done = (step - phase.warmup_steps) / max(1, phase.steps - phase.warmup_steps)
            low = phase.final_rate
            return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _draw(self) -> tuple[int, int]:
        """Give the number of the step and of the process."""
        return self.global_step, self.global_rank
