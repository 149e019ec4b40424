"""Finds batch normalizations in a network, and what stands around each of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear)
_ADD = ("add", "iadd", "radd")

#: A tensor at one time: in-place operators make another version of it.
Key = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """A normalization and the layer before it; `pattern` is None, and `reason` says why, where it can't be folded.

    `activation` is the ReLU of a ConvBNReLU, where it is a module that computes nothing else.
    """

    norm: str
    layer: str | None = None
    pattern: str | None = None
    reason: str | None = None
    activation: str | None = None


def has_norms(network: nn.Module) -> bool:
    """Whether there is a batch normalization in it."""
    return any(isinstance(module, _NORMS) for module in network.modules())


def find(network: nn.Module, inputs: Mapping[str, torch.Tensor]) -> list[Found]:
    """Return every batch normalization that the inputs reach, in the order in which they compute.

    Every operator of one answer is written down with the tensors that it reads and makes, so functions between the
    modules are seen as well, and no model has to be traceable.
    """
    names = {module: path for path, module in network.named_modules()}
    tape = _Tape()
    hooks = [
        hook
        for module in names
        if isinstance(module, (*_NORMS, *_LAYERS, nn.ReLU))
        for hook in (
            module.register_forward_pre_hook(tape.enter),
            module.register_forward_hook(tape.leave),
        )
    ]
    try:
        with torch.no_grad(), tape:
            network(**inputs)
    finally:
        for hook in hooks:
            hook.remove()
    norms = dict.fromkeys(module for module, _, _ in tape.calls if isinstance(module, _NORMS))
    return [_judge(tape, names, norm) for norm in norms]


class _Tape(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[nn.Module, Key, Key]] = []
        self.reads: dict[Key, list[tuple[str, Key]]] = {}
        self._inputs: list[Key] = []
        # A tensor that is freed would give its address to another one.
        self._kept: list[torch.Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,  # noqa: ANN401 - PyTorch's own signature
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        read = [self._key(value) for value in _tensors((*args, *(kwargs or {}).values()))]
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            for key in dict.fromkeys(read):
                self.reads.setdefault(key, []).append((func.__name__.strip("_"), self._key(result)))
        return result

    def enter(self, module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        self._inputs.append(self._key(given[0]))

    def leave(self, module: nn.Module, given: tuple[torch.Tensor, ...], result: torch.Tensor) -> None:
        self.calls.append((module, self._inputs.pop(), self._key(result)))

    def _key(self, tensor: torch.Tensor) -> Key:
        self._kept.append(tensor)
        return id(tensor), tensor._version


def _tensors(values: tuple[Any, ...]) -> list[torch.Tensor]:
    flat = [one for value in values for one in (value if isinstance(value, (list, tuple)) else [value])]
    return [one for one in flat if isinstance(one, torch.Tensor)]


def _judge(tape: _Tape, names: Mapping[nn.Module, str], norm: Any) -> Found:  # noqa: ANN401
    path = names[norm]
    own = [(given, made) for module, given, made in tape.calls if module is norm]
    if len(own) > 1:
        return Found(path, reason="it is used more than once in one answer")
    if norm.running_mean is None:
        return Found(path, reason="it keeps no statistics, so each batch has other ones")
    (given, made) = own[0]
    makers = [module for module, _, result in tape.calls if result == given and isinstance(module, _LAYERS)]
    if not makers:
        return Found(path, reason="no convolution or linear layer stands right before it")
    layer = names[makers[0]]
    if sum(module is makers[0] for module, _, _ in tape.calls) > 1:
        return Found(path, layer, reason="the layer before it is used more than once in one answer")
    if len(tape.reads.get(given, [])) > 1:
        return Found(path, layer, reason="something else reads the layer's output as well")
    if isinstance(makers[0], nn.Linear):
        return Found(path, layer, "LinearBN")
    pattern = _after(tape, made)
    return Found(path, layer, pattern, activation=_activation(tape, names, made) if pattern == "ConvBNReLU" else None)


def _activation(tape: _Tape, names: Mapping[nn.Module, str], made: Key) -> str | None:
    readers = [module for module, given, _ in tape.calls if given == made and isinstance(module, nn.ReLU)]
    if len(readers) != 1 or sum(module is readers[0] for module, _, _ in tape.calls) > 1:
        return None
    return names[readers[0]]


def _after(tape: _Tape, made: Key) -> str:
    readers = tape.reads.get(made, [])
    if len(readers) == 1:
        name, result = readers[0]
        if name == "relu":
            return "ConvBNReLU"
        if name in _ADD and [reader for reader, _ in tape.reads.get(result, [])] == ["relu"]:
            return "ConvBNAddReLU"
    return "ConvBN"
