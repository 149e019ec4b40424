"""Reads data sets and finds their mistakes before anything is trained on them."""

from hone.data.texts import (
    LabelledTexts,
    LabelSetTexts,
    ScoredTexts,
    Texts,
    read_label_set_texts,
    read_labelled_texts,
    read_scored_texts,
    read_texts,
)
from hone.data.words import LabelledWords, Words, read_labelled_words, read_words

__all__ = [
    "LabelSetTexts",
    "LabelledTexts",
    "LabelledWords",
    "ScoredTexts",
    "Texts",
    "Words",
    "read_label_set_texts",
    "read_labelled_texts",
    "read_labelled_words",
    "read_scored_texts",
    "read_texts",
    "read_words",
]
