"""The angles of every nucleotide, measured by the licensed program x3dna-dssr.

Lu et al. (2015) Nucleic Acids Res 43:e142. The program is not part of this package and must be on
PATH. It runs once a chain, on a file of that chain alone, so that it cannot join a chain to the
next one, and with an option where the chain has several models:

``--nmr``
    The models are independent structures, each of them analysed: entries solved by NMR, and any
    other models that differ from one another.
``--symm``
    The models stand in space together: those of a biological assembly file, exact copies of one
    another in different places. The program never makes symmetry copies itself.

Without an option the program would read the first model only.
"""

import json
import os
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Float32

from rna_predict.angles.torsions import within_reach
from rna_predict.constants import ALPHABET, SLOT_INDEX, TORSIONS
from rna_predict.errors import InputError
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.structure.blocks import ATOM_SITE, chain_block, fill
from rna_predict.structure.chain import Chain
from rna_predict.structure.links import linked_to_previous

PROGRAM: Final = "x3dna-dssr"
FIELDS: Final = (
    *(f"v{name[2:]}" if name.startswith("nu") else name for name in TORSIONS),
    "phase_angle",
    "amplitude",
)
"""The program's names of the torsions, the phase and the amplitude."""
PHASE: Final = len(TORSIONS)
RING: Final = ("N1", "C2", "N3", "C4", "C5", "C6")
"""Atoms by which a nucleotide is known: one that has them all must be in the output."""
SAME: Final = 0.05
"""Models closer than this after superposition are copies of one another (angstrom, RMSD) ..."""
APART: Final = 1.0
"""... if they stand at least this far from one another without it."""


def run_dssr(chains: list[Chain]) -> tuple[list[Float32[np.ndarray, "n 16"]], str]:
    """Measure all angles of some chains.

    Parameters
    ----------
    chains : list of Chain
        Models of one chain are chains of one name.

    Returns
    -------
    angles : list of (n, 16) float32, radians
        One array a chain: the torsions, [-pi, pi], and phase, [0, 2 pi), and amplitude of the
        pucker. NaN where the program gives no number, does not list the residue, or joins residues
        across what counts as a chain break here.
    version : str
        As the program gives it; empty if there was no chain to run it on.

    Raises
    ------
    InputError
        If the program is not on PATH or fails, or its output is not what it should be or lacks a
        nucleotide whose base is complete.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise InputError(
            "angle backend dssr",
            f"the licensed program {PROGRAM} is not on PATH; install it, or use mdanalysis",
        )
    rows: dict[str, list[int]] = {}
    for row, chain in enumerate(chains):
        rows.setdefault(chain.name, []).append(row)
    angles: dict[int, np.ndarray] = {}
    versions = []
    for members in rows.values():
        models = [chains[row] for row in members]
        report = _report(os.path.abspath(program), models)
        versions.append(_version(report))
        listed = read_nucleotides(report, models[0].name)
        for number, (row, chain) in enumerate(zip(members, models, strict=True), start=1):
            angles[row] = _chain_angles(chain, number, listed)
    return [angles[row] for row in range(len(chains))], "; ".join(dict.fromkeys(versions))


def read_nucleotides(
    report: dict[str, Any], where: str
) -> dict[tuple[int, str, int, str], Float[np.ndarray, " 16"]]:
    """Read the angles of all nucleotides from the program's JSON.

    Parameters
    ----------
    report : dict
        The parsed JSON: of one structure, or with ``models`` as ``--nmr`` makes it.
    where : str
        What was analysed, for messages.

    Returns
    -------
    dict of (model, chain id, number, insertion code) to (16,) float, radians
        The model is 1 where nothing else is said.

    Raises
    ------
    InputError
        If the output has no nucleotides, or one that cannot be read.
    """
    found = {}
    try:
        for model in report.get("models", [{"model": 1, "parameters": report}]):
            for nucleotide in model["parameters"].get("nts", []):
                key = _identity(nucleotide, int(model["model"]))
                values = [nucleotide[field] for field in FIELDS]
                found[key] = np.deg2rad([np.nan if v is None else float(v) for v in values])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"output not understood: {type(error).__name__} {error}"
        raise InputError(f"{PROGRAM} on {where}", what) from error
    if not found:
        warning = report.get("warning", "no reason given")
        raise InputError(f"{PROGRAM} on {where}", f"found no nucleotide: {warning}")
    return found


def _identity(nucleotide: dict[str, Any], model: int) -> tuple[int, str, int, str]:
    """Read model, chain id, number and insertion code of a nucleotide.

    They come from ``nt_id``, ``[model:]chain.name[/]number[^code]``, because ``nt_resnum`` leaves
    out the insertion code and there is no other field for it. ``--symm`` names the model.
    """
    name, identity = re.escape(nucleotide["nt_name"]), nucleotide["nt_id"]
    found = re.fullmatch(rf"(?:(\d+):)?(?:(.*)\.)?{name}/?(-?\d+)(?:\^(.+))?", identity)
    if found is None:
        raise ValueError(f"nt_id {identity!r}")
    prefix, chain, number, code = found.groups()
    return int(prefix or model), chain or "", int(number), code or ""


def _chain_angles(chain: Chain, model: int, listed: dict) -> Float32[np.ndarray, "n 16"]:
    """Put the angles of one model of a chain in the order of its residues."""
    angles = np.full((len(chain), len(FIELDS)), np.nan, dtype=np.float32)
    ring = np.array([[SLOT_INDEX[base].get(atom, -1) for atom in RING] for base in ALPHABET])
    ring = ring[chain.kinds]
    whole = (np.take_along_axis(chain.atom_mask, ring, axis=1) & (ring >= 0)).all(1)
    missing = []
    for row in np.flatnonzero(chain.observed).tolist():
        number, code = int(chain.auth_numbers[row]), chain.ins_codes[row]
        if (key := (model, chain.chain, number, code)) in listed:
            angles[row] = listed[key]
        elif whole[row]:
            missing.append(f"{chain.residue_names[row]}{number}{code}")
    if missing:
        raise InputError(
            f"{PROGRAM} on {chain.name} model {chain.model}",
            f"{len(missing)} of {int(chain.observed.sum())} nucleotides are not in its output: "
            + ", ".join(missing[:10]),
        )
    angles[:, PHASE] %= 2 * np.pi
    linked = linked_to_previous(chain.coords, chain.auth_numbers)
    angles[:, :PHASE][~within_reach(linked)] = np.nan
    return angles


def _report(program: str, models: list[Chain]) -> dict[str, Any]:
    """Run the program on the models of one chain; give its JSON."""
    where = f"{PROGRAM} on {models[0].name}"
    with TemporaryDirectory() as folder:
        _write_models(Path(folder) / "chain.cif", models)
        command = [program, "-i=chain.cif", "--format=mmcif", "--json", "-o=dssr.json"]
        done = subprocess.run(
            [*command, *_options(models)], cwd=folder, capture_output=True, text=True,
            errors="replace", check=False,
        )  # fmt: skip
        said = (done.stderr.strip() or done.stdout.strip())[-2000:] or "it said nothing"
        if done.returncode:
            raise InputError(where, f"exit status {done.returncode}: {said}")
        try:
            report = json.loads((Path(folder) / "dssr.json").read_text())
        except (OSError, ValueError) as error:
            raise InputError(where, f"wrote no JSON ({error}): {said}") from error
    if not isinstance(report, dict):
        raise InputError(where, f"expected a JSON object, got {type(report).__name__}")
    return report


def _version(report: dict[str, Any]) -> str:
    """Give the program's version as it stands in its output."""
    parts = [report, *(model.get("parameters", {}) for model in report.get("models", []))]
    stated = [part.get("metadata", {}).get("version") for part in parts]
    return next((version for version in stated if version), "not stated")


def _write_models(path: Path, models: list[Chain]) -> None:
    """Write the models of one chain to an mmCIF file, numbered from 1, all digits kept."""
    blocks = [chain_block(chain, np.zeros(len(chain))) for chain in models]
    columns: tuple[list[str], ...] = tuple([] for _ in ATOM_SITE)
    for number, (chain, block) in enumerate(zip(models, blocks, strict=True), start=1):
        x, y, z = np.char.mod("%.6f", chain.coords[chain.atom_mask].T).tolist()
        changed = {
            "id": [str(len(columns[0]) + i + 1) for i in range(len(x))],
            "Cartn_x": x, "Cartn_y": y, "Cartn_z": z,
            "pdbx_PDB_model_num": [str(number)] * len(x),
        }  # fmt: skip
        for column, name in zip(columns, ATOM_SITE, strict=True):
            column += changed.get(name) or block.find_values(f"_atom_site.{name}")
    fill(blocks[0], "_atom_site.", **dict(zip(ATOM_SITE, columns, strict=True)))
    path.write_text(blocks[0].as_string())


def _options(models: list[Chain]) -> list[str]:
    """Choose how the program takes the models."""
    if "NMR" in models[0].method.upper():
        return ["--nmr"]
    if len(models) == 1:
        return []
    return ["--symm"] if _are_copies(models) else ["--nmr"]


def _are_copies(models: list[Chain]) -> bool:
    """Tell whether models are one rigid body in different places."""
    points = np.stack([chain.coords.reshape(-1, 3) for chain in models])
    present = np.isfinite(points).all(-1)
    if (present != present[0]).any() or present[0].sum() < 3:
        return False
    points = points[:, present[0]].astype(np.float64)
    moved = apply_motion(points, *superpose(points, np.broadcast_to(points[0], points.shape)))
    same = np.sqrt(((moved - points[0]) ** 2).sum(-1).mean(-1)) < SAME
    apart = [
        np.linalg.norm(first - second, axis=-1).max() > APART
        for first, second in combinations(points, 2)
    ]
    return bool(same.all() and all(apart))
