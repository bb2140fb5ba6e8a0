"""The loss about a point in weight space, in two random directions.

Directions are filter-normalised: each row of each weight matrix has the length of the row it moves,
so that the picture does not depend on how weights of consecutive layers are scaled; vectors (biases
and the gains of norms) do not move. Li, Xu, Taylor, Studer & Goldstein (2018), NeurIPS,
arXiv:1712.09913, sections 4 and 6.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rna_predict.data.batch import Batch, collate
from rna_predict.data.dataset import load_examples
from rna_predict.data.devices import choose_device
from rna_predict.data.msa import choose_rows
from rna_predict.data.records import parse_record
from rna_predict.data.seeds import derive_seed, torch_generator
from rna_predict.data.tables import TablePaths
from rna_predict.data.weights import read_weights
from rna_predict.errors import InputError
from rna_predict.model.build import AnyNetwork, build_network
from rna_predict.structure.files import replacing
from rna_predict.training.objective import loss_terms, weigh
from rna_predict.training.settings import ModelFile, Phase, TrainingSettings

LEVELS = 16
"""Contours of the drawing."""


def filter_normalised_direction(
    network: nn.Module, generator: torch.Generator
) -> dict[str, Tensor]:
    """Draw a direction as long, filter by filter, as the weights.

    Parameters
    ----------
    network : Module
        Its parameters are read. A filter is what one output of a weight comes from: a row of the
        first dimension.
    generator : torch.Generator
        On the CPU, so that all devices draw the same direction.

    Returns
    -------
    dict of tensors
        Shape and device of the floating-point parameters of two or more dimensions, by name; 0
        where a filter is 0.
    """
    direction = {}
    for name, weight in network.named_parameters():
        if weight.ndim < 2 or not weight.is_floating_point():
            continue
        drawn = torch.randn(weight.shape, generator=generator).to(weight)
        rows, filters = drawn.flatten(1), weight.detach().flatten(1)
        scale = filters.norm(dim=1, keepdim=True) / rows.norm(dim=1, keepdim=True)
        direction[name] = (rows * scale).view_as(weight)
    return direction


@torch.no_grad()
def loss_landscape(
    network: nn.Module,
    losses: Callable[[], dict[str, float]],
    seed: int,
    steps: int = 21,
    radius: float = 1.0,
) -> pd.DataFrame:
    """Measure losses on a square grid about the weights; the weights are put back.

    Parameters
    ----------
    network : Module
        Whose weights move.
    losses : callable
        Gives the losses of the network as it is; the same numbers at every call.
    seed : int
        Of the two directions.
    steps : int
        Points along a side; odd, so that the middle is the network itself.
    radius : float
        Half the side, in lengths of the weights: 1 moves every filter by its own length.

    Returns
    -------
    DataFrame
        ``first``, ``second`` (in [-radius, radius]) and a column for each loss; ``steps ** 2``
        rows, NaN or infinite where the loss is.

    Raises
    ------
    ValueError
        If ``steps`` is even or below 3, or the radius is not positive.
    """
    if steps < 3 or steps % 2 == 0 or radius <= 0:
        raise ValueError(f"expected odd steps >= 3 and radius > 0, got {steps} and {radius}")
    generators = (torch_generator("cpu", derive_seed(seed, "landscape", k)) for k in range(2))
    directions = [filter_normalised_direction(network, generator) for generator in generators]
    weights = {name: dict(network.named_parameters())[name] for name in directions[0]}
    start = {name: weight.clone() for name, weight in weights.items()}
    side = np.linspace(-radius, radius, steps)
    side[steps // 2] = 0.0
    rows = []
    try:
        for first in side.tolist():
            for second in side.tolist():
                for name, weight in weights.items():
                    moved = first * directions[0][name] + second * directions[1][name]
                    weight.copy_(start[name] + moved)
                rows.append({"first": first, "second": second, **losses()})
    finally:
        for name, weight in weights.items():
            weight.copy_(start[name])
    return pd.DataFrame(rows)


def landscape_of_phase(
    network: AnyNetwork,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    seed: int,
    steps: int = 21,
    radius: float = 1.0,
) -> pd.DataFrame:
    """Measure the loss of a phase about a network's weights, on one batch with fixed noise.

    Parameters
    ----------
    network : RnaNetwork or Regressor
        Put into eval mode. Its weights are those of a checkpoint.
    batch : Batch
        On the network's device.
    phase : Phase
        Losses and noised copies.
    settings : TrainingSettings
        Noise and rounds of the trunk.
    seed : int
        Of directions and noise.
    steps, radius
        See :func:`loss_landscape`.

    Returns
    -------
    DataFrame
        See :func:`loss_landscape`; ``total`` is weighted, the terms are not.
    """
    network.eval()

    def losses() -> dict[str, float]:
        generator = torch_generator(batch.truth.coords.device, seed, "landscape noise")
        terms = loss_terms(network, batch, phase, settings, generator)
        total, _ = weigh(terms, phase.losses)
        return {"total": float(total), **{name: float(term) for name, term in terms.items()}}

    with torch.inference_mode(False):
        return loss_landscape(network, losses, seed, steps, radius)


def landscape_of_weights(
    weights: Path,
    tables: TablePaths,
    out_dir: Path,
    seed: int,
    phase: str | None = None,
    chains: int = 2,
    steps: int = 21,
    radius: float = 1.0,
    device: str = "auto",
) -> tuple[Path, Path]:
    """Measure and draw the landscape about weights on disk, on some training chains.

    Parameters
    ----------
    weights : path
        ``model.safetensors`` of a training.
    tables : TablePaths
        The data set.
    out_dir : path
        Gets ``landscape_{phase}.csv`` and ``landscape_{phase}.svg``.
    seed : int
        Of chains, directions and noise.
    phase : str, optional
        Phase whose losses are measured; the first one if absent.
    chains : int
        Chains of the batch, each cut to the phase's crop.
    steps, radius
        See :func:`loss_landscape`.
    device : str
        ``cpu``, ``cuda``, or ``auto``.

    Returns
    -------
    (path, path)
        CSV and SVG.

    Raises
    ------
    InputError
        If the weights cannot be read, have no such phase, or a table is refused.
    """
    state, values = read_weights(weights)
    model = parse_record(ModelFile, values, weights)
    phases = {entry.name: entry for entry in model.training.phases}
    chosen = phases.get(phase or next(iter(phases)))
    if chosen is None:
        raise InputError(weights, f"no phase {phase}; phases: {', '.join(phases)}")
    network = build_network(model.dimensions)
    network.load_state_dict(state)
    device = choose_device(device)
    examples = load_examples(tables, "train").examples
    generator = np.random.default_rng(derive_seed(seed, "landscape chains"))
    rows = model.dimensions.msa_rows
    shown = []
    for k in generator.permutation(len(examples))[:chains]:
        length = min(len(examples[k].chain), chosen.crop)
        msa = choose_rows(examples[k].homologs, rows, generator)
        shown.append(examples[k].crop(np.arange(length), msa=msa))
    batch = collate(shown).to(device)
    table = landscape_of_phase(
        network.to(device), batch, chosen, model.training, seed, steps, radius
    )
    return write_landscape(table, out_dir, f"landscape_{chosen.name}")


def write_landscape(
    table: pd.DataFrame, folder: Path, name: str = "landscape"
) -> tuple[Path, Path]:
    """Write the table as CSV and its ``total`` as a drawing of contours.

    The same table gives the same bytes. Matplotlib is imported here, since machines that only train
    may lack it.

    Parameters
    ----------
    table : DataFrame
        Of :func:`loss_landscape`.
    folder : path
        Gets ``{name}.csv`` and ``{name}.svg``.
    name : str
        Of the files.

    Returns
    -------
    (path, path)
        CSV and SVG.
    """
    import matplotlib
    from matplotlib.figure import Figure

    csv, svg = (folder / f"{name}.{suffix}" for suffix in ("csv", "svg"))
    with replacing(csv) as temporary:
        table.to_csv(temporary, index=False, float_format="%.7g")
    grid = table.pivot(index="second", columns="first", values="total")
    # beyond the centre's surroundings a loss grows by orders of magnitude: contours by logarithm
    height = np.log10(np.clip(grid.to_numpy() - np.nanmin(grid), 1e-6, None) + 1e-3)
    height = np.ma.masked_invalid(height)
    middle = table.query("first == 0 and second == 0")["total"].iloc[0]
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure = Figure(figsize=(6, 5), layout="constrained")
        axes = figure.subplots()
        filled = axes.contourf(grid.columns, grid.index, height, LEVELS, cmap="viridis")
        axes.contour(grid.columns, grid.index, height, LEVELS, colors="white", linewidths=0.4)
        axes.plot([0], [0], marker="+", color="red", markersize=12)
        axes.set(
            xlabel="first direction (lengths of the filters)",
            ylabel="second direction",
            title=f"Loss about the weights; {middle:.4g} at the middle",
            aspect="equal",
        )
        figure.colorbar(filled, label="log10(loss - least loss + 0.001)")
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
    return csv, svg
