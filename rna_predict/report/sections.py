"""The sections that are not about data or one target: summary, training, times, settings, words."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np
import pandas as pd

from rna_predict.report.charts import bar_chart
from rna_predict.report.data_sections import rejected_chains
from rna_predict.report.dataset import SPLITS, Dataset
from rna_predict.report.elements import (
    Column,
    Details,
    Figure,
    Notice,
    Pairs,
    Row,
    Section,
    Tile,
    make_table,
)
from rna_predict.report.format import DASH, duration, number, percent, plural, significant
from rna_predict.report.metrics import METRICS, TERMS
from rna_predict.report.overview_figures import SAME_FOLD
from rna_predict.report.run import Weights
from rna_predict.report.split_sections import leak_notice
from rna_predict.report.targets import Target
from rna_predict.report.training import TrainingLog
from rna_predict.report.training_figures import term_name, training_figures

FEW_CHAINS: Final = 1000
"""Fewer training chains than this cannot teach a network to fold; the page says so."""
PACKAGES: Final = (
    "rna-predict", "torch", "lightning", "numpy", "scipy", "pandas", "gemmi", "MDAnalysis",
    "ViennaRNA", "pyinfernal", "OpenMM", "biotite", "snakemake",
)  # fmt: skip


def summary_tiles(dataset: Dataset, targets: list[Target]) -> list[Tile]:
    """Give the numbers that a reader wants first."""
    entries = dataset.chains["entry"].nunique()
    listed = len(dataset.entries) if dataset.entries is not None else None
    sides = [len(dataset.side(split)) for split in SPLITS]
    leak = leak_notice(dataset.leakage)
    count = max((len(target.models) for target in targets), default=0)
    scored = [target for target in targets if target.best("tm_score") is not None]
    minimised = [bool(m.refinement["kept"]) for target in targets for m in target.models]
    tiles = [
        Tile(
            "Entries in the data set",
            number(entries, 0),
            f"of {plural(listed, 'listed entry', 'listed entries')}" if listed is not None else "",
            link="data",
        ),
        Tile(
            "Chains kept",
            number(len(dataset.chains), 0),
            f"{plural(rejected_chains(dataset), 'chain')} rejected, with reasons",
            link="data",
        ),
        Tile(
            "Train / validation / test",
            " / ".join(number(side, 0) for side in sides),
            "chains, split by families and clusters",
            link="splits",
        ),
        Tile("Leakage audit", leak.title, "training against evaluation", leak.tone, "splits"),
    ]
    for key in ("tm_score", "lddt", "rmsd"):
        values = [best for target in scored if (best := target.best(key)) is not None]
        mean = float(np.mean(values)) if values else None
        unit = f" {METRICS[key].unit}" if METRICS[key].unit and values else ""
        tiles.append(
            Tile(
                f"{METRICS[key].label}, best of {count}",
                number(mean, METRICS[key].digits) + unit,
                f"mean over {plural(len(values), 'target')}" if values else "no native to compare",
                link="targets",
            )
        )
    tiles.append(
        Tile(
            "Minimised structures kept",
            f"{sum(minimised)} of {len(minimised)}" if minimised else DASH,
            f"{percent(sum(minimised), len(minimised))} passed every gate",
            link="targets",
        )
    )
    return tiles


def weights_notice(
    run: str, dataset: Dataset, log: TrainingLog, weights: Weights | None, targets: list[Target]
) -> Notice:
    """Say honestly what kind of weights made these models, and what they are worth."""
    train = dataset.side("train")
    copies = int(dataset.augmentation["copies"].sum())
    size = f" of {weights.parameters:,} parameters" if weights else ""
    text = (
        f"The models come from a network{size} trained in this run ({run}) for "
        f"{plural(log.steps, 'step')} on {plural(len(train), 'chain')} "
        f"({int(train['length'].sum()):,} residues) and {copies:,} augmented copies of them. "
    )
    if weights and weights.facts.get("step", "").isdigit():
        phase, step = weights.facts.get("phase", ""), int(weights.facts["step"])
        text += f"The weights are those of step {step:,} of phase {phase}"
        lddt, mcq = (log.validated(phase, step, name) for name in ("lddt", "mcq"))
        if lddt is not None:
            text += f", with a validation lDDT of {lddt:.3f}"
        elif mcq is not None:
            text += f", with a validation MCQ of {mcq:.1f} degrees"
        text += ". "
    if len(train) < FEW_CHAINS:
        text += (
            "So few chains cannot teach how RNA folds: read the accuracy below as proof that every "
            "stage works, not as what the method can do. "
        )
    scored = [t.best("tm_score") for t in targets if t.best("tm_score") is not None]
    if scored:
        right = sum(value > SAME_FOLD for value in scored)
        text += (
            f"{right} of {plural(len(scored), 'target')} "
            f"{'has' if right == 1 else 'have'} a model above TM-score {SAME_FOLD}, from where two "
            "RNAs mostly share their fold. "
        )
    made_with = {target.weights_sha256 for target in targets if target.weights_sha256}
    if weights and made_with and made_with != {weights.sha256}:
        text += "The predictions were made with other weights than those of this run."
        return Notice(text, "bad", "Weights differ")
    return Notice(text.strip(), "plain", "What these weights are")


def training_section(log: TrainingLog) -> Section:
    """Show how the network was trained."""
    records = [
        {
            "phase": phase.name,
            "steps": phase.steps,
            "terms": ", ".join(
                f"{term_name(name)} {significant(weight, 2)}"
                for name, weight in phase.weights.items()
                if weight
            ),
        }
        for phase in log.phases
    ]
    table = make_table(
        "Phases",
        [
            Column("phase", "Phase"),
            Column("steps", "Steps", 0),
            Column("terms", "Loss terms and their weights"),
        ],
        records,
    )
    blocks: list[object] = [*training_figures(log)]
    blocks = [Row([*blocks, table])] if len(blocks) % 2 else [Row(blocks), table]
    return Section(
        anchor="training",
        title="Training",
        lead="What the network was asked to do, and whether it got better at it.",
        blocks=blocks,
    )


def times_section(times: pd.DataFrame) -> Section:
    """Show how long each rule took."""
    columns = [
        Column("rule", "Rule", code=True),
        Column("jobs", "Jobs", 0),
        Column("seconds", "Time", 1, "s", "wall-clock time, all jobs together"),
        Column("longest", "Longest job", 1, "s"),
        Column("memory", "Most memory", 0, "MB", "greatest resident set of a job"),
    ]
    total = float(times["seconds"].sum())
    blocks: list[object] = []
    if len(times):
        rows = [
            (str(row.rule), float(row.seconds), duration(float(row.seconds)), "s5")
            for row in times.head(14).itertuples()
        ]
        spoken = ", ".join(f"{name} {text}" for name, _, text, _ in rows[:5])
        figure = Figure(
            title="Time by rule",
            drawings=[bar_chart(rows, f"Time by rule: {spoken}")],
            caption=f"Wall-clock time of all jobs of a rule, longest first; {duration(total)} "
            "together. Jobs may have run side by side.",
        )
        table = make_table("All rules", columns, times.to_dict("records"))
        blocks = [Row([figure, table])]
    else:
        blocks = [Notice("No times were recorded.")]
    return Section("times", "Times", "What the run cost.", blocks)


def settings_section(config: Mapping[str, Any], settings: Mapping[str, Any]) -> Section:
    """Show the complete configuration and the versions of what was used."""
    loose = [(key, value) for key, value in config.items() if not isinstance(value, Mapping)]
    blocks: list[object] = [Pairs("run", [(key, _written(value)) for key, value in loose])]
    for key, section in config.items():
        if isinstance(section, Mapping):
            blocks.append(Pairs(key, _flat(section)))
    model = [Pairs(key, _flat(section)) for key, section in settings.items() if section]
    return Section(
        anchor="settings",
        title="Settings",
        lead="Enough to run it again.",
        blocks=[
            Pairs("versions", versions()),
            Details("Configuration of the run", [Row(blocks)]),
            Details("Model file: dimensions, training, sampling", [Row(model)]),
        ],
    )


def glossary_section(targets: list[Target]) -> Section:
    """Explain the words and metrics of the page."""
    used = {key for target in targets for model in target.models for key in model.values}
    used |= {"tm_score", "lddt", "rmsd", "gdt_ts", "clashes", "plddt", "ptm"}
    items = [
        (f"{m.label} ({m.unit})" if m.unit else m.label, m.text)
        for key, m in METRICS.items()
        if key in used
    ]
    return Section(
        anchor="glossary",
        title="Glossary",
        lead=f"Å is 0.1 nm; nt is nucleotides; {DASH} stands for a value that is not defined.",
        blocks=[Pairs("Metrics", items, prose=True), Pairs("Words", list(TERMS), prose=True)],
    )


def versions() -> list[tuple[str, str]]:
    """Give the versions of Python and of the packages that did the work."""
    found = [("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not installed"))
    return found


def _flat(section: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Write nested settings as dotted names with values."""
    if isinstance(section, Mapping):
        rows = [_flat(value, f"{prefix}{key}.") for key, value in section.items()]
        return [item for row in rows for item in row]
    if isinstance(section, list | tuple) and any(isinstance(v, Mapping) for v in section):
        rows = [
            _flat(value, f"{prefix}{value.get('name', k)}." if isinstance(value, Mapping) else "")
            for k, value in enumerate(section)
        ]
        return [item for row in rows for item in row]
    return [(prefix.removesuffix("."), _written(section))]


def _written(value: Any) -> str:
    """Write one setting."""
    if value is None or value == "" or value == [] or value == ():
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(_written(item) for item in value)
    return str(value)
