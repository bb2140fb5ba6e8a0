"""The loss about a point in weight space."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from rna_predict.data.datamodule import WholeChains
from rna_predict.data.records import plain
from rna_predict.data.weights import write_weights
from rna_predict.errors import InputError
from rna_predict.training.diagnostics.landscape import (
    filter_normalised_direction,
    landscape_of_phase,
    landscape_of_weights,
    loss_landscape,
    write_landscape,
)


@pytest.fixture
def bowl():
    """Give a layer and a loss that is the squared distance from where it stands."""
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    start = layer.weight.detach().clone()
    return layer, lambda: {"total": float((layer.weight - start).square().sum())}


def test_filters_move_by_their_own_length_and_vectors_do_not():
    layer = nn.Sequential(nn.Conv1d(3, 4, 5), nn.LayerNorm(4))
    with torch.no_grad():
        layer[0].weight[1] = 0.0
    direction = filter_normalised_direction(layer, torch.Generator().manual_seed(0))
    assert list(direction) == ["0.weight"]
    lengths = direction["0.weight"].flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, layer[0].weight.detach().flatten(1).norm(dim=1))


def test_scaling_a_layer_scales_its_direction():
    layer = nn.Linear(3, 2)
    first = filter_normalised_direction(layer, torch.Generator().manual_seed(0))["weight"]
    with torch.no_grad():
        layer.weight.mul_(10)
    second = filter_normalised_direction(layer, torch.Generator().manual_seed(0))["weight"]
    torch.testing.assert_close(second, 10 * first)


def test_bowl_has_its_least_at_the_middle_and_the_known_height(bowl):
    layer, losses = bowl
    table = loss_landscape(layer, losses, seed=1, steps=5, radius=2.0)
    assert table.columns.tolist() == ["first", "second", "total"]
    assert len(table) == 25
    assert tuple(table.loc[table["total"].idxmin(), ["first", "second"]]) == (0.0, 0.0)
    on_axis = table[(table["second"] == 0) & (table["first"].abs() == 2.0)]["total"]
    square = float(layer.weight.detach().square().sum())
    assert on_axis.tolist() == pytest.approx([4 * square] * 2, rel=1e-5)


def test_weights_are_put_back_even_after_an_error(bowl):
    layer, _ = bowl
    before = layer.weight.detach().clone()

    def fail():
        raise KeyError("fault")

    with pytest.raises(KeyError):
        loss_landscape(layer, fail, seed=0, steps=3)
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("wrong", [{"steps": 4}, {"steps": 1}, {"radius": 0.0}])
def test_grid_without_a_middle_is_refused(bowl, wrong):
    with pytest.raises(ValueError, match="odd steps"):
        loss_landscape(*bowl, seed=0, **wrong)


def test_landscape_of_a_network_repeats_itself_and_leaves_it_as_it_was(run, phase, sets):
    batch = WholeChains(sets["train"], limit=60, count=1)[0]
    before = {name: p.clone() for name, p in run.network.state_dict().items()}
    more = (run.network, batch, phase, run.model.training)
    first = landscape_of_phase(*more, seed=0, steps=3)
    pd.testing.assert_frame_equal(landscape_of_phase(*more, seed=0, steps=3), first)
    assert not landscape_of_phase(*more, seed=1, steps=3).equals(first)
    assert {"total", "diffusion", "torsion"} <= set(first)
    assert np.isfinite(first).all(axis=None)
    assert all(torch.equal(p, before[name]) for name, p in run.network.state_dict().items())


def test_files_are_the_same_for_the_same_table(bowl, tmp_path):
    table = loss_landscape(*bowl, seed=0, steps=5)
    table.loc[0, "total"] = np.inf
    first = [path.read_bytes() for path in write_landscape(table, tmp_path / "a")]
    second = [path.read_bytes() for path in write_landscape(table, tmp_path / "b")]
    assert first == second
    assert b"<svg" in first[1]
    assert b"Loss about the weights" in first[1]


def test_landscape_of_weights_on_disk(run, small_model, sets, make_tables, tmp_path):
    chain = sets["train"].examples[0].chain
    tables = make_tables(tmp_path / "more", {"train": [chain]})
    weights = tmp_path / "model.safetensors"
    write_weights(weights, run.network.state_dict(), plain(small_model), {})
    csv, svg = landscape_of_weights(weights, tables, tmp_path, 0, steps=3, device="cpu")
    assert (csv.name, svg.name) == ("landscape_pretrain.csv", "landscape_pretrain.svg")
    table = pd.read_csv(csv)
    assert len(table) == 9
    assert table["total"].notna().all()
    with pytest.raises(InputError, match="no phase other; phases: pretrain, confidence"):
        landscape_of_weights(weights, tables, tmp_path, 0, phase="other", device="cpu")
