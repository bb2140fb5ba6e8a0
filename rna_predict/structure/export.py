"""The training export: chains in one compact file that is mapped, not read.

Version 1 is a safetensors file (see :mod:`~rna_predict.structure.arrays`) with the texts
``format`` and ``version``; reading it needs numpy alone. Its arrays, for m chain models, c chains,
r residues of chains, k residues of models and a atoms:

============== =============== ====================================================================
coords         (a, 3) I16      hundredths of an angstrom from the model's origin, atom by atom in
                               the order residue, slot
wide_coords    (w, 3) I32      the same, for models too large for 16 bits
mask           (k, 3) U8       slots that hold an atom, a bit each (slot 0 is the lowest bit of the
                               first byte); residue after residue of model after model
origin         (m, 3) I32      hundredths of an angstrom
model_chain    (m,) I32        row of the model's chain
model_number   (m,) I32
model_wide     (m,) U8         1 if its atoms are in wide_coords
atom_start     (m,) I64        its first row in coords or wide_coords
mask_start     (m,) I64        its first row in mask
residue_start  (c + 1,) I64    first row in letter, residue_name, auth_number and ins_code
resolution     (c,) F64        angstrom, NaN where unknown
facts          (c, 7) I32      words: ``FACTS``
letter         (r,) U8         position in ``constants.ALPHABET``
residue_name   (r,) I32        a word, as is ins_code
auth_number    (r,) I32
word_start     (v + 1,) I64    words are texts in UTF-8, each stored once: first byte in ...
word_text      (b,) U8
============== =============== ====================================================================

Models of one chain share all that is the same in them; where it is not, they have chains of their
own. Coordinates come back to 0.005 A, everything else as it was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Integer

from rna_predict.constants import ALPHABET, N_SLOTS
from rna_predict.errors import InputError
from rna_predict.structure.arrays import DTYPES, map_arrays, write_arrays
from rna_predict.structure.chain import Chain

FORMAT: Final = "rna-predict chains"
VERSION: Final = "1"
UNIT: Final = 0.01
"""Angstrom."""
FACTS: Final = ("entry", "chain", "method", "title", "release_date", "parent", "tier")
LAYOUT: Final = {
    "coords": ("I16", (3,)), "wide_coords": ("I32", (3,)), "mask": ("U8", (3,)),
    "origin": ("I32", (3,)), "model_chain": ("I32", ()), "model_number": ("I32", ()),
    "model_wide": ("U8", ()), "atom_start": ("I64", ()), "mask_start": ("I64", ()),
    "residue_start": ("I64", ()), "resolution": ("F64", ()), "facts": ("I32", (len(FACTS),)),
    "letter": ("U8", ()), "residue_name": ("I32", ()), "auth_number": ("I32", ()),
    "ins_code": ("I32", ()), "word_start": ("I64", ()), "word_text": ("U8", ()),
}  # fmt: skip
"""Type and inner shape of each array."""
PER_MODEL: Final = (
    "model_chain", "model_number", "model_wide", "origin", "atom_start", "mask_start",
)  # fmt: skip
PER_RESIDUE: Final = ("letter", "residue_name", "auth_number", "ins_code")


def export_chains(chains: Iterable[Chain], path: Path) -> None:
    """Write chains to a training export, in their order.

    Parameters
    ----------
    chains : iterable of Chain
        May be empty; is gone through once.
    path : path
        Replaced as a whole.

    Raises
    ------
    InputError
        If two of them have the same name and model.
    """
    words: dict[str, int] = {}
    columns: dict[str, list[Any]] = {name: [] for name in LAYOUT}
    columns["residue_start"].append(0)
    ends = {"coords": 0, "wide_coords": 0, "mask": 0}
    shared: dict[tuple, int] = {}
    seen = set()
    for chain in chains:
        if (chain.name, chain.model) in seen:
            raise InputError(path, f"chain {chain.name} model {chain.model} occurs twice")
        seen.add((chain.name, chain.model))
        key = _identity(chain)
        if key not in shared:
            shared[key] = len(shared)
            _add_chain(columns, words, chain)
        origin, steps = _fixed_point(chain)
        wide = bool((np.abs(steps) > np.iinfo(np.int16).max).any())
        atoms = "wide_coords" if wide else "coords"
        columns["model_chain"].append(shared[key])
        columns["model_number"].append(chain.model)
        columns["model_wide"].append(wide)
        columns["origin"].append(origin)
        columns["atom_start"].append(ends[atoms])
        columns["mask_start"].append(ends["mask"])
        columns[atoms].append(steps.astype(DTYPES[LAYOUT[atoms][0]]))
        columns["mask"].append(np.packbits(chain.atom_mask, axis=1, bitorder="little"))
        ends[atoms] += len(steps)
        ends["mask"] += len(chain)
    texts = [word.encode() for word in words]
    columns["word_start"] = np.cumsum([0, *map(len, texts)]).tolist()
    columns["word_text"].append(np.frombuffer(b"".join(texts), dtype=np.uint8))
    arrays = {name: _array(name, values) for name, values in columns.items()}
    write_arrays(path, arrays, {"format": FORMAT, "version": VERSION})


class ChainExport:
    """A training export, open for reading.

    Opening maps the file and reads the names of its chains; :meth:`get` touches one chain's bytes.
    Instances can be pickled and handed to worker processes; each maps the file anew.

    Parameters
    ----------
    path : path
        A file that :func:`export_chains` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged, or of another format or version.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._arrays, metadata = map_arrays(self.path)
        found = metadata.get("format"), metadata.get("version")
        if found != (FORMAT, VERSION):
            raise InputError(path, f"expected {FORMAT!r} version {VERSION}, got {found}")
        try:
            self._check()
            starts = self._arrays["word_start"].tolist()
            text = self._arrays["word_text"].tobytes()
            bounds = zip(starts, starts[1:], strict=False)
            self._words = [text[start:stop].decode() for start, stop in bounds]
            facts = [[self._words[k] for k in row] for row in self._arrays["facts"].tolist()]
            self._facts = [dict(zip(FACTS, row, strict=True)) for row in facts]
            names = [f"{row['entry']}_{row['chain']}" for row in self._facts]
            owners = [names[k] for k in self._arrays["model_chain"].tolist()]
        except (IndexError, UnicodeDecodeError) as error:
            raise self._damaged(error) from error
        self._keys = list(zip(owners, self._arrays["model_number"].tolist(), strict=True))
        self._rows: dict[str, dict[int, int]] = {}
        for row, (name, number) in enumerate(self._keys):
            self._rows.setdefault(name, {})[number] = row

    def __len__(self) -> int:
        """Give the number of chain models."""
        return len(self._keys)

    def __iter__(self) -> Iterator[Chain]:
        """Give all chain models in the order of the file."""
        return map(self._chain, range(len(self)))

    def __reduce__(self) -> tuple[type, tuple[Path]]:
        """Pass the path between processes, not the bytes."""
        return type(self), (self.path,)

    def keys(self) -> list[tuple[str, int]]:
        """List name and model of all chain models in the order of the file."""
        return list(self._keys)

    def models(self, name: str) -> list[int]:
        """List the models of a chain in the order of the file.

        Raises
        ------
        InputError
            If there is no such chain.
        """
        return list(self._models(name))

    def get(self, name: str, model: int | None = None) -> Chain:
        """Read one model of a chain, by default its first in the file.

        Raises
        ------
        InputError
            If there is no such chain or model.
        """
        models = self._models(name)
        row = next(iter(models.values())) if model is None else models.get(model)
        if row is None:
            raise InputError(self.path, f"no model {model} of {name}; models: {[*models]}")
        return self._chain(row)

    def _models(self, name: str) -> dict[int, int]:
        """Give the row of each model of a chain."""
        if name not in self._rows:
            raise InputError(self.path, f"no chain {name}")
        return self._rows[name]

    def _chain(self, row: int) -> Chain:
        """Build the chain model of a row."""
        arrays = self._arrays
        owner = int(arrays["model_chain"][row])
        start, stop = arrays["residue_start"][owner : owner + 2].tolist()
        first = int(arrays["mask_start"][row])
        mask = _unpack(arrays["mask"][first : first + stop - start])
        if len(mask) != stop - start:
            raise self._damaged("the masks end too early")
        first = int(arrays["atom_start"][row])
        atoms = arrays["wide_coords" if arrays["model_wide"][row] else "coords"]
        try:
            coords = np.full((*mask.shape, 3), np.nan, dtype=np.float32)
            steps = atoms[first : first + np.count_nonzero(mask)] + arrays["origin"][row]
            coords[mask] = steps * UNIT
            return Chain(
                sequence="".join([ALPHABET[k] for k in arrays["letter"][start:stop].tolist()]),
                residue_names=self._texts("residue_name", start, stop),
                coords=coords,
                atom_mask=mask,
                auth_numbers=arrays["auth_number"][start:stop].astype(np.int32),
                ins_codes=self._texts("ins_code", start, stop),
                model=int(arrays["model_number"][row]),
                resolution=float(arrays["resolution"][owner]),
                **self._facts[owner],
            )
        except (IndexError, ValueError) as error:
            raise self._damaged(error) from error

    def _texts(self, column: str, start: int, stop: int) -> tuple[str, ...]:
        """Look up the words of some residues."""
        return tuple([self._words[k] for k in self._arrays[column][start:stop].tolist()])

    def _check(self) -> None:
        """Check that the arrays are what they should be and fit together."""
        arrays = self._arrays
        for name, (kind, inner) in LAYOUT.items():
            if name not in arrays:
                raise self._damaged(f"no array {name}")
            array = arrays[name]
            if array.dtype != DTYPES[kind] or array.ndim == 0 or array.shape[1:] != inner:
                raise self._damaged(f"array {name} of type {array.dtype}, shape {array.shape}")
        for same in (PER_MODEL, PER_RESIDUE, ("facts", "resolution")):
            if len({len(arrays[name]) for name in same}) > 1:
                raise self._damaged(f"{', '.join(same)} differ in length")
        for starts, ends in (("residue_start", "letter"), ("word_start", "word_text")):
            index = arrays[starts]
            if index[0] != 0 or (np.diff(index) < 0).any() or index[-1] != len(arrays[ends]):
                raise self._damaged(f"{starts} does not fit {ends}")
        indices = [arrays[name] for name in ("model_chain", "facts", "atom_start", "mask_start")]
        if any((index < 0).any() for index in indices):
            raise self._damaged("an index is negative")
        if len(arrays["residue_start"]) != len(arrays["facts"]) + 1:
            raise self._damaged("residue_start does not fit facts")

    def _damaged(self, what: object) -> InputError:
        """Say what is wrong with the file."""
        return InputError(self.path, f"a damaged export of chains: {what}")


def _identity(chain: Chain) -> tuple:
    """Give all of a chain that its models may share, as a key."""
    apart = ("coords", "atom_mask", "model", "auth_numbers", "resolution")
    same = tuple(getattr(chain, field.name) for field in fields(chain) if field.name not in apart)
    return *same, chain.auth_numbers.tobytes(), str(chain.resolution)


def _add_chain(columns: dict[str, list[Any]], words: dict[str, int], chain: Chain) -> None:
    """Append the parts of a chain that its models share."""

    def number(texts: Iterable[str]) -> list[int]:
        return [words.setdefault(text, len(words)) for text in texts]

    columns["facts"].append(number(getattr(chain, name) for name in FACTS))
    columns["resolution"].append(chain.resolution)
    columns["letter"].append(chain.kinds.astype(np.uint8))
    columns["residue_name"].append(np.array(number(chain.residue_names), dtype=np.int32))
    columns["ins_code"].append(np.array(number(chain.ins_codes), dtype=np.int32))
    columns["auth_number"].append(chain.auth_numbers)
    columns["residue_start"].append(columns["residue_start"][-1] + len(chain))


def _fixed_point(chain: Chain) -> tuple[Integer[np.ndarray, "1 3"], Integer[np.ndarray, "atoms 3"]]:
    """Give a chain's atoms in whole units from an origin amid them."""
    steps = np.rint(chain.coords[chain.atom_mask].astype(np.float64) / UNIT).astype(np.int64)
    middle = (steps.min(0) + steps.max(0)) // 2 if len(steps) else np.zeros(3, dtype=np.int64)
    return middle[None], steps - middle


def _unpack(bits: Integer[np.ndarray, "n 3"]) -> Bool[np.ndarray, f"n {N_SLOTS}"]:
    """Turn packed bits into a mask."""
    unpacked = np.unpackbits(bits, axis=1, count=N_SLOTS, bitorder="little")
    return unpacked.view(bool)


def _array(name: str, values: list[Any]) -> np.ndarray:
    """Join the parts of one array; numbers are parts of one row."""
    kind, inner = LAYOUT[name]
    if values and isinstance(values[0], np.ndarray):
        values = np.concatenate(values)
    return np.asarray(values, dtype=DTYPES[kind]).reshape(-1, *inner)
