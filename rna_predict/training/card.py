"""The model card: what a run knows of the weights that it leaves, for those who use them."""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rna_predict.data.dataset import ExampleSet
from rna_predict.training.settings import ModelFile

CARD = """\
# Model card: {run}

Weights of a network that predicts the 3D structure of single RNA chains from their sequence.
Settings: model.yaml. Curves: metrics.csv. Speed: throughput.csv.

## Network

{network}

## Data

{data}

## Training

{phases}

## Curves

{curves}

## Validation at the chosen step of the last phase

{validation}

## Hardware and time

{hardware}

## Limits

- Single chains of A, C, G and U; modified residues count as their parents. No ligands, ions or
  partners, and one structure a sample, not an ensemble with weights.
- Trained on crops of at most {crop} residues; what is longer was seen in parts only.
- The figures above are of validation chains of at most {length} nt, by which weights and settings
  were chosen: they flatter. Tests are for the benchmark.
- Predicted confidence is of single chains and was learned from the network's own samples.
"""


@dataclass(frozen=True)
class Facts:
    """What a card is written from.

    Attributes
    ----------
    run : str
        Name of the run.
    model : ModelFile
        Its settings.
    parameters : int
        Weights of the network.
    seed : int
        Of the run.
    training, validation : ExampleSet
        What was trained and chosen on.
    metrics, throughput : list of dict
        Rows of metrics.csv and throughput.csv.
    step : int
        Step of the last phase whose weights these are.
    device : str
        ``cpu`` or ``cuda``.
    """

    run: str
    model: ModelFile
    parameters: int
    seed: int
    training: ExampleSet
    validation: ExampleSet
    metrics: list[dict[str, Any]]
    throughput: list[dict[str, Any]]
    step: int
    device: str


def model_card(facts: Facts) -> str:
    """Write the card, Markdown; only its part on hardware and time differs from run to run."""
    settings = facts.model.training
    last = settings.phases[-1].name
    chosen = [
        row
        for row in facts.metrics
        if (row["phase"], row["step"], row["kind"]) == (last, facts.step, "validation")
    ]
    return CARD.format(
        run=facts.run,
        network=_network(facts),
        data=_data(facts),
        phases=_phases(facts),
        curves=_curves(facts),
        validation=_table({name: value for row in chosen for name, value in row.items()}),
        hardware=_hardware(facts),
        crop=max(phase.crop for phase in settings.phases),
        length=settings.validation_length,
    )


def _network(facts: Facts) -> str:
    """Describe the network."""
    dimensions = facts.model.dimensions
    lines = [
        f"- architecture: {dimensions.architecture}, {facts.parameters:,} weights",
        f"- torsion encoder: {facts.model.training.torsion_encoder or 'own'}",
        f"- started from: {facts.model.training.start or 'chance'}",
        f"- seed: {facts.seed}",
    ]
    return "\n".join(lines)


def _data(facts: Facts) -> str:
    """Count what was trained on."""
    rows = ["| split | chains | models | residues | augmented copies |", "|---|---|---|---|---|"]
    for examples in (facts.training, facts.validation):
        lengths = {example.name: len(example.chain) for example in examples.examples}
        rows.append(
            f"| {examples.split} | {len(lengths):,} | {len(examples.examples):,}"
            f" | {sum(lengths.values()):,} | {len(examples.copies):,} |"
        )
    others = [split for split in facts.training.split_of.values() if split == "test"]
    clusters = {facts.training.cluster_of.get(e.name) for e in facts.training.examples} - {None}
    rows += [
        "",
        f"- chains of the test split, never seen: {len(others):,}",
        f"- clusters by sequence in training: {len(clusters) or 'unknown'}",
        f"- cut-off of release: {facts.training.cutoff or 'none'}",
    ]
    return "\n".join(rows)


def _phases(facts: Facts) -> str:
    """List the phases."""
    settings = facts.model.training
    rows = [
        "| phase | parts | steps | batch | crop | learning rate | best by |",
        "|---|---|---|---|---|---|---|",
    ]
    for phase in settings.phases:
        chains = phase.batch * phase.accumulate * settings.processes
        rows.append(
            f"| {phase.name} | {', '.join(phase.parts) or 'all'} | {phase.steps:,} | {chains}"
            f" | {phase.crop} | {phase.learning_rate:g} | {phase.select} |"
        )
    last = settings.phases[-1].name
    rows += ["", f"The weights are moving averages, those of step {facts.step} of {last}."]
    return "\n".join(rows)


def _curves(facts: Facts) -> str:
    """Give first, best and last value of what each phase was chosen by, and its last loss."""
    rows = ["| phase | measure | first | best | last | last loss |", "|---|---|---|---|---|---|"]
    for phase in facts.model.training.phases:
        own = [row for row in facts.metrics if row["phase"] == phase.name]
        values = [row[phase.select] for row in own if row["kind"] == "validation"]
        losses = [row["total"] for row in own if row["kind"] == "train"]
        best = max(values) if phase.select == "lddt" else min(values)
        shown = " | ".join(f"{value:.4g}" for value in (values[0], best, values[-1]))
        rows.append(f"| {phase.name} | {phase.select} | {shown} | {losses[-1]:.4g} |")
    return "\n".join(rows)


def _table(row: Mapping[str, Any]) -> str:
    """Write the measures of one validation."""
    lines = ["| measure | value |", "|---|---|"]
    lines += [
        f"| {name} | {value:.4g} |"
        for name, value in row.items()
        if name not in ("phase", "step", "kind") and value == value  # of chains that have any
    ]
    return "\n".join(lines)


def _hardware(facts: Facts) -> str:
    """Name machine, versions and time."""
    names = [torch.cuda.get_device_name()] if facts.device == "cuda" else [_processor()]
    seconds = {
        name: sum(row[f"{name}_seconds"] for row in facts.throughput)
        for name in ("training", "validation")
    }
    last = facts.throughput[-1]
    lines = [
        f"- {facts.model.training.processes} x {names[0]}, torch {torch.__version__},"
        f" {torch.get_num_threads()} CPU threads",
        f"- {seconds['training']:.0f} s of training, {seconds['validation']:.0f} s of validation",
        f"- {last['samples_per_second']:.3g} samples/s and {last['residues_per_second']:.4g}"
        f" residues/s at the end, {100 * last['waiting_share']:.1f} % of it waiting for data,"
        f" {max(row['memory_mib'] for row in facts.throughput):.0f} MiB",
    ]
    return "\n".join(lines)


def _processor() -> str:
    """Name the CPU."""
    listed = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: *(.+)", listed.read_text()) if listed.exists() else None
    return named.group(1).strip() if named else platform.machine()
