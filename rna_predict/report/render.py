"""Put the page together: one HTML file that needs nothing else."""

import base64
import hashlib
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rna_predict import __version__
from rna_predict.constants import SLOT_ATOMS
from rna_predict.report.benchmark_section import benchmark_section
from rna_predict.report.charts import colour_table, hex_colours
from rna_predict.report.checks import read_checks
from rna_predict.report.data_sections import angle_section, data_section
from rna_predict.report.dataset import read_dataset
from rna_predict.report.elements import Row, Section
from rna_predict.report.format import plural
from rna_predict.report.inputs import ReportInputs
from rna_predict.report.overview_figures import accuracy_figure, calibration_figure, ornament
from rna_predict.report.run import read_times, read_weights
from rna_predict.report.sections import (
    glossary_section,
    settings_section,
    summary_tiles,
    times_section,
    training_section,
    weights_notice,
)
from rna_predict.report.split_sections import split_section
from rna_predict.report.target_sections import overview_table, view_target
from rna_predict.report.targets import read_target
from rna_predict.report.training import read_training
from rna_predict.structure.files import replacing

SCRIPTS = ("assets/3Dmol-min.js", "templates/viewer.js", "templates/page.js")


def build_report(inputs: ReportInputs, out: Path) -> None:
    """Read the tables of a run and write its report.

    Parameters
    ----------
    inputs : ReportInputs
        What to show.
    out : path
        HTML file; written whole or not at all. Needs no other file and no network.

    Raises
    ------
    InputError
        If a file is missing or malformed; the message names it and what was expected.
    """
    dataset = read_dataset(inputs)
    checks = read_checks(inputs, dataset)
    log = read_training(inputs)
    weights = read_weights(inputs.weights) if inputs.weights is not None else None
    targets = [read_target(inputs, name) for name in inputs.targets]
    views = [view_target(target, k) for k, target in enumerate(targets, start=1)]
    options = inputs.config.get("splits", {})
    evalue, cutoff = float(options.get("family_evalue", 1e-3)), options.get("cutoff", "")
    summary: list[object] = [weights_notice(inputs.run, dataset, log, weights, targets)]
    summary.append(overview_table(targets, [view.anchor for view in views]))
    figures = [accuracy_figure(targets), calibration_figure(targets)] if targets else []
    summary.append(Row([figure for figure in figures if figure is not None]))
    sections = [
        Section(
            "targets",
            "Targets",
            "The final models of each target, on top of the experimental structure where there "
            "is one.",
            [],
        ),
        *([benchmark_section(inputs.benchmark)] if inputs.benchmark is not None else []),
        training_section(log),
        data_section(dataset, checks),
        split_section(dataset, checks, evalue, cutoff, float(options.get("audit_tm", 0.45))),
        angle_section(dataset, checks),
        times_section(read_times(inputs.benchmarks_dir)),
        settings_section(inputs.config, log.settings),
        glossary_section(targets),
    ]
    scripts = [_asset(name) for name in SCRIPTS]
    html = _environment().get_template("report.html").render(
        page=_page(inputs, len(targets), ornament(targets)),
        tiles=summary_tiles(dataset, targets),
        summary=summary,
        sections=sections,
        views=views,
        page_data={
            "slots": SLOT_ATOMS,
            "viridis": hex_colours(colour_table("viridis")),
            "views": [view.anchor for view in views],
        },
        style=_asset("templates/style.css"),
        scripts=scripts,
        licence=_asset("assets/3Dmol-LICENSE.txt"),
        policy=_policy(scripts),
    )  # fmt: skip
    with replacing(out) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _environment() -> Environment:
    """Make the template engine: escaping on, undefined names are errors."""
    return Environment(
        loader=PackageLoader("rna_predict.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(inputs: ReportInputs, targets: int, ornament: Markup) -> dict[str, Any]:
    """Give what the header says."""
    built = _date(inputs.built)
    seed = inputs.config.get("seed")
    return {
        "title": inputs.config.get("report", {}).get("title", "RNA 3D structures"),
        "run": inputs.run,
        "built": built,
        "version": __version__,
        "ornament": ornament,
        "facts": [
            ("Built", built),
            ("Targets", plural(targets, "RNA")),
            ("Seed", "not given" if seed is None else str(seed)),
            ("Version", __version__),
        ],
    }


def _date(moment: datetime) -> str:
    """Write a moment with its time zone."""
    return moment.strftime("%Y-%m-%d %H:%M %Z").strip()


def _asset(name: str) -> Markup:
    """Read a file of the package that goes into the page as it is."""
    return Markup((files("rna_predict.report") / name).read_text(encoding="utf-8"))


def _policy(scripts: list[Markup]) -> str:
    """Allow the page's own scripts by their hashes, and nothing from anywhere else."""
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    sources = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
