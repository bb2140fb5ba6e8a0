"""Batches: crops of chains padded to one length."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from rna_predict.constants import ALPHABET, UNKNOWN
from rna_predict.data.truth import Truth

PAIR_TENSORS = ("pair_probability", "pair_contacts", "pair_mask")
"""Tensors with two residue dimensions; the others have one, the first."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs and truth of some crops, apart from each other.

    Attributes
    ----------
    names : tuple of str
        Chain of each crop.
    inputs : dict of tensors
        The fields of ``model.Features`` with a leading batch dimension.
    truth : Truth
        With a leading batch dimension.
    """

    names: tuple[str, ...]
    inputs: dict[str, Tensor]
    truth: Truth

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """Move all tensors to a device."""
        inputs = {
            name: tensor.to(device, non_blocking=non_blocking)
            for name, tensor in self.inputs.items()
        }
        return Batch(self.names, inputs, self.truth.to(device))


def collate(items: list[tuple[str, dict[str, Tensor], Truth]]) -> Batch:
    """Pad crops to the longest and stack them.

    Parameters
    ----------
    items : list of (name, inputs, truth)
        Without batch dimension: what ``Example.crop`` gives.

    Returns
    -------
    Batch
        Padding has the unknown letter, position 0, and False in every mask.
    """
    names, inputs, truths = zip(*items, strict=True)
    size = max(len(item["sequence"]) for item in inputs)
    return Batch(
        names=tuple(names),
        inputs={
            key: torch.stack([_pad(key, item[key], size) for item in inputs]) for key in inputs[0]
        },
        truth=Truth(
            **{
                key: torch.stack([_pad(key, getattr(truth, key), size) for truth in truths])
                for key in (field.name for field in fields(Truth))
            }
        ),
    )


def _pad(key: str, tensor: Tensor, size: int) -> Tensor:
    """Extend the residue dimension, or both of a pair tensor, to ``size``."""
    missing = size - tensor.shape[0]
    widths = [0, 0] * (tensor.ndim - 1) + [0, missing]
    if key in PAIR_TENSORS:
        widths[:2] = [0, missing]
    return F.pad(tensor, widths, value=ALPHABET.index(UNKNOWN) if key == "sequence" else 0)
