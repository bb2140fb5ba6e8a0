"""Published encoders: a folder in Hugging Face's format, made here, read without foreign code."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from rna_predict.constants import TORSIONS
from rna_predict.errors import InputError
from rna_predict.model.bert import PUBLISHED_TORSIONS
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.training.external import read_encoder

WIDTH, HIDDEN, POSITIONS, REGRESSOR, ANGLES = 32, 48, 24, 20, 9
"""Sizes of the published encoder of conftest.py."""


@pytest.fixture
def vocabulary(published_encoder):
    """Give its tokens."""
    return (published_encoder / "vocab.txt").read_text().split()


@pytest.fixture
def copy(published_encoder, tmp_path):
    """Give a copy of the folder that a test may spoil."""
    return shutil.copytree(published_encoder, tmp_path / "copy")


def network_with(encoder, seed=0):
    torch.manual_seed(seed)
    network = RnaNetwork(Dimensions(torsion=16, bert=encoder.dimensions))
    encoder.load_into(network.torsion_net)
    return network


def chains(*sequences):
    n = max(len(sequence) for sequence in sequences)
    mask = torch.tensor([[k < len(sequence) for k in range(n)] for sequence in sequences])
    letters = [["ACGUN".index(c) for c in sequence.ljust(n, "N")] for sequence in sequences]
    return Features(
        sequence=torch.tensor(letters),
        residue_mask=mask,
        residue_index=torch.arange(n).expand(len(sequences), n).clone(),
        pair_probability=torch.zeros(len(sequences), n, n),
    )


def test_sizes_follow_from_the_files(published_encoder):
    d = read_encoder(published_encoder).dimensions
    assert (d.vocabulary, d.kmer, d.width, d.blocks, d.heads) == (69, 3, WIDTH, 2, 4)
    assert (d.hidden, d.positions, d.regressor, d.angles) == (HIDDEN, POSITIONS, REGRESSOR, ANGLES)


def test_tokens_are_the_k_mers_with_t_for_u(published_encoder, vocabulary):
    net = network_with(read_encoder(published_encoder)).torsion_net
    words = [vocabulary[k] for k in net.kmers(chains("ACGUUN"))[0]]
    assert words == ["ACG", "CGT", "GTT", "[UNK]", "[UNK]", "[UNK]"]


def test_torsions_are_the_published_ones_where_a_k_mer_begins(published_encoder):
    network = network_with(read_encoder(published_encoder))
    net, features = network.torsion_net, chains("GGCAUCGA")
    states, present = net.encode(net.kmers(features), features.residue_mask)
    assert present[0].tolist() == [True] * 6 + [False] * 2
    cosine_sine = net.regressor(states)[0, :6]
    sin_cos = net(features).sin_cos[0]
    for place, name in enumerate(PUBLISHED_TORSIONS[:ANGLES]):
        cosine, sine = cosine_sine[:, 2 * place : 2 * place + 2].unbind(-1)
        mine = torch.atan2(*sin_cos[:6, TORSIONS.index(name)].unbind(-1))
        torch.testing.assert_close(mine, torch.atan2(sine, cosine))
    a_form = net.heads.vectors.bias.view(len(TORSIONS), 2)
    for name in ("nu0", "nu4"):
        own = a_form[TORSIONS.index(name)].expand(8, 2)
        torch.testing.assert_close(sin_cos[:, TORSIONS.index(name)], own)
    torch.testing.assert_close(sin_cos[6:], a_form.expand(2, -1, -1))


def test_padding_and_neighbours_in_the_batch_change_nothing(published_encoder):
    net = network_with(read_encoder(published_encoder)).torsion_net
    together = net(chains("GGCAUCGACU", "ACGUA"))
    for row, sequence in enumerate(("GGCAUCGACU", "ACGUA")):
        alone, n = net(chains(sequence)), len(sequence)
        torch.testing.assert_close(together.sin_cos[row, :n], alone.sin_cos[0])
        torch.testing.assert_close(together.hidden[row, :n], alone.hidden[0])


def test_longer_chains_than_the_encoder_are_read_in_windows(published_encoder):
    net = network_with(read_encoder(published_encoder)).torsion_net
    sequence = "GGCAUCGACU" * 6
    size = POSITIONS - 2
    states, present = (
        x[0] for x in net.encode(net.kmers(chains(sequence)), torch.ones(1, 60, dtype=torch.bool))
    )
    assert present.sum() == 58
    start = size // 2
    window = sequence[start : start + size + 2]
    alone = net.encode(net.kmers(chains(window)), torch.ones(1, size + 2, dtype=torch.bool))[0][0]
    middle = slice(size // 4, 3 * size // 4)
    torch.testing.assert_close(states[start:][middle], alone[middle])


def test_every_head_of_ours_and_the_encoder_get_gradient(published_encoder):
    net = network_with(read_encoder(published_encoder)).torsion_net
    with torch.no_grad():
        for parameter in net.heads.parameters():
            parameter += 0.1
    prediction = net(chains("GGCAUCGACU"))
    (prediction.sin_cos.square() * torch.arange(28.0).view(14, 2)).sum().backward(retain_graph=True)
    (prediction.log_kappa.sum() + prediction.hidden.square().sum()).backward()
    missing = [
        name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert missing == []


def test_network_with_a_published_encoder_folds(published_encoder):
    network, features = network_with(read_encoder(published_encoder)), chains("GGCAUCGACU", "ACGUA")
    trunk = network.trunk(features, 0)
    assert trunk.torsion_hidden.shape == (2, 10, 16)
    assert trunk.start_coords.isfinite().all()


def test_encoder_without_a_regressor_leaves_all_torsions_to_our_head(copy, published_tensors):
    kept = {
        name.removeprefix("dnabert."): tensor
        for name, tensor in published_tensors().items()
        if not name.startswith("regressor.")
    }
    kept["cls.predictions.bias"] = torch.zeros(69)
    save_file(kept, copy / "model.safetensors")
    encoder = read_encoder(copy)
    assert (encoder.dimensions.regressor, encoder.dimensions.angles) == (0, 0)
    net = network_with(encoder).torsion_net
    a_form = net.heads.vectors.bias.view(len(TORSIONS), 2)
    torch.testing.assert_close(net(chains("GGCAU")).sin_cos[0], a_form.expand(5, -1, -1))


def test_pickled_weights_give_the_same_but_never_run_code(published_encoder, copy):
    tensors = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(tensors, copy / "pytorch_model.bin")
    first, second = read_encoder(published_encoder), read_encoder(copy)
    assert first.dimensions == second.dimensions
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    torch.save({"evil": print}, copy / "pytorch_model.bin")
    with pytest.raises(InputError, match="no weights that can be trusted"):
        read_encoder(copy)


def test_sixteen_published_torsions_give_the_pucker_too(copy, published_tensors):
    save_file(published_tensors(angles=16), copy / "model.safetensors")
    net = network_with(read_encoder(copy)).torsion_net
    assert sorted(net.ours) == list(range(len(TORSIONS)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dnabert.encoder.layer.1.output.dense.bias": None}, "no tensor for blocks.1.down.bias"),
        ({"dnabert.encoder.layer.1.output.gate.weight": 2}, "tensors that no BERT encoder has"),
        ({"adapter.weight": 2}, "tensors that no BERT encoder has: adapter.weight"),
        ({"dnabert.encoder.layer.0.attention.self.key.weight": 5}, "blocks.0.key.weight: expected"),
        ({"regressor.3.weight": None}, "no BERT encoder that fits"),
        ({"dnabert.embeddings.word_embeddings.weight": None}, "expected one tensor"),
        ({"dnabert.embeddings.word_embeddings.weight": 40}, "69 tokens, but model.safetensors"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(copy, change, message, published_tensors):
    tensors = published_tensors()
    for name, rows in change.items():
        if rows is None:
            del tensors[name]
        else:
            tensors[name] = torch.zeros(rows, WIDTH)
    save_file(tensors, copy / "model.safetensors")
    with pytest.raises(InputError, match=message):
        read_encoder(copy)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[]", "expected a JSON object"),
        ("{", "no readable configuration"),
        ('{"hidden_act": "relu"}', "hidden_act: expected 'gelu', got 'relu'"),
        ('{"position_embedding_type": "relative_key"}', "position_embedding_type"),
        ('{"num_hidden_layers": 12}', "config.json says 12 layers, the tensors are of 2"),
        ('{"num_attention_heads": 5}', "5 heads do not divide a width of 32"),
    ],
)
def test_configurations_that_do_not_fit_are_refused(copy, config, message):
    (copy / "config.json").write_text(config)
    with pytest.raises(InputError, match=message):
        read_encoder(copy)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["[PAD]", "AAA"], r"no token \[UNK\]"),
        (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello"], "no k-mers of nucleotides"),
    ],
)
def test_vocabularies_that_do_not_fit_are_refused(copy, words, message):
    (copy / "vocab.txt").write_text("\n".join(words))
    with pytest.raises(InputError, match=message):
        read_encoder(copy)


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "model.safetensors"])
def test_missing_files_are_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(InputError, match="config.json|vocab.txt|pytorch_model.bin"):
        read_encoder(copy)


@pytest.mark.tool
def test_states_are_those_of_transformers(published_encoder, published_tensors, vocabulary):
    transformers = pytest.importorskip("transformers")
    encoder = read_encoder(published_encoder)
    d = encoder.dimensions
    config = transformers.BertConfig(
        vocab_size=d.vocabulary, hidden_size=d.width, num_hidden_layers=d.blocks,
        num_attention_heads=d.heads, intermediate_size=d.hidden,
        max_position_embeddings=d.positions, type_vocab_size=d.kinds,
    )  # fmt: skip
    theirs = transformers.BertModel(config).eval()
    tensors = {
        name.removeprefix("dnabert."): tensor
        for name, tensor in published_tensors().items()
        if name.startswith("dnabert.")
    }
    theirs.load_state_dict(tensors)
    net = network_with(encoder).torsion_net
    sequences = ("GGCAUCGACU", "ACGUA")
    states, present = net.encode(net.kmers(chains(*sequences)), chains(*sequences).residue_mask)
    for row, sequence in enumerate(sequences):
        words = [sequence[k : k + 3].replace("U", "T") for k in range(len(sequence) - 2)]
        ids = [vocabulary.index(word) for word in ("[CLS]", *words, "[SEP]")]
        with torch.no_grad():
            expected = theirs(torch.tensor([ids])).last_hidden_state[0, 1:-1]
        torch.testing.assert_close(states[row][present[row]], expected, atol=1e-5, rtol=0)
