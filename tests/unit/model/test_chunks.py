"""Work by rows gives what work as a whole gives."""

import pytest
import torch

from rna_predict.model import chunks
from rna_predict.model.chunks import by_rows


@pytest.fixture
def parts():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 7, 7, 4, generator=generator), torch.randn(2, 7, 3, generator=generator)


def update(pair, single):
    calls.append(pair.shape[1])
    return pair * single.sum(-1)[:, :, None, None]


calls: list[int] = []


@pytest.mark.parametrize(("numbers", "sizes"), [(1, [1] * 7), (2 * 7 * 4 * 3, [3, 3, 1])])
def test_chunks_hold_as_many_rows_as_fit_and_give_the_same(parts, monkeypatch, numbers, sizes):
    whole = update(*parts)
    calls.clear()
    monkeypatch.setattr(chunks, "CHUNK", {"cpu": numbers, "cuda": numbers})
    with torch.no_grad():
        torch.testing.assert_close(by_rows(update, *parts, width=4), whole)
    assert calls == sizes


def test_nothing_is_cut_while_gradients_are_kept(parts, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", {"cpu": 1, "cuda": 1})
    calls.clear()
    by_rows(update, *parts, width=4)
    assert calls == [7]


def test_the_network_is_the_same_in_chunks(network, feature_maker, monkeypatch):
    features = feature_maker((9, 6), rows=3, templates=2)
    coords = 10 * torch.randn(2, 2, 9, 23, 3, generator=torch.Generator().manual_seed(0))
    sigma = torch.full((2, 2), 8.0)
    results = []
    with torch.no_grad():
        for numbers in (2**21, 1):
            monkeypatch.setattr(chunks, "CHUNK", {"cpu": numbers, "cuda": numbers})
            trunk = network.trunk(features, 1)
            judged = network.confidence(trunk, features, coords)
            results.append((network.denoise(trunk, features, coords, sigma), judged.pae()))
    torch.testing.assert_close(results[0], results[1], atol=1e-4, rtol=1e-4)
