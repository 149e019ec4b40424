"""Virtual tokens: learned vectors that stand before every input, and how they get into a model.

As a *prompt* (Lester et al., 2021, arXiv:2104.08691; P-tuning: Liu et al., 2021, arXiv:2103.10385) they are embeddings
before those of the text, and every layer computes them on. As a *prefix* (Li and Liang, 2021, arXiv:2101.00190) they
are keys and values before those of every layer. Both go into the base model below the task's head by hooks on its
forward, so that the model keeps its type, its inputs and, per token, the shape of its outputs.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers import DynamicCache, PreTrainedModel

#: The name of the module in the base model, and of the number of virtual tokens in its configuration.
NAME = "hone_virtual_tokens"


class Table(nn.Module):
    """The virtual tokens themselves, [tokens, width]: what stays of the network that made them in training."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(tokens, width))

    @classmethod
    def of(cls, weight: torch.Tensor) -> "Table":
        """Return a table of these virtual tokens, on their device, frozen."""
        table = cls(*weight.shape)
        table.weight = nn.Parameter(weight.clone(), requires_grad=False)
        return table

    def forward(self) -> torch.Tensor:
        """Return them."""
        return self.weight


class VirtualTokens(nn.Module):
    """Virtual tokens in a base model; `source()` gives them as float32 [tokens, width]."""

    tokens: int

    def __init__(self, source: nn.Module, tokens: int) -> None:
        super().__init__()
        self.source = source
        self.tokens = tokens

    def attach(self, base: PreTrainedModel) -> None:
        """Become a module of the base model, and take part in its forward."""
        setattr(base, NAME, self)
        setattr(base.config, NAME, self.tokens)
        names = list(inspect.signature(base.forward).parameters)

        def before(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
            return (), self.extend(base, dict(zip(names, arguments, strict=False)) | named)

        base.register_forward_pre_hook(before, with_kwargs=True)
        base.register_forward_hook(lambda _, arguments, output: self.strip(output))

    def extend(self, base: PreTrainedModel, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs with the virtual tokens in front of them; all virtual tokens are attended to."""
        if (mask := inputs.get("attention_mask")) is not None:
            inputs["attention_mask"] = torch.cat((mask.new_ones(mask.shape[0], self.tokens), mask), dim=1)
        if (positions := inputs.get("position_ids")) is not None:
            inputs["position_ids"] = positions + self.tokens
        return inputs

    def strip(self, output: Any) -> Any:  # noqa: ANN401 - any model's output
        """Return the output without that of the virtual tokens."""
        return output

    def settings(self) -> dict[str, Any]:
        """Return what makes a module of this shape again."""
        return {"tokens": self.tokens, "width": int(self.source().shape[1])}


class Prompt(VirtualTokens):
    """Embeddings before those of the text.

    A head that pools the first position pools the first virtual token, as PEFT has it; with `strip` the output has
    the text's positions only, which heads that look at every token, or at the last, need.
    """

    def __init__(self, source: nn.Module, tokens: int, *, strips: bool) -> None:
        super().__init__(source, tokens)
        self.strips = strips

    def extend(self, base: PreTrainedModel, inputs: dict[str, Any]) -> dict[str, Any]:
        """Replace ids by embeddings, and put the virtual tokens before them."""
        inputs = super().extend(base, inputs)
        ids, embeddings = inputs.pop("input_ids", None), inputs.get("inputs_embeds")
        if embeddings is None:
            embeddings = base.get_input_embeddings()(ids)
        rows = embeddings.shape[0]
        prompt = self.source().to(embeddings.dtype).unsqueeze(0).expand(rows, -1, -1)
        inputs["inputs_embeds"] = torch.cat((prompt, embeddings), dim=1)
        if (types := inputs.get("token_type_ids")) is not None:
            inputs["token_type_ids"] = torch.cat((types.new_zeros(types.shape[0], self.tokens), types), dim=1)
        if (positions := inputs.get("position_ids")) is not None:
            first = torch.arange(self.tokens, device=positions.device).expand(positions.shape[0], -1)
            inputs["position_ids"] = torch.cat((first, positions), dim=1)
        return inputs

    def strip(self, output: Any) -> Any:  # noqa: ANN401 - any model's output
        """Cut the virtual tokens off the hidden states."""
        if not self.strips:
            return output
        if isinstance(output, tuple):
            return (output[0][:, self.tokens :], *output[1:])
        output["last_hidden_state"] = output["last_hidden_state"][:, self.tokens :]
        if (states := output.get("hidden_states")) is not None:
            output["hidden_states"] = tuple(state[:, self.tokens :] for state in states)
        return output

    def settings(self) -> dict[str, Any]:
        """Return what makes a module of this shape again."""
        return {**super().settings(), "strips": self.strips}


class Prefix(VirtualTokens):
    """Keys and values before those of every layer; `source()` holds them as [tokens, layers · 2 · heads · size]."""

    def __init__(self, source: nn.Module, tokens: int, *, layers: int, heads: int) -> None:
        super().__init__(source, tokens)
        self.layers = layers
        self.heads = heads

    def extend(self, base: PreTrainedModel, inputs: dict[str, Any]) -> dict[str, Any]:
        """Give the model a cache that the virtual tokens fill already."""
        given: torch.Tensor = inputs["inputs_embeds"] if (ids := inputs.get("input_ids")) is None else ids
        inputs = super().extend(base, inputs)
        pairs = self.source().view(self.tokens, self.layers, 2, self.heads, -1).permute(1, 2, 3, 0, 4)
        pairs = pairs.unsqueeze(2).expand(-1, -1, given.shape[0], -1, -1, -1)
        inputs["past_key_values"] = DynamicCache([(pair[0], pair[1]) for pair in pairs])
        return inputs

    def settings(self) -> dict[str, Any]:
        """Return what makes a module of this shape again."""
        return {**super().settings(), "layers": self.layers, "heads": self.heads}


def install_prompt(model: PreTrainedModel, settings: Mapping[str, Any]) -> None:
    """Put a prompt into a model, its virtual tokens zero until weights are loaded."""
    table = Table(settings["tokens"], settings["width"])
    Prompt(table, settings["tokens"], strips=settings["strips"]).attach(model.base_model)


def install_prefix(model: PreTrainedModel, settings: Mapping[str, Any]) -> None:
    """Put a prefix into a model, its virtual tokens zero until weights are loaded."""
    table = Table(settings["tokens"], settings["width"])
    Prefix(table, settings["tokens"], layers=settings["layers"], heads=settings["heads"]).attach(model.base_model)


def describe_prompt(model: PreTrainedModel) -> dict[str, Any] | None:
    """Return the settings of the model's prompt, if it has one."""
    return _describe(model, Prompt)


def describe_prefix(model: PreTrainedModel) -> dict[str, Any] | None:
    """Return the settings of the model's prefix, if it has one."""
    return _describe(model, Prefix)


def virtual_tokens_of(model: PreTrainedModel) -> VirtualTokens | None:
    """Return a model's virtual tokens, if it has any."""
    found = getattr(model.base_model, NAME, None)
    return found if isinstance(found, VirtualTokens) else None


def _describe(model: PreTrainedModel, kind: type[VirtualTokens]) -> dict[str, Any] | None:
    found = virtual_tokens_of(model)
    return found.settings() if isinstance(found, kind) else None
