"""Finding trained weights and building the network they belong to."""

from dataclasses import dataclass
from pathlib import Path

import torch

import rna_predict
from rna_predict.data.devices import choose_device
from rna_predict.data.records import parse_record
from rna_predict.data.weights import file_sha256, read_weights
from rna_predict.errors import InputError
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.network import RnaNetwork
from rna_predict.model.sampler import SamplerSettings

PACKAGE = Path(rna_predict.__file__).parent
TRAINED = "results/models/*/model.safetensors"
"""Where the workflow leaves weights."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained network, ready to predict.

    Attributes
    ----------
    network : RnaNetwork
        In evaluation mode, without gradients.
    sampling : SamplerSettings
        How its structures are sampled.
    recycles : int
        Extra rounds of its Pairformer.
    sha256 : str
        Of the weights file.
    """

    network: RnaNetwork
    sampling: SamplerSettings
    recycles: int
    sha256: str

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        return next(self.network.parameters()).device


def load_predictor(path: Path, device: str = "auto") -> Predictor:
    """Build the network that a weights file belongs to.

    Parameters
    ----------
    path : path
        safetensors written by the training.
    device : str
        ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.

    Returns
    -------
    Predictor

    Raises
    ------
    InputError
        If the file cannot be read or does not fit the network its header describes, or there is
        no CUDA device where one was asked for.
    """
    weights, model = read_weights(path)
    if missing := {"dimensions", "training", "sampling"} - set(model):
        raise InputError(path, f"its model file lacks {', '.join(sorted(missing))}")
    dimensions = parse_record(Dimensions, model["dimensions"], path)
    with torch.random.fork_rng(devices=[]):
        network = RnaNetwork(dimensions)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(path, f"does not fit its own dimensions: {error}") from error
    return Predictor(
        network=network.to(choose_device(device)).eval().requires_grad_(False),
        sampling=parse_record(SamplerSettings, model["sampling"], path),
        recycles=int(model["training"]["recycles"]),
        sha256=file_sha256(path),
    )


def find_weights(folders: tuple[Path, ...] | None = None) -> Path:
    """Find the weights to predict with: shipped ones, else the newest that were trained here.

    Parameters
    ----------
    folders : tuple of path, optional
        Roots to look for ``results/models`` in; the current folder and the checkout by default.

    Returns
    -------
    path

    Raises
    ------
    InputError
        If there are none; weights are never made up.
    """
    if shipped := sorted((PACKAGE / "weights").glob("*.safetensors")):
        return shipped[-1]
    roots = folders if folders is not None else (Path.cwd(), PACKAGE.parent)
    trained = {path.resolve() for root in roots for path in root.glob(TRAINED)}
    if not trained:
        places = ", ".join(str(root / TRAINED) for root in roots)
        raise InputError("weights", f"none found ({places}); train with `make run` or name a file")
    return max(trained, key=lambda path: (path.stat().st_mtime_ns, str(path)))
