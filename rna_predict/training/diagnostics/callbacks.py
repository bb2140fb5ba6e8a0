"""The one place where the diagnostics of a phase are put together."""

import logging
from pathlib import Path

import lightning.pytorch as pl
import numpy as np

from rna_predict.data.datamodule import RnaData, WholeChains
from rna_predict.data.seeds import derive_seed
from rna_predict.training.diagnostics.angles import AngleCheck
from rna_predict.training.diagnostics.collapse import CollapseDetector
from rna_predict.training.diagnostics.gradients import GradientMonitor
from rna_predict.training.diagnostics.overfitting import OverfittingAlarm
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.scales import scale_reference
from rna_predict.training.diagnostics.settings import Diagnostics
from rna_predict.training.diagnostics.structures import StructurePageWriter
from rna_predict.training.diagnostics.term_shares import TermShares
from rna_predict.training.settings import ModelFile, Phase

log = logging.getLogger(__name__)


def diagnostic_callbacks(
    settings: Diagnostics,
    phase: Phase,
    out_dir: Path,
    resume_dir: Path,
    *,
    model: ModelFile,
    seed: int,
    data: RnaData,
) -> list[pl.Callback]:
    """Make the callbacks that watch a phase.

    They go first in the list of the trainer's callbacks: what they find stands in the rows of
    metrics, and their state in the resume points, that others write after them.

    Parameters
    ----------
    settings : Diagnostics
        What is watched.
    phase : Phase
        The phase.
    out_dir : path
        Gets the pages of structures.
    resume_dir : path
        Gets the states that a rewind goes back to; must live as long as the phase.
    model : ModelFile
        Settings of the run.
    seed : int
        Of the run.
    data : RnaData
        Of the phase: its training set is what predictions are held against, and some of its chains
        and of the validation chains are what overfitting is measured on.

    Returns
    -------
    list of Callback
        In the order that they need.
    """
    recorder = Recorder(settings.every)
    callbacks: list[pl.Callback] = [
        recorder,
        GradientMonitor(settings.dead_parts, recorder, phase),
        TermShares(recorder, phase.name, settings.share_limit),
    ]
    if settings.angles is not None:
        callbacks.append(AngleCheck(settings.angles, recorder))
    if settings.structures is not None:
        callbacks.append(StructurePageWriter(settings.structures, recorder, phase.name, out_dir))
    if settings.overfitting is not None:
        count = settings.overfitting.chains
        limit, shown = model.training.validation_length, (data.msa_rows, data.template_features)
        seen = WholeChains(data.training, limit, count, *shown)
        probes = [[part[k] for k in range(min(len(part), count))] for part in (seen, data.whole)]
        if all(probes):
            callbacks.append(
                OverfittingAlarm(settings.overfitting, phase, model.training, seed, *probes)
            )
        else:
            log.warning(
                "phase %s: no chains of at most %d nt to measure overfitting on", phase.name, limit
            )
    if settings.collapse is not None:
        reference = scale_reference(
            data.training.examples,
            settings.collapse.quantile,
            np.random.default_rng(derive_seed(seed, "scales")),
            settings.collapse.reference_chains,
        )
        sigma_data = model.dimensions.sigma_data
        callbacks.append(
            CollapseDetector(settings.collapse, recorder, reference, sigma_data, resume_dir)
        )
    return callbacks
