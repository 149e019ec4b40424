"""Loads what a model folder holds, and says in a sentence what is wrong with it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from safetensors import SafetensorError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from hone.errors import RunError, first_line
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
_TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model")


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
        raise RunError(
            "ModelInvalid",
            f"The {what} of {uri} can't be loaded ({first_line(error)}); name a folder that "
            "AutoModel.from_pretrained and AutoTokenizer.from_pretrained can read.",
        ) from error


def load_tokenizer(model: ModelSource, **options: Any) -> PreTrainedTokenizerBase:  # noqa: ANN401 - Transformers' own
    """Load the tokenizer that stands beside the model."""
    return load_part(
        model.uri, "tokenizer", lambda: AutoTokenizer.from_pretrained(model.path, local_files_only=True, **options)
    )


def require_tokenizer(model: ModelSource) -> None:
    """Refuse a folder without a tokenizer."""
    if not any((model.path / name).is_file() for name in _TOKENIZERS):
        raise RunError("ModelInvalid", f"{model.uri} holds no tokenizer; put tokenizer.json beside its config.json.")


def fresh_modules(info: Mapping[str, Any]) -> frozenset[str]:
    """Return the modules that a checkpoint had no fitting weights for, by Transformers' loading information."""
    missing = [*info["missing_keys"], *(key[0] for key in info["mismatched_keys"])]
    return frozenset(key.rpartition(".")[0] for key in missing)


def head_of(names: Sequence[str]) -> dict[str, Any]:
    """Return what a model's configuration says of a head with these labels."""
    return {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {name: index for index, name in enumerate(names)},
    }


def pad_with_some_token(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give a tokenizer without padding, as decoders' have none, another token to pad with."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
