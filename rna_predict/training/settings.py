"""The model file: sizes of the network, how it is trained, how it is sampled."""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from rna_predict.model.dimensions import Dimensions
from rna_predict.model.sampler import SamplerSettings


@dataclass(frozen=True)
class LossWeights:
    """Weight of each loss term; a group whose weights are all 0 is not computed.

    The groups are the structure (diffusion to contact) and the confidence (plddt to resolved).
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    diffusion: float
    """Denoising error after rigid alignment."""
    smooth_lddt: float
    """1 minus the smooth lDDT of the denoised coordinates."""
    bond: float
    """Bond lengths of the denoised coordinates, at low noise."""
    torsion: float
    """Torsions of the torsion net, on the circle."""
    distogram: float
    """Binned C1'-C1' distances."""
    contact: float
    """Base pairs annotated in the structure."""
    plddt: float
    """Predicted lDDT of sampled structures."""
    pae: float
    """Predicted aligned error of sampled structures."""
    pde: float
    """Predicted distance error of sampled structures."""
    resolved: float
    """Atoms that the experiment resolved."""

    def __post_init__(self) -> None:
        """Refuse negative weights and a phase without any loss."""
        weights = {field.name: getattr(self, field.name) for field in fields(self)}
        if negative := [name for name, weight in weights.items() if weight < 0]:
            raise ValueError(f"weights are 0 or more; negative: {', '.join(negative)}")
        if not any(weights.values()):
            raise ValueError("all weights are 0")


@dataclass(frozen=True)
class Phase:
    """One stretch of training; it starts from the best weights of the phase before."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    name: str
    """Word in metrics and file names."""
    parts: tuple[str, ...]
    """Parts of the network that are trained (attributes of RnaNetwork); empty = all."""
    steps: int
    """Optimiser steps; a multiple of `validate_every`."""
    validate_every: int
    """Steps between validations, which are also the points a killed run resumes from."""
    select: Literal["lddt", "plddt_error"]
    """What decides the best weights: the greatest lDDT of validation samples, or the smallest
    difference between their pLDDT and lDDT."""
    batch: int
    """Chains a step, in each process."""
    crop: int
    """Longest crop (residues)."""
    noised_copies: int
    """Noised copies of each crop that share one pass of the trunk; also the samples that the
    confidence head is trained on."""
    learning_rate: float
    """Highest learning rate (Adam)."""
    warmup_steps: int
    """Steps of linear warm-up."""
    final_rate: float
    """Learning rate at the last step, as a fraction of the highest; a cosine leads there."""
    ema_decay: float
    """Decay of the exponential moving average of the weights."""
    clip: float
    """Longest gradient (norm); longer ones are scaled down."""
    losses: LossWeights
    """Weight of each loss term."""

    def __post_init__(self) -> None:
        """Refuse numbers that no run can be made with."""
        counts = ("steps", "validate_every", "batch", "crop", "noised_copies")
        if wrong := [name for name in counts if getattr(self, name) < 1]:
            raise ValueError(f"phase {self.name}: 1 or more expected for {', '.join(wrong)}")
        if self.steps % self.validate_every:
            raise ValueError(
                f"phase {self.name}: steps ({self.steps}) must be a multiple of validate_every"
                f" ({self.validate_every})"
            )
        if not (0 <= self.ema_decay < 1 and 0 <= self.final_rate <= 1):
            raise ValueError(f"phase {self.name}: ema_decay and final_rate are fractions")
        if self.learning_rate <= 0 or self.clip <= 0:
            raise ValueError(f"phase {self.name}: learning_rate and clip must be positive")


@dataclass(frozen=True)
class Collapse:
    """When samples count as collapsed: many residues at one place."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    spread: float
    """Least spread of C1' about their centre, as a fraction of the native's."""
    neighbour: float
    """Least mean distance of a C1' to the nearest other, as a fraction of the native's."""
    grace_steps: int
    """Steps of a phase before collapse counts."""
    patience: int
    """Validations in a row with collapse after which training stops."""


@dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    phases: tuple[Phase, ...]
    """Phases in their order."""
    recycles: int
    """Extra rounds of the Pairformer, in training and in prediction."""
    noise_mean: float
    """Training noise is sigma_data * exp(noise_mean + noise_std * normal): the mean."""
    noise_std: float
    """... and the standard deviation."""
    copied: float
    """Fraction of draws that take an augmented copy, of chains that have any."""
    validation_chains: int
    """Most validation chains that are sampled."""
    validation_length: int
    """Longest validation chain (nt)."""
    validation_samples: int
    """Samples of each validation chain."""
    rollout: SamplerSettings
    """Sampler of validation and of the structures that the confidence head is trained on."""
    collapse: Collapse
    """Alarm for collapsed samples."""
    log_every: int
    """Steps between rows of the metrics."""
    workers: int
    """Processes that make batches; 0 makes them in the training process."""

    def __post_init__(self) -> None:
        """Refuse a training without phases or with two of one name."""
        names = [phase.name for phase in self.phases]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"expected phases with names of their own, got {names}")
        if not 0 <= self.copied <= 1:
            raise ValueError(f"copied is a fraction, got {self.copied}")
        if min(self.validation_chains, self.validation_samples, self.log_every) < 1:
            raise ValueError("validation_chains, validation_samples and log_every are 1 or more")


@dataclass(frozen=True)
class ModelFile:
    """A model file: `config/model/*.yaml`, and model.yaml beside weights."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    dimensions: Dimensions
    """Every width, depth and head count."""
    training: TrainingSettings
    """Phases, losses, validation."""
    sampling: SamplerSettings
    """How structures are predicted."""
