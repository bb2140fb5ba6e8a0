"""What the network may see of a chain: nothing here comes from its coordinates."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from rna_predict import constants


@dataclass(frozen=True, eq=False)
class Features:
    """Inputs of the network for a batch of chains, padded at the end to one length.

    Attributes
    ----------
    sequence : (B, N) int64
        Position of each letter in ``constants.ALPHABET``: 0-3 for A, C, G, U; 4 for N and padding.
    residue_mask : (B, N) bool
        True for residues of the chain, False for padding.
    residue_index : (B, N) int64
        Position in the full chain, which crops keep.
    pair_probability : (B, N, N) float32
        Symmetric base-pair probability folded from the sequence; 0 where there is none.
    """

    sequence: Int64[Tensor, "B N"]
    residue_mask: Bool[Tensor, "B N"]
    residue_index: Int64[Tensor, "B N"]
    pair_probability: Float32[Tensor, "B N N"]

    def to(self, device: torch.device | str) -> "Features":
        """Move every tensor to a device."""
        return Features(**{part.name: getattr(self, part.name).to(device) for part in fields(self)})

    @property
    def batch(self) -> int:
        """Number of chains."""
        return self.sequence.shape[0]

    @property
    def length(self) -> int:
        """Padded length."""
        return self.sequence.shape[1]

    @property
    def slot_mask(self) -> Bool[Tensor, "B N slots"]:
        """(B, N, 23) bool: slots that hold an atom of that base; False in padding."""
        table = torch.tensor(constants.slot_mask(), device=self.sequence.device)
        return table[self.sequence] & self.residue_mask[..., None]

    @property
    def pair_mask(self) -> Bool[Tensor, "B N N"]:
        """(B, N, N) bool: pairs of real residues."""
        return self.residue_mask[:, :, None] & self.residue_mask[:, None, :]

    @property
    def relative_position(self) -> Int64[Tensor, "B N N"]:
        """(B, N, N) int64: ``residue_index`` of the second minus that of the first."""
        return self.residue_index[:, None, :] - self.residue_index[:, :, None]
