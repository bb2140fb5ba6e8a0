"""Weights of (diffusion, angle), four pairs: short trainings that differ in nothing else.

Wants a folder of a run over many chains in RNA_PREDICT_RESULTS. RNA_PREDICT_KEPT is a folder that
keeps the runs, so that a second call goes on from the last validation of the first;
RNA_PREDICT_SEEDS the number of seeds (2), RNA_PREDICT_STEPS the steps of a run (200, a multiple of
100). Prints tables in Markdown. One thread.

Terms are divided by their scales before they are weighed, so the pairs mean the same here as where
they were proposed. ``diffusion`` is the denoising error with all that is measured on coordinates,
in the proportions of the model file: smooth lDDT, geometry and overlaps of the denoised
coordinates, FAPE of stage C. ``angle`` is the circular loss of the torsion net's torsions, with
their likelihood; not the term ``angle``, which is of bond angles. Distogram and contacts weigh the
same in all four.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from time import process_time

import pandas as pd
import torch

from rna_predict.data.batch import Batch
from rna_predict.data.datamodule import WholeChains
from rna_predict.data.dataset import load_examples
from rna_predict.data.records import read_record
from rna_predict.data.seeds import torch_generator
from rna_predict.data.tables import TablePaths
from rna_predict.model.build import build_network
from rna_predict.model.inputs import Features
from rna_predict.structure.files import replacing
from rna_predict.training.callbacks import LAST
from rna_predict.training.checkpoints import load_averaged
from rna_predict.training.diagnostics.settings import Diagnostics
from rna_predict.training.fit import METRICS, train
from rna_predict.training.levels import compare
from rna_predict.training.objective import DENOISED, TORSION_TERMS, loss_terms, weigh
from rna_predict.training.settings import LossWeights, ModelFile
from rna_predict.training.shares import share_table
from tests.benchmarks.template_tables import markdown

MODEL = Path(__file__).parents[2] / "config/model/tiny.yaml"
STEPS = int(os.environ.get("RNA_PREDICT_STEPS", "200"))
SEEDS = int(os.environ.get("RNA_PREDICT_SEEDS", "2"))
GRID = ((1.0, 0.0), (0.0, 1.0), (1.0, 0.1), (1.0, 1.0))
"""Weights of diffusion and angle."""
COORDINATE_TERMS = (*DENOISED, "kinematics_fape")
CROP, CHAINS, EVERY = 48, 16, 100
"""Residues of a training crop; validation chains; steps between validations."""
PROBED = 8
"""Validation chains that the gradient is measured on."""
RESULTS = {
    "lddt": "lDDT", "tm": "TM", "rmsd": "RMSD, A", "spread": "spread / native's",
    "bond_outliers": "bond outliers", "angles_sampled_true": "MCQ sampled, deg",
    "mcq": "MCQ predicted, deg", "start_lddt": "lDDT stage C", "start_rmsd": "RMSD stage C, A",
    "seconds": "CPU s a chain",
}  # fmt: skip
"""Columns of the table, by what the rows of a run call them; time: loss and gradient of a chain."""


def run() -> None:
    """Train what has not been trained, print the tables."""
    torch.set_num_threads(1)
    results = Path(os.environ["RNA_PREDICT_RESULTS"])
    tables = TablePaths(
        chains=results / "structures/chains.parquet", angles=results / "angles/angles.parquet",
        pairs=results / "secondary/pairs.parquet", splits=results / "splits/splits.tsv",
        probabilities=results / "secondary/probabilities.parquet",
        consensus=results / "secondary/consensus.parquet",
        clusters=results / "splits/clusters.tsv",
    )  # fmt: skip
    with TemporaryDirectory() as temporary:
        kept = Path(os.environ.get("RNA_PREDICT_KEPT", temporary))
        rows = list(_rows(tables, kept))
    print(f"\n{STEPS} steps, crops of {CROP} nt, {CHAINS} validation chains, seeds: {SEEDS}\n")
    print(markdown(result_table(rows)))
    for where, title in (("gradient", "all parts"), ("torsion_net", "the torsion net")):
        print(f"\nShare of the gradient of {title} at the end, {PROBED} validation chains\n")
        print(markdown(shares_table(rows, where)))


def _rows(tables: TablePaths, kept: Path) -> Iterator[dict]:
    """Give the results of every run; what is kept is not made again."""
    for seed in range(SEEDS):
        for diffusion, angle in GRID:
            folder = kept / f"{diffusion:g}_{angle:g}_seed{seed}_steps{STEPS}"
            path = folder / "row.json"
            if not path.exists():
                model = grid_model(read_record(ModelFile, MODEL), diffusion, angle, STEPS)
                train(tables, model, folder, seed, "cpu", 1)
                limit = model.training.validation_length
                chains = WholeChains(load_examples(tables, "validation"), limit, CHAINS)
                row = {"diffusion": diffusion, "angle": angle, "seed": seed}
                row |= _examine(model, folder, [chains[k] for k in range(len(chains))], seed)
                with replacing(path) as temporary:
                    temporary.write_text(json.dumps(row))
            yield json.loads(path.read_text())


def grid_model(model: ModelFile, diffusion: float, angle: float, steps: int) -> ModelFile:
    """Make the first phase of a model file a run of the grid: no alarm stops it."""
    first = model.training.phases[0]
    phase = replace(
        first, name="grid", parts=(), steps=steps, validate_every=EVERY, crop=CROP,
        losses=grid_weights(first.losses, diffusion, angle),
    )  # fmt: skip
    watched = Diagnostics(collapse=None, dead_parts=None, overfitting=None, structures=None)
    training = replace(
        model.training, phases=(phase,), validation_chains=CHAINS, validation_samples=1,
        diagnostics=watched, copied=0.0,
    )  # fmt: skip
    return replace(model, training=training)


def grid_weights(losses: LossWeights, diffusion: float, angle: float) -> LossWeights:
    """Scale the terms of coordinates and of torsions; all others keep their ratio to diffusion.

    Parameters
    ----------
    losses : LossWeights
        With weights of ``diffusion``, and of ``torsion`` or ``torsion_mcq``.
    diffusion : float
        Weight that the term ``diffusion`` gets.
    angle : float
        Weight that ``torsion`` and ``torsion_mcq`` get together.
    """
    factors = dict.fromkeys(vars(losses), 1 / losses.diffusion)
    factors |= dict.fromkeys(COORDINATE_TERMS, diffusion / losses.diffusion)
    factors |= dict.fromkeys(TORSION_TERMS, angle / (losses.torsion + losses.torsion_mcq))
    scaled = {name: factor * getattr(losses, name) for name, factor in factors.items()}
    return replace(losses, **scaled)


def _examine(model: ModelFile, folder: Path, chains: list[Batch], seed: int) -> dict:
    """Read the last validation; measure stage C's structures and the gradient at the end."""
    metrics = pd.read_csv(folder / METRICS)
    row = metrics[metrics["kind"] == "validation"].iloc[-1]
    row = {name: float(row[name]) for name in RESULTS if name in row}
    network = build_network(model.dimensions)
    load_averaged(network, folder / LAST)
    network.eval()
    phase = model.training.phases[0]
    starts, shares, seconds = [], [], []
    for batch in chains:
        with torch.no_grad():
            start = network.trunk(Features(**batch.inputs), model.training.recycles).start_coords
        truth = (batch.truth.coords, batch.truth.atom_mask)
        starts.append(compare(*(part[0].cpu().numpy() for part in (start.double(), *truth))))
    for batch in chains[:: max(1, len(chains) // PROBED)]:
        generator = torch_generator("cpu", seed, "shares", *batch.names)
        began = process_time()
        terms = loss_terms(network, batch, phase, model.training, generator)
        weigh(terms, phase.losses)[0].backward(retain_graph=True)
        seconds.append(process_time() - began)
        shares.append(share_table(network, terms, phase.losses))
    row["seconds"] = fmean(seconds)
    row |= {f"start_{name}": fmean(start[name] for start in starts) for name in ("lddt", "rmsd")}
    share = sum(shares) / len(shares)
    columns = {"gradient": "gradient_share", "torsion_net": "gradient_share_torsion_net"}
    return row | {name: share[column].to_dict() for name, column in columns.items()}


def result_table(rows: list[dict]) -> pd.DataFrame:
    """Lay the results out: a row a run, then the means over several seeds."""
    runs = pd.DataFrame(rows).assign(weights=_names(rows))
    table = runs.sort_values("weights", kind="stable")
    if runs["seed"].nunique() > 1:
        means = runs.groupby("weights", sort=False)[list(RESULTS)].mean().reset_index()
        table = pd.concat([table, means.assign(seed="mean")])
    return table[["weights", "seed", *RESULTS]].rename(columns=RESULTS)


def shares_table(rows: list[dict], where: str) -> pd.DataFrame:
    """Lay shares of the gradient out: a column a pair of weights (mean over seeds), a row a term.

    The last rows are sums over the terms of coordinates, of torsions and of pairs.
    """
    shares = pd.DataFrame([row[where] for row in rows]).fillna(0.0)
    shares = shares.groupby(_names(rows), sort=False).mean().T
    groups = dict.fromkeys(COORDINATE_TERMS, "coordinates") | dict.fromkeys(TORSION_TERMS, "angles")
    sums = shares.groupby([f"all {groups.get(term, 'pairs')}" for term in shares.index]).sum()
    return pd.concat([shares, sums]).reset_index(names="term")


def _names(rows: list[dict]) -> list[str]:
    """Name the weights of each run."""
    return [f"[{row['diffusion']:g}, {row['angle']:g}]" for row in rows]
