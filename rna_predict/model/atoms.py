"""Atom encoder and decoder of the diffusion, on the dense (N, 23) layout.

An atom attends to the atoms of its own residue and of the two residues bonded to it: a window of 69
slots, reached by shifting the residue axis, where the published models cut the list of atoms into
blocks (AlphaFold 3, algorithms 5 to 7). Everything that depends on the chain alone (conditions of
the atoms, attention biases) is computed once for all noised copies. An atom is known by its name,
its place in a reference residue and its place in stage C. Between atoms and tokens every slot has
its own weights, which tells atoms apart without further pooling.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from rna_predict.constants import ALPHABET, N_SLOTS
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import reference_conformers, residue_frames
from rna_predict.model.layers import (
    MASKED,
    AdaptiveNorm,
    ConditionedTransition,
    attend,
    gate,
    linear,
    split_heads,
)

WINDOW = 3
"""Residues whose atoms an atom attends to: the one before, its own, and the one after."""
LENGTH_UNIT = 5.0
"""Angstrom: about the size of a residue, which scales places within it."""


@dataclass(frozen=True, eq=False)
class AtomCondition:
    """What the atom blocks need of a chain; computed once for all noised copies."""

    atoms: Float[Tensor, "B 1 N 23 atom"]
    """Condition of each atom."""
    mask: Bool[Tensor, "B 1 N 23"]
    """Atoms that take part."""
    biases: tuple[Float[Tensor, "B 1 N heads 23 69"], ...]
    """Attention bias of each block, encoder first; atoms that do not take part are masked."""


def window(x: Tensor, dim: int) -> Tensor:
    """Join each residue's slots with those of its neighbours in the chain.

    ``x`` has residues along ``dim`` and slots along ``dim + 1``; the ends are padded with zeros.
    """
    length = x.shape[dim]
    end = torch.zeros_like(x.narrow(dim, 0, 1))
    padded = torch.cat([end, x, end], dim=dim)
    return torch.cat([padded.narrow(dim, shift, length) for shift in range(WINDOW)], dim=dim + 1)


def offset_features(offset: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 5"]:
    """Give bounded features of the offset between two atoms (AlphaFold 3, algorithm 5)."""
    square = offset.square().sum(-1, keepdim=True)
    return torch.cat(
        [offset / (1 + square), 1 / (1 + square), 1 / (1 + square / LENGTH_UNIT**2)], dim=-1
    )


def neighbours(features: Features) -> tuple[Tensor, Tensor]:
    """Find the residues of each window.

    Returns
    -------
    around : (N, 3) int64
        Position before, own position and position after, within the array.
    bonded : (B, N, 3) bool
        Whether that residue exists, is the next in the full chain, and no break lies between.
    """
    length, device = features.length, features.sequence.device
    shift = torch.arange(WINDOW, device=device) - WINDOW // 2
    around = torch.arange(length, device=device)[:, None] + shift
    inside = (around >= 0) & (around < length)
    around = around.clamp(0, length - 1)
    step = features.residue_index[:, around] - features.residue_index[..., None]
    strand = features.chain_break.cumsum(-1)
    return around, inside & (step == shift) & (strand[:, around] == strand[..., None])


class AtomConditioner(nn.Module):
    """Condition and attention biases of the atoms.

    From their names, their places in a reference residue and in stage C, and the latent.
    """

    def __init__(
        self, atom: int, atom_pair: int, blocks: int, heads: int, single: int, pair: int
    ) -> None:
        super().__init__()
        self.blocks = blocks
        self.identity = nn.Embedding(len(ALPHABET) * N_SLOTS, atom)
        self.reference = linear(3, atom)
        self.reference_offset = linear(5, atom_pair)
        self.place = linear(3, atom)
        self.single = nn.Sequential(nn.LayerNorm(single), linear(single, atom))
        self.query = linear(atom, atom_pair)
        self.key = linear(atom, atom_pair)
        self.offset = linear(5, atom_pair)
        self.pair = nn.Sequential(nn.LayerNorm(pair), linear(pair, atom_pair))
        self.hidden = nn.Sequential(nn.ReLU(), linear(atom_pair, atom_pair, bias=True), nn.ReLU())
        self.bias = linear(atom_pair, blocks * heads)

    def forward(
        self,
        features: Features,
        latent_single: Tensor,
        latent_pair: Tensor,
        start_coords: Tensor,
        atom_mask: Tensor,
    ) -> AtomCondition:
        """Compute what all noised copies share."""
        slots = torch.arange(N_SLOTS, device=start_coords.device)
        identity = self.identity(features.sequence[..., None] * N_SLOTS + slots)
        axes, origin = residue_frames(start_coords)
        local = (start_coords - origin[:, :, None]) @ axes
        reference = torch.tensor(reference_conformers(), device=start_coords.device)
        place = (self.reference(reference)[features.sequence] + self.place(local)) / LENGTH_UNIT
        atoms = identity + place + self.single(latent_single)[:, :, None]

        around, bonded = neighbours(features)
        edge = self.pair(latent_pair)
        edge = edge.gather(2, around[None, ..., None].expand(*bonded.shape, edge.shape[-1]))
        reach = window(start_coords, 1)[:, :, None] - start_coords[:, :, :, None]
        hidden = (
            self.query(atoms)[:, :, :, None]
            + window(self.key(atoms), 1)[:, :, None]
            + edge.repeat_interleave(N_SLOTS, dim=2)[:, :, None]
            + self.offset(offset_features(reach @ axes[:, :, None]))
        )
        own = self.reference_offset(offset_features(reference[:, None] - reference[:, :, None]))
        middle = slice(WINDOW // 2 * N_SLOTS, (WINDOW // 2 + 1) * N_SLOTS)
        hidden[:, :, :, middle] += own[features.sequence]
        keys = window(atom_mask, 1) & bonded.repeat_interleave(N_SLOTS, dim=2)
        bias = self.bias(self.hidden(hidden)).permute(0, 1, 4, 2, 3)
        bias = bias.masked_fill(~keys[:, :, None, None], MASKED)
        return AtomCondition(
            atoms[:, None], atom_mask[:, None], bias[:, None].chunk(self.blocks, dim=3)
        )


class AtomBlock(nn.Module):
    """Attention of atoms within their window, and a transition; both conditioned."""

    def __init__(self, atom: int, heads: int, factor: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = AdaptiveNorm(atom, atom)
        self.query = linear(atom, atom, bias=True)
        self.key_value = linear(atom, 2 * atom)
        self.gate = gate(atom, atom)
        self.out = linear(atom, atom)
        self.out_gate = gate(atom, atom, bias=-2.0)
        self.transition = ConditionedTransition(atom, atom, factor)

    def forward(self, x: Tensor, atoms: Tensor, bias: Tensor) -> Tensor:
        """``x``: (B, S, N, 23, atom)."""
        y = self.norm(x, atoms)
        query = split_heads(self.query(y), self.heads)
        key, value = (
            split_heads(part, self.heads) for part in window(self.key_value(y), 2).chunk(2, -1)
        )
        update = self.out(self.gate(y).sigmoid() * attend(query, key, value, bias))
        x = x + self.out_gate(atoms).sigmoid() * update
        return x + self.transition(x, atoms)


class AtomEncoder(nn.Module):
    """Scaled noisy coordinates to atom states, and those to tokens."""

    def __init__(
        self, atom: int, blocks: int, heads: int, token: int, noise: int, factor: int
    ) -> None:
        super().__init__()
        self.coords = linear(3, atom)
        self.noise = linear(noise, atom)
        self.blocks = nn.ModuleList(AtomBlock(atom, heads, factor) for _ in range(blocks))
        self.norm = nn.LayerNorm(atom)
        self.to_token = linear(N_SLOTS * atom, token)

    def forward(
        self,
        scaled: Float[Tensor, "B S N 23 3"],
        noise: Float[Tensor, "B S noise"],
        condition: AtomCondition,
    ) -> tuple[Float[Tensor, "B S N 23 atom"], Float[Tensor, "B S N token"]]:
        """Give atom states and tokens."""
        x = condition.atoms + self.coords(scaled) + self.noise(noise)[:, :, None, None]
        for block, bias in zip(self.blocks, condition.biases, strict=False):
            x = block(x, condition.atoms, bias)
        present = self.norm(x) * condition.mask[..., None]
        return x, self.to_token(present.flatten(-2))


class AtomDecoder(nn.Module):
    """Tokens back to their atoms, and atom states to coordinate updates."""

    def __init__(self, atom: int, blocks: int, heads: int, token: int, factor: int) -> None:
        super().__init__()
        self.from_token = linear(token, N_SLOTS * atom)
        self.blocks = nn.ModuleList(AtomBlock(atom, heads, factor) for _ in range(blocks))
        self.norm = nn.LayerNorm(atom)
        self.out = linear(atom, 3, zero=True)

    def forward(
        self,
        tokens: Float[Tensor, "B S N token"],
        x: Float[Tensor, "B S N 23 atom"],
        condition: AtomCondition,
    ) -> Float[Tensor, "B S N 23 3"]:
        """Give the update of each atom, in units of the preconditioning."""
        x = x + self.from_token(tokens).unflatten(-1, (N_SLOTS, -1))
        biases = condition.biases[-len(self.blocks) :]
        for block, bias in zip(self.blocks, biases, strict=True):
            x = block(x, condition.atoms, bias)
        return self.out(self.norm(x))
