"""The device that torch works on."""

import torch

from rna_predict.errors import InputError


def choose_device(device: str) -> str:
    """Turn ``auto`` into ``cuda`` where there is one, else ``cpu``.

    Parameters
    ----------
    device : str
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    str
        ``cpu`` or ``cuda``.

    Raises
    ------
    InputError
        If it is none of these, or CUDA was asked for and there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError("device", f"expected auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device", "expected a CUDA device, found none")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device
