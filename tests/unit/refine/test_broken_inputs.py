"""Broken files through the command: each is repaired, kept or refused with a message, in time."""

import gzip
import io
from contextlib import redirect_stderr
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.cli import main
from rna_predict.constants import SLOT_INDEX
from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.refine.batch import GRACE
from rna_predict.structure.mmcif import read_chains, write_chain

LIMIT = 60.0
"""Seconds."""
N = 8
"""Residues of the fragment that is broken."""

PROTEIN = """\
ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00  0.00           N
ATOM      2  CA  ALA A   1      11.639   6.071  -5.147  1.00  0.00           C
ATOM      3  C   ALA A   1      13.145   5.950  -5.166  1.00  0.00           C
END
"""
WATER = """\
HETATM    1  O   HOH A   1      11.104   6.134  -6.504  1.00  0.00           O
HETATM    2 MG    MG A   2      14.104   6.134  -6.504  1.00  0.00          MG
END
"""


def changed(chain, change):
    coords = chain.coords.copy()
    change(coords)
    return chain.with_coords(coords)


def lines(text, change):
    """Change the atom lines of a PDB file, by their number among them."""
    count, made = 0, []
    for line in text.splitlines():
        if line.startswith("ATOM"):
            line = change(count, line)
            count += 1
        made.append(line)
    return "\n".join(made) + "\n"


def on_one_another(coords):
    coords[5, :12] = coords[2, :12]


def without_a_base(coords):
    coords[3, 12:] = np.nan


def without_backbones(coords):
    coords[2, :11] = np.nan
    coords[4, [SLOT_INDEX["A"][name] for name in ("C3'", "O4'")]] = np.nan


def on_one_point(coords):
    coords[np.isfinite(coords)] = 5.0


def one_atom(coords):
    coords[1:] = np.nan
    coords[0, 1:] = np.nan


def three(coords):
    coords[3:] = np.nan


def mirrored(coords):
    coords[..., 0] *= -1


def far_away(coords):
    coords[4, 3] = 9000.0


def far_all(coords):
    coords += 123456.0


def broken_chain(coords):
    coords[4:] += 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory, motif, chain, part):
    """Write all broken files."""
    folder = tmp_path_factory.mktemp("broken")
    piece = part(motif, slice(6, 6 + N))
    for change in (
        on_one_another, without_a_base, without_backbones, on_one_point, one_atom, three, mirrored,
        far_away, broken_chain,
    ):  # fmt: skip
        write_chain(folder / f"{change.__name__}.pdb", changed(piece, change))
    write_chain(folder / "far_all.cif", changed(piece, far_all))
    write_chain(folder / "modified.cif", part(chain("1ehz_A"), slice(36, 42)))
    codes = ("", "", "", "A", "B", "", "", "")
    numbers = np.array([1, 2, 3, 3, 3, 4, 5, 6], dtype=np.int32)
    write_chain(folder / "codes.pdb", replace(piece, auth_numbers=numbers, ins_codes=codes))
    write_chain(folder / "piece.pdb", piece)
    text = (folder / "piece.pdb").read_text()
    zipped = gzip.compress(text.encode())
    files = {
        "empty.pdb": "",
        "empty_too.cif": "",
        "protein.pdb": PROTEIN,
        "hetero.pdb": WATER,
        "dna.pdb": lines(text, lambda k, line: line[:17] + " D" + line[19:]).replace(" DU", " DT"),
        "nan.pdb": lines(
            text, lambda k, line: line[:30] + "     NaN" * 3 + line[54:] if k == 30 else line
        ),
        "beyond_columns.pdb": lines(text, lambda k, line: line[:30] + "123" + line[30:]),
        "two_chains.pdb": text.replace("END", "")
        + lines(text, lambda k, line: line[:21] + "Q" + line[22:]),
        "unknown.pdb": lines(
            text, lambda k, line: line[:17] + "  N" + line[20:] if 40 < k < 61 else line
        ),
        "wrong_element.pdb": lines(text, lambda k, line: line[:76] + "XX" + line[78:]),
        "cut.pdb": text[: len(text) // 2 + 7],
        "text.cif": "the quick brown fox",
        "suffix.txt": text,
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    (folder / "bytes.cif").write_bytes(np.random.default_rng(0).bytes(5000))
    (folder / "garbage.pdb").write_bytes(np.random.default_rng(1).bytes(5000))
    (folder / "cut_zip.pdb.gz").write_bytes(zipped[: len(zipped) // 2])
    (folder / "a_folder.pdb").mkdir()
    return folder


@pytest.fixture(scope="module")
def outcome(folder):
    """Minimise all of them at once; give the status, the table and what was said."""
    paths = [*sorted(path for path in folder.iterdir()), folder / "missing.pdb"]
    arguments = ["--out", str(folder / "out"), "--time-limit", str(LIMIT), "--threads", "2"]
    with redirect_stderr(io.StringIO()) as said:
        status = main(["minimize", *map(str, paths), *arguments])
    table = pd.read_table(folder / "out/energies.tsv", keep_default_na=False).set_index("model")
    return status, table, said.getvalue()


EXPECTED = {
    # minimised, with the repair that was told, if any
    **dict.fromkeys(("codes", "piece", "three", "wrong_element"), "minimised"),
    **dict.fromkeys(("without_a_base", "without_backbones", "nan", "far_away"), "built_atoms"),
    "mirrored": "chirality",
    "modified": "modified_as_parent",
    "broken_chain": "open_link",
    # kept as it was, with the reason
    "one_atom": "missing_atoms",
    "unknown": "unknown_base",
    "on_one_point": "collapsed",
    # no result, with a message
    **dict.fromkeys(("empty", "garbage", "far_all"), "no atom"),
    **dict.fromkeys(("bytes", "text", "empty_too", "cut", "cut_zip"), "not readable as"),
    **dict.fromkeys(("protein", "hetero", "dna"), "no RNA chain"),
    **dict.fromkeys(("missing", "a_folder"), "no such file"),
    "two_chains": "expected one RNA chain, got 2",
    "suffix.txt": "expected a name ending in",
}
OPEN = {"on_one_another", "beyond_columns"}
"""Whose outcome depends on where the atoms are read to be: any, but with its reason."""


def test_every_file_has_its_row(outcome):
    _, table, _ = outcome
    assert set(table.index) == set(EXPECTED) | OPEN


@pytest.mark.parametrize("name", sorted(EXPECTED) + sorted(OPEN))
def test_a_broken_file_is_repaired_kept_or_refused_with_a_message(outcome, folder, name):
    status, table, said = outcome
    assert status == 1
    row = table.loc[name]
    written = [path for path in (folder / "out").iterdir() if path.name.startswith(f"{name}.")]
    if row["kept"]:
        assert row["reason"] == ""
        assert EXPECTED.get(name, "minimised") in ("minimised", *row["repairs"].split())
    elif written:
        assert EXPECTED.get(name, row["reason"]) == row["reason"] != ""
        (before,), (after,) = read_chains(folder / written[0].name), read_chains(written[0])
        np.testing.assert_array_equal(before.coords, after.coords)
        assert float(row["seconds"]) < LIMIT + GRACE
    else:
        assert EXPECTED[name] in row["reason"]
        assert f"{name}" in said and EXPECTED[name] in said
    if name == "mirrored":
        (after,) = read_chains(written[0])
        assert chirality_errors(after) == 0
