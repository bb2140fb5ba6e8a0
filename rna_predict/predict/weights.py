"""Finding trained weights and building the network they belong to."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

import rna_predict
from rna_predict.data.devices import choose_device
from rna_predict.data.records import parse_record
from rna_predict.data.weights import file_sha256, read_adapter, read_weights, weights_sha256
from rna_predict.errors import InputError
from rna_predict.model.adapters import AdapterSettings, attach_adapter, merge_adapters
from rna_predict.model.build import AnyNetwork, build_network
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.sampler import SamplerSettings

PACKAGE = Path(rna_predict.__file__).parent
TRAINED = "results/models/*/model.safetensors"
"""Where the workflow leaves weights."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained network, ready to predict.

    Attributes
    ----------
    network : RnaNetwork or Regressor
        In evaluation mode, without gradients.
    sampling : SamplerSettings
        How its structures are sampled.
    recycles : int
        Extra rounds of its Pairformer.
    sha256 : str
        Of the weights file, or of its hash and the adapter's.
    """

    network: AnyNetwork
    sampling: SamplerSettings
    recycles: int
    sha256: str

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        return next(self.network.parameters()).device


def load_predictor(path: Path, device: str = "auto", adapter: Path | None = None) -> Predictor:
    """Build the network that a weights file belongs to.

    Parameters
    ----------
    path : path
        safetensors written by the training.
    device : str
        ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.
    adapter : path, optional
        An adapter trained on these weights; it is merged into them.

    Returns
    -------
    Predictor

    Raises
    ------
    InputError
        If a file cannot be read or does not fit the network that the header describes, the adapter
        was trained on other weights, or there is no CUDA device where one was asked for.
    """
    weights, model = read_weights(path)
    if missing := {"dimensions", "training", "sampling"} - set(model):
        raise InputError(path, f"its model file lacks {', '.join(sorted(missing))}")
    dimensions = parse_record(Dimensions, model["dimensions"], path)
    with torch.random.fork_rng(devices=[]):
        network = build_network(dimensions)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(path, f"does not fit its own dimensions: {error}") from error
    sha256 = file_sha256(path)
    if adapter is not None:
        _merge_file(network, weights_sha256(weights), path, adapter)
        sha256 = hashlib.sha256(f"{sha256} {file_sha256(adapter)}".encode()).hexdigest()
    return Predictor(
        network=network.to(choose_device(device)).eval().requires_grad_(False),
        sampling=parse_record(SamplerSettings, model["sampling"], path),
        recycles=int(model["training"]["recycles"]),
        sha256=sha256,
    )


def _merge_file(network: AnyNetwork, base_sha256: str, base: Path, path: Path) -> None:
    """Merge the adapter of a file into its base."""
    adapter = read_adapter(path)
    if adapter.base_sha256 != base_sha256:
        raise InputError(
            path,
            f"was trained on weights {adapter.base_sha256[:12]}, {base} holds {base_sha256[:12]}",
        )
    settings = parse_record(AdapterSettings, adapter.settings, path)
    with torch.random.fork_rng(devices=[]):
        attach_adapter(network, settings, adapter.tensors)
    merge_adapters(network)


def find_weights(folders: tuple[Path, ...] | None = None) -> Path:
    """Find the weights to predict with: shipped ones, else the newest that were trained here.

    Those of baselines are passed over: they are used where they are named.

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
    if shipped := shipped_weights():
        return shipped[-1]
    roots = folders if folders is not None else (Path.cwd(), PACKAGE.parent)
    found = {path.resolve() for root in roots for path in root.glob(TRAINED)}
    trained = [path for path in found if not _is_baseline(path)]
    if not trained:
        places = ", ".join(str(root / TRAINED) for root in roots)
        raise InputError("weights", f"none found ({places}); train with `make run` or name a file")
    return max(trained, key=lambda path: (path.stat().st_mtime_ns, str(path)))


def shipped_weights() -> list[Path]:
    """List the weights that come with the package, the newest last by name."""
    return sorted((PACKAGE / "weights").glob("*.safetensors"))


def _is_baseline(weights: Path) -> bool:
    """Tell by the model file that the training leaves beside its weights."""
    record = weights.with_name("model.yaml")
    if not record.exists():
        return False
    dimensions = yaml.safe_load(record.read_text()).get("dimensions", {})
    return dimensions.get("architecture", "network") != "network"
