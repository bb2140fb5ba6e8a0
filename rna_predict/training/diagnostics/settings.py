"""Settings of the diagnostics; every section may be left out (null), which switches it off."""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Collapse:
    """When predicted structures count as collapsed, and what is done about it."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    quantile: float = 0.01
    """Quantile of the training set's own structures of the same length that predictions are held
    against, in spread, mean distance and nearest-neighbour distance of C1'."""
    fraction: float = 0.3
    """Collapsed is what falls below this fraction of the quantile in any of the three."""
    grace_steps: int = 200
    """Steps of a phase before collapse counts."""
    patience: int = 3
    """Looks in a row with collapse, after which something is done."""
    action: Literal["stop", "rewind"] = "stop"
    """Stop the training, or go back to the weights of the last validation without collapse."""
    rate_factor: float = 0.5
    """A rewind multiplies the learning rate by this."""
    rewinds: int = 3
    """Most rewinds of a phase; the next collapse stops it."""
    reference_chains: int = 256
    """Most training chains that the quantiles are measured on."""

    def __post_init__(self) -> None:
        """Refuse fractions that are none."""
        if not (0 <= self.quantile <= 1 and 0 < self.rate_factor <= 1 and self.fraction >= 0):
            raise ValueError("collapse: quantile and rate_factor are fractions, fraction >= 0")
        if self.patience < 1 or self.reference_chains < 1:
            raise ValueError("collapse: patience and reference_chains are 1 or more")


@dataclass(frozen=True)
class DeadParts:
    """When a part of the network that should learn counts as dead."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    warn_after: int = 3
    """Looks in a row without any gradient before it is said."""
    stop_after: int = 10
    """Looks in a row without any gradient in a whole part before the training is stopped."""

    def __post_init__(self) -> None:
        """Refuse an error before its warning."""
        if not 1 <= self.warn_after <= self.stop_after:
            raise ValueError("dead_parts: 1 <= warn_after <= stop_after expected")


@dataclass(frozen=True)
class Overfitting:
    """When the gap between training and validation counts as overfitting."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    chains: int = 4
    """Training chains and validation chains that the loss is measured on: always the same ones."""
    every: int = 400
    """Fewest steps between two measurements, which are made at validations."""
    patience: int = 5
    """Measurements without a lower validation loss, but with a wider gap, before it is said."""
    margin: float = 0.02
    """The gap counts as wider when it grew by this fraction of the best validation loss."""
    stop: bool = False
    """End the phase then; its best weights are kept and the next phase follows."""

    def __post_init__(self) -> None:
        """Refuse counts below 1."""
        if min(self.chains, self.patience) < 1 or self.margin < 0:
            raise ValueError(
                "overfitting: chains and patience are 1 or more, margin is not negative"
            )


@dataclass(frozen=True)
class Angles:
    """When the angles of coordinates count as inconsistent with the torsion net."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    limit: float = 60.0
    """Mean circular difference (degrees) between the torsions of predicted coordinates and those
    of the torsion net. Random torsions differ by 90."""
    grace_steps: int = 200
    """Steps of a phase before it counts."""
    patience: int = 3
    """Looks in a row beyond the limit before it is said."""


@dataclass(frozen=True)
class StructurePages:
    """Which validations leave a page of predicted structures over the true ones."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    validations: tuple[int, ...] = ()
    """Numbers of the validations, from 1; empty = 1, 2, 4, 8 and so on, and the last."""
    chains: int = 4
    """Most chains on a page."""


@dataclass(frozen=True)
class Diagnostics:
    """What is watched while a phase trains."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    every: int = 50
    """Steps between looks at predictions, gradients and shares of the loss; also the first step.
    To stand in metrics.csv, a multiple of log_every."""
    share_limit: float = 0.5
    """Share of the loss from which on a term is said to drown the others."""
    collapse: Collapse | None = Collapse()
    dead_parts: DeadParts | None = DeadParts()
    overfitting: Overfitting | None = Overfitting()
    angles: Angles | None = Angles()
    structures: StructurePages | None = StructurePages()

    def __post_init__(self) -> None:
        """Refuse an interval below one step."""
        if self.every < 1 or not 0 < self.share_limit <= 1:
            raise ValueError("diagnostics: every >= 1 and 0 < share_limit <= 1 expected")
