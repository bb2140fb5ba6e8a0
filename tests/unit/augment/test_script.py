"""The command line, from tables to tables, and what the stages after it read."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from rna_predict.angles.table import measure_angles
from rna_predict.augment.copies import REPORT_COLUMNS
from rna_predict.families.homologs import HOMOLOG_SCHEMA
from rna_predict.families.tables import write_table
from rna_predict.secondary.fold import fold_chains
from rna_predict.secondary.pairs import annotate_pairs
from rna_predict.secondary.viennarna import ViennaRNA
from rna_predict.structure.store import read_chains, write_chains

OPTIONS = {
    "coordinate-copies": 1, "coordinate-noise": 0.5, "swap-copies": 1, "swap-probability": 0.9,
    "loop-copies": 1, "loop-fraction": 0.4, "homolog-copies": 1, "homolog-identity": 0.6,
    "held-identity": 0.9, "held-coverage": 0.8, "seed": 1,
}  # fmt: skip


@pytest.fixture
def main(root):
    spec = importlib.util.spec_from_file_location("script", root / "scripts/augment_chains.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_script_writes_copies_that_the_next_stages_read(example_chains, tmp_path, main):
    chains = [chain for chain in example_chains if chain.entry in {"1y26", "2gdi"}]
    write_chains(chains, tmp_path / "chains.parquet")
    splits = [(chain.name, chain.name, "train") for chain in chains]
    write_table(
        pd.DataFrame(splits, columns=["chain_id", "component", "split"]), tmp_path / "splits.tsv"
    )
    annotate_pairs(chains).to_parquet(tmp_path / "pairs.parquet")
    fold_chains(chains, ViennaRNA(0.01, 0))[0].to_parquet(tmp_path / "probabilities.parquet")
    row = chains[0].sequence.translate(str.maketrans("ACGU", "UGCA"))
    homologs = [(chains[0].name, "RF00167", "x", 0.7, 1.0, row)]
    pd.DataFrame(homologs, columns=HOMOLOG_SCHEMA.names).to_parquet(tmp_path / "homologs.parquet")
    (tmp_path / "targets.fasta").write_text(">t\nGGGGGGGGGGGAAAACCCCCCCCCCC\n")

    files = {
        "chains": "chains.parquet", "splits": "splits.tsv", "pairs": "pairs.parquet",
        "probabilities": "probabilities.parquet", "homologs": "homologs.parquet",
        "targets": "targets.fasta", "out": "copies.parquet", "report": "report.tsv",
    }  # fmt: skip
    options = OPTIONS | {name: tmp_path / file for name, file in files.items()}
    main([f"--{name}={value}" for name, value in options.items()])

    copies = read_chains(tmp_path / "copies.parquet")
    report = pd.read_table(tmp_path / "report.tsv")
    assert list(report.columns) == list(REPORT_COLUMNS)
    assert report["copies"].sum() == len(copies)
    assert (report["copies"] > 0).all()
    parents = {chain.name: chain for chain in chains}
    original = dict(zip(parents, measure_angles(chains, "mdanalysis"), strict=True))
    for copy, angles in zip(copies, measure_angles(copies, "mdanalysis"), strict=True):
        before = original[copy.parent]
        if copy.tier != "coordinates":  # a new base keeps the frame of the old one, so chi too
            np.testing.assert_array_equal(np.isfinite(angles), np.isfinite(before))
            change = np.angle(np.exp(1j * (angles - before)))
            assert np.nanmax(np.abs(change)) < 1e-3
    folded, _ = fold_chains(copies, ViennaRNA(0.01, 0))
    assert set(folded["chain_id"]) == {copy.name for copy in copies}
