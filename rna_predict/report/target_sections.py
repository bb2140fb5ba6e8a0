"""What the page says of each target: accuracy, models, minimisation, and data of its 3D view."""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from rna_predict.report.elements import Cell, Column, Details, Notice, Row, Table, make_table
from rna_predict.report.format import DASH, number, plural
from rna_predict.report.metrics import METRICS
from rna_predict.report.target_figures import pae_figure, pair_figure, residue_figure
from rna_predict.report.targets import Target
from rna_predict.secondary.dot_bracket import to_dot_bracket
from rna_predict.structure.chain import Chain

COORD_STEP = 0.01
"""Resolution of coordinates in the page (angstrom); coarser for very large structures."""
ABSENT = -32768
"""Stands for the coordinates of an absent atom."""
BLOCK = 10
"""Residues in a block of the sequence."""
SHOWN = (
    "tm_score", "tm_score_c1", "lddt", "rmsd", "rmsd_c1", "gdt_ts", "inf_all", "inf_wc", "inf_nwc",
    "inf_stack", "di", "mcq", "clash_score", "clashes", "bond_outliers", "angle_outliers",
    "chirality_errors", "z_rna", "pairwise_rmsd", "pairwise_tm", "plddt", "ptm", "score", "energy",
)  # fmt: skip
"""Order of the columns of the model table; those without a value are left out."""


@dataclass(frozen=True)
class SequenceBlock:
    """Ten residues with their pairing."""

    start: int
    """Position of the first, from 1."""
    letters: list[tuple[int, str]]
    """Index from 0, and letter."""
    rows: list[tuple[str, str, str]]
    """(name, dot-bracket, rank of the model it belongs to or "")."""


@dataclass(frozen=True)
class TargetView:
    """A target, ready for the template."""

    anchor: str
    name: str
    length: int
    facts: list[str]
    blocks: list[SequenceBlock]
    row_names: str
    """Names of their rows, from top to bottom."""
    models: list[dict[str, Any]]
    """rank and the values beside the 3D view, written out."""
    notices: list[Notice]
    parts: list[object]
    data: dict[str, Any]
    """For the scripts of the page, as JSON."""


def view_target(target: Target, number_in_page: int) -> TargetView:
    """Make everything that the page shows of a target."""
    notices = []
    if target.native is None:
        notices.append(
            Notice("No experimental structure is known to this run, so nothing is measured here.")
        )
    kept = sum(bool(model.refinement["kept"]) for model in target.models)
    failed = [model for model in target.models if model.error]
    notices += [
        Notice(f"Model {model.rank} was not scored: {model.error}", "bad") for model in failed
    ]
    facts = [plural(len(target.sequence), "nt").replace("nts", "nt")]
    if target.native is not None:
        observed = int(target.native.observed.sum())
        facts.append(f"{observed} residues observed")
        facts.append(plural(len(target.native_pairs), "canonical pair"))
    if target.seed is not None:
        facts.append(f"seed {target.seed}")
    return TargetView(
        anchor=f"target-{number_in_page}",
        name=target.name,
        length=len(target.sequence),
        facts=facts,
        blocks=_sequence_blocks(target),
        row_names=", ".join(
            ["predicted from the sequence"] * (target.folded_pairs is not None)
            + ["in the chosen model"]
            + ["in the native"] * (target.native is not None)
        ),
        models=[_card(target, rank) for rank in range(len(target.models))],
        notices=notices,
        parts=[
            pair_figure(target),
            model_table(target),
            Row([residue_figure(target), pae_figure(target)], layout="wide"),
            Details(
                f"Minimisation: {kept} of {len(target.models)} kept", [refinement_table(target)]
            ),
        ],
        data=_view_data(target),
    )


def model_table(target: Target) -> Table:
    """Compare the models of a target."""
    shown = [key for key in SHOWN if any(key in model.values for model in target.models)]
    always = ["tm_score", "lddt", "rmsd", "gdt_ts", "clashes", "plddt", "ptm"]
    keys = [key for key in SHOWN if key in shown or key in always]
    columns = [
        Column("rank", "Rank", 0),
        Column("source", "Sample", 0, help="number of the sample the model came from"),
        *(
            Column(key, m.label, m.digits, m.unit, m.text, m.better)
            for key, m in ((key, METRICS[key]) for key in keys)
        ),
    ]
    records = [
        {"rank": model.rank, "source": model.source, **model.values} for model in target.models
    ]
    return make_table(
        f"Models of {target.name}",
        columns,
        records,
        caption="Ranked best first without knowing the native. The best value of each column is "
        "set in bold. Metrics are explained in the glossary.",
    )


def refinement_table(target: Target) -> Table:
    """Show what minimisation did to each model."""
    columns = [
        Column("rank", "Rank", 0),
        Column("kept", "Result"),
        Column("energy_before", "Energy before", 0, "kJ/mol"),
        Column("energy_after", "Energy after", 0, "kJ/mol"),
        Column("clashes_before", "Clashes before", 1, "/1,000"),
        Column("clashes_after", "Clashes after", 1, "/1,000"),
        Column("rmsd_to_input", "RMSD to input", 2, "Å"),
        Column("tm_to_input", "TM to input", 3),
        Column("iterations", "Iterations", 0),
        Column("seconds", "Time", 1, "s"),
        Column("reason", "Reason"),
    ]
    records = [
        {
            **model.refinement,
            "rank": model.rank,
            "kept": Cell(
                "minimised" if model.refinement["kept"] else "input kept",
                str(model.refinement["kept"]),
                tone="good" if model.refinement["kept"] else "bad",
            ),
        }
        for model in target.models
    ]
    return make_table(
        f"Minimisation of {target.name}",
        columns,
        records,
        caption="OpenMM, amber14 RNA.OL3 with implicit solvent. A minimised structure replaces "
        "its input only if it passes every gate.",
    )


def overview_table(targets: list[Target], anchors: list[str]) -> Table:
    """Compare the targets: best of the final models, and the first."""
    records = []
    for target, anchor in zip(targets, anchors, strict=True):
        first = target.models[0].values
        kept = sum(bool(model.refinement["kept"]) for model in target.models)
        records.append(
            {
                "target": Cell(target.name, target.name.lower(), link=anchor),
                "length": len(target.sequence),
                "first_tm": first.get("tm_score"),
                "best_tm": target.best("tm_score"),
                "best_lddt": target.best("lddt"),
                "best_rmsd": target.best("rmsd"),
                "plddt": first.get("plddt"),
                "kept": Cell(f"{kept} of {len(target.models)}", str(kept)),
            }
        )
    return make_table(
        "Targets",
        [
            Column("target", "Target", code=True),
            Column("length", "Length", 0, "nt"),
            Column("best_tm", "Best TM-score", 3),
            Column("first_tm", "First model's TM-score", 3),
            Column("best_lddt", "Best lDDT", 3),
            Column("best_rmsd", "Best RMSD", 2, "Å"),
            Column("plddt", "First model's pLDDT", 1),
            Column("kept", "Minimised, kept"),
        ],
        records,
        caption="Best: over the final models of the target, each metric by itself. First model: "
        "the one ranked best without knowing the native.",
    )


def _sequence_blocks(target: Target) -> list[SequenceBlock]:
    """Cut the sequence and its pairings into blocks of ten."""
    n = len(target.sequence)
    rows = []
    if target.folded_pairs is not None:
        rows.append(("from sequence", to_dot_bracket(target.folded_pairs, n), ""))
    rows += [("model", to_dot_bracket(m.pairs, n), str(m.rank)) for m in target.models]
    if target.native is not None:
        rows.append(("native", to_dot_bracket(target.native_pairs, n), ""))
    return [
        SequenceBlock(
            start + 1,
            [(start + k, base) for k, base in enumerate(target.sequence[start : start + BLOCK])],
            [(name, text[start : start + BLOCK], rank) for name, text, rank in rows],
        )
        for start in range(0, n, BLOCK)
    ]


def _card(target: Target, index: int) -> dict[str, Any]:
    """Write out the values shown beside the 3D view for one model."""
    model = target.models[index]
    keys = ("tm_score", "lddt", "rmsd", "plddt")
    values = [
        (METRICS[k].label, number(model.values.get(k), METRICS[k].digits), METRICS[k].unit)
        for k in keys
    ]
    found = len(model.pairs & target.native_pairs)
    pairs = f"{found} of {len(target.native_pairs)}" if target.native is not None else DASH
    extra = len(model.pairs - target.native_pairs)
    note = f"native pairs found, {extra} not in the native" if target.native is not None else ""
    return {"rank": model.rank, "values": values, "pairs": pairs, "pairs_note": note}


def _view_data(target: Target) -> dict[str, Any]:
    """Pack coordinates and values of each residue for the page's scripts."""
    chains = ([] if target.native is None else [target.native]) + [m.chain for m in target.models]
    atoms = np.concatenate([chain.coords[chain.atom_mask] for chain in chains])
    centre = atoms.mean(axis=0) if len(atoms) else np.zeros(3)
    reach = float(np.abs(atoms - centre).max()) if len(atoms) else 1.0
    step = max(COORD_STEP, reach / 32000)
    return {
        "name": target.name,
        "sequence": target.sequence,
        "step": step,
        "native": None if target.native is None else _pack(target.native, centre, step),
        "models": [
            {
                "rank": model.rank,
                "coords": _pack(model.chain, centre, step),
                "plddt": _listed(model.plddt, 1),
                "lddt": _listed(model.lddt, 3),
                "distance": _listed(model.distance, 2),
            }
            for model in target.models
        ],
    }


def _pack(chain: Chain, centre: np.ndarray, step: float) -> str:
    """Encode coordinates as little-endian int16 steps from the centre, in base64."""
    packed = np.where(chain.atom_mask[..., None], (chain.coords - centre) / step, ABSENT)
    return base64.b64encode(np.round(packed).astype("<i2").tobytes()).decode()


def _listed(values: np.ndarray, digits: int) -> list[float | None]:
    """Round values for JSON; undefined ones are null."""
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]
