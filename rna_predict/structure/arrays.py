"""Named arrays in one file that is mapped, not read: the safetensors format by numpy alone.

The file holds the length of a header (8 bytes, little-endian), the header (JSON: type, shape and
place of each array, and texts under ``__metadata__``) and the arrays one after the other.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from rna_predict.errors import InputError
from rna_predict.structure.files import replacing

DTYPES: Final = {"I64": "<i8", "F64": "<f8", "I32": "<i4", "I16": "<i2", "U8": "|u1"}
"""The types used here, of those that the format knows."""


def write_arrays(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write arrays and texts.

    Parameters
    ----------
    path : path
        Replaced as a whole.
    arrays : dict of str to array
        Of the types of ``DTYPES``. Types with more bytes go first, so that all are aligned.
    metadata : dict of str to str
    """
    kinds = {np.dtype(dtype): kind for kind, dtype in DTYPES.items()}
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    names = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    for name in names:
        array = arrays[name]
        offsets = [end, end := end + array.nbytes]
        header[name] = {
            "dtype": kinds[array.dtype], "shape": array.shape, "data_offsets": offsets
        }  # fmt: skip
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            arrays[name].tofile(file)


def map_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Map the arrays of a file; their bytes are read when they are used.

    Parameters
    ----------
    path : path

    Returns
    -------
    arrays : dict of str to array
        Read-only.
    metadata : dict of str to str

    Raises
    ------
    InputError
        If the file is missing, not of this format, or shorter than its header says.
    """
    try:
        whole = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
    except (OSError, ValueError) as error:
        raise InputError(path, f"expected a safetensors file: {error}") from error
    start = 8 + int.from_bytes(whole[:8].tobytes(), "little")
    try:
        header = json.loads(whole[8:start].tobytes()) if start <= len(whole) else None
        metadata = dict(header.pop("__metadata__", {}))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(path, "expected a safetensors file, got something else") from error
    arrays = {}
    for name, entry in header.items():
        try:
            first, last = (start + int(offset) for offset in entry["data_offsets"])
            if not start <= first <= last <= len(whole):
                raise ValueError(f"{entry} in a file of {len(whole)} bytes")
            arrays[name] = whole[first:last].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
        except (ValueError, LookupError, TypeError, OverflowError) as error:
            raise InputError(f"{path} array {name}", f"damaged: {error}") from error
    return arrays, metadata
