"""What stands in `hone_adapter.json`: the modules that a checkpoint has beyond its model type."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from hone.errors import RunError
from hone.models import bottleneck, fake_quantized, folded, low_rank, shapes, shared_weights, sparsity, virtual_tokens

#: The file beside config.json, and beside the weights of an adapter that is saved alone.
STRUCTURE = "hone_adapter.json"
VERSION = 1
#: What is said of an adapter that is saved alone.
_ABOUT = {"version", "method", "options", "baseModel"}


@dataclass(frozen=True)
class Kind:
    """How one kind of module is put into a model, and how a model is asked what it holds of the kind."""

    install: Callable[[nn.Module, dict[str, Any]], None]
    describe: Callable[[nn.Module], dict[str, Any] | None]


#: By the name in the file, in the order in which they are installed. A method or a compression step whose traces
#: stay in the model adds its kind here.
KINDS: dict[str, Kind] = {
    "shapes": Kind(shapes.install, shapes.describe),
    "bottleneck": Kind(bottleneck.install, bottleneck.describe),
    "prompt": Kind(virtual_tokens.install_prompt, virtual_tokens.describe_prompt),
    "prefix": Kind(virtual_tokens.install_prefix, virtual_tokens.describe_prefix),
    "lowRank": Kind(low_rank.install, low_rank.describe),
    "folded": Kind(folded.install, folded.describe),
    "sharedWeights": Kind(shared_weights.install, shared_weights.describe),
    "fakeQuantized": Kind(fake_quantized.install, fake_quantized.describe),
    "sparsity": Kind(sparsity.install, sparsity.describe),
}


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return what a model holds beyond its type, as the file has it; None for a plain model."""
    found = {name: settings for name, kind in KINDS.items() if (settings := kind.describe(model)) is not None}
    return {"version": VERSION, **found} if found else None


def install(model: nn.Module, structure: dict[str, Any]) -> None:
    """Put the modules that the file tells of into a model as its type has it; their weights are fresh.

    Raises:
        RunError: ModelInvalid if the model has no such places.
    """
    for name, kind in KINDS.items():
        if name in structure:
            try:
                kind.install(model, structure[name])
            except (AttributeError, KeyError, TypeError) as error:
                raise RunError(
                    "ModelInvalid",
                    f"{STRUCTURE} does not fit the model beside it ({error}); make the artifact again, or put the "
                    "adapter on the model that it was made for.",
                ) from error


def read(folder: Path) -> dict[str, Any] | None:
    """Return what a folder's file says; None if there is none.

    Raises:
        RunError: ModelInvalid for a file of another version, or that is none of ours.
    """
    path = folder / STRUCTURE
    if not path.is_file():
        return None
    try:
        structure = json.loads(path.read_bytes())
    except ValueError:
        structure = None
    if not isinstance(structure, dict) or structure.get("version") != VERSION:
        raise _unknown("is of another version")
    if unknown := sorted(set(structure) - {*_ABOUT, *KINDS}):
        raise _unknown(f"tells of {', '.join(unknown)}, which this version does not know")
    return structure


def write(structure: dict[str, Any], folder: Path) -> None:
    """Write the file."""
    (folder / STRUCTURE).write_text(json.dumps(structure, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _unknown(what: str) -> RunError:
    return RunError(
        "ModelInvalid", f"{STRUCTURE} beside the model's config.json {what}; make the artifact again with this version."
    )
