"""Work on the pair track a few rows at a time, so that long RNA fits in memory.

The numbers are the same; the intermediates stay small and, on a CPU, in its cache.
"""

from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = {"cpu": 2**22, "cuda": 2**27}
"""Numbers that the widest intermediate of one step may hold, by kind of device, when no gradient is
kept. The first is the fastest of four at 256 and 400 nt (LOG.md), the second a guess that leaves a
GPU few launches."""


def by_rows(function: Callable[..., Tensor], *parts: Tensor, width: int) -> Tensor:
    """Apply a function whose rows do not depend on each other.

    As a whole while gradients are kept, since every chunk would be kept then anyway.

    Parameters
    ----------
    function : callable
        Maps (B, rows, ...) parts to (B, rows, ...).
    parts : tensors (B, N, ...)
        Cut along dimension 1.
    width : int
        Widest intermediate of the function, in numbers for each pair of residues.

    Returns
    -------
    (B, N, ...)
    """
    batch, rows = parts[0].shape[:2]
    size = CHUNK.get(parts[0].device.type, CHUNK["cuda"]) // max(1, batch * rows * width)
    if torch.is_grad_enabled() or size >= rows:
        return function(*parts)
    whole = None
    for start in range(0, rows, max(1, size)):
        cut = slice(start, start + max(1, size))
        chunk = function(*(part[:, cut] for part in parts))
        if whole is None:
            whole = chunk.new_empty(batch, rows, *chunk.shape[2:])
        whole[:, cut] = chunk
    return whole
