"""The files of a benchmark, from small tables of scores to figures."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.benchmark import FIGURES, TABLES, write_benchmark
from rna_predict.report.benchmark_section import benchmark_section


@pytest.fixture
def tables(tmp_path):
    """Write scores of three predictors, one of them new to the project, on eight targets."""
    rng = np.random.default_rng(0)
    paths = {"scores": [], "residues": [], "families": []}
    for k in range(8):
        target = f"t{k}"
        families = tmp_path / f"{target}.families.tsv"
        rows = [(target, "RF00005", 1e-9)] if k % 2 else []
        pd.DataFrame(rows, columns=["chain_id", "family", "evalue"]).to_csv(
            families, sep="\t", index=False
        )
        paths["families"].append(families)
        for predictor, level in (("network", 0.6), ("null_model", 0.2), ("gnn", 0.4)):
            folder = tmp_path / predictor
            folder.mkdir(exist_ok=True)
            tm = level + rng.uniform(-0.05, 0.05, size=3)
            scores = pd.DataFrame(
                {"predictor": predictor, "target": target, "rank": [1, 2, 3], "status": "scored",
                 "model": ["m1", "m2", "m3"], "n_native": 30 + 20 * k, "n_common": 30 + 20 * k,
                 "tm_score": tm, "lddt": tm, "inf_all": tm, "inf_wc": 0.9, "rmsd": 10.0,
                 "error": ""}
            )  # fmt: skip
            if (predictor, k) == ("network", 0):
                scores = scores.head(1).assign(status="failed", tm_score=None, error="too long")
            residues = pd.DataFrame(
                {"predictor": predictor, "target": target, "model": "m1", "index": range(10),
                 "lddt": 0.9}
            )  # fmt: skip
            for name, table in (("scores", scores), ("residues", residues)):
                path = folder / f"{target}.{name}.tsv"
                table.to_csv(path, sep="\t", index=False)
                paths[name].append(path)
    return paths


def written(tmp_path, paths):
    """Write the benchmark; give the folder."""
    out = tmp_path / "out"
    write_benchmark(out, **paths, family_evalue=1e-3, draws=200, seed=0)
    return out


def test_all_tables_and_figures_are_written(tmp_path, tables):
    out = written(tmp_path, tables)
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.csv" for name in TABLES), *(f"{name}.svg" for name in FIGURES),
    }  # fmt: skip
    for name in FIGURES:
        assert ET.parse(out / f"{name}.svg").getroot().tag.endswith("svg")
        assert "network" in (out / f"{name}.svg").read_text()


def test_any_name_of_a_predictor_is_summarised_and_compared(tmp_path, tables):
    out = written(tmp_path, tables)
    summary = pd.read_csv(out / "summary.csv")
    assert set(summary["predictor"]) == {"network", "null_model", "gnn"}
    paired = pd.read_csv(out / "paired.csv")
    row = paired[
        (paired["first"] == "null_model") & (paired["second"] == "gnn")
        & (paired["metric"] == "tm_score") & (paired["statistic"] == "first")
    ].iloc[0]  # fmt: skip
    assert row["high"] < 0
    assert (row["wins"], row["losses"]) == (0, 8)


def test_a_failed_target_is_in_every_count(tmp_path, tables):
    out = written(tmp_path, tables)
    summary = pd.read_csv(out / "summary.csv")
    row = summary[(summary["predictor"] == "network") & (summary["metric"] == "tm_score")].iloc[0]
    assert (row["n_targets"], row["n_failed"], row["n_values"]) == (8, 1, 8)
    worst = pd.read_csv(out / "worst.csv")
    first = worst[worst["predictor"] == "network"].iloc[0]
    assert (first["target"], first["cause"]) == ("t0", "no model: too long")


def test_groups_add_up(tmp_path, tables):
    out = written(tmp_path, tables)
    for name, column in (("by_length", "length_bin"), ("by_family", "family")):
        table = pd.read_csv(out / f"{name}.csv")
        part = table[(table["predictor"] == "gnn") & (table["metric"] == "tm_score")]
        assert part.groupby("statistic")["n_targets"].sum().tolist() == [8, 8]
        assert part[column].nunique() > 1


def test_faulty_tables_are_refused(tmp_path, tables):
    with pytest.raises(InputError, match="expected a tab-separated table"):
        written(tmp_path, tables | {"scores": [tmp_path / "absent.tsv"]})
    scores = pd.read_csv(tables["scores"][0], sep="\t").assign(status="excluded")
    scores.to_csv(tmp_path / "excluded.tsv", sep="\t", index=False)
    with pytest.raises(InputError, match="no target is the task"):
        written(tmp_path, tables | {"scores": [tmp_path / "excluded.tsv"]})


def test_the_page_shows_means_comparisons_and_the_worst_targets(tmp_path, tables):
    section = benchmark_section(written(tmp_path, tables))
    means, _, spread, *_, worst, every = section.blocks
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    row = summary[
        (summary["predictor"] == "gnn")
        & (summary["statistic"] == "first")
        & (summary["metric"] == "tm_score")
    ]
    shown = {tuple(cell.text for cell in cells[:2]): cells for cells in means.rows}
    place = [column.key for column in means.columns].index("tm_score")
    assert float(shown["gnn", "first"][place].text) == pytest.approx(row["mean"].item(), abs=6e-4)
    assert {row[0].text for row in spread.rows} == {"network", "gnn", "null_model"}
    values = pd.read_csv(tmp_path / "out" / "targets.csv")
    assert len(every.blocks[0].rows) == (values["statistic"] == "best").sum()
    assert len(worst.rows) == 3 * 8
    assert any("too long" in cell.text or "failed" in cell.text for r in worst.rows for cell in r)


def test_a_missing_table_of_a_benchmark_is_named(tmp_path):
    with pytest.raises(InputError, match="targets.csv.*expected a table of a benchmark"):
        benchmark_section(tmp_path)
