"""Which layers of a network a step works on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from hone.compress.quantize.layers import matches
from hone.errors import RunError, some_of


@dataclass(frozen=True)
class Selection:
    """The layers to work on, by path, and those that stay as they are, each with the reason."""

    chosen: dict[str, nn.Module]
    left: dict[str, str]


def select(network: nn.Module, kinds: tuple[type[nn.Module], ...], excluded: Sequence[str], step: str) -> Selection:
    """Choose the layers of exactly these kinds; a name in `excluded` that fits none of them is a mistake.

    Weights that several layers use are left: what one of them needs would change the others.
    """
    found = {path: module for path, module in network.named_modules() if type(module) in kinds}
    left: dict[str, str] = {}
    for pattern in excluded:
        meant = [path for path in found if matches(path, pattern)]
        if not meant:
            raise RunError(
                "ConfigInvalid",
                f"{step}.excludeLayers names {pattern}, which is no layer that {step} works on; there are "
                f"{some_of(sorted(found))}.",
            )
        left |= dict.fromkeys(meant, "named in excludeLayers")
    users = Counter(
        id(weight) for name, weight in network.named_parameters(remove_duplicate=False) if name.endswith("weight")
    )
    for path, module in found.items():
        if path not in left and users[id(module.weight)] > 1:
            left[path] = "its weight is another layer's as well"
    return Selection({path: module for path, module in found.items() if path not in left}, left)
