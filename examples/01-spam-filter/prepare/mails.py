"""The SpamAssassin mails: reading them, taking the headers off, removing duplicates, splitting."""

from __future__ import annotations

import email
import html.parser
import json
import random
import re
import tarfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

LABELS = ("ham", "spam")

Key = Callable[[Sequence[str]], Sequence[Hashable]]


@dataclass(frozen=True)
class Mail:
    """One mail without its headers."""

    text: str
    label: str


@dataclass(frozen=True)
class Split:
    """Three lists of mails that have none in common."""

    train: list[Mail]
    test: list[Mail]
    held_out: list[Mail]


class _VisibleText(html.parser.HTMLParser):
    """Collects what a reader of an HTML mail would see."""

    _HIDDEN = frozenset({"script", "style", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HIDDEN:
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def visible_text(source: str) -> str:
    """The text of an HTML document, without its markup."""
    parser = _VisibleText()
    parser.feed(source)
    parser.close()
    return " ".join(parser.parts)


def body_of(raw: str) -> str:
    """The text of a mail as its reader sees it.

    The headers go, for they give the label away (the two kinds were collected at different places); HTML's markup
    goes as well.
    """
    parts = [part for part in email.message_from_string(raw).walk() if not part.is_multipart()]
    by_type = {part.get_content_type(): part for part in reversed(parts)}
    for kind, reader in (("text/plain", str), ("text/html", visible_text)):
        if kind in by_type:
            text = reader(_decoded(by_type[kind]))
            break
    else:
        text = ""
    # Lone surrogates come from bytes in an undeclared charset; they can't be written as UTF-8.
    return re.sub(r"\s+", " ", text.encode("utf-8", "replace").decode("utf-8")).strip()


def _decoded(part: Message) -> str:
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() not in {"base64", "quoted-printable"}:
        return str(part.get_payload())
    payload = part.get_payload(decode=True) or b""
    # Some of the spam names charsets that do not exist.
    try:
        return bytes(payload).decode(part.get_content_charset("latin-1"), "replace")
    except (LookupError, ValueError):
        return bytes(payload).decode("latin-1")


def read(source: Path) -> Iterator[Mail]:
    """All mails of the npm package, given as its archive or as the folder that it unpacks to."""
    for group, raw in _documents(source):
        yield Mail(body_of(raw), "spam" if group.startswith("spam") else "ham")


def _documents(source: Path) -> Iterator[tuple[str, str]]:
    if source.is_file():
        with tarfile.open(source) as archive:
            documents = {
                Path(member.name).parts[-2:]: file.read()
                for member in archive
                if _is_mail(Path(member.name)) and (file := archive.extractfile(member)) is not None
            }
    else:
        documents = {p.parts[-2:]: p.read_bytes() for p in source.rglob("*.json") if _is_mail(p)}
    # Neither an archive nor a folder promises an order, and the split must not depend on it.
    for name in sorted(documents):
        document = json.loads(documents[name])
        yield str(document["group"]), str(document["text"])


def _is_mail(path: Path) -> bool:
    return path.suffix == ".json" and re.fullmatch(r"(easy-|hard-)?(ham|spam)-\d", path.parent.name) is not None


def normalised(text: str) -> str:
    """The text without what mailing lists and senders vary: case, digits, punctuation, white space."""
    return re.sub(r"[\W\d_]+", " ", text.lower()).strip()


def normalised_all(texts: Sequence[str]) -> list[str]:
    """The key of the text as a whole."""
    return [normalised(text) for text in texts]


def without_duplicates(mails: Iterable[Mail], *keys: Key) -> list[Mail]:
    """Keeps the first of the mails that share a key, by any of the key functions; none of them, if their labels differ.

    A key function gets all texts at once, so that a tokenizer can use every core.
    """
    candidates = [mail for mail in mails if mail.text]
    texts = [mail.text for mail in candidates]
    columns = [key(texts) for key in keys]
    first: dict[tuple[int, Hashable], int] = {}
    kept: set[int] = set()
    ambiguous: set[int] = set()
    for index, mail in enumerate(candidates):
        own = [(number, column[index]) for number, column in enumerate(columns)]
        earlier = {first[key] for key in own if key in first}
        for key in own:
            first.setdefault(key, index)
        if not earlier:
            kept.add(index)
        ambiguous.update(other for other in earlier if candidates[other].label != mail.label)
    return [candidates[index] for index in sorted(kept - ambiguous)]


def split(mails: Sequence[Mail], *, train: int, test: int, held_out: int, seed: int) -> Split:
    """Splits at random, each part with the same share of spam, give or take one mail.

    Held-out and test mails are drawn first: they stay the same ones when the number of training mails changes.
    """
    wanted = train + test + held_out
    if wanted > len(mails):
        raise ValueError(
            f"{train} + {test} + {held_out} mails are asked for, but only {len(mails)} different ones are there; "
            "ask for fewer."
        )
    pools = {label: [mail for mail in mails if mail.label == label] for label in LABELS}
    generator = random.Random(seed)  # noqa: S311 - a split, not a secret
    for pool in pools.values():
        generator.shuffle(pool)
    share = len(pools["spam"]) / len(mails) if mails else 0.0

    def draw(count: int) -> list[Mail]:
        spam = min(round(count * share), len(pools["spam"]))
        spam = max(spam, count - len(pools["ham"]))
        drawn = [pools["spam"].pop() for _ in range(spam)] + [pools["ham"].pop() for _ in range(count - spam)]
        generator.shuffle(drawn)
        return drawn

    parts = {"held_out": draw(held_out), "test": draw(test), "train": draw(train)}
    return Split(**parts)
