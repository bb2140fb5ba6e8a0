"""What the network may see of a chain: nothing here comes from its coordinates."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from rna_predict import constants

GAP = len(constants.ALPHABET)
"""Letter of an alignment where a row has no residue: the one after ``constants.ALPHABET``."""
MSA_LETTERS = GAP + 1


@dataclass(frozen=True, eq=False)
class Features:
    """Inputs of the network for a batch of chains, padded at the end to one length.

    All but the first four may be left out: no strand ends, no family, no rows and no templates.

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
    chain_break : (B, N) bool
        True where the residue is not joined to the one before: the next strand of several.
    consensus_probability : (B, N, N) float32
        Symmetric probability of the pairs of the family's consensus; 0 where there is none.
    msa : (B, R, N) int64
        Letters of R homologs: as in ``sequence``, and ``GAP``.
    msa_mask : (B, R, N) bool
        True where a row has a letter or a gap, False where there is no row.
    template_origin : (B, T, N, 3) float32, angstrom
        C1' of the residues of T templates; each in any position as a whole.
    template_rotation : (B, T, N, 3, 3) float32
        Columns are the axes of each residue: x from C1' to N9 or N1, C4 or C2 at positive y.
    template_mask : (B, T, N) bool
        Residues that the template has; the frames of others mean nothing and are 0.
    """

    sequence: Int64[Tensor, "B N"]
    residue_mask: Bool[Tensor, "B N"]
    residue_index: Int64[Tensor, "B N"]
    pair_probability: Float32[Tensor, "B N N"]
    chain_break: Bool[Tensor, "B N"] = None
    consensus_probability: Float32[Tensor, "B N N"] = None
    msa: Int64[Tensor, "B R N"] = None
    msa_mask: Bool[Tensor, "B R N"] = None
    template_origin: Float32[Tensor, "B T N 3"] = None
    template_rotation: Float32[Tensor, "B T N 3 3"] = None
    template_mask: Bool[Tensor, "B T N"] = None

    def __post_init__(self) -> None:
        """Give what was left out its empty form."""
        b, n = self.sequence.shape
        empty = {
            "chain_break": ((b, n), torch.bool),
            "consensus_probability": ((b, n, n), torch.float32),
            "msa": ((b, 0, n), torch.int64),
            "msa_mask": ((b, 0, n), torch.bool),
            "template_origin": ((b, 0, n, 3), torch.float32),
            "template_rotation": ((b, 0, n, 3, 3), torch.float32),
            "template_mask": ((b, 0, n), torch.bool),
        }
        for name, (shape, dtype) in empty.items():
            if getattr(self, name) is None:
                zeros = torch.zeros(shape, dtype=dtype, device=self.sequence.device)
                object.__setattr__(self, name, zeros)

    def map(self, change: Callable[[Tensor], Tensor]) -> "Features":
        """Apply a function to every tensor."""
        return Features(**{part.name: change(getattr(self, part.name)) for part in fields(self)})

    def to(self, device: torch.device | str) -> "Features":
        """Move every tensor to a device."""
        return self.map(lambda tensor: tensor.to(device))

    def repeat(self, count: int) -> "Features":
        """Repeat every chain ``count`` times in a row: (B * count, ...)."""
        return self.map(lambda tensor: tensor.repeat_interleave(count, dim=0))

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
    def pairings(self) -> Float32[Tensor, "B N N 2"]:
        """(B, N, N, 2): base-pair probability from the sequence, and from the family."""
        return torch.stack([self.pair_probability, self.consensus_probability], dim=-1)

    @property
    def relative_position(self) -> Int64[Tensor, "B N N"]:
        """(B, N, N) int64: ``residue_index`` of the second minus that of the first."""
        return self.residue_index[:, None, :] - self.residue_index[:, :, None]

    @property
    def same_strand(self) -> Bool[Tensor, "B N N"]:
        """(B, N, N) bool: no chain break between the two residues."""
        strand = self.chain_break.cumsum(-1)
        return strand[:, :, None] == strand[:, None, :]
