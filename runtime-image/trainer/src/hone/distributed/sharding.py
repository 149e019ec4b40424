"""FSDP2: every process holds a part of each weight, gradient and optimizer state (PyTorch's `fully_shard`)."""

import copy
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from hone.distributed.group import Group

#: Whole tensors, in the first process's CPU memory alone.
GATHERED = StateDictOptions(full_state_dict=True, cpu_offload=True)


class ShardedTwin:
    """Trains in place of a model, from the same weights, and gives them back.

    `fully_shard` cannot be undone, and whoever saves, merges or measures needs the model that it knows. So a twin of
    the modules takes the weights over, without ever copying them, and `give_back` fills the model again.
    """

    def __init__(self, model: nn.Module, device: torch.device, group: Group) -> None:
        self._model = model
        parameters = list(model.parameters())
        # Deep copies of everything but the parameters, which are the same objects.
        self.module: nn.Module = copy.deepcopy(model, {id(parameter): parameter for parameter in parameters})
        mesh = init_device_mesh(device.type, (group.size,))
        for block in blocks(self.module):
            fully_shard(block, mesh=mesh)
        fully_shard(self.module, mesh=mesh)
        for parameter in parameters:
            parameter.data = torch.empty(0, dtype=parameter.dtype)

    def state(self) -> dict[str, Any]:
        """Gather the whole weights; in the first process only, but all of them have to call it."""
        return get_model_state_dict(self.module, options=GATHERED)

    def give_back(self, group: Group) -> None:
        """Fill the model with the trained weights, in the first process; the model is on the CPU then."""
        state = self.state()
        if not group.is_main:
            return
        for name, parameter in self._model.named_parameters():
            parameter.data = state[name]
        for (name, buffer), (_, trained) in zip(self._model.named_buffers(), self.module.named_buffers(), strict=True):
            buffer.data = state.get(name, trained.detach().cpu())


def blocks(model: nn.Module) -> list[nn.Module]:
    """Return what is sharded, and gathered for its own computation, one by one: the layers in the outermost lists."""
    found: list[nn.Module] = []

    def look(module: nn.Module) -> None:
        for child in module.children():
            if isinstance(child, nn.ModuleList):
                found.extend(item for item in child if any(True for _ in item.parameters()))
            else:
                look(child)

    look(model)
    return found
