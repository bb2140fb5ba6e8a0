"""The model file: sizes of the network, how it is trained, how it is sampled."""

from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal

from rna_predict.data.draws import DrawSettings, Rung
from rna_predict.model.adapters import AdapterSettings
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.sampler import SamplerSettings
from rna_predict.training.diagnostics.settings import Diagnostics

CONFIDENCE_TERMS = ("plddt", "pae", "pde", "resolved")
"""Loss terms of sampled structures; all others are of the structure."""


@dataclass(frozen=True)
class LossWeights:
    """Weight of each loss term; a term whose weight is 0 is not computed.

    Every term is divided by its scale first (`training/losses/scales.py`): a weight is what a term
    adds to the loss at its reference error, and weights of different terms can be compared. Below,
    "published" are the weights of Abramson et al. (2024), supplement 3.7 and 5.6, converted to
    these units. Their denoising error counts every atom of RNA six times.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    diffusion: float = 4.0
    """Denoising error after rigid alignment. Published: 4."""
    smooth_lddt: float = 4.0
    """1 minus the smooth lDDT of the denoised coordinates. Published: 4, as part of the former."""
    multiscale: float = 0.0
    """Errors of the denoised coordinates as a whole, in windows, and in C1'-C1' distances."""
    fape: float = 0.0
    """Errors of the denoised coordinates as each residue sees them. AlphaFold 2: 0.65 (Jumper et
    al. 2021, supplement 1.9)."""
    bond: float = 0.3
    """Bond lengths of the denoised coordinates, at low noise. Published: 0, and 3 late in training
    on the plain squares."""
    angle: float = 0.3
    """Their bond angles. Not published."""
    chirality: float = 0.3
    """Handedness of their sugars and phosphates. Not published."""
    clash: float = 0.1
    """Overlaps of their atoms. AlphaFold 2: part of its violations, late in training."""
    minimum_distance: float = 0.5
    """C1' nearer to each other than any are; 0 but in a collapse. Not published."""
    kinematics_fape: float = 0.1
    """Errors of stage C's coordinates as each residue sees them. Not published: a start for the
    diffusion, which torsions alone cannot bring far."""
    torsion: float = 0.25
    """Torsions of the torsion net, on the circle. AlphaFold 2: 0.5 of the squares of vectors."""
    torsion_mcq: float = 0.0
    """What they add to the MCQ of the chain: robust to what cannot be known. Not published."""
    torsion_likelihood: float = 0.1
    """Likelihood of the torsions under the predicted means and uncertainties. Not published."""
    distogram: float = 0.12
    """Binned C1'-C1' distances. Published: 0.03 of the cross-entropy of 64 bins."""
    contact: float = 0.12
    """Base pairs annotated in the structure. Not published; as the distogram."""
    plddt: float = 4e-4
    """Predicted lDDT of sampled structures. Published: 1e-4 of the cross-entropy, like the next."""
    pae: float = 4e-4
    """Predicted aligned error of sampled structures. Published: only late in training."""
    pde: float = 4e-4
    """Predicted distance error of sampled structures."""
    resolved: float = 7e-5
    """Atoms that the experiment resolved."""

    def __post_init__(self) -> None:
        """Refuse negative weights and a phase without any loss."""
        weights = {field.name: getattr(self, field.name) for field in fields(self)}
        if negative := [name for name, weight in weights.items() if weight < 0]:
            raise ValueError(f"weights are 0 or more; negative: {', '.join(negative)}")
        if not any(weights.values()):
            raise ValueError("all weights are 0")

    def only(self, terms: Literal["all", "structure", "confidence"]) -> "LossWeights":
        """Give the weights with those of the other group set to 0."""
        if terms == "all":
            return self
        names = {field.name for field in fields(self)}
        others = names - set(CONFIDENCE_TERMS) if terms == "confidence" else CONFIDENCE_TERMS
        return replace(self, **dict.fromkeys(others, 0.0))


@dataclass(frozen=True)
class Rate:
    """A learning rate of some parameters."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    of: str
    """Beginning of their names: `pairformer`, `pairformer.blocks.0`."""
    factor: float
    """Times the learning rate of the phase."""


@dataclass(frozen=True)
class Ramp:
    """A loss weight that changes with the steps, in a straight line to its value in `losses`."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    term: str
    """Name of the weight."""
    first: int
    """Step at which it begins to change."""
    last: int
    """Step at which it has its value."""
    initial: float = 0.0
    """Its value before."""

    def __post_init__(self) -> None:
        """Refuse unknown terms and ramps that run backwards."""
        if self.term not in {field.name for field in fields(LossWeights)}:
            raise ValueError(f"no loss term {self.term}")
        if not 0 <= self.first < self.last or self.initial < 0:
            raise ValueError(
                f"ramp of {self.term}: expected first < last and a weight of 0 or more"
            )


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
    select: Literal["lddt", "plddt_error", "mcq"]
    """What decides the best weights: the greatest lDDT of validation samples, the smallest
    difference between their pLDDT and lDDT, or the smallest MCQ of the predicted torsions; with
    the last nothing is sampled."""
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
    final_rate: float = 0.1
    """Learning rate at the last step, as a fraction of the highest; a cosine leads there."""
    ema_decay: float = 0.999
    """Decay of the exponential moving average of the weights."""
    clip: float = 10.0
    """Longest gradient (norm); longer ones are scaled down."""
    adaptive_clip: float = 0.0
    """Longest gradient of each row of a weight, as a fraction of the row's own length (Brock et al.
    2021, arXiv 2102.06171: 0.01 to 0.1); 0 = off."""
    gradient_noise: float = 0.0
    """Variance of noise on the gradients at the first step, falling with step^-0.55 (Neelakantan et
    al. 2015, arXiv 1511.06807: 0.01 to 1); 0 = off."""
    weight_decay: float = 0.0
    """Pull of the weights to 0, decoupled from the gradient (AdamW)."""
    rates: tuple[Rate, ...] = ()
    """Learning rates of parts or layers of their own; the longest name that fits counts."""
    accumulate: int = 1
    """Batches whose gradients add up to one step."""
    copied: float | None = None
    """Fraction of draws that take an augmented copy, in place of the training's."""
    curriculum: tuple[Rung, ...] = ()
    """Short chains first; the learning rate starts anew at each of its steps."""
    ramps: tuple[Ramp, ...] = ()
    """Loss weights that change with the steps."""
    losses: LossWeights = field(default_factory=LossWeights)
    """Weight of each loss term."""
    terms: Literal["all", "structure", "confidence"] = "all"
    """Loss terms that count; the weights of the others become 0."""
    detach_confidence: bool = True
    """Keep the gradient of the confidence terms out of the trunk."""
    adapter: AdapterSettings | None = None
    """Adapters on some of the trained parts, whose bases are then frozen, but for their heads and
    pair bias; merged into the base at the end of the phase. Absent = the parts train as a whole."""

    def __post_init__(self) -> None:
        """Refuse numbers that no run can be made with."""
        counts = ("steps", "validate_every", "batch", "crop", "noised_copies", "accumulate")
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
        small = (self.adaptive_clip, self.gradient_noise, self.weight_decay)
        if min(small + tuple(rate.factor for rate in self.rates)) < 0:
            raise ValueError(f"phase {self.name}: noise, decay and rates must be 0 or more")
        turns = [0, *(rung.until for rung in self.curriculum), self.steps]
        if turns != sorted(set(turns)):
            raise ValueError(
                f"phase {self.name}: the curriculum's steps must rise below {turns[-1]}"
            )
        adapted = () if self.adapter is None else self.adapter.parts
        if self.parts and (stray := [part for part in adapted if part not in self.parts]):
            raise ValueError(f"phase {self.name}: adapter on {stray[0]}, which is not in its parts")
        object.__setattr__(self, "losses", self.losses.only(self.terms))

    def losses_at(self, step: int) -> LossWeights:
        """Give the loss weights of a step."""
        changed = {}
        for ramp in self.ramps:
            done = min(max((step - ramp.first) / (ramp.last - ramp.first), 0.0), 1.0)
            final = getattr(self.losses, ramp.term)
            changed[ramp.term] = ramp.initial + done * (final - ramp.initial)
        return replace(self.losses, **changed) if changed else self.losses


@dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    phases: tuple[Phase, ...]
    """Phases in their order."""
    recycles: int = 1
    """Extra rounds of the Pairformer, in training and in prediction."""
    noise_mean: float = -1.2
    """Training noise is sigma_data * exp(noise_mean + noise_std * normal): the mean."""
    noise_std: float = 1.5
    """... and the standard deviation."""
    draws: DrawSettings = DrawSettings()
    """How chains and crops are drawn."""
    copied: float = 0.2
    """Fraction of draws that take an augmented copy, of chains that have any."""
    validation_chains: int = 32
    """Most validation chains that are sampled."""
    validation_length: int = 256
    """Longest validation chain (nt)."""
    validation_samples: int = 2
    """Samples of each validation chain."""
    rollout: SamplerSettings = SamplerSettings()
    """Sampler of validation and of the structures that the confidence head is trained on."""
    diagnostics: Diagnostics = Diagnostics()
    """What is watched while a phase trains."""
    log_every: int = 10
    """Steps between rows of the metrics."""
    workers: int = 0
    """Processes that make batches; 0 makes them in the training process."""
    processes: int = 1
    """Processes that train together, each on a device of its own (GPU, or on a CPU all its
    threads); each takes batches of its own, whose gradients are averaged."""
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    """How they share the work: each with a whole copy of the network (ddp), or with a part of its
    weights and of the optimiser's state (fsdp); auto is ddp where there are several."""
    start: str | None = None
    """Weights (safetensors) of the same dimensions that training starts from. Absent = chance."""
    keep_every: int = 0
    """Validations between checkpoints that are kept beside the best and the last; 0 = none."""
    tensorboard: bool = False
    """Write the metrics for TensorBoard too: `{out_dir}/tensorboard`."""
    torsion_encoder: str | None = None
    """Folder of a published encoder (Hugging Face's format, e.g. TorsionBERT's) that takes the
    place of the torsion net's; `dimensions.bert` follows from it. Absent = our own."""

    def __post_init__(self) -> None:
        """Refuse a training without phases or with two of one name."""
        names = [phase.name for phase in self.phases]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"expected phases with names of their own, got {names}")
        if not 0 <= self.copied <= 1:
            raise ValueError(f"copied is a fraction, got {self.copied}")
        if self.keep_every < 0:
            raise ValueError(f"keep_every is 0 or more, got {self.keep_every}")
        counts = ("validation_chains", "validation_samples", "log_every", "processes")
        if wrong := [name for name in counts if getattr(self, name) < 1]:
            raise ValueError(f"1 or more expected for {', '.join(wrong)}")
        if self.strategy == "fsdp":
            whole = [p.name for p in self.phases if p.gradient_noise or p.adaptive_clip]
            packed = [p.name for p in self.phases if p.adapter and p.adapter.quantise != "none"]
            alarm = self.diagnostics.collapse
            rewinds = alarm is not None and alarm.action == "rewind"
            if self.processes == 1 or whole or packed or rewinds:
                raise ValueError(
                    "fsdp needs 2 or more processes, phases without gradient_noise, adaptive_clip"
                    " and adapters on 4 bits, and an alarm for collapse that does not rewind"
                )


@dataclass(frozen=True)
class ModelFile:
    """A model file: `config/model/*.yaml`, and model.yaml beside weights."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    dimensions: Dimensions
    """Every width, depth and head count."""
    training: TrainingSettings
    """Phases, losses, validation."""
    sampling: SamplerSettings = SamplerSettings()
    """How structures are predicted."""

    def __post_init__(self) -> None:
        """Refuse what a baseline does not have: stage C, recycling, another torsion encoder."""
        if self.dimensions.architecture == "network":
            return
        for phase in self.training.phases:
            if phase.losses.kinematics_fape or phase.losses.torsion_likelihood:
                raise ValueError(
                    f"phase {phase.name}: {self.dimensions.architecture} has no stage C:"
                    " kinematics_fape and torsion_likelihood must be 0"
                )
        if self.training.recycles or self.training.torsion_encoder is not None:
            raise ValueError(
                f"{self.dimensions.architecture}: recycles 0 and no torsion_encoder expected"
            )
