"""Seeds derived from what they are for, so that no draw depends on how many came before it."""

import hashlib

import torch


def derive_seed(*parts: int | str) -> int:
    """Derive a seed from a base seed and the purpose it serves.

    Parameters
    ----------
    *parts : int or str
        The base seed, then anything that names the draw, for example ``(seed, "noise", step)``.

    Returns
    -------
    int
        63 bits; the same on every machine, unrelated for different parts.
    """
    digest = hashlib.sha256("\0".join(f"{type(p).__name__}:{p}" for p in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def torch_generator(device: torch.device | str, *parts: int | str) -> torch.Generator:
    """Give a torch generator seeded by :func:`derive_seed` on ``device``."""
    return torch.Generator(device=device).manual_seed(derive_seed(*parts))
