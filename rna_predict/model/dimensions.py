"""Every width, depth and head count of the network: the ``dimensions`` section of a model file."""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class BertDimensions:
    """Sizes of a published encoder of torsions (a BERT); they follow from its files."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    vocabulary: int
    """Tokens."""
    kmer: int
    """Residues a token."""
    width: int
    """Channels."""
    blocks: int
    """Blocks."""
    heads: int
    """Attention heads."""
    hidden: int
    """Width of the feed-forward layers."""
    positions: int
    """Longest input (tokens), with [CLS] and [SEP]."""
    kinds: int
    """Token types, of which only the first is used."""
    regressor: int = 0
    """Hidden width of its regressor of torsions; 0 = it has none."""
    angles: int = 0
    """Torsions of that regressor: the first ones of ``bert.PUBLISHED_TORSIONS``."""

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together."""
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        if self.positions < self.kmer + 3:
            raise ValueError(f"{self.positions} positions cannot hold {self.kmer + 1} residues")


@dataclass(frozen=True)
class Dimensions:
    """Sizes of the network. The defaults are `tiny`: minutes on two CPU cores."""

    architecture: Literal["network", "gnn", "ipa"] = "network"
    """The network, or a baseline: equivariant graph network, invariant point attention."""
    single: int = 64
    """Width of the single representation of the Pairformer."""
    pair: int = 32
    """Width of the pair representation of the Pairformer."""
    transition_factor: int = 2
    """Hidden width of every transition, as a multiple of the width it works on."""
    relative_positions: int = 32
    """Sequence separations beyond this share one embedding."""

    msa: int = 32
    """Width of a letter of the alignment."""
    msa_outer: int = 8
    """Width of either side of the outer products of the alignment's columns."""
    msa_blocks: int = 1
    """Blocks of the MSA module."""
    msa_heads: int = 2
    """Heads with which the MSA module mixes columns."""
    msa_rows: int = 64
    """Most rows of an alignment that are looked at."""
    template: int = 16
    """Width of the pairs of a template."""
    template_blocks: int = 1
    """Blocks of the template embedding."""

    torsion: int = 64
    """Width of the torsion net."""
    torsion_blocks: int = 2
    """Blocks of the torsion net."""
    torsion_heads: int = 4
    """Attention heads of the torsion net."""
    torsion_dropout: float = 0.0
    """Dropout in the torsion net's blocks, in training."""
    bert: BertDimensions | None = None
    """Sizes of a published encoder in place of the torsion net's; absent = our own."""

    pairformer_blocks: int = 2
    """Blocks of the Pairformer."""
    pairformer_heads: int = 4
    """Heads of its attention over residues."""
    triangle: int = 32
    """Hidden width of its triangle multiplications."""
    triangle_heads: int = 2
    """Heads of its triangle attentions."""

    trunk_precision: Literal["fp32", "bf16"] = "fp32"
    """Numbers that the Pairformer's blocks multiply; their sums and results are fp32 either way."""
    checkpoint_blocks: bool = False
    """Compute each Pairformer block twice in training, so that its intermediates are not kept."""

    merger_blocks: int = 1
    """Blocks of the latent merger."""
    merger_heads: int = 4
    """Attention heads of the latent merger."""
    latent_single: int = 64
    """Width of the merged node latent that conditions the diffusion."""
    latent_pair: int = 32
    """Width of the merged edge latent that conditions the diffusion."""

    sigma_data: float = 16.0
    """Standard deviation of centred coordinates (angstrom) that the preconditioning assumes."""
    align_input: bool = True
    """Turn noisy coordinates onto the network's first guess before they enter the denoiser: it is
    then equivariant by construction. False: as in AlphaFold 3, rotations are learned."""
    noise_features: int = 64
    """Fourier features of the noise level."""
    atom: int = 32
    """Width of the atom encoder and decoder."""
    atom_pair: int = 16
    """Width of the pair features of neighbouring atoms."""
    atom_blocks: int = 1
    """Blocks of the atom encoder, and again of the decoder."""
    atom_heads: int = 2
    """Attention heads of the atom encoder and decoder."""
    token: int = 128
    """Width of the token transformer."""
    token_blocks: int = 3
    """Blocks of the token transformer."""
    token_heads: int = 4
    """Attention heads of the token transformer."""

    regressor_blocks: int = 4
    """Blocks of a baseline's structure module; the network has none."""
    regressor_heads: int = 4
    """Heads of its attention."""
    regressor_points: int = 4
    """Query points of each head and residue (ipa)."""
    regressor_vectors: int = 16
    """Vector channels of each residue (gnn)."""
    regressor_neighbours: int = 32
    """Residues that send each residue messages (gnn)."""
    start_noise: float = 1.0
    """Noise on the residues of a baseline's start (angstrom): what its models differ by."""

    distogram_bins: int = 64
    """Bins of the predicted C1'-C1' distance."""
    distogram_min: float = 2.0
    """Upper edge of the first distance bin (angstrom)."""
    distogram_max: float = 40.0
    """Lower edge of the last distance bin (angstrom)."""

    confidence_blocks: int = 1
    """Pairformer blocks of the confidence head."""
    plddt_bins: int = 50
    """Bins of pLDDT, between 0 and 100."""
    error_bins: int = 64
    """Bins of the aligned and of the distance error."""
    error_max: float = 32.0
    """Upper end of the error bins (angstrom)."""
