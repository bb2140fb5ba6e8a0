"""The table of the torsion net against constants."""

import numpy as np
import pytest

from rna_predict.evaluate.torsion_accuracy import ANGLES, PARTS
from tests.benchmarks.torsions import Examined, accuracy_table


@pytest.fixture
def examined() -> Examined:
    rng = np.random.default_rng(0)
    native = [rng.normal(0.3, 0.2, size=(n, 14)) for n in (6, 8, 10)]
    native[0][0, 0] = np.nan
    predicted = [array + np.radians(5) for array in native]
    elements = [["stem"] * 6, ["stem"] * 4 + ["loop"] * 4, ["strand"] * 10]
    return Examined(["a", "a", "b"], predicted, native, elements)


def test_a_row_for_each_measure_and_part_with_what_it_is_of(examined):
    constants = {"mean": np.full(8, 0.3), "median": np.full(8, 0.25)}
    table = accuracy_table(examined, constants)
    assert len(table) == 2 * len(PARTS) + len(ANGLES)
    first = table.iloc[0]
    assert (first["measure"], first["part"]) == ("mcq", "all")
    assert first["angles"] == 24 * 7 - 1
    assert first["chains"] == 3
    assert first["net"] == pytest.approx(5) and first["net, pooled"] == pytest.approx(5)
    loops = table[(table["measure"] == "mcq") & (table["part"] == "loop")].iloc[0]
    assert (loops["angles"], loops["chains"]) == (28, 1)
    assert "nan" in loops["net - mean"]  # one group has no interval
    difference = float(first["net - mean"].split()[0])
    assert difference == pytest.approx(first["net"] - first["mean"], abs=0.006)
    assert float(first["/ mean"].split()[0]) == pytest.approx(
        100 * difference / first["mean"], abs=0.2
    )


def test_chains_can_be_chosen(examined):
    longer = examined.where([len(array) > 6 for array in examined.native])
    assert longer.groups == ["a", "b"]
    assert [len(array) for array in longer.predicted] == [8, 10]
