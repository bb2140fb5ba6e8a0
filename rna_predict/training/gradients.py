"""Which parts of a network each loss term teaches: norms of gradients, and tensors without any."""

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn


def gradient_norms(network: nn.Module, terms: dict[str, Float[Tensor, ""]]) -> pd.DataFrame:
    """Measure the gradient of each loss term in each part of a network.

    Parameters
    ----------
    network : Module
        Its children are the parts. Gradients that it holds are left alone.
    terms : dict of scalars
        Loss terms of one pass, with their graph, which is kept. Multiplied by their weights, the
        columns show the terms' shares of the gradient.

    Returns
    -------
    DataFrame
        Euclidean norm over the trainable tensors of a part; a row a part, a column a term. 0 where
        a term does not reach a part, or nothing of it learns.
    """
    owners = [
        (name, parameter)
        for name, part in network.named_children()
        for parameter in part.parameters()
        if parameter.requires_grad
    ]
    parts = [name for name, _ in network.named_children()]
    table = pd.DataFrame(0.0, index=pd.Index(parts, name="part"), columns=list(terms))
    for term, loss in terms.items():
        if not (loss.requires_grad and owners):
            continue
        gradients = torch.autograd.grad(
            loss, [parameter for _, parameter in owners], retain_graph=True, allow_unused=True
        )
        squares = dict.fromkeys(parts, 0.0)
        for (name, _), gradient in zip(owners, gradients, strict=True):
            if gradient is not None:
                squares[name] += gradient.double().square().sum().item()
        table[term] = pd.Series(squares) ** 0.5
    return table


def idle_tensors(network: nn.Module) -> list[str]:
    """Name the trainable tensors whose gradient, after a backward pass, is absent or all zero."""
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not parameter.grad.any())
    ]
