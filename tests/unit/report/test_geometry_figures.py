"""Figures of bonds, angles and torsions, and the script that writes them."""

import re
import runpy
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
import pytest

from rna_predict.evaluate.reference import geometry_statistics, reference_chains, reference_table
from rna_predict.report.geometry_figures import (
    RangePlot,
    geometry_figures,
    write_svg,
)
from rna_predict.report.plot import Axis
from rna_predict.structure.store import write_chains

SVG = "{http://www.w3.org/2000/svg}"


def rows_of(figure, tag):
    (drawing,) = figure.drawings
    return list(ElementTree.fromstring(str(drawing)).iter(tag))


def test_every_bond_angle_and_torsion_is_drawn_for_both_puckers():
    bonds, angles, torsions = geometry_figures(reference_table())
    for figure, count in ((bonds, 14), (angles, 22)):
        assert len(rows_of(figure, "circle")) == 2 * count
        assert len([e for e in rows_of(figure, "rect") if e.get("class") == "band"]) == count
        assert {e.get("class").split()[-1] for e in rows_of(figure, "circle")} == {"s0", "s1"}
    assert len(rows_of(torsions, "circle")) == 2 * 8


def test_the_reference_is_at_zero_and_a_shifted_value_is_not():
    table = reference_table()
    moved = table.assign(median=table["median"] + 0.03)
    plain, shifted = (
        [float(e.get("cx")) for e in rows_of(geometry_figures(t)[0], "circle")]
        for t in (table, moved)
    )
    assert all(b - a > 50 for a, b in zip(plain, shifted, strict=True))


def test_ranges_are_cut_at_the_ends_of_the_axis():
    plot = RangePlot(Axis("", -10, 10), Axis("", 1, 0), "ranges")
    plot.ranges(0.5, (-30.0, -20.0, -15.0, 0.0, 5.0), "s0", "a range")
    lines = [e for e in ElementTree.fromstring(str(plot.svg())).iter("path")]
    assert all(f"M{plot.left:.1f} " in e.get("d") for e in lines) and len(lines) == 2
    assert not list(ElementTree.fromstring(str(plot.svg())).iter("circle"))


def test_a_data_set_without_resolutions_says_so(example_chains):
    unknown = [replace(chain, resolution=float("nan")) for chain in example_chains]
    for figure in geometry_figures(geometry_statistics(reference_chains(unknown, 9.0))):
        assert "No chain" in figure.caption
        assert not rows_of(figure, "circle")


@pytest.mark.parametrize("resolution", [3.0, 0.1])
def test_the_script_writes_a_table_and_a_drawing_that_needs_nothing_else(
    root, tmp_path, example_chains, resolution
):
    chains, out, figure = tmp_path / "c.parquet", tmp_path / "s.tsv", tmp_path / "s.svg"
    write_chains(list(example_chains), chains)
    script = runpy.run_path(str(root / "scripts/measure_geometry.py"))
    script["main"]([
        "--chains", str(chains), "--max-resolution", str(resolution), "--out", str(out),
        "--figure", str(figure),
    ])  # fmt: skip
    table = pd.read_csv(out, sep="\t")
    assert list(table.columns) == list(reference_table().columns)
    assert table.empty == (resolution < 1)
    text = figure.read_text()
    page = ElementTree.fromstring(text)
    assert page.tag == f"{SVG}svg" and float(page.get("height")) > 1000
    assert bool(list(page.iter(f"{SVG}circle"))) == (resolution > 1)
    addresses = set(re.findall(r"https?://[^\"\s]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_figures_in_one_file_do_not_overlap(tmp_path):
    path = tmp_path / "figures.svg"
    write_svg(geometry_figures(reference_table()), path)
    boxes = [e for e in ElementTree.parse(path).getroot().findall(f"{SVG}svg")]
    ends = [(float(e.get("y")), float(e.get("y")) + float(e.get("height"))) for e in boxes]
    assert len(ends) == 3
    assert all(a[1] < b[0] for a, b in zip(ends, ends[1:], strict=False))
