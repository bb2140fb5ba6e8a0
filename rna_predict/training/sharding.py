"""Training with the weights in parts: each process keeps a part (FSDP of torch, its second kind).

A phase is one unit: its weights come together for a step and for a validation, and between these
each process holds its part of them, of their average and of the optimiser's state.
"""

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor


def shard(module: nn.Module, mesh: DeviceMesh, method: str) -> None:
    """Divide the weights of a module, in place.

    Parameters
    ----------
    module : Module
        Has the weights whole on every process.
    mesh : DeviceMesh
        The processes, in one dimension.
    method : str
        Name of the method that needs the weights and computes a loss from them.
    """
    fully_shard(module, mesh=mesh, reshard_after_forward=True)
    register_fsdp_forward_method(module, method)


def reach_all(loss: Tensor, module: nn.Module) -> Tensor:
    """Let every trained weight have a gradient, 0 if no other: all processes must have the same.

    Without this a part that one process's batch does not use would leave the others waiting.
    """
    trained = [weight.sum() for weight in module.parameters() if weight.requires_grad]
    return loss + 0.0 * torch.stack(trained).sum()


def whole(tensor: Tensor) -> Tensor:
    """Give a tensor in one piece; all processes must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def copy_like(tensor: Tensor, pattern: Tensor) -> Tensor:
    """Copy a tensor to where another one is, in parts if that is."""
    copied = tensor.detach().to(pattern.device, copy=True)
    if isinstance(pattern, DTensor) and not isinstance(copied, DTensor):
        return distribute_tensor(copied, pattern.device_mesh, pattern.placements)
    return copied
