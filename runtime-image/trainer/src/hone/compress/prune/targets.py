"""Which layers of a network pruning may touch."""

from collections.abc import Sequence

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hone.compress.quantize.layers import matches, matches_any
from hone.errors import RunError
from hone.methods.base import inside, own_heads

#: Layers whose weights are multiplied with activations.
WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, Conv1D)


def weighted_layers(network: PreTrainedModel, excluded: Sequence[str]) -> dict[str, nn.Module]:
    """Return the linear layers and convolutions by name, but for the task's head, the output layer and excluded ones.

    Raises:
        RunError: ConfigInvalid for a name that no layer has, ModelInvalid if nothing is left.
    """
    check_names(network, excluded)
    output = network.get_output_embeddings()
    heads = own_heads(network)
    found = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, WEIGHTED)
        and module is not output
        and not inside(name, heads)
        and not matches_any(name, excluded)
    }
    if not found:
        raise RunError("ConfigInvalid", "prune.excludeLayers leaves no layer that could be pruned; name fewer of them.")
    return found


def check_names(network: PreTrainedModel, excluded: Sequence[str]) -> None:
    """Refuse a name that no module has: a typo would prune what was to stay whole."""
    names = [name for name, _ in network.named_modules() if name]
    for exclude in excluded:
        if not any(matches(name, exclude) for name in names):
            some = sorted({name.rpartition(".")[2] for name, module in network.named_modules() if is_weighted(module)})
            raise RunError(
                "ConfigInvalid",
                f"prune.excludeLayers names {exclude}, which is no layer of this model; it has {', '.join(some[:20])}, "
                "alone or with the path before them.",
            )


def is_weighted(module: nn.Module) -> bool:
    """Tell whether a module is a linear layer or a convolution."""
    return isinstance(module, WEIGHTED)
