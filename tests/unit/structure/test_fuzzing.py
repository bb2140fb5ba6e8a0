"""Damaged files are read or refused with an InputError; they neither crash nor hang."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import gemmi
import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.structure.export import ChainExport, export_chains
from rna_predict.structure.facts import read_facts
from rna_predict.structure.filters import Limits, filter_chains
from rna_predict.structure.mmcif import read_entry

ENTRIES = ("434d", "1duq", "1a9n", "157d", "1kxk")
BATCHES, FILES = 25, 20
SECONDS = 5.0
"""Longest time for one file of a few hundred atoms; each takes some milliseconds."""
LIMITS = Limits(1, 500, 9.0, 0.0, 1.0, 1.0, 1.0)
NUMBERS = (
    "nan", "NaN", "-inf", "1e308", "-1e-320", "99999999999999999999", "-2147483649", "0x1F", "1,5",
    "?", ".", "--3", "A000", "12345.678.9", "''", "9999.9999", "1" * 400,
)  # fmt: skip
TOKENS = ("data_", "loop_", "_atom_site.id", ";", "'", '"', "#", "stop_", "save_x", "$", "[", "?")

Random = np.random.Generator
Mutation = Callable[[Random, bytes], bytes]


def lines_of(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True) or [b""]


def spots(rng: Random, count: int, most: int = 20) -> list[int]:
    """Choose some of a number of places, in order."""
    chosen = rng.choice(count, size=min(count, int(rng.integers(1, most))), replace=False)
    return sorted(chosen.tolist())


def truncate(rng: Random, data: bytes) -> bytes:
    return data[: int(rng.integers(0, len(data) + 1))]


def drop_lines(rng: Random, data: bytes) -> bytes:
    lines = lines_of(data)
    gone = set(spots(rng, len(lines), 200))
    return b"".join(line for at, line in enumerate(lines) if at not in gone)


def repeat_lines(rng: Random, data: bytes) -> bytes:
    lines = lines_of(data)
    start = int(rng.integers(0, len(lines)))
    part = lines[start : start + int(rng.integers(1, 300))]
    return b"".join([*lines[:start], *part * int(rng.integers(2, 4)), *lines[start + len(part) :]])


def shuffle_lines(rng: Random, data: bytes) -> bytes:
    lines = lines_of(data)
    start, size = int(rng.integers(0, len(lines))), int(rng.integers(2, 400))
    part = lines[start : start + size]
    return b"".join([*lines[:start], *(part[k] for k in rng.permutation(len(part))),
                     *lines[start + size :]])  # fmt: skip


def shuffle_columns(rng: Random, data: bytes) -> bytes:
    """Exchange words of rows, as if columns had been mixed up."""
    lines = lines_of(data)
    for at in spots(rng, len(lines), 200):
        words = lines[at].split()
        lines[at] = b" ".join(words[k] for k in rng.permutation(len(words))) + b"\n"
    return b"".join(lines)


def shift_columns(rng: Random, data: bytes) -> bytes:
    lines = lines_of(data)
    for at in spots(rng, len(lines), 200):
        column = int(rng.integers(0, len(lines[at]) + 1))
        lines[at] = lines[at][:column] + b" " * int(rng.integers(1, 4)) + lines[at][column:]
    return b"".join(lines)


def replace_words(rng: Random, data: bytes, choices: tuple[str, ...], keep: bool) -> bytes:
    """Put other words into rows, in the same columns or not."""
    lines = lines_of(data)
    for at in spots(rng, len(lines), 100):
        words = lines[at].split()
        if words:
            old, new = words[int(rng.integers(len(words)))], str(rng.choice(choices)).encode()
            lines[at] = lines[at].replace(old, new[: len(old)].ljust(len(old)) if keep else new)
    return b"".join(lines)


def absurd_numbers(rng: Random, data: bytes) -> bytes:
    return replace_words(rng, data, NUMBERS, keep=bool(rng.integers(2)))


def stray_tokens(rng: Random, data: bytes) -> bytes:
    return replace_words(rng, data, TOKENS, keep=False)


def huge_serials(rng: Random, data: bytes) -> bytes:
    lines = lines_of(data)
    for at, line in enumerate(lines):
        words = line.split()
        if len(words) > 8 and words[0] in (b"ATOM", b"HETATM"):
            lines[at] = line.replace(words[1], str(rng.integers(2**62)).encode(), 1)
    return b"".join(lines)


def flip_bytes(rng: Random, data: bytes) -> bytes:
    raw = bytearray(data)
    for at in spots(rng, len(raw), 60) if raw else ():
        raw[at] = int(rng.integers(256))
    return bytes(raw)


def other_encoding(rng: Random, data: bytes) -> bytes:
    text = data.decode("latin-1").replace("A", "\u00c4")
    return text.encode(str(rng.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig"])))


def mixed_line_ends(rng: Random, data: bytes) -> bytes:
    ends = (b"\r\n", b"\r", b"\n", b"\n\n", b"\x0b", b"\x00\n")
    return b"".join(line + ends[int(rng.integers(len(ends)))] for line in data.splitlines())


def nothing_left(rng: Random, data: bytes) -> bytes:
    return (b"", b"\n", b"\x00" * 64, b"data_x\n", b"END\n", data[:200])[int(rng.integers(6))]


MUTATIONS: tuple[Mutation, ...] = (
    truncate, drop_lines, repeat_lines, shuffle_lines, shuffle_columns, shift_columns,
    absurd_numbers, stray_tokens, huge_serials, flip_bytes, other_encoding, mixed_line_ends,
    nothing_left,
)  # fmt: skip


@pytest.fixture(scope="module")
def sources(root: Path) -> list[tuple[str, bytes]]:
    """Give whole files in both formats."""
    found = []
    for entry in ENTRIES:
        path = root / "config/example/pdb" / f"{entry}.cif.gz"
        if path.is_file():
            found.append((".cif", gzip.decompress(path.read_bytes())))
            found.append((".pdb", gemmi.read_structure(str(path)).make_pdb_string().encode()))
    assert len(found) >= 6
    return found


def damaged_file(rng: Random, sources: list[tuple[str, bytes]], folder: Path) -> Path:
    """Write one damaged file."""
    suffix, data = sources[int(rng.integers(len(sources)))]
    for _ in range(int(rng.integers(1, 4))):
        data = MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, data)
    if zipped := rng.random() < 0.3:
        data = gzip.compress(data, compresslevel=1, mtime=0)
        if rng.random() < 0.7:
            data = (truncate, flip_bytes)[int(rng.integers(2))](rng, data)
    path = folder / f"file{suffix}{'.gz' if zipped else ''}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_structures_are_read_or_refused(batch, sources, tmp_path):
    outcomes = set()
    for number in range(FILES):
        seed = (batch, number)
        path = damaged_file(np.random.default_rng(seed), sources, tmp_path)
        start = time.perf_counter()
        try:
            chains, rejects = read_entry(path, models="all")
            kept, filtered = filter_chains(chains, LIMITS)
            assert len(kept) + len(filtered) == len(chains)
            assert chains or rejects
            outcomes.add("read")
        except InputError as error:
            assert str(path) in str(error), seed
            outcomes.add("refused")
        except BaseException as error:
            error.add_note(f"seed {seed}: {path.name}")
            raise
        assert time.perf_counter() - start < SECONDS, f"seed {seed}: {path.name}"
        path.unlink()
    assert outcomes == {"read", "refused"}


def test_damaged_exports_are_read_or_refused(example_chains, tmp_path):
    path = tmp_path / "chains.safetensors"
    export_chains(example_chains[:4], path)
    whole = path.read_bytes()
    size = 8 + int.from_bytes(whole[:8], "little")
    for seed in range(150):
        rng = np.random.default_rng(seed)
        # Half of the damage goes to the header, which is a small part of the file.
        front, rest = (whole[:size], whole[size:]) if seed % 2 else (whole, b"")
        data = (truncate, flip_bytes)[int(rng.integers(2))](rng, front) + rest
        path.write_bytes(data)
        try:
            chains = list(ChainExport(path))
            assert len(chains) <= 4, f"seed {seed}"
        except InputError as error:
            assert str(path) in str(error), f"seed {seed}"
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


def test_damaged_tables_of_facts_are_read_or_refused(tmp_path):
    rows = [f"{k}abc\tX-RAY DIFFRACTION\t1.{k}\t200{k}-01-02\t{'0' * 64}" for k in range(9)]
    header = "pdb_id\tmethod\tresolution\trelease_date\tsha256"
    whole = "\n".join([header, *rows, ""]).encode()
    path = tmp_path / "facts.tsv"
    for seed in range(200):
        rng = np.random.default_rng(seed)
        path.write_bytes(MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, whole))
        try:
            read_facts(path)
        except InputError as error:
            assert str(path) in str(error), f"seed {seed}"
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
