"""Training from tables on disk to weights on disk, phase by phase, resumable.

Everything that is needed to go on stands in ``{out_dir}/resume``; it is removed when the weights
are written. A killed run goes on from its last validation and ends as if it had not been killed.
"""

import hashlib
import json
import logging
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from rna_predict.data.chain_templates import ChainTemplates
from rna_predict.data.datamodule import RnaData, TemplateFeatures
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
    Ema,
    Metrics,
    ResumePoints,
    copy_whole,
    write_rows,
)
from rna_predict.training.card import Facts, model_card
from rna_predict.training.checkpoints import (
    export_weights,
    load_averaged,
    read_checkpoint,
    starting_weights,
)
from rna_predict.training.diagnostics.callbacks import diagnostic_callbacks
from rna_predict.training.external import encoder_weights, read_encoder
from rna_predict.training.module import PhaseModule
from rna_predict.training.settings import ModelFile, Phase
from rna_predict.training.throughput import Throughput
from rna_predict.training.trainer import is_first_process, make_trainer
from rna_predict.training.validation_table import ValidationTables

log = logging.getLogger(__name__)

SPLITS = ("train", "validation")
WEIGHTS, METRICS, THROUGHPUT = "model.safetensors", "metrics.csv", "throughput.csv"
CARD_FILE = "model_card.md"
PATIENCE = 600
"""Seconds that the other processes wait for the first one."""
QUIET = (
    # Lightning 2.6 asks torch's tree specifications in a way that torch 2.13 deprecates.
    r".*isinstance\(treespec, LeafSpec\).*",
)
"""Beginnings of warnings that tell a user nothing he could act on."""


@dataclass(frozen=True)
class Run:
    """What the phases of a run share.

    Attributes
    ----------
    model : ModelFile
        Settings.
    seed : int
        Seed of the run.
    device : str
        ``cpu`` or ``cuda``.
    out_dir, resume : path
        Where its files go; where what is needed to go on stands.
    training, validation : ExampleSet
        The two splits.
    templates : callable or None
        Templates of their chains.
    """

    model: ModelFile
    seed: int
    device: str
    out_dir: Path
    resume: Path
    training: ExampleSet
    validation: ExampleSet
    templates: TemplateFeatures | None


@dataclass
class Rows:
    """Rows of the phases so far."""

    metrics: list[dict[str, Any]] = field(default_factory=list)
    throughput: list[dict[str, Any]] = field(default_factory=list)


def train(
    tables: TablePaths,
    model: ModelFile,
    out_dir: Path,
    seed: int,
    device: str = "auto",
    threads: int | None = None,
    cutoff: str = "",
) -> Path:
    """Train a network and write its weights.

    With several processes, each runs this: Lightning starts the others with the command of the
    first. Only the first writes.

    Parameters
    ----------
    tables : TablePaths
        The data set.
    model : ModelFile
        Sizes, phases and sampling.
    out_dir : path
        Gets ``model.safetensors`` (averaged weights of the last phase's best checkpoint),
        ``model.yaml``, ``model_card.md``, ``best.ckpt``, ``last.ckpt``, ``metrics.csv`` and
        ``throughput.csv``; of each phase with adapters also ``base_{phase}.safetensors`` and
        ``adapter_{phase}.safetensors``; where asked for ``checkpoints`` and ``tensorboard``.
    seed : int
        Seed of weights, order, crops and noise.
    device : str
        ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.
    threads : int, optional
        CPU threads of torch in each process; its own choice if absent.
    cutoff : str
        ISO date: a younger or undated chain is refused; "" = no cut-off.

    Returns
    -------
    path
        Of the weights.

    Raises
    ------
    InputError
        If a table or a chain is refused (see :func:`load_examples`), no validation chain is
        short enough to be sampled, a published encoder or an adapter does not fit, templates are
        refused (see :class:`ChainTemplates`), or the device is not there.
    CollapseError
        If samples keep collapsing.
    """
    device = choose_device(device)
    if not is_first_process():
        logging.getLogger("rna_predict").setLevel(logging.ERROR)
    if threads is not None:
        torch.set_num_threads(threads)
    training, validation = (load_examples(tables, split, cutoff) for split in SPLITS)
    longest = model.training.validation_length
    if not any(len(example.chain) <= longest for example in validation.examples):
        raise InputError(tables.splits, f"no validation chain of at most {longest} nt")
    templates = None
    if tables.templates is not None:
        templates = ChainTemplates(tables.templates, tables, cutoff)
        templates.require(e.name for e in (*training.examples, *validation.examples))
    encoder = None
    if model.training.torsion_encoder is not None:
        encoder = read_encoder(Path(model.training.torsion_encoder))
        model = replace(model, dimensions=replace(model.dimensions, bert=encoder.dimensions))
    resume = _resume_folder(out_dir, _identity(tables, model, seed, cutoff))
    run = Run(model, seed, device, out_dir, resume, training, validation, templates)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(derive_seed(seed, "weights"))
        network = build_network(model.dimensions)
        if encoder is not None:
            encoder.load_into(network.torsion_net)
        if model.training.start is not None:
            network.load_state_dict(starting_weights(Path(model.training.start), network))
        rows = Rows()
        for number, phase in enumerate(model.training.phases):
            folder = resume / f"{number}_{phase.name}"
            folder.mkdir(parents=True, exist_ok=True)
            adapters = None
            if phase.adapter is not None:
                adapters = AdapterPhase(network, phase, seed, out_dir, plain(model))
            rows = _run_phase(network, run, phase, folder, rows)
            if adapters is not None:
                adapters.finish()
    if is_first_process():
        _write_results(network, run, folder, rows)
    return out_dir / WEIGHTS


def _run_phase(network: AnyNetwork, run: Run, phase: Phase, folder: Path, rows: Rows) -> Rows:
    """Run or finish one phase; leave its best averaged weights in the network, give all rows."""
    settings, last = run.model.training, folder / LAST
    metrics = Metrics(run.resume / METRICS, phase.name, settings.log_every, rows.metrics)
    throughput = Throughput(run.resume / THROUGHPUT, phase.name, rows.throughput)
    kept = run.out_dir / "checkpoints" / phase.name
    data = _phase_data(run, phase)
    pages = run.out_dir / "diagnostics"
    watched = {"model": run.model, "seed": run.seed, "data": data}
    callbacks = [
        *diagnostic_callbacks(settings.diagnostics, phase, pages, folder, **watched),
        Ema(phase.ema_decay),
        metrics,
        ValidationTables(run.out_dir / "validation", phase.name),
        ResumePoints(folder, phase.select, settings.keep_every * phase.validate_every, kept),
        throughput,
    ]
    step = 0
    if last.exists():
        step = read_checkpoint(last)["global_step"]
        log.info("%s: resumed from step %d, %s", phase.name, step, last)
    with _quiet_lightning(), _deterministic(run.device):
        events = run.out_dir / "tensorboard"
        trainer = make_trainer(settings, phase, run.device, folder, callbacks, events, step)
        # Weights that were divided do not come back in one piece: a copy is.
        trained = deepcopy(network) if settings.strategy == "fsdp" else network
        module = PhaseModule(trained, run.model, phase, run.seed)
        log.info("%s: %s", phase.name, describe_trainable(trained))
        trainer.fit(module, data, ckpt_path=last if step else None, weights_only=True)
    load_averaged(network, folder / BEST)
    trainer.strategy.barrier()
    return Rows(metrics.rows, throughput.rows)


def _write_results(network: AnyNetwork, run: Run, folder: Path, rows: Rows) -> None:
    """Write what a run leaves, the weights last, and remove what it could be resumed from."""
    out_dir, phase = run.out_dir, run.model.training.phases[-1]
    for name in (BEST, LAST):
        copy_whole(folder / name, out_dir / name)
    write_rows(out_dir / METRICS, rows.metrics)
    write_rows(out_dir / THROUGHPUT, rows.throughput)
    facts = Facts(
        run=out_dir.name,
        model=run.model,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        seed=run.seed,
        training=run.training,
        validation=run.validation,
        metrics=rows.metrics,
        throughput=rows.throughput,
        step=read_checkpoint(out_dir / BEST)["global_step"],
        device=run.device,
    )
    for name, text in (("model.yaml", dump_record(run.model)), (CARD_FILE, model_card(facts))):
        with replacing(out_dir / name) as temporary:
            temporary.write_text(text)
    export_weights(network, out_dir / BEST, out_dir / WEIGHTS, run.model, phase.name)
    shutil.rmtree(run.resume)


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


def _phase_data(run: Run, phase: Phase) -> RnaData:
    """Make the data module of one phase."""
    settings = run.model.training
    return RnaData(
        run.training,
        run.validation,
        size=phase.batch,
        crop=phase.crop,
        copied=settings.copied if phase.copied is None else phase.copied,
        seed=derive_seed(run.seed, "data", phase.name),
        stretch=phase.validate_every,
        limit=settings.validation_length,
        count=settings.validation_chains if phase.select != "mcq" else None,
        workers=settings.workers,
        draws=settings.draws,
        curriculum=phase.curriculum,
        accumulate=phase.accumulate,
        msa_rows=run.model.dimensions.msa_rows,
        template_features=run.templates,
    )


def _identity(tables: TablePaths, model: ModelFile, seed: int, cutoff: str) -> str:
    """Hash all that a run depends on."""
    paths = dict(asdict(tables))
    if model.training.torsion_encoder is not None:
        paths["torsion_encoder"] = encoder_weights(Path(model.training.torsion_encoder))
    if model.training.start is not None:
        paths["start"] = Path(model.training.start)
    hashes = {name: file_sha256(path) for name, path in paths.items() if path is not None}
    facts = {"model": dump_record(model), "seed": seed, "tables": hashes, "cutoff": cutoff}
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _resume_folder(out_dir: Path, identity: str) -> Path:
    """Give the folder of resume points, emptied if they belong to another run.

    Processes other than the first wait until it is as it should be.
    """
    folder = out_dir / "resume"
    record = folder / "run.sha256"
    if not is_first_process():
        deadline = time.monotonic() + PATIENCE
        while not (record.exists() and record.read_text() == identity):
            if time.monotonic() > deadline:
                raise InputError(folder, f"the first process did not begin within {PATIENCE} s")
            time.sleep(0.1)
        return folder
    if folder.exists() and not (record.exists() and record.read_text() == identity):
        log.warning("resume points in %s belong to another run and are removed", folder)
        shutil.rmtree(folder)
    with replacing(record) as temporary:
        temporary.write_text(identity)
    return folder
