"""Loads what a model folder holds, and says in a sentence what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError

from hone.errors import RunError
from hone.models.virtual_tokens import NAME as VIRTUAL_TOKENS
from hone.store import ModelSource

T = TypeVar("T")

#: Text models say how many positions they have under one of these names.
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length")
#: These count positions from behind the index of the padding.
_COUNT_FROM_PADDING = frozenset(
    {
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "camembert",
        "data2vec-text",
        "mpnet",
        "longformer",
    }
)
_CAP = 512


def read_config(model: ModelSource) -> dict[str, Any]:
    """Return the model's config.json."""
    path = model.path / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RunError("ModelInvalid", f"{model.uri} has no readable config.json: {error}.") from None
    if not isinstance(config, dict) or "model_type" not in config:
        raise RunError(
            "ModelInvalid", f"{model.uri}/config.json has no model_type; name a model that Transformers knows."
        )
    return config


def positions(config: dict[str, Any]) -> int | None:
    """Return how many positions the model has for texts, if it says so."""
    found: list[int] = [config[name] for name in _POSITIONS if isinstance(config.get(name), int)]
    if not found:
        return None
    skipped: int = config.get("pad_token_id", 1) + 1 if config.get("model_type") in _COUNT_FROM_PADDING else 0
    # Virtual tokens of an earlier run take positions from the text.
    virtual: int = config.get(VIRTUAL_TOKENS, 0)
    return min(found) - skipped - virtual


def sequence_length(wanted: int | None, config: dict[str, Any], uri: str, reserved: int = 0) -> int:
    """Return the length to cut texts to, and refuse more than the model can take beside the reserved positions."""
    limit = positions(config)
    if limit is not None and reserved:
        if limit <= reserved:
            raise RunError(
                "ConfigInvalid",
                f"The method takes {reserved} virtual tokens, but {uri} has {limit} positions; write fewer.",
            )
        limit -= reserved
    if wanted is not None and limit is not None and wanted > limit:
        less = f" less the {reserved} virtual tokens" if reserved else ""
        raise RunError(
            "ConfigInvalid",
            f"spec.task.maxLength is {wanted}, but {uri} has {limit + reserved} positions{less}; write {limit} or "
            "less.",
        )
    return wanted or min(limit or _CAP, _CAP)


def load_part(uri: str, what: str, load: Callable[[], T]) -> T:
    """Call a loader of Transformers; what it complains about becomes a sentence."""
    try:
        return load()
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RunError(
            "ModelInvalid",
            f"The {what} of {uri} can't be loaded ({first[:300]}); name a folder that "
            "AutoModel.from_pretrained and AutoTokenizer.from_pretrained can read.",
        ) from error


def tokenizer_files(folder: Path) -> bool:
    """Tell whether the folder holds a tokenizer."""
    return any(
        (folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model")
    )
