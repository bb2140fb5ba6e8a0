"""Fixtures that several packages share: a small data set on disk, made from chains."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import TORSIONS, slot_mask, torsion_slots
from rna_predict.data.tables import TablePaths
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.sampler import SamplerSettings
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.store import write_chains
from rna_predict.training.diagnostics.settings import Diagnostics
from rna_predict.training.settings import (
    LossWeights,
    ModelFile,
    Phase,
    TrainingSettings,
)


def measure_torsions(chain: Chain) -> np.ndarray:
    """Measure the 14 torsions of a chain; NaN where an atom is missing."""
    offset, slot = torsion_slots()
    slot = slot[chain.kinds]
    residue = np.arange(len(chain))[:, None, None] + offset
    inside = (residue >= 0) & (residue < len(chain)) & (slot >= 0)
    points = chain.coords[residue.clip(0, len(chain) - 1), slot]
    return dihedral(np.where(inside[..., None], points, np.nan)).astype(np.float32)


def random_chain(name: str, sequence: str, seed: int) -> Chain:
    """Make a chain of random atoms about a helix, all of them observed."""
    generator = np.random.default_rng(seed)
    n = len(sequence)
    turn = np.arange(n) * 0.57
    axis = np.stack([9 * np.cos(turn), 9 * np.sin(turn), 2.8 * np.arange(n)], axis=-1)
    coords = axis[:, None] + generator.normal(scale=2.0, size=(n, 23, 3))
    kinds = ["ACGUN".index(letter) for letter in sequence]
    coords[~slot_mask()[kinds]] = np.nan
    chain = model_chain(name, sequence, coords.astype(np.float32))
    return chain


def write_tables(folder: Path, splits: dict[str, list[Chain]]) -> TablePaths:
    """Write all tables of a data set; every chain gets a pair of its first and last residue."""
    chains = [chain for part in splits.values() for chain in part]
    paths = TablePaths(
        chains=folder / "chains.parquet",
        angles=folder / "angles.parquet",
        pairs=folder / "pairs.parquet",
        probabilities=folder / "probabilities.parquet",
        splits=folder / "splits.tsv",
    )
    write_chains(chains, paths.chains)
    write_annotations(chains, paths.angles, paths.pairs, paths.probabilities)
    rows = [(chain.name, split) for split, part in splits.items() for chain in part]
    table = pd.DataFrame(rows, columns=["chain_id", "split"]).drop_duplicates()
    table.to_csv(paths.splits, sep="\t", index=False)
    return paths


def write_annotations(chains: list[Chain], angles: Path, pairs: Path, probabilities: Path) -> None:
    """Write torsions, one annotated pair and one likely pair of each chain."""
    rows = []
    for chain in chains:
        torsions = measure_torsions(chain)
        columns = {name: torsions[:, k] for k, name in enumerate(TORSIONS)}
        rows.append({"chain_id": chain.name, "model": chain.model, **columns})
    pd.DataFrame(rows).to_parquet(angles)
    ends = [
        {"chain_id": c.name, "model": c.model, "i": 0, "j": len(c) - 1, "lw": "cWW"} for c in chains
    ]
    pd.DataFrame(ends).to_parquet(pairs)
    table = pd.DataFrame(ends)[["chain_id", "i", "j"]].drop_duplicates()
    table.assign(probability=np.float32(0.75)).to_parquet(probabilities)


@pytest.fixture
def make_tables() -> Callable[[Path, dict[str, list[Chain]]], TablePaths]:
    """Give :func:`write_tables`."""
    return write_tables


def write_family_tables(paths: TablePaths, sequences: dict[str, str]) -> TablePaths:
    """Write a consensus pair of the outermost residues, and three homologs, of each chain."""
    ends = [
        {"chain_id": name, "family": "RF1", "i": 1, "j": len(sequence) - 2, "probability": 0.5}
        for name, sequence in sequences.items()
    ]
    rows = [
        {"chain_id": name, "row": row}
        for name, sequence in sequences.items()
        for row in (sequence[::-1], "-" * 3 + sequence[3:], "A" * len(sequence))
    ]
    consensus, homologs = (paths.chains.parent / f"{n}.parquet" for n in ("consensus", "homologs"))
    pd.DataFrame(ends).astype({"probability": np.float32}).to_parquet(consensus)
    pd.DataFrame(rows).to_parquet(homologs)
    return replace(paths, consensus=consensus, homologs=homologs)


@pytest.fixture
def make_family_tables() -> Callable[[TablePaths, dict[str, str]], TablePaths]:
    """Give :func:`write_family_tables`."""
    return write_family_tables


@pytest.fixture
def make_annotations() -> Callable[[list[Chain], Path, Path, Path], None]:
    """Give :func:`write_annotations`."""
    return write_annotations


@pytest.fixture
def make_chain() -> Callable[[str, str, int], Chain]:
    """Give :func:`random_chain`."""
    return random_chain


@pytest.fixture(scope="session")
def small_model() -> ModelFile:
    """Give settings of a network far smaller than `tiny`, with ten steps in two phases."""
    dimensions = Dimensions(
        single=16, pair=8, torsion=16, torsion_blocks=1, torsion_heads=2, pairformer_blocks=1,
        pairformer_heads=2, triangle=8, triangle_heads=1, merger_heads=2, latent_single=16,
        latent_pair=8, noise_features=8, atom=16, atom_pair=8, atom_heads=2, token=16,
        token_blocks=1, token_heads=2,
    )  # fmt: skip
    zero = {field.name: 0.0 for field in fields(LossWeights)}
    structure = dict.fromkeys(
        ("diffusion", "smooth_lddt", "bond", "torsion", "distogram", "contact"), 1.0
    )
    judged = dict.fromkeys(("plddt", "pae", "pde", "resolved"), 1.0)
    pretrain = Phase(
        name="pretrain", parts=(), steps=6, validate_every=3, select="lddt", batch=2, crop=16,
        noised_copies=2, learning_rate=1e-3, warmup_steps=2, final_rate=0.1, ema_decay=0.9,
        clip=10.0, losses=LossWeights(**{**zero, **structure}),
    )  # fmt: skip
    confidence = replace(
        pretrain, name="confidence", parts=("confidence_head",), steps=4, validate_every=2,
        select="plddt_error", losses=LossWeights(**{**zero, **judged}),
    )  # fmt: skip
    training = TrainingSettings(
        phases=(pretrain, confidence), recycles=0, noise_mean=-1.2, noise_std=1.5, copied=0.5,
        validation_chains=2, validation_length=60, validation_samples=1,
        rollout=SamplerSettings(steps=2),
        diagnostics=Diagnostics(every=1, collapse=None),
        log_every=1, workers=0,
    )  # fmt: skip
    return ModelFile(dimensions, training, SamplerSettings(steps=2))


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory, example_chains: list[Chain], small_model: ModelFile
) -> tuple[TablePaths, Path]:
    """Train on four real chains for ten steps; give the tables and the folder of the weights."""
    from rna_predict.training.fit import train

    folder = tmp_path_factory.mktemp("trained")
    chains = sorted(example_chains, key=len)[:5]
    paths = write_tables(folder, {"train": chains[:4], "validation": chains[4:]})
    train(paths, small_model, folder / "model", seed=0, device="cpu")
    return paths, folder / "model"
