"""A published encoder of torsions, made here: the layout of TorsionBERT, far smaller."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

WIDTH, HIDDEN, POSITIONS, REGRESSOR, ANGLES = 32, 48, 24, 20, 9
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = SPECIAL + ["".join(word) for word in product("ATCG", repeat=3)]


def make_tensors(angles: int = ANGLES, blocks: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """Make the tensors of a small TorsionBERT, under their published names."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {
        "dnabert.embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "dnabert.embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "dnabert.embeddings.token_type_embeddings.weight": (2, WIDTH),
        "dnabert.embeddings.LayerNorm.weight": (WIDTH,),
        "dnabert.embeddings.LayerNorm.bias": (WIDTH,),
        "dnabert.pooler.dense.weight": (WIDTH, WIDTH),
        "dnabert.pooler.dense.bias": (WIDTH,),
        "regressor.0.weight": (WIDTH,),
        "regressor.0.bias": (WIDTH,),
        "regressor.1.weight": (REGRESSOR, WIDTH),
        "regressor.1.bias": (REGRESSOR,),
        "regressor.3.weight": (2 * angles, REGRESSOR),
        "regressor.3.bias": (2 * angles,),
    }
    sizes = {
        "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
        "attention.output.LayerNorm": (WIDTH,), "intermediate.dense": (HIDDEN, WIDTH),
        "output.dense": (WIDTH, HIDDEN), "output.LayerNorm": (WIDTH,),
    }  # fmt: skip
    for k in range(blocks):
        for name, size in sizes.items():
            shapes[f"dnabert.encoder.layer.{k}.{name}.weight"] = size
            shapes[f"dnabert.encoder.layer.{k}.{name}.bias"] = size[:1]
    return {
        name: torch.randn(shape, generator=generator) * 0.3
        + (1.0 if name.endswith("Norm.weight") else 0.0)
        for name, shape in shapes.items()
    }


@pytest.fixture(scope="session")
def published_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the folder; its configuration is as terse as the real one."""
    folder = tmp_path_factory.mktemp("published")
    save_file(make_tensors(), folder / "model.safetensors")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    config = {
        "architectures": ["RNATorsionBERTModel"], "model_type": "rna_torsionbert", "k": 3,
        "hidden_size": REGRESSOR, "num_classes": 2 * ANGLES, "num_attention_heads": 4,
        "auto_map": {"AutoModel": "evil.Model"},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("raise SystemExit('foreign code was run')")
    return folder


@pytest.fixture(scope="session")
def published_tensors() -> Callable[..., dict[str, Tensor]]:
    """Give :func:`make_tensors`."""
    return make_tensors
