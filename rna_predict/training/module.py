"""The Lightning module: one phase of training."""

from dataclasses import replace
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
from rna_predict.training.optimisation import (
    add_gradient_noise,
    clip_adaptively,
    learning_rate,
    make_optimizer,
)
from rna_predict.training.settings import ModelFile, Phase
from rna_predict.training.sharding import reach_all, shard, whole
from rna_predict.training.validation import judge_samples, judge_torsions, mean_results


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
        Raw and weighted terms, gradient norm and learning rate of the last step; terms are means
        over the step's batches in this process.
    validation : dict of float
        Results of the last validation.
    judged : list of (str, dict of float)
        Its chains, with the results of each sample.

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
        self.judged: list[tuple[str, dict[str, float]]] = []
        self._batch = 0

    @property
    def strict_loading(self) -> bool:
        """Whether a checkpoint must hold every weight: the frozen base of adapters is not in it."""
        return self.phase.adapter is None

    @property
    def sharded(self) -> bool:
        """Whether each process keeps only a part of the weights."""
        return self.model.training.strategy == "fsdp"

    def configure_model(self) -> None:
        """Divide the weights among the processes, where they are to be divided."""
        if self.sharded:
            shard(self, self.device_mesh["data_parallel"], "training_step")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep only what is trained where a base is frozen; the base stands before the phase."""
        if self.phase.adapter is not None:
            trained = {f"network.{name}" for name in trained_state(self.network)}
            state = checkpoint["state_dict"]
            checkpoint["state_dict"] = {name: state[name] for name in state if name in trained}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed the global generators too: dropout draws from them."""
        self._batch = batch_idx % self.phase.accumulate
        torch.manual_seed(derive_seed(self.seed, "global", self.phase.name, self._draw()))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Give the weighted loss of one batch."""
        generator = torch_generator(self.device, self.seed, "noise", self.phase.name, self._draw())
        weights = self.phase.losses_at(self.global_step)
        phase = replace(self.phase, losses=weights)
        terms = loss_terms(self.network, batch, phase, self.model.training, generator)
        total, weighted = weigh(terms, weights)
        values = {"total": total.detach()}
        for name, term in terms.items():
            values[name] = term.detach()
            values[f"{name}_weighted"] = weighted[name].detach()
        before = self.losses if self._batch else values
        self.losses = {
            name: before[name].lerp(value, 1 / (1 + self._batch)) for name, value in values.items()
        }
        return reach_all(total, self.network) if self.sharded else total

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Add noise where asked for, scale long gradients down, note their length."""
        parameters = list(trained_state(self.network).values())
        if self.phase.gradient_noise:
            name = ("gradient noise", self.phase.name, self.global_step)
            generator = torch_generator(self.device, self.seed, *name)
            add_gradient_noise(parameters, self.phase.gradient_noise, self.global_step, generator)
        if self.phase.adaptive_clip:
            clip_adaptively(parameters, self.phase.adaptive_clip)
        norm = whole(torch.nn.utils.clip_grad_norm_(parameters, self.phase.clip))
        rate = max(group["lr"] for group in optimizer.param_groups)
        self.losses |= {"gradient_norm": norm, "learning_rate": torch.tensor(rate)}

    def on_validation_start(self) -> None:
        """Bring weights together that are in parts."""
        if self.sharded:
            self.unshard()

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation."""
        self.judged = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Judge the torsions of one validation chain, or sample it, and compare with the truth."""
        if self.phase.select == "mcq":
            rows = [judge_torsions(self.network, batch)]
        else:
            rows = judge_samples(self.network, batch, self.model.training, self.seed)
        self.judged += [(batch.names[0], row) for row in rows]

    def on_validation_epoch_end(self) -> None:
        """Average over the validation chains.

        Every process judges all of them; what the first one finds counts for all, so that none
        takes another checkpoint for the best.
        """
        self.validation = self.trainer.strategy.broadcast(
            mean_results([row for _, row in self.judged])
        )
        if self.sharded:
            self.reshard()

    def configure_optimizers(self) -> dict:
        """Give Adam and its learning rates."""
        optimizer = make_optimizer(self.network, self.phase)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate(self.phase, step)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _draw(self) -> int:
        """Give the number of the batch, counted over all processes.

        ``p`` processes that accumulate ``a`` batches draw what one does that accumulates ``p a``.
        """
        number = self.global_step * self.phase.accumulate + self._batch
        return number * self.trainer.world_size + self.global_rank
