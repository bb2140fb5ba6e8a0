"""Angles against barnaba and MDAnalysis' nuclinfo on real entries: every disagreement has a cause.

Both programs and this package read the same file: one chain of an entry as PDB, with its own names,
numbers and alternative locations. A disagreement is explained only by something seen in the file,
and where a cause predicts the other program's value, by that value.
"""

import random
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import gemmi
import numpy as np
import pytest

from rna_predict.angles.pucker import NU
from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.constants import SLOT_INDEX, UNKNOWN
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.structure.chain import Chain
from rna_predict.structure.components import C_GLYCOSIDES, component
from rna_predict.structure.links import linked_to_previous
from rna_predict.structure.mmcif import read_entry

NEIGHBOUR = {"alpha": -1, "epsilon": 1, "zeta": 1}
"""Where the other residue of a torsion stands."""
TOLERANCE = 0.1
"""Degrees."""
OTHER_NEIGHBOUR = "takes another residue for the neighbour"
ALTERNATIVE = "another alternative location"
C_GLYCOSIDE = "chi of a C-glycoside about N1-C2, which are not its bond"
FORMULA = "another formula of the phase"
BREAK = "joins residues across a chain break"
SHARED_NUMBER = "cannot tell residues of one number and several insertion codes"
UNKNOWN_BASE = "chi of a base whose parent is not known"
ALPHA_PHOSPHATE = "does not know the alpha phosphate of GTP and its like"
SHOWN = ("1ehz", "1kuq", "2gcv", "2tra", "361d", "3e5c", "7eaf")
"""Entries that show the causes: a tRNA, alternative locations, insertion codes, breaks, GTP."""
SEED = 20


@dataclass(frozen=True)
class Case:
    """One chain as it stands in a file.

    ``rows`` are the residues of ``chain`` for those of the file, -1 for what is no part of the
    polymer; ``first`` has the alternative locations that stand first.
    """

    path: Path
    residues: list[gemmi.Residue]
    rows: list[int]
    chain: Chain
    first: Chain


@dataclass(frozen=True)
class Theirs:
    """What another program says: angles by row (n, 16), radians, and whose neighbours it took."""

    angles: np.ndarray
    compared: list[str]
    previous: dict[int, int]
    next: dict[int, int]


def random_entries(shared_data: Path, count: int) -> list[str]:
    names = sorted(path.name[:4] for path in (shared_data / "pdb").glob("*.cif.gz"))
    return random.Random(SEED).sample(names, count)


def cases(shared_data: Path, folder: Path, entries: Sequence[str]) -> Iterator[Case]:
    """Give the chains of entries, first models."""
    for entry in entries:
        path = shared_data / "pdb" / f"{entry}.cif.gz"
        structure = gemmi.read_structure(str(path), merge_chain_parts=True)
        for chain in structure[0]:
            alone = gemmi.Structure()
            alone.add_model(gemmi.Model(1))
            alone[0].add_chain(chain)
            alone[0][0].name = "A"
            residues = list(alone[0][0].clone())
            name = f"{entry}_{chain.name}.pdb"
            whole = _written(alone, folder / name)
            alone.remove_alternative_conformations()
            first = _written(alone, folder / f"first_{name}")
            if whole is None or first is None:  # no RNA, or alternative residues of another kind
                continue
            keys = zip(whole.auth_numbers.tolist(), whole.ins_codes, strict=True)
            at = {key: row for row, key in enumerate(keys)}
            rows = [at.get((r.seqid.num, r.seqid.icode.strip()), -1) for r in residues]
            if whole.residue_names == first.residue_names:
                yield Case(folder / name, residues, rows, whole, first)


def _written(structure: gemmi.Structure, path: Path) -> Chain | None:
    options = gemmi.PdbWriteOptions(cryst1_record=False, ter_records=False)
    structure.write_pdb(str(path), options)
    chains, _ = read_entry(path)
    return chains[0] if len(chains) == 1 else None


@pytest.fixture
def barnaba(monkeypatch):
    """Give a function that runs barnaba, told what it does not know of modified residues."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mdtraj uses deprecated parts of numpy
        pytest.importorskip("barnaba")
        import mdtraj
        from barnaba import definitions, functions, nucleic

    def run(case: Case) -> Theirs | None:
        for residue in case.residues:
            parent = component(residue.name).parent
            if residue.name not in definitions.residue_dict and parent != "N":
                monkeypatch.setitem(definitions.modified_dict, residue.name, parent)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trajectory = mdtraj.load(str(case.path))
            try:
                taken = nucleic.Nucleic(trajectory.topology).ok_residues
            except SystemExit:  # no residue with a base
                return None
            backbone, _ = functions.backbone_angles_traj(trajectory)
            sugar, _ = functions.sugar_angles_traj(trajectory)
            pucker, _ = functions.pucker_altona_traj(trajectory)
        assert trajectory.topology.n_residues == len(case.residues)
        order = [case.rows[residue.index] for residue in taken]
        angles = np.full((len(case.chain), len(COLUMNS)), np.nan)
        measured = np.concatenate([backbone[0], sugar[0], pucker[0]], axis=1)
        columns = [COLUMNS.index(name) for name in COLUMNS if name not in ("eta", "theta")]
        angles[np.ix_(order, columns)] = measured
        return Theirs(
            angles,
            [COLUMNS[column] for column in columns],
            dict(zip(order, [-1, *order[:-1]], strict=True)),
            dict(zip(order, [*order[1:], -1], strict=True)),
        )

    return run


def nuclinfo(case: Case, rows: list[int]) -> Theirs:
    """Run MDAnalysis' own functions, residue by residue; they raise where atoms are missing."""
    import MDAnalysis
    from MDAnalysis.analysis import nuclinfo

    names = ("alpha", "beta", "gamma", "delta", "eps", "zeta", "chi")
    functions = [getattr(nuclinfo, f"tors_{name}") for name in names] + [nuclinfo.phase_as]
    compared = [*COLUMNS[:7], "phase"]
    numbers = case.chain.auth_numbers.tolist()
    angles = np.full((len(case.chain), len(COLUMNS)), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what the file does not say
        universe = MDAnalysis.Universe(str(case.path))
        for row in rows:
            for name, function in zip(compared, functions, strict=True):
                try:
                    value = function(universe, "A", numbers[row])
                except ValueError:  # not four atoms
                    continue
                angles[row, COLUMNS.index(name)] = np.deg2rad(value)
    at = {number: row for row, number in enumerate(numbers) if numbers.count(number) == 1}
    return Theirs(
        angles,
        compared,
        {row: at.get(numbers[row] - 1, -1) for row in rows},
        {row: at.get(numbers[row] + 1, -1) for row in rows},
    )


def compare(case: Case, theirs: Theirs) -> Counter:
    """Count agreements and the causes of disagreement, by cause and angle."""
    (ours,) = measure_angles([case.chain], "mdanalysis")
    (first,) = measure_angles([case.first], "mdanalysis")
    counts = Counter()
    agree = same(ours, theirs.angles)
    for name in theirs.compared:
        column = COLUMNS.index(name)
        for row in theirs.next:
            if not agree[row, column]:
                cause = explain(case, theirs, row, name, ours[row], first[row])
            else:
                cause = "agree" if np.isfinite(ours[row, column]) else "undefined"
            counts[cause, name] += 1
    return counts


def explain(
    case: Case, theirs: Theirs, row: int, name: str, ours: np.ndarray, first: np.ndarray
) -> str:
    """Name the cause of one disagreement."""
    column, shift = COLUMNS.index(name), NEIGHBOUR.get(name, 0)
    value, other = theirs.angles[row, column], row + shift
    if shift and {-1: theirs.previous, 1: theirs.next}[shift][row] != other:
        return OTHER_NEIGHBOUR
    involved = [r for r, at in zip(case.residues, case.rows, strict=True) if at in (row, other)]
    residue = next(r for r, at in zip(case.residues, case.rows, strict=True) if at == row)
    alternatives = any(atom.has_altloc() for r in involved for atom in r)
    if alternatives and (same(first[column], value) or np.isnan(value)):
        return ALTERNATIVE
    if name == "chi" and residue.name in C_GLYCOSIDES:
        # the slots hold C5 and C4 in place of N1 and C2, and the other way round
        atoms = [SLOT_INDEX["U"][atom] for atom in ("O4'", "C1'", "C5", "C4")]
        if same(dihedral(case.chain.coords[[row]][:, atoms])[0], value):
            return C_GLYCOSIDE
    if name == "phase" and same(five_term_phase(ours[NU]), value):
        return FORMULA
    linked = linked_to_previous(case.first.coords, case.first.auth_numbers)
    if shift and np.isnan(ours[column]) and not linked[max(row, other)]:
        return BREAK
    if np.isnan(value) and case.chain.auth_numbers.tolist().count(residue.seqid.num) > 1:
        return SHARED_NUMBER
    if name == "chi" and case.chain.sequence[row] == UNKNOWN and np.isnan(ours[column]):
        return UNKNOWN_BASE
    if np.isnan(value) and residue.find_atom("PA", "*") and not residue.find_atom("P", "*"):
        return ALPHA_PHOSPHATE
    return "unexplained"


def same(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Tell where both are undefined or equal within the tolerance."""
    apart = np.abs(np.angle(np.exp(1j * (np.float64(ours) - np.float64(theirs)))))
    return (np.isnan(ours) & np.isnan(theirs)) | (np.rad2deg(apart) < TOLERANCE)


def five_term_phase(nu: np.ndarray) -> float:
    """Fit a cosine to the five ring torsions, nu2 first, as MDAnalysis does."""
    turn = np.exp(0.8j * np.pi * np.arange(5)) @ nu[[2, 3, 4, 0, 1]]
    return float(np.angle(np.conj(turn)))


def summary(counts: Counter) -> str:
    """Lay the counts out as lines: cause, total, then angles."""
    causes = Counter()
    for (cause, _), count in counts.items():
        causes[cause] += count
    lines = []
    for cause, total in causes.most_common():
        by_angle = {name: counts[cause, name] for name in COLUMNS if counts[cause, name]}
        lines.append(f"{total:8d}  {cause}: {by_angle}")
    return "\n".join(lines)


def modified(chain: Chain) -> np.ndarray:
    return np.flatnonzero(np.array(chain.residue_names) != np.array(list(chain.sequence)))


def report(counts: Counter, seen: list[Case]) -> tuple[set[str], int]:
    """Print and check the counts; give the causes seen and the number of modified residues."""
    print(f"{len({case.path.name[:4] for case in seen})} entries, {len(seen)} chains")
    print(summary(counts))
    totals = Counter()
    for (cause, name), count in counts.items():
        if name != "phase" or cause == "agree":
            totals[cause] += count
    assert totals["unexplained"] == 0
    assert sum(totals.values()) - totals["agree"] - totals["undefined"] < 0.05 * totals["agree"]
    return {cause for cause, _ in counts}, sum(len(modified(case.chain)) for case in seen)


def against_barnaba(chains: Iterator[Case], barnaba) -> tuple[Counter, list[Case]]:
    counts, seen = Counter(), []
    for case in chains:
        if (theirs := barnaba(case)) is not None:
            counts += compare(case, theirs)
            seen.append(case)
    return counts, seen


def against_nuclinfo(chains: Iterator[Case], inner: int) -> tuple[Counter, list[Case]]:
    """Compare the ends of each chain, and so many of its modified and of all its residues."""
    counts, seen, generator = Counter(), [], random.Random(SEED)
    for case in chains:
        n, changed = len(case.chain), modified(case.chain).tolist()
        rows = {0, n - 1, *generator.sample(range(n), min(inner, n)), *changed[:inner]}
        counts += compare(case, nuclinfo(case, sorted(rows)))
        seen.append(case)
    return counts, seen


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # mdtraj
def test_barnaba_agrees_or_the_cause_is_seen(shared_data, barnaba, tmp_path):
    chains = cases(shared_data, tmp_path, SHOWN)
    causes, changed = report(*against_barnaba(chains, barnaba))
    assert changed >= 14
    assert causes >= {
        "agree", "undefined", OTHER_NEIGHBOUR, ALTERNATIVE, C_GLYCOSIDE, BREAK, ALPHA_PHOSPHATE
    }  # fmt: skip


def test_nuclinfo_agrees_or_the_cause_is_seen(shared_data, tmp_path):
    causes, changed = report(*against_nuclinfo(cases(shared_data, tmp_path, SHOWN), inner=999))
    assert changed >= 14
    assert causes >= {
        "agree", "undefined", OTHER_NEIGHBOUR, ALTERNATIVE, C_GLYCOSIDE, BREAK, ALPHA_PHOSPHATE,
        FORMULA, SHARED_NUMBER,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # mdtraj
def test_barnaba_agrees_on_many_entries(shared_data, barnaba, tmp_path):
    chains = cases(shared_data, tmp_path, random_entries(shared_data, 200))
    counts, seen = against_barnaba(chains, barnaba)
    _, changed = report(counts, seen)
    assert len({case.path.name[:4] for case in seen}) >= 180
    assert changed >= 130


@pytest.mark.slow
def test_nuclinfo_agrees_on_many_entries(shared_data, tmp_path):
    chains = cases(shared_data, tmp_path, random_entries(shared_data, 200))
    counts, seen = against_nuclinfo(chains, inner=8)
    _, changed = report(counts, seen)
    assert len({case.path.name[:4] for case in seen}) >= 180
    assert changed >= 130
