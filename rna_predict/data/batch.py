"""Batches: crops of chains padded to one length."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from rna_predict.constants import ALPHABET, UNKNOWN
from rna_predict.data.truth import Truth


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
    """Pad crops to the longest, alignments to the deepest, and stack them.

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
    return Batch(
        names=tuple(names),
        inputs={
            key: _stack(
                [item[key] for item in inputs],
                ALPHABET.index(UNKNOWN) if key == "sequence" else 0,
            )
            for key in inputs[0]
        },
        truth=Truth(
            **{
                key: _stack([getattr(truth, key) for truth in truths])
                for key in (field.name for field in fields(Truth))
            }
        ),
    )


def _stack(tensors: list[Tensor], fill: int = 0) -> Tensor:
    """Extend the tensors at the end of every dimension to the largest of them, and stack them."""
    shape = [max(sizes) for sizes in zip(*(tensor.shape for tensor in tensors), strict=True)]
    padded = []
    for tensor in tensors:
        missing = [size - own for size, own in zip(shape, tensor.shape, strict=True)]
        widths = [width for size in reversed(missing) for width in (0, size)]
        padded.append(F.pad(tensor, widths, value=fill))
    return torch.stack(padded)
