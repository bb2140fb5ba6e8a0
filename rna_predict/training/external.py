"""Published encoders of torsions: a folder in Hugging Face's format to our own modules.

Read are ``config.json``, ``vocab.txt`` and the weights (``model.safetensors``, else
``pytorch_model.bin`` with torch's restricted unpickler). Code that lies beside them is never run,
and nothing is fetched. Sizes are taken from the tensors; what does not fit is an error.

TorsionBERT's folder (``sayby/rna_torsionbert``) holds DNABERT under ``dnabert.`` and the regressor
under ``regressor.``; its ``hidden_size`` is that of the regressor.
"""

import json
import pickle
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from rna_predict.constants import ALPHABET
from rna_predict.errors import InputError
from rna_predict.model.bert import PUBLISHED_TORSIONS, SPECIAL, BertTorsionNet
from rna_predict.model.dimensions import BertDimensions

WORDS = "embeddings.word_embeddings.weight"
OUTER = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "kinds",
    "embeddings.LayerNorm": "embedding_norm",
}
"""Hugging Face's names of what stands outside the blocks, and ours."""
INNER = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm",
}
"""The same within ``encoder.layer.N``, and within our ``blocks.N``."""
UNUSED = ("pooler.", "cls.", "classifier.", "embeddings.position_ids")
"""Beginnings of names that an encoder of residues has no use for."""
HEAD_WIDTH = 64
"""Channels a head where the configuration does not say: that of every published BERT."""


@dataclass(frozen=True, eq=False)
class PublishedEncoder:
    """A published encoder in our terms.

    Attributes
    ----------
    dimensions : BertDimensions
        Its sizes.
    weights : dict of tensors
        By our names: part of the state of a :class:`BertTorsionNet`.
    """

    dimensions: BertDimensions
    weights: dict[str, Tensor]

    def load_into(self, net: BertTorsionNet) -> None:
        """Copy the weights; what the encoder does not have stays as it is."""
        net.load_state_dict(net.state_dict() | self.weights)


def read_encoder(folder: Path) -> PublishedEncoder:
    """Read a published encoder.

    Parameters
    ----------
    folder : path
        With ``config.json``, ``vocab.txt`` and ``model.safetensors`` or ``pytorch_model.bin``.

    Returns
    -------
    PublishedEncoder

    Raises
    ------
    InputError
        If a file is absent or unreadable, the vocabulary is not one of k-mers of nucleotides, or
        names or shapes of the tensors are not those of a BERT encoder.
    """
    config = _read_config(folder / "config.json")
    path, tensors = _read_tensors(folder)
    words = [name for name in tensors if name.endswith(WORDS)]
    if len(words) != 1:
        raise InputError(
            path, f"expected one tensor ...{WORDS}; found {words or list(tensors)[:5]}"
        )
    weights = _renamed(path, tensors, words[0].removesuffix(WORDS))
    vocabulary = _read_vocabulary(folder / "vocab.txt")
    kmer = max(len(word) for word in vocabulary if set(word) <= set("ACGTUN"))
    try:
        dimensions = _dimensions(weights, kmer, config)
        with torch.device("meta"):
            state = BertTorsionNet(1, dimensions).state_dict()
    except (KeyError, ValueError) as error:
        raise InputError(path, f"no BERT encoder that fits: {error}") from error
    if dimensions.vocabulary < len(vocabulary):
        raise InputError(
            folder / "vocab.txt",
            f"{len(vocabulary)} tokens, but {path.name} embeds {dimensions.vocabulary}",
        )
    weights |= _token_tables(vocabulary, kmer)
    _check_fit(path, weights, state)
    return PublishedEncoder(dimensions, weights)


def encoder_weights(folder: Path) -> Path:
    """Give the file of the weights: safetensors where there is one."""
    path = folder / "model.safetensors"
    return path if path.exists() else folder / "pytorch_model.bin"


def _read_config(path: Path) -> dict[str, Any]:
    """Read the configuration and refuse variants of BERT that compute something else."""
    try:
        config = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(path, f"no readable configuration: {error}") from error
    if not isinstance(config, dict):
        raise InputError(path, f"expected a JSON object, got {type(config).__name__}")
    expected = {
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "layer_norm_eps": 1e-12,
    }
    for key, value in expected.items():
        if config.get(key, value) != value:
            raise InputError(path, f"{key}: expected {value!r}, got {config[key]!r}")
    return config


def _read_tensors(folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """Read the weights of either format; nothing in them is executed."""
    path = encoder_weights(folder)
    try:
        if path.suffix == ".safetensors":
            return path, load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(path, f"no weights that can be trusted: {error}") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise InputError(path, "expected tensors by name")
    return path, dict(tensors)


def _renamed(path: Path, tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Give our names to the tensors of the encoder and of its regressor."""
    renamed, strange = {}, []
    for name, tensor in tensors.items():
        inner = name.removeprefix(prefix)
        module, _, kind = inner.rpartition(".")
        kind = {"gamma": "weight", "beta": "bias"}.get(kind, kind)
        if inner.startswith("encoder.layer."):
            number, _, module = module.removeprefix("encoder.layer.").partition(".")
            ours = f"blocks.{number}.{INNER[module]}" if module in INNER else None
        else:
            ours = OUTER.get(module, module if module.startswith("regressor.") else None)
        if ours is not None:
            renamed[f"{ours}.{kind}"] = tensor.float()
        elif not inner.startswith(UNUSED) and not name.startswith(UNUSED):
            strange.append(name)
    if strange:
        raise InputError(path, f"tensors that no BERT encoder has: {', '.join(strange[:5])}")
    return renamed


def _dimensions(weights: dict[str, Tensor], kmer: int, config: dict[str, Any]) -> BertDimensions:
    """Take the sizes from the tensors; only the number of heads does not show in them."""
    vocabulary, width = weights["words.weight"].shape
    blocks = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    if (said := config.get("num_hidden_layers", blocks)) != blocks:
        raise ValueError(f"config.json says {said} layers, the tensors are of {blocks}")
    regressor = angles = 0
    if "regressor.1.weight" in weights:
        regressor = weights["regressor.1.weight"].shape[0]
        angles = weights["regressor.3.weight"].shape[0] // 2
        if not 0 < angles <= len(PUBLISHED_TORSIONS):
            raise ValueError(f"a regressor of {angles} torsions, at most {len(PUBLISHED_TORSIONS)}")
    return BertDimensions(
        vocabulary=vocabulary,
        kmer=kmer,
        width=width,
        blocks=blocks,
        heads=config.get("num_attention_heads", max(1, width // HEAD_WIDTH)),
        hidden=weights["blocks.0.up.weight"].shape[0],
        positions=weights["positions.weight"].shape[0],
        kinds=weights["kinds.weight"].shape[0],
        regressor=regressor,
        angles=angles,
    )


def _read_vocabulary(path: Path) -> dict[str, int]:
    """Read the tokens, one a line."""
    try:
        vocabulary = {
            word: number for number, word in enumerate(path.read_text().split("\n")) if word
        }
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"no readable vocabulary: {error}") from error
    if missing := [word for word in SPECIAL if word not in vocabulary]:
        raise InputError(path, f"no token {missing[0]}; the first tokens: {list(vocabulary)[:5]}")
    if not any(set(word) <= set("ACGTU") for word in vocabulary):
        raise InputError(
            path, f"no k-mers of nucleotides; the first tokens: {list(vocabulary)[:5]}"
        )
    return vocabulary


def _token_tables(vocabulary: dict[str, int], kmer: int) -> dict[str, Tensor]:
    """Give the token of every k-mer of our alphabet; [UNK] to those that the encoder lacks."""
    thymine = not any("U" in word and set(word) <= set("ACGUN") for word in vocabulary)
    spelt = ALPHABET.replace("U", "T") if thymine else ALPHABET
    unknown = vocabulary["[UNK]"]
    numbers = [vocabulary.get("".join(word), unknown) for word in product(spelt, repeat=kmer)]
    return {
        "tokens": torch.tensor(numbers),
        "special": torch.tensor([vocabulary[word] for word in SPECIAL]),
    }


def _check_fit(path: Path, weights: dict[str, Tensor], state: dict[str, Tensor]) -> None:
    """Refuse weights whose names or shapes are not those of the encoder they claim to be."""
    own = ("end.", "state.", "heads.")
    missing = [name for name in state if name not in weights and not name.startswith(own)]
    if missing:
        raise InputError(path, f"no tensor for {', '.join(missing[:5])}")
    for name, tensor in weights.items():
        if name not in state:
            raise InputError(path, f"no place for {name}")
        if tensor.shape != state[name].shape:
            shapes = f"expected shape {tuple(state[name].shape)}, got {tuple(tensor.shape)}"
            raise InputError(path, f"{name}: {shapes}")
