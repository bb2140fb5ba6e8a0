"""Stage D, the diffusion: a denoiser of all heavy atoms, conditioned on the merged latent.

Preconditioning as in Karras et al. (2022, arXiv:2206.00364); blocks as in AlphaFold 3 (algorithms
20 to 25): atom encoder, token transformer with pair bias and adaptive norms, atom decoder. What
depends on the chain alone is prepared once and shared by all noised copies and sampling steps.

With ``align_input`` the centred noisy atoms are first turned onto a reference (Kabsch, no gradient)
and the answer is turned back. The reference is the network's own guess from stage C's coordinates,
made before it sees any noisy atoms; so the denoiser is equivariant to rotation and translation by
construction, and the network always works in the one orientation that it chose itself. It never
reflects, so handedness is kept. Without it rotations are learned from examples, as in AlphaFold 3.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from rna_predict.geometry.torch_superpose import superpose
from rna_predict.model.atoms import AtomCondition, AtomConditioner, AtomDecoder, AtomEncoder
from rna_predict.model.chunks import by_rows
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.embedding import RelativePosition
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import centre
from rna_predict.model.layers import (
    AdaptiveNorm,
    ConditionedTransition,
    Transition,
    attend,
    gate,
    linear,
    mask_bias,
    split_heads,
)

GUESS_SIGMA = 10.0
"""Noise level of the guess that becomes the reference, as a multiple of ``sigma_data``: so high
that stage C's coordinates count for little in it."""


@dataclass(frozen=True, eq=False)
class Condition:
    """What the denoiser needs of a chain."""

    single: Float[Tensor, "B 1 N latent"]
    token_biases: tuple[Float[Tensor, "B 1 heads N N"], ...]
    atoms: AtomCondition
    reference: Float[Tensor, "B N 23 3"]
    """Coordinates that noisy atoms are turned onto; centred, without gradient."""
    atom_mask: Bool[Tensor, "B N 23"]


class TokenBlock(nn.Module):
    """Attention with pair bias, and a transition; both conditioned on latent and noise level."""

    def __init__(self, token: int, heads: int, condition: int, factor: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = AdaptiveNorm(token, condition)
        self.query = linear(token, token, bias=True)
        self.key_value = linear(token, 2 * token)
        self.gate = gate(token, token)
        self.out = linear(token, token)
        self.out_gate = gate(condition, token, bias=-2.0)
        self.transition = ConditionedTransition(token, condition, factor)

    def forward(self, x: Tensor, condition: Tensor, bias: Tensor) -> Tensor:
        """``x``: (B, S, N, token); ``bias``: (B, 1, heads, N, N)."""
        y = self.norm(x, condition)
        query = split_heads(self.query(y), self.heads)
        key, value = (split_heads(part, self.heads) for part in self.key_value(y).chunk(2, -1))
        update = self.out(self.gate(y).sigmoid() * attend(query, key, value, bias))
        x = x + self.out_gate(condition).sigmoid() * update
        return x + self.transition(x, condition)


class Diffusion(nn.Module):
    """The denoiser."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        d = dimensions
        self.sigma_data = d.sigma_data
        self.align_input = d.align_input
        self.pair_position = RelativePosition(d.relative_positions, d.latent_pair)
        self.pair_transition = Transition(d.latent_pair, d.transition_factor)
        self.pair_norm = nn.LayerNorm(d.latent_pair)
        self.biases = linear(d.latent_pair, d.token_blocks * d.token_heads)
        self.frequency = nn.Buffer(torch.randn(d.noise_features // 2))
        self.noise = linear(2 * self.frequency.numel(), d.latent_single)
        self.skip = linear(d.latent_single, 1, bias=True, zero=True)
        self.single_norm = nn.LayerNorm(d.latent_single)
        self.single_transition = Transition(d.latent_single, d.transition_factor)
        self.atom_conditioner = AtomConditioner(
            d.atom, d.atom_pair, 2 * d.atom_blocks, d.atom_heads, d.latent_single, d.latent_pair
        )
        self.encoder = AtomEncoder(
            d.atom, d.atom_blocks, d.atom_heads, d.token, d.latent_single, d.transition_factor
        )
        self.token_condition = nn.Sequential(
            nn.LayerNorm(d.latent_single), linear(d.latent_single, d.token)
        )
        self.blocks = nn.ModuleList(
            TokenBlock(d.token, d.token_heads, d.latent_single, d.transition_factor)
            for _ in range(d.token_blocks)
        )
        self.token_norm = nn.LayerNorm(d.token)
        self.decoder = AtomDecoder(
            d.atom, d.atom_blocks, d.atom_heads, d.token, d.transition_factor
        )

    def prepare(
        self,
        features: Features,
        latent_single: Float[Tensor, "B N latent"],
        latent_pair: Float[Tensor, "B N N edge"],
        start_coords: Float[Tensor, "B N 23 3"],
        atom_mask: Bool[Tensor, "B N 23"],
    ) -> Condition:
        """Compute what all noised copies share."""
        biases = self._pair_bias(features, latent_pair)
        condition = Condition(
            single=self.single_norm(latent_single)[:, None],
            token_biases=biases[:, None].chunk(len(self.blocks), dim=2),
            atoms=self.atom_conditioner(
                features, latent_single, latent_pair, start_coords, atom_mask
            ),
            reference=centre(start_coords.detach(), atom_mask),
            atom_mask=atom_mask,
        )
        if not self.align_input:
            return condition
        with torch.no_grad():
            sigma = torch.full(
                (features.batch, 1), GUESS_SIGMA * self.sigma_data, device=latent_pair.device
            )
            guess = self(condition, condition.reference[:, None], sigma)[:, 0]
        return replace(condition, reference=centre(guess, atom_mask))

    def _pair_bias(self, features: Features, latent_pair: Tensor) -> Tensor:
        """Give the attention biases of all token blocks, (B, blocks * heads, N, N)."""
        pair = latent_pair + self.pair_position(features)
        biases = by_rows(
            lambda rows: self.biases(self.pair_norm(rows + self.pair_transition(rows))),
            pair,
            width=max(pair.shape[-1], self.biases.out_features),
        )
        keys = mask_bias(features.residue_mask)[:, None, None, :]
        return (biases.permute(0, 3, 1, 2) + keys).contiguous()  # read at every sampling step

    def forward(
        self,
        condition: Condition,
        noisy: Float[Tensor, "B S N 23 3"],
        sigma: Float[Tensor, "B S"],
    ) -> Float[Tensor, "B S N 23 3"]:
        """Estimate the clean coordinates.

        Parameters
        ----------
        condition : Condition
            From :meth:`prepare`.
        noisy : (B, S, N, 23, 3) float, angstrom
            Coordinates with noise; atoms outside the mask are ignored.
        sigma : (B, S) float, angstrom
            Noise level of each copy, greater than 0.

        Returns
        -------
        (B, S, N, 23, 3) float, angstrom
            In the frame of ``noisy``, with its centre; atoms outside the mask are predicted too.
        """
        weight = condition.atom_mask[:, None, ..., None].to(noisy)
        count = weight.sum((2, 3), keepdim=True).clamp_min(1.0)
        mean = (noisy * weight).sum((2, 3), keepdim=True) / count
        centred = (noisy - mean) * weight
        rotation = self._rotation(centred, condition)
        centred = centred @ rotation.transpose(-1, -2)

        level = sigma[:, :, None, None, None]
        total = (level**2 + self.sigma_data**2).sqrt()
        update = self._update(condition, centred / total, sigma)
        clean = (self.sigma_data / total) ** 2 * centred + self.sigma_data * level / total * update
        return clean @ rotation + mean

    def _rotation(self, centred: Tensor, condition: Condition) -> Tensor:
        """Give the rotation of each copy onto the reference, (B, S, 1, 3, 3)."""
        if not self.align_input:
            return torch.eye(3, device=centred.device).expand(*centred.shape[:2], 1, 3, 3)
        fixed = condition.reference[:, None].expand_as(centred)
        weight = condition.atom_mask[:, None].expand(centred.shape[:-1])
        return superpose(centred.flatten(2, 3), fixed.flatten(2, 3), weight.flatten(2).to(centred))[
            0
        ][:, :, None]

    def _update(self, condition: Condition, scaled: Tensor, sigma: Tensor) -> Tensor:
        """Run the network proper on coordinates of unit variance.

        Besides the decoder's answer there is a share of the input itself, learned for each noise
        level: at high noise it cancels the skip connection of the preconditioning exactly.
        """
        phase = (sigma / self.sigma_data).log()[..., None] / 4 * self.frequency + 0.25
        phase = 2 * torch.pi * phase
        noise = self.noise(torch.cat([phase.cos(), phase.sin()], dim=-1))
        single = condition.single + noise[:, :, None]
        single = single + self.single_transition(single)

        atoms, tokens = self.encoder(scaled, noise, condition.atoms)
        tokens = tokens + self.token_condition(single)
        for block, bias in zip(self.blocks, condition.token_biases, strict=True):
            tokens = block(tokens, single, bias)
        update = self.decoder(self.token_norm(tokens), atoms, condition.atoms)
        return update + self.skip(noise)[:, :, None, None] * scaled
