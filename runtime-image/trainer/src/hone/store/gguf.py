"""Turns a GGUF file into a folder as Transformers writes it: weights are dequantized to FP32, once for each file."""

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from hone.errors import RunError, first_line
from hone.store.digest import sha256_file

log = logging.getLogger(__name__)

SUFFIX = ".gguf"
#: The tokenizer's special tokens by the names of their ids in the file.
_SPECIAL = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}


def find_gguf(path: Path, uri: str) -> Path | None:
    """Return the GGUF file that a path is or, if it is a folder without another model, that it holds."""
    if path.is_file():
        return path if path.suffix.lower() == SUFFIX else None
    if any(file.suffix == ".safetensors" for file in path.iterdir()):
        return None
    found = sorted(file for file in path.iterdir() if file.suffix.lower() == SUFFIX)
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:5])
        raise RunError("ModelInvalid", f"{uri} holds {len(found)} GGUF files ({names}); name one of them.")
    return found[0] if found else None


def convert(file: Path, uri: str) -> tuple[Path, str]:
    """Return the folder of the converted model and the file's digest; a file that was converted before is found again.

    Raises:
        RunError: ModelInvalid if it is no GGUF file, Unsupported if Transformers does not know its architecture.
    """
    digest = sha256_file(file)
    root = Path(os.environ.get("HONE_WORKSPACE") or tempfile.gettempdir()) / "gguf"
    target = root / digest
    if not target.is_dir():
        architecture, tokens = _read(file, uri)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as folder:
            made = Path(folder) / "model"
            _write(file, made, tokens, architecture, uri)
            try:
                made.rename(target)
            except OSError:
                # Another run in this workspace was faster.
                if not target.is_dir():
                    raise
        log.info("%s is a GGUF of the architecture %s; its weights were dequantized to FP32.", uri, architecture)
    return target, f"sha256:{digest}"


def _read(file: Path, uri: str) -> tuple[str, dict[str, str]]:
    """Return the architecture and the special tokens."""
    from gguf import GGUFReader

    try:
        fields = GGUFReader(file).fields
        architecture = str(fields["general.architecture"].contents())
        tokens = {}
        for name, attribute in _SPECIAL.items():
            if (field := fields.get(f"tokenizer.ggml.{name}_token_id")) is not None:
                tokens[attribute] = str(fields["tokenizer.ggml.tokens"].contents(int(field.contents())))
    except (ValueError, KeyError, IndexError) as error:
        raise RunError("ModelInvalid", f"{uri} is no GGUF file that can be read ({error}); copy it again.") from None
    return architecture, tokens


def _write(file: Path, target: Path, tokens: dict[str, str], architecture: str, uri: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    try:
        AutoConfig.from_pretrained(file.parent, **where)
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True), **where
        )
    except (ValueError, KeyError, NotImplementedError, OSError) as error:
        raise RunError(
            "Unsupported",
            f"{uri} is a GGUF of the architecture {architecture}, which Transformers can't read ({first_line(error)}); "
            "name the model's own folder (config.json, model.safetensors, tokenizer.json) instead.",
        ) from error
    for name, token in tokens.items():
        # Transformers mixes the first and the last token up for some architectures.
        setattr(tokenizer, name, token)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
