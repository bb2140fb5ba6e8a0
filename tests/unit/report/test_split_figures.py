import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.report.checks import read_checks
from rna_predict.report.dataset import read_dataset
from rna_predict.report.split_figures import (
    component_figure,
    date_figure,
    family_figure,
    length_figure,
    nearness_figure,
    release_years,
)
from rna_predict.report.split_sections import split_table


@pytest.fixture(scope="module")
def dataset(run_inputs):
    return read_dataset(run_inputs)


def drawn(figure):
    return "".join(map(str, figure.drawings))


def test_dates_become_years_and_undated_stays_undefined():
    years = release_years(pd.Series(["2001-01-01", "2000-12-31", "", "unknown"]))
    assert years[0] == 2001.0
    assert 2000.99 < years[1] < 2001
    assert np.isnan(years[2:]).all()


def test_undated_chains_are_counted_and_the_cutoff_is_drawn(dataset):
    chains = dataset.chains.assign(release_date="2010-05-06")
    chains.loc[chains["split"] == "test", "release_date"] = ""
    dated = replace(dataset, chains=chains)
    assert "training 0, validation 0, test 3." in date_figure(dated).caption
    assert 'class="rule"' not in drawn(date_figure(dated))
    assert drawn(date_figure(dated, "2012-01-01")).count('class="rule"') == 3
    assert "2012-01-01" in date_figure(dated, "2012-01-01").caption


def test_each_family_names_its_split_and_its_chains(dataset):
    text = drawn(family_figure(dataset, 1e-3))
    counts = dataset.families["family"].value_counts()
    assert "RF00005 tRNA, training<" in text and "RF00167 Purine, test<" in text
    assert f">{counts['RF00005']}<" in text


def test_components_are_ranked_by_residues(dataset):
    figure = component_figure(dataset)
    placed = dataset.chains.groupby("component")["length"].sum()
    assert drawn(figure).count("<title>") == len(placed)
    assert f"<title>{placed.idxmax()}: " in drawn(figure).split("</title>")[0]


def test_bars_hold_every_chain_of_a_split(dataset):
    text = [str(drawing) for drawing in length_figure(dataset).drawings]
    for drawing, split in zip(text, ("train", "validation", "test"), strict=True):
        counts = [int(n) for n in re.findall(r"<title>(\d+)", drawing)]
        assert sum(counts) == len(dataset.side(split))


def test_test_chains_that_were_compared_are_drawn_and_the_others_counted(run_inputs, dataset):
    nearest = read_checks(run_inputs, dataset).nearest
    figure = nearness_figure(nearest, 0.45)
    assert drawn(figure).count("<circle") == 2
    assert "1y26_X: 1ehz_A 0.44; 1ehz_A TM-score 0.31 over 71 residues" in drawn(figure)
    assert "not drawn: 1\N{NO-BREAK SPACE}chain." in figure.caption
    assert nearness_figure(nearest.assign(tm=np.nan), 0.45) is None


def test_chains_in_quarantine_are_shown_as_such(dataset):
    chains = dataset.chains.copy()
    chains.loc[chains["chain_id"] == "1y26_X", "split"] = "quarantine"
    quarantined = replace(dataset, chains=chains)
    assert "quarantine" in [entry.label for entry in component_figure(quarantined).legend]
    assert "RF00167 Purine, quarantine<" in drawn(family_figure(quarantined, 1e-3))
    rows = [[cell.text for cell in row] for row in split_table(quarantined, 1e-3).rows]
    assert rows[-1][:2] == ["Quarantine", "1"]
    assert sum(float(row[3]) for row in rows[:-1]) == pytest.approx(100, abs=0.2)


def test_nothing_to_draw_is_no_figure(dataset):
    none = replace(
        dataset, families=dataset.families.head(0),
        chains=dataset.chains.assign(split="", release_date=""),
    )  # fmt: skip
    assert date_figure(none) is None
    assert family_figure(none, 1e-3) is None
    assert component_figure(none) is None
    assert length_figure(none) is None
