"""Confidence."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Confidence:
    """Logits of the confidence heads."""

    plddt_logits: Float[Tensor, "B S N 50"]
    pae_logits: Float[Tensor, "B S N N 64"]
    pde_logits: Float[Tensor, "B S N N 64"]
    resolved_logits: Float[Tensor, "B S N 23"]
