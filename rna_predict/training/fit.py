"""Training from tables on disk to weights on disk, phase by phase, resumable.

Everything that is needed to go on stands in ``{out_dir}/resume``; it is removed when the weights
are written. A killed run goes on from its last validation and ends as if it had not been killed.
"""

import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from rna_predict.data.datamodule import RnaData
from rna_predict.data.dataset import ExampleSet, load_examples
from rna_predict.data.devices import choose_device
from rna_predict.data.records import dump_record, plain
from rna_predict.data.seeds import derive_seed
from rna_predict.data.tables import TablePaths
from rna_predict.data.weights import file_sha256
from rna_predict.errors import InputError
from rna_predict.model.build import AnyNetwork, build_network
from rna_predict.structure.files import replacing
from rna_predict.training.adapters import AdapterPhase, describe_trainable
from rna_predict.training.callbacks import (
    BEST,
    LAST,
    CollapseAlarm,
    Ema,
    Metrics,
    ResumePoints,
    write_rows,
)
from rna_predict.training.checkpoints import export_weights, load_averaged
from rna_predict.training.external import encoder_weights, read_encoder
from rna_predict.training.module import PhaseModule
from rna_predict.training.settings import ModelFile, Phase

log = logging.getLogger(__name__)

QUIET = (
    # Lightning 2.6 asks torch's tree specifications in a way that torch 2.13 deprecates.
    r".*isinstance\(treespec, LeafSpec\).*",
)
"""Beginnings of warnings that tell a user nothing he could act on."""


def train(
    tables: TablePaths,
    model: ModelFile,
    out_dir: Path,
    seed: int,
    device: str = "auto",
    threads: int | None = None,
) -> Path:
    """Train a network and write its weights.

    Parameters
    ----------
    tables : TablePaths
        The data set.
    model : ModelFile
        Sizes, phases and sampling.
    out_dir : path
        Gets ``model.safetensors`` (averaged weights of the last phase's best checkpoint),
        ``model.yaml``, ``best.ckpt``, ``last.ckpt`` and ``metrics.csv``; of each phase with
        adapters also ``base_{phase}.safetensors`` and ``adapter_{phase}.safetensors``.
    seed : int
        Seed of weights, order, crops and noise.
    device : str
        ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.
    threads : int, optional
        CPU threads of torch; its own choice if absent.

    Returns
    -------
    path
        Of the weights.

    Raises
    ------
    InputError
        If a table or a chain is refused (see :func:`load_examples`), no validation chain is
        short enough to be sampled, a published encoder or an adapter does not fit, or the device
        is not there.
    CollapseError
        If samples keep collapsing.
    """
    device = choose_device(device)
    if threads is not None:
        torch.set_num_threads(threads)
    training, validation = (load_examples(tables, split) for split in ("train", "validation"))
    longest = model.training.validation_length
    if not any(len(example.chain) <= longest for example in validation.examples):
        raise InputError(tables.splits, f"no validation chain of at most {longest} nt")
    encoder = None
    if model.training.torsion_encoder is not None:
        encoder = read_encoder(Path(model.training.torsion_encoder))
        model = replace(model, dimensions=replace(model.dimensions, bert=encoder.dimensions))
    resume = _resume_folder(out_dir, tables, model, seed)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(derive_seed(seed, "weights"))
        network = build_network(model.dimensions)
        if encoder is not None:
            encoder.load_into(network.torsion_net)
        rows: list[dict[str, Any]] = []
        for number, phase in enumerate(model.training.phases):
            folder = resume / f"{number}_{phase.name}"
            data = _phase_data(model, phase, seed, training, validation)
            folder.mkdir(parents=True, exist_ok=True)
            adapters = None
            if phase.adapter is not None:
                adapters = AdapterPhase(network, phase, seed, out_dir, plain(model))
            rows = _run_phase(network, model, phase, seed, data, folder, rows, device)
            if adapters is not None:
                adapters.finish()
    for name in (BEST, LAST):
        with replacing(out_dir / name) as temporary:
            shutil.copyfile(folder / name, temporary)
    write_rows(out_dir / "metrics.csv", rows)
    with replacing(out_dir / "model.yaml") as temporary:
        temporary.write_text(dump_record(model))
    weights = out_dir / "model.safetensors"
    export_weights(network, out_dir / BEST, weights, model, phase.name)
    shutil.rmtree(resume)
    return weights


def _run_phase(
    network: AnyNetwork,
    model: ModelFile,
    phase: Phase,
    seed: int,
    data: RnaData,
    folder: Path,
    rows: list[dict[str, Any]],
    device: str,
) -> list[dict[str, Any]]:
    """Run or finish one phase; leave its best averaged weights in the network, give all rows."""
    last = folder / LAST
    metrics = Metrics(folder.parent / "metrics.csv", phase.name, model.training.log_every, rows)
    callbacks = [
        Ema(phase.ema_decay),
        metrics,
        CollapseAlarm(model.training.collapse),
        ResumePoints(folder, phase.select),
    ]
    with _quiet_lightning(), _deterministic(device):
        trainer = pl.Trainer(
            accelerator=device,
            devices=1,
            max_epochs=phase.steps // phase.validate_every,
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            default_root_dir=folder,
        )
        if last.exists():
            log.info("%s: resumed from %s", phase.name, last)
        module = PhaseModule(network, model, phase, seed)
        log.info("%s: %s", phase.name, describe_trainable(network))
        trainer.fit(module, data, ckpt_path=last if last.exists() else None, weights_only=True)
    load_averaged(network, folder / BEST)
    return metrics.rows


@contextmanager
def _deterministic(device: str) -> Iterator[None]:
    """Take on a CPU only algorithms that give the same bytes twice, whatever the threads do.

    Indexing with arrays adds up its gradients in the order in which threads come, otherwise. On
    CUDA not all of the network's operations have such an algorithm.
    """
    before = torch.are_deterministic_algorithms_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory
    if device == "cpu":
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.utils.deterministic.fill_uninitialized_memory = fill


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence what Lightning says of every run and what its version says to newer ones of torch."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in QUIET:
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        logger.setLevel(level)


def _phase_data(
    model: ModelFile, phase: Phase, seed: int, training: ExampleSet, validation: ExampleSet
) -> RnaData:
    """Make the data module of one phase."""
    settings = model.training
    return RnaData(
        training,
        validation,
        size=phase.batch,
        crop=phase.crop,
        copied=settings.copied,
        seed=derive_seed(seed, "data", phase.name),
        stretch=phase.validate_every,
        limit=settings.validation_length,
        count=settings.validation_chains,
        workers=settings.workers,
        msa_rows=model.dimensions.msa_rows,
    )


def _resume_folder(out_dir: Path, tables: TablePaths, model: ModelFile, seed: int) -> Path:
    """Give the folder of resume points, emptied if they belong to another run."""
    paths = dict(asdict(tables))
    if model.training.torsion_encoder is not None:
        paths["torsion_encoder"] = encoder_weights(Path(model.training.torsion_encoder))
    hashes = {name: file_sha256(path) for name, path in paths.items() if path is not None}
    identity = json.dumps({"model": dump_record(model), "seed": seed, "tables": hashes})
    digest = hashlib.sha256(identity.encode()).hexdigest()
    folder = out_dir / "resume"
    record = folder / "run.sha256"
    if folder.exists() and not (record.exists() and record.read_text() == digest):
        log.warning("resume points in %s belong to another run and are removed", folder)
        shutil.rmtree(folder)
    with replacing(record) as temporary:
        temporary.write_text(digest)
    return folder
