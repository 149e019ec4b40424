"""Makes the base model and the data of this example out of what `fetch` downloaded.

Needs the packages of the trainer image, and no network.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import checkpoint
import mails
from transformers import PreTrainedTokenizerFast

MODEL = "all-minilm-l6-v2"


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="prepare.py", description=__doc__.partition(chr(10))[0])
    parser.add_argument("--onnx", type=Path, required=True, help=f"{MODEL}.onnx out of the Maven artifact")
    parser.add_argument(
        "--tokenizer", type=Path, required=True, help=f"{MODEL}-tokenizer.json out of the Maven artifact"
    )
    parser.add_argument(
        "--mails", type=Path, required=True, help="the npm package: its .tgz, or the folder that it unpacks to"
    )
    parser.add_argument("--output", type=Path, required=True, help="where models/ and data/ are written")
    parser.add_argument("--train", type=int, default=2000, help="number of training mails (default: %(default)s)")
    parser.add_argument("--test", type=int, default=2000, help="number of test mails (default: %(default)s)")
    parser.add_argument("--held-out", type=int, default=24, help="mails for the final proof (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=42, help="decides the split (default: %(default)s)")
    parser.add_argument(
        "--max-length", type=int, default=64, help="tokens that the model will see (default: %(default)s)"
    )
    parser.add_argument(
        "--max-characters", type=int, default=2000, help="where a text is cut off (default: %(default)s)"
    )
    return parser.parse_args(argv)


def first_tokens(tokenizer: PreTrainedTokenizerFast, max_length: int) -> mails.Key:
    """Two mails with the same first tokens are one and the same to the model, whatever comes after."""

    def keys(texts: Sequence[str]) -> list[tuple[int, ...]]:
        encoded = tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]
        return [tuple(ids) for ids in encoded]

    return keys


def write(path: Path, rows: Sequence[mails.Mail]) -> None:
    """Writes JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({"text": row.text, "label": row.label}, ensure_ascii=False) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Prepares everything and prints what it made."""
    options = arguments(argv)
    everything = [mails.Mail(mail.text[: options.max_characters], mail.label) for mail in mails.read(options.mails)]
    if not everything:
        raise ValueError(f"{options.mails} holds no mails; give the archive of the npm package that `fetch` downloads.")

    folder = options.output / "models" / MODEL
    difference = checkpoint.convert(options.onnx, options.tokenizer, folder, [mail.text for mail in everything[::200]])
    print(f"{folder}: outputs within {difference:.1e} of {options.onnx.name}")

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    different = mails.without_duplicates(everything, mails.normalised_all, first_tokens(tokenizer, options.max_length))
    print(f"{len(everything)} mails; by their first {options.max_length} tokens, {len(different)} different ones")

    parts = mails.split(different, train=options.train, test=options.test, held_out=options.held_out, seed=options.seed)
    for name, rows in (("train", parts.train), ("test", parts.test), ("held-out", parts.held_out)):
        path = options.output / "data" / f"{name}.jsonl"
        write(path, rows)
        spam = sum(row.label == "spam" for row in rows)
        print(f"{path}: {len(rows)} mails, {spam} of them spam")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(f"prepare.py: {error}")
