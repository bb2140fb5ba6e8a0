"""Every width, depth and head count of the network: the ``dimensions`` section of a model file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dimensions:
    """Sizes of the network. The defaults are `tiny`: minutes on two CPU cores."""

    single: int = 64
    """Width of the single representation of the Pairformer."""
    pair: int = 32
    """Width of the pair representation of the Pairformer."""
    transition_factor: int = 2
    """Hidden width of every transition, as a multiple of the width it works on."""
    relative_positions: int = 32
    """Sequence separations beyond this share one embedding."""

    torsion: int = 64
    """Width of the torsion net."""
    torsion_blocks: int = 2
    """Blocks of the torsion net."""
    torsion_heads: int = 4
    """Attention heads of the torsion net."""

    pairformer_blocks: int = 2
    """Blocks of the Pairformer."""
    pairformer_heads: int = 4
    """Heads of its attention over residues."""
    triangle: int = 32
    """Hidden width of its triangle multiplications."""
    triangle_heads: int = 2
    """Heads of its triangle attentions."""

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
