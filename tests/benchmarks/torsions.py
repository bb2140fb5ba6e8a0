"""The torsion net against constant predictors: validation split and natives of RNA-Puzzles.

Wants a folder of a run over the shared data in RNA_PREDICT_RESULTS, the shared data in
RNA_PREDICT_SHARED; of other weights than those that ship, their file in RNA_PREDICT_WEIGHTS:
safetensors, or a checkpoint of a training (``.ckpt``), whose model file is then RNA_PREDICT_MODEL.
Prints tables in Markdown.

The puzzles are for evaluation only: nothing may be chosen by them. Constants are of the training
split, from the first model of each chain; with these the circular mean comes to 16.8 degrees over
the 33 chains of the puzzles, 17.3 over the 20 of 40 nt and more (mean over chains of MCQ without
the pucker phase).
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from rna_predict.angles.table import measure_angles
from rna_predict.constants import TORSIONS
from rna_predict.data.batch import collate
from rna_predict.data.dataset import load_examples
from rna_predict.data.records import read_record
from rna_predict.data.tables import TablePaths, read_splits, read_torsions
from rna_predict.evaluate.elements import find_canonical_pairs, structural_elements
from rna_predict.evaluate.models import read_complex
from rna_predict.evaluate.native import read_native
from rna_predict.evaluate.torsion_accuracy import (
    ANGLES,
    PARTS,
    WHOLE,
    TorsionErrors,
    circular_mean,
    circular_median,
    constant_errors,
    grouped_interval,
    mcq_columns,
    torsion_errors,
)
from rna_predict.families.clans import read_clans
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.model.build import AnyNetwork, build_network
from rna_predict.model.inputs import Features
from rna_predict.predict.inputs import family_inputs, target_features
from rna_predict.predict.torsions import net_torsions
from rna_predict.predict.weights import load_predictor, shipped_weights
from rna_predict.secondary.fold import make_adjacency
from rna_predict.training.checkpoints import load_averaged
from rna_predict.training.settings import ModelFile
from tests.benchmarks.template_tables import markdown

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
DRAWS, SEED = 10_000, 0
LONG = 40
"""Observed residues from which on a chain of the puzzles is in the table of longer ones."""


@dataclass(frozen=True, eq=False)
class Examined:
    """Chains with what is true of them and what is predicted; one entry of each list a chain."""

    groups: list[str]
    """Relatives share one: they are drawn together."""
    predicted: list[np.ndarray]
    """(n, 14) radians."""
    native: list[np.ndarray]
    """(n, 14) radians, NaN where undefined."""
    elements: list[list[str]]

    def where(self, chosen: list[bool]) -> "Examined":
        """Keep some chains."""
        lists = (self.groups, self.predicted, self.native, self.elements)
        return Examined(
            *([one for one, keep in zip(rows, chosen, strict=True) if keep] for rows in lists)
        )


def run() -> None:
    """Print the tables of both sets."""
    results = Path(os.environ["RNA_PREDICT_RESULTS"])
    network = read_network(Path(os.environ.get("RNA_PREDICT_WEIGHTS") or shipped_weights()[0]))
    training = mcq_columns(training_torsions(results))
    constants = {"mean": circular_mean(training), "median": circular_median(training)}
    rows = {name: np.degrees(value) for name, value in constants.items()}
    print(f"\nConstants, degrees ({len(training)} residues of the training split)\n")
    print(markdown(pd.DataFrame(rows, index=list(ANGLES)).T.reset_index(names="constant")))
    puzzles = examine_puzzles(network, results)
    longer = [len(native) >= LONG for native in puzzles.native]
    sets = {
        "Validation split": examine_validation(network, results),
        "Natives of RNA-Puzzles": puzzles,
        f"Natives of RNA-Puzzles, {LONG} nt and more": puzzles.where(longer),
    }
    for title, examined in sets.items():
        print(f"\n{title}: {len(examined.native)} chains in {len(set(examined.groups))} groups\n")
        print(markdown(accuracy_table(examined, constants)))


def accuracy_table(examined: Examined, constants: dict[str, np.ndarray]) -> pd.DataFrame:
    """Compare the net with constants, degrees.

    Parameters
    ----------
    examined : Examined
    constants : dict of (8,) float, radians
        ``mean``, ``median``.

    Returns
    -------
    DataFrame
        MCQ without and with the pucker phase by part, then each angle: numbers of angles and
        chains; of the net and of each constant the mean over all angles (``pooled``) and the mean
        over chains; of each constant the mean difference of the net to it, its 95 % interval
        (groups drawn with replacement), and the difference as a share of the constant's error.
    """
    net = torsion_errors(examined.predicted, examined.native, examined.elements)
    others = {
        name: constant_errors(value, examined.native, examined.elements)
        for name, value in constants.items()
    }
    wanted = [(measure, part) for measure in ("mcq", "mcq_phase") for part in PARTS]
    wanted += [(measure, WHOLE) for measure in ANGLES]
    return pd.DataFrame(
        [_row(net, others, examined.groups, measure, part) for measure, part in wanted]
    )


def _row(
    net: TorsionErrors,
    others: dict[str, TorsionErrors],
    groups: list[str],
    measure: str,
    part: str,
) -> dict[str, object]:
    """Make a row of the table."""
    values = net.by_chain(measure, part)
    known = np.isfinite(values)
    row: dict[str, object] = {
        "measure": measure, "part": part, "angles": int(net.count(measure, part).sum()),
        "chains": int(known.sum()), "net, pooled": net.pooled(measure, part),
        "net": net.mean(measure, part),
    }  # fmt: skip
    chosen = [group for group, there in zip(groups, known, strict=True) if there]
    for name, other in others.items():
        differences = (values - other.by_chain(measure, part))[known]
        interval = grouped_interval(differences, chosen, DRAWS, np.random.default_rng(SEED))
        row |= {
            f"{name}, pooled": other.pooled(measure, part), name: other.mean(measure, part),
            f"net - {name}": f"{differences.mean():+.2f} [{interval[0]:+.2f}, {interval[1]:+.2f}]",
            f"/ {name}": f"{100 * differences.mean() / other.mean(measure, part):+.1f} %",
        }  # fmt: skip
    return row


def read_network(path: Path) -> AnyNetwork:
    """Read weights, or the averaged weights of a checkpoint."""
    if path.suffix != ".ckpt":
        return load_predictor(path, "cpu").network
    model = read_record(ModelFile, Path(os.environ["RNA_PREDICT_MODEL"]))
    network = build_network(model.dimensions)
    load_averaged(network, path)
    return network.eval().requires_grad_(False)


def training_torsions(results: Path) -> np.ndarray:
    """Give the torsions of the first model of each chain of the training split, (m, 14) radians."""
    splits = read_splits(results / "splits/splits.tsv")
    first: dict[str, np.ndarray] = {}
    for (name, _), torsions in read_torsions(results / "angles/angles.parquet").items():
        if splits.get(name) == "train":
            first.setdefault(name, torsions)
    return np.concatenate(list(first.values())).astype(np.float64)


def examine_validation(network: AnyNetwork, results: Path) -> Examined:
    """Predict the first model of each validation chain, with the inputs of a training."""
    paths = TablePaths(
        chains=results / "structures/chains.parquet", angles=results / "angles/angles.parquet",
        pairs=results / "secondary/pairs.parquet", splits=results / "splits/splits.tsv",
        probabilities=results / "secondary/probabilities.parquet",
        consensus=results / "secondary/consensus.parquet",
    )  # fmt: skip
    table = pd.read_csv(paths.splits, sep="\t", dtype=str).set_index("chain_id")
    first = {}
    for example in load_examples(paths, "validation").examples:
        first.setdefault(example.name, example)
    examined = Examined([], [], [], [])
    for name, example in first.items():
        batch = collate([example.crop()])
        examined.groups.append(table.loc[name, "component"])
        examined.predicted.append(net_torsions(network, Features(**batch.inputs)).torsions)
        examined.native.append(example.torsions)
        pairs = find_canonical_pairs(example.chain)
        examined.elements.append(structural_elements(len(example.chain), pairs))
    return examined


def examine_puzzles(network: AnyNetwork, results: Path) -> Examined:
    """Predict each chain of the natives by itself, with what its family tells."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    natives = {
        path.parent.name: read_complex(path)
        for path in sorted((SHARED / "rna_puzzles").glob("*/native.pdb"))
    }
    sequences = {
        f"{puzzle}_{chain.chain}": chain.sequence
        for puzzle, chains in natives.items()
        for chain in chains
    }
    wanted = config["families"]
    families = family_inputs(
        sequences,
        read_models([SHARED / "rfam"]),
        make_program(wanted["program"], wanted["max_evalue"], wanted["database_size"]),
        family_evalue=config["splits"]["family_evalue"],
        clans=read_clans(ROOT / wanted["clans"]),
        cache=results / "splits/cache",
    )
    source = make_adjacency("viennarna", config["secondary"]["min_probability"], 0)
    examined = Examined([], [], [], [])
    for puzzle, chains in natives.items():
        elements = list(read_native(chains).elements)
        for chain in chains:
            name = f"{puzzle}_{chain.chain}"
            consensus, _ = families.of(name, chain.sequence)
            features = target_features(name, chain.sequence, 0, SEED, source, consensus)
            examined.groups.append(puzzle.split("_")[0])
            examined.predicted.append(net_torsions(network, features).torsions)
            examined.native.append(measure_angles([chain], "mdanalysis")[0][:, : len(TORSIONS)])
            examined.elements.append(elements[: len(chain)])
            elements = elements[len(chain) :]
    return examined
