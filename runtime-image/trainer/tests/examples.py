"""Rows that a tiny model can learn each task from, made of the words of tiny.py."""

import random
from typing import Any

from tiny import FILLER, HAM, SPAM

LABELS = ["money", "work"]
TAGS = ["O", "B-SPAM", "I-SPAM", "B-HAM", "I-HAM"]


def topics(count: int, seed: int) -> list[dict[str, Any]]:
    """Texts with words of none, one or both of two topics."""
    draw = random.Random(seed)
    rows = []
    for index in range(count):
        labels = [name for bit, name in enumerate(LABELS) if index >> bit & 1]
        words = draw.choices(FILLER, k=draw.randint(2, 6))
        words += draw.sample(SPAM, 3) if "money" in labels else []
        words += draw.sample(HAM, 3) if "work" in labels else []
        draw.shuffle(words)
        rows.append({"text": " ".join(words), "label": labels})
    return rows


def scores(count: int, seed: int) -> list[dict[str, Any]]:
    """Texts whose number is the share of words of one kind."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        some = draw.randint(0, 6)
        words = draw.choices(SPAM, k=some) + draw.choices(HAM, k=6 - some)
        draw.shuffle(words)
        rows.append({"text": " ".join(words), "label": round(some / 6, 3)})
    return rows


def tagged(count: int, seed: int) -> list[dict[str, Any]]:
    """Words, of which runs of one kind are entities."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        tokens: list[str] = []
        tags: list[str] = []
        for _ in range(draw.randint(2, 4)):
            kind, length = draw.choice(["SPAM", "HAM", ""]), draw.randint(1, 2)
            tokens += draw.choices({"SPAM": SPAM, "HAM": HAM, "": FILLER}[kind], k=length)
            tags += [f"{'B' if first else 'I'}-{kind}" if kind else "O" for first in [True, False][:length]]
            # Something between two entities, so that the second begins where its first word is.
            tokens.append(draw.choice(FILLER))
            tags.append("O")
        rows.append({"tokens": tokens, "label": tags})
    return rows
