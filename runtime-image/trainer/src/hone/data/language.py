"""What a language model learns from: plain texts, prompts with completions, or conversations."""

import json
from dataclasses import dataclass
from typing import Any

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data.columns import require_column, text_of
from hone.data.rows import BadRows, Row, read_rows
from hone.errors import RunError
from hone.store import DataSource


@dataclass(frozen=True)
class PlainText:
    """A text, all of which is learnt."""

    text: str


@dataclass(frozen=True)
class PromptCompletion:
    """A prompt, which is given, and its completion, which is learnt."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class Chat:
    """A conversation as a chat template takes it; the assistant's turns are learnt."""

    messages: list[dict[str, Any]]


LanguageExample = PlainText | PromptCompletion | Chat


@dataclass(frozen=True)
class NumberedExample:
    """An example with the number of its row, for sentences about it."""

    row: int
    example: LanguageExample


def kind_of(columns: Columns) -> str:
    """Return which kind of data the columns mean: text, prompt or messages."""
    named = [name for name in ("text", "prompt", "messages") if getattr(columns, name) is not None]
    if len(named) != 1 or (columns.prompt is None) != (columns.completion is None):
        raise RunError(
            "ConfigInvalid",
            "CausalLM needs exactly one kind of data in spec.dataset.columns: text, prompt and completion, or "
            "messages; write for example columns: {prompt: question, completion: answer}.",
        )
    return named[0]


def read_language_examples(
    source: DataSource, data: Data, columns: Columns, max_rows: int | None = None
) -> list[NumberedExample]:
    """Read the examples of the kind that the columns name; the first bad rows are told."""
    kind = kind_of(columns)
    rows = read_rows(source, data, max_rows)
    for role in ("text", "prompt", "completion", "messages"):
        if (column := getattr(columns, role)) is not None:
            require_column(rows, source, role, column)
    bad = BadRows(source.uri)
    examples = [NumberedExample(row.number, _example(kind, row, columns, bad)) for row in rows]
    bad.refuse()
    return examples


def _example(kind: str, row: Row, columns: Columns, bad: BadRows) -> LanguageExample:
    if kind == "text":
        return PlainText(text_of(row, columns.text or "", bad))
    if kind == "prompt":
        return PromptCompletion(text_of(row, columns.prompt or "", bad), text_of(row, columns.completion or "", bad))
    return Chat(_messages(row, columns.messages or "", bad))


def _messages(row: Row, column: str, bad: BadRows) -> list[dict[str, Any]]:
    value = row.values.get(column)
    if isinstance(value, str):
        # CSV holds no lists, so a conversation stands there as JSON.
        try:
            value = json.loads(value)
        except ValueError:
            bad.add(row.number, f"{column} is text but no JSON list of messages")
            return []
    if not isinstance(value, list) or not value:
        bad.add(row.number, f"{column} is no list of messages")
        return []
    for number, message in enumerate(value, start=1):
        if (
            not isinstance(message, dict)
            or not isinstance(message.get("role"), str)
            or not isinstance(message.get("content"), str)
        ):
            bad.add(row.number, f"message {number} of {column} lacks a role or a content; each is a text")
            return []
    if not any(message["role"] == "assistant" for message in value):
        bad.add(row.number, f"{column} has no message of the role assistant, so nothing can be learnt from it")
    return value
