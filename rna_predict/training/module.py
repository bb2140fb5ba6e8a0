"""The Lightning module: one phase of training."""

import math

import lightning.pytorch as pl
import torch
from torch import Tensor

from rna_predict.data.batch import Batch
from rna_predict.data.seeds import derive_seed, torch_generator
from rna_predict.errors import InputError
from rna_predict.model.network import RnaNetwork
from rna_predict.training.objective import loss_terms, weigh
from rna_predict.training.settings import ModelFile, Phase
from rna_predict.training.validation import judge_samples, mean_results


class PhaseModule(pl.LightningModule):
    """One phase: which parts learn, from which losses, at which rate.

    All that a step draws comes from generators seeded by the step's number.

    Parameters
    ----------
    network : RnaNetwork
        Trained in place; parts that the phase does not name are frozen.
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
        If the phase names a part that the network does not have.
    """

    def __init__(self, network: RnaNetwork, model: ModelFile, phase: Phase, seed: int) -> None:
        super().__init__()
        known = [name for name, _ in network.named_children()]
        if stray := [name for name in phase.parts if name not in known]:
            raise InputError(f"phase {phase.name}", f"no part {stray[0]}; parts: {known}")
        network.requires_grad_(not phase.parts)
        for name in phase.parts:
            network.get_submodule(name).requires_grad_(True)
        self.network = network
        self.model, self.phase, self.seed = model, phase, seed
        self.losses: dict[str, Tensor] = {}
        self.validation: dict[str, float] = {}
        self._judged: list[dict[str, float]] = []

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
        return total

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Scale long gradients down and note their length."""
        norm = torch.nn.utils.clip_grad_norm_(
            [p for p in self.network.parameters() if p.requires_grad], self.phase.clip
        )
        rate = optimizer.param_groups[0]["lr"]
        self.losses |= {"gradient_norm": norm, "learning_rate": torch.tensor(rate)}

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation."""
        self._judged = []

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
            [p for p in self.network.parameters() if p.requires_grad],
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
