"""Examples as token ids, with a label at each token that is learnt."""

from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from hone.data.language import Chat, LanguageExample, PlainText, PromptCompletion
from hone.errors import RunError
from hone.evaluate.language import IGNORED


class UnusableError(Exception):
    """An example from which nothing can be learnt; the text says why."""


@dataclass(frozen=True)
class Sequence:
    """Token ids [n] and, for each, itself as its label, or IGNORED; a model predicts each label from what is before."""

    ids: list[int]
    labels: list[int]

    def cut(self, length: int) -> "Sequence":
        """Return the first tokens."""
        return Sequence(self.ids[:length], self.labels[:length])

    @property
    def learnt(self) -> int:
        """How many tokens are predicted and learnt; the first has nothing before it."""
        return sum(label != IGNORED for label in self.labels[1:])


class LanguageTokenizer:
    """Turns examples into sequences of at most `max_length` tokens.

    A plain text is learnt whole: it is split into pieces, and each piece starts with the last token of the one before,
    given and not learnt again, so that every token is predicted once. Of a prompt with a completion the completion is
    learnt, of a conversation what the template writes for the assistant; both are cut off at `max_length`.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._max_length = max_length
        self._start = _start(tokenizer)
        self._end = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]

    def sequences(self, example: LanguageExample) -> list[Sequence]:
        """Return an example's sequences, at least one.

        Raises:
            UnusableError: if no token of it would be learnt.
        """
        if isinstance(example, PlainText):
            return self._pieces(example.text)
        whole = self._completion(example) if isinstance(example, PromptCompletion) else self._chat(example)
        cut = whole.cut(self._max_length)
        if not cut.learnt:
            first = next((index for index, label in enumerate(whole.labels) if label != IGNORED), len(whole.ids))
            raise UnusableError(
                f"what is to be learnt starts after {first} tokens, and maxLength cuts at {self._max_length}"
                if first
                else "there is no token before the one that is to be learnt"
            )
        return [cut]

    def _pieces(self, text: str) -> list[Sequence]:
        ids = [*self._start, *self._plain(text), *self._end]
        if len(ids) < 2:
            raise UnusableError("the text is one token long, and a token is learnt from those before it")
        step = self._max_length - 1
        pieces = [ids[start : start + self._max_length] for start in range(0, len(ids) - 1, step)]
        return [Sequence(piece, [IGNORED, *piece[1:]]) for piece in pieces]

    def _completion(self, example: PromptCompletion) -> Sequence:
        prompt = [*self._start, *self._plain(example.prompt)]
        both = [*self._start, *self._plain(example.prompt + example.completion)]
        # Some tokenizers join the last letters of the prompt with the first of the completion. A model that is asked
        # never sees such a token, so then both are encoded apart.
        completion = both[len(prompt) :] if both[: len(prompt)] == prompt else self._plain(example.completion)
        completion = [*completion, *self._end]
        return Sequence([*prompt, *completion], [IGNORED] * len(prompt) + completion)

    def _chat(self, example: Chat) -> Sequence:
        text, spans = assistant_spans(self._tokenizer, example.messages)
        # The template has written the special tokens itself.
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids = list(encoded["input_ids"])
        labels = [
            token if any(start <= first < end for start, end in spans) else IGNORED
            for token, (first, _) in zip(ids, encoded["offset_mapping"], strict=True)
        ]
        return Sequence(ids, labels)

    def _plain(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def check_chat(tokenizer: PreTrainedTokenizerBase, uri: str) -> None:
    """Refuse a tokenizer that cannot write conversations, or not tell where in a text its tokens are."""
    if not tokenizer.chat_template:
        raise RunError(
            "ModelInvalid",
            f"The tokenizer of {uri} has no chat template, so it can't write columns.messages; name a model that was "
            "made for chats, put chat_template.jinja beside its tokenizer.json, or write columns.prompt and "
            "columns.completion instead.",
        )
    if not tokenizer.is_fast:
        raise RunError(
            "ModelInvalid", f"{uri} has no tokenizer.json; save it with a fast tokenizer to train it on conversations."
        )


def assistant_spans(
    tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, Any]]
) -> tuple[str, list[tuple[int, int]]]:
    """Return the conversation as the template writes it, and where in it the assistant speaks: [first, end) each.

    A turn is what the template adds for the message beyond what it writes to ask for one (the generation prompt):
    the content and the marker of its end.
    """
    whole = _written(tokenizer, messages)
    spans: list[tuple[int, int]] = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked, answered = _written(tokenizer, messages[:index], ask=True), _written(tokenizer, messages[: index + 1])
        if not answered.startswith(asked) or not whole.startswith(answered):
            raise UnusableError(
                f"the chat template writes message {index + 1} differently once more follow, so that its place is not "
                "known"
            )
        spans.append((len(asked), len(answered)))
    return whole, spans


def _written(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, Any]], ask: bool = False) -> str:
    from jinja2 import TemplateError

    if not messages:
        # Many templates look at the first message; nothing is written before an assistant that speaks first.
        return ""
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask))
    except (TemplateError, TypeError, KeyError, ValueError) as error:
        raise UnusableError(f"the chat template refuses it ({str(error).splitlines()[0][:200]})") from None


def _start(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the special tokens that the tokenizer puts before a text."""
    whole, plain = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    for index in range(len(whole) - len(plain) + 1):
        if whole[index : index + len(plain)] == plain:
            return list(whole[:index])
    return []
