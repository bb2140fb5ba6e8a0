"""Templates of the chains of a data set, found once and kept in a file; nothing here searches.

The file is safetensors. For c chains that t templates each cover over n residues, ``origin``,
``rotation`` and ``mask`` hold one row a residue of a template of a chain, in this order; the header
says where each chain begins, which templates it was shown, and for which splits, clusters and
cut-off they were looked for. The guard stands here as well as in the search: templates of another
split, of the chain's own entry or cluster, or looked for under other rules are refused.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rna_predict.data.features import Templates
from rna_predict.data.tables import TablePaths, read_clusters, read_splits
from rna_predict.data.weights import file_sha256
from rna_predict.errors import InputError
from rna_predict.structure.files import replacing

ENTRY: Final = "rna_predict"
"""The one entry of the header."""
FORMAT: Final = "chain templates 1"


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found for one chain.

    Attributes
    ----------
    name : str
        Of the chain.
    length : int
        Its residues.
    sources : tuple of str
        Chains that it is shown.
    frames : Templates or None
        None where there is no template.
    """

    name: str
    length: int
    sources: tuple[str, ...]
    frames: Templates | None


def search_facts(splits: Path, clusters: Path | None, cutoff: str) -> dict[str, str]:
    """Give what templates of a data set depend on: hashes of splits and clusters, the cut-off."""
    return {
        "splits": file_sha256(splits),
        "clusters": "" if clusters is None else file_sha256(clusters),
        "cutoff": cutoff,
    }


def write_chain_templates(path: Path, found: Iterable[Found], facts: Mapping[str, str]) -> None:
    """Write the templates of chains, whole or not at all.

    Parameters
    ----------
    path : path
        File to write.
    found : iterable of Found
        One for every chain that was searched for, also where nothing was found.
    facts : mapping
        Of :func:`search_facts`.
    """
    index: dict[str, dict[str, Any]] = {}
    parts = [Templates(np.zeros((0, 0, 3), "f4"), np.zeros((0, 0, 3, 3), "f4"), _no_mask())]
    row = 0
    for item in found:
        count = 0 if item.frames is None else len(item.frames.mask)
        index[item.name] = {
            "start": row, "count": count, "length": item.length, "sources": list(item.sources),
        }  # fmt: skip
        if item.frames is not None:
            parts.append(item.frames)
            row += count * item.length
    arrays = {
        "origin": np.concatenate([part.origin.reshape(-1, 3) for part in parts]),
        "rotation": np.concatenate([part.rotation.reshape(-1, 3, 3) for part in parts]),
        "mask": np.concatenate([part.mask.ravel().astype(np.uint8) for part in parts]),
    }
    header = {"format": FORMAT, **facts, "chains": index}
    with replacing(path) as temporary:
        save_file(arrays, temporary, metadata={ENTRY: json.dumps(header)})


def _no_mask() -> np.ndarray:
    """Give the mask of no template."""
    return np.zeros((0, 0), dtype=bool)


class ChainTemplates:
    """Templates of chains by name, read from a file when they are asked for.

    Instances can be handed to worker processes; each opens the file anew.

    Parameters
    ----------
    path : path
        Of :func:`write_chain_templates`.
    tables : TablePaths
        The data set that is trained on.
    cutoff : str
        Its cut-off.

    Raises
    ------
    InputError
        If the file cannot be read, was made for other splits, clusters or another cut-off, or shows
        a chain a template outside the training split, of its own entry, or of its own cluster.
    """

    def __init__(self, path: Path, tables: TablePaths, cutoff: str = "") -> None:
        self.path = path
        try:
            with safe_open(path, framework="np") as file:
                header = json.loads((file.metadata() or {}).get(ENTRY, "null"))
        except (OSError, SafetensorError, json.JSONDecodeError) as error:
            raise InputError(path, f"no readable templates of chains: {error}") from error
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise InputError(path, f"expected templates of chains, format {FORMAT!r}")
        for name, value in search_facts(tables.splits, tables.clusters, cutoff).items():
            if header.get(name) != value:
                raise InputError(
                    path, f"looked for under other {name}: {header.get(name)!r}, here {value!r}"
                )
        self._chains: dict[str, dict[str, Any]] = header["chains"]
        clusters = {} if tables.clusters is None else read_clusters(tables.clusters)
        self._check(read_splits(tables.splits), clusters)
        self._read = lru_cache(maxsize=1024)(self._load)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what was read."""
        return {"path": self.path, "_chains": self._chains}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Start with nothing read."""
        self.__dict__.update(state)
        self._read = lru_cache(maxsize=1024)(self._load)

    def require(self, names: Iterable[str]) -> None:
        """Refuse to do without the search for any of these chains.

        Raises
        ------
        InputError
            Naming a chain that templates were not looked for.
        """
        if missing := sorted(set(names) - set(self._chains)):
            raise InputError(self.path, f"no search for templates of chain {missing[0]}")

    def __call__(self, name: str, sequence: str) -> Templates | None:
        """Give the templates of a chain; None where there are none.

        Raises
        ------
        InputError
            If the chain was not searched for, or had another length.
        """
        self.require([name])
        length = self._chains[name]["length"]
        if length != len(sequence):
            raise InputError(
                f"{self.path} chain {name}", f"expected {len(sequence)} residues, got {length}"
            )
        return self._read(name) if self._chains[name]["count"] else None

    def _load(self, name: str) -> Templates:
        """Read the rows of a chain."""
        entry = self._chains[name]
        shape = entry["count"], entry["length"]
        rows = slice(entry["start"], entry["start"] + shape[0] * shape[1])
        with safe_open(self.path, framework="np") as file:
            origin, rotation, mask = (
                file.get_slice(part)[rows] for part in ("origin", "rotation", "mask")
            )
        return Templates(
            origin.reshape(*shape, 3), rotation.reshape(*shape, 3, 3), mask.reshape(shape) > 0
        )

    def _check(self, split_of: Mapping[str, str], cluster_of: Mapping[str, str]) -> None:
        """Refuse templates that a chain must not be shown."""
        for name, entry in self._chains.items():
            own = cluster_of.get(name)
            for source in entry["sources"]:
                fault = ""
                if split_of.get(source) != "train":
                    fault = f"of the split {split_of.get(source, '')!r}"
                elif source.rpartition("_")[0].lower() == name.rpartition("_")[0].lower():
                    fault = "of its own entry"
                elif own is not None and cluster_of.get(source) == own:
                    fault = f"of its own cluster {own}"
                if fault:
                    raise InputError(self.path, f"chain {name} is shown {source}, {fault}")
