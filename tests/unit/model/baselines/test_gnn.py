"""The graph network: which edges it has, and that its messages cannot tell left from right."""

import torch

from rna_predict.model.baselines.gnn import choose_edges, gather_edges, start_nodes
from rna_predict.model.baselines.regressor import start_coords


def test_short_chains_have_all_pairs(feature_maker):
    features = feature_maker((7, 5))
    neighbours, mask = choose_edges(torch.randn(2, 1, 7, 3), features, 32)
    for chain, length in enumerate((7, 5)):
        for residue in range(length):
            found = neighbours[chain, 0, residue][mask[chain, 0, residue]].tolist()
            assert sorted(found) == [k for k in range(length) if k != residue]
    assert not mask[1, 0, 5:].any()


def test_sequence_then_pairs_then_the_nearest_send_messages(feature_maker):
    features = feature_maker((40,))
    features.pair_probability.zero_()
    features.pair_probability[0, 0, 30] = features.pair_probability[0, 30, 0] = 0.9
    x = torch.zeros(1, 1, 40, 3)
    x[0, 0, :, 0] = 10.0 * torch.arange(40)
    x[0, 0, 20] = torch.tensor([1.0, 1.0, 1.0])
    neighbours, mask = choose_edges(x, features, 5)
    assert mask.all()
    assert neighbours[0, 0, 0].tolist()[:3] == [1, 2, 30]
    assert neighbours[0, 0, 0].tolist()[3] == 20


def test_edges_are_those_of_their_ends():
    edges = torch.arange(2 * 3 * 3).view(2, 3, 3, 1).float()
    neighbours = torch.tensor([[[[2], [0], [1]]], [[[1], [1], [0]]]])
    taken = gather_edges(edges, neighbours)[..., 0, 0]
    assert taken[:, 0].tolist() == [[2.0, 3.0, 7.0], [10.0, 13.0, 15.0]]


def test_a_mirrored_start_mirrors_the_trace(regressor_maker, features):
    """Messages are E(3)-equivariant: handedness comes from the start and from the frames."""
    network = regressor_maker("gnn")
    noise = torch.randn(2, 1, 9, 3, generator=torch.Generator().manual_seed(0))
    start = start_coords(features, noise)
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    trunk = network.trunk(features)
    # The offsets of the test's weights move C4' within the frame, which is never mirrored.
    torch.nn.init.zeros_(network.structure.offsets.weight)
    traces = [
        start_nodes(network.structure(features, trunk.single, trunk.pair, s))[0].detach()
        for s in (start, start * mirror)
    ]
    mask = features.residue_mask[:, None]
    torch.testing.assert_close(traces[1][mask], (traces[0] * mirror)[mask], atol=1e-4, rtol=1e-4)
