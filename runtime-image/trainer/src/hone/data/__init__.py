"""Reads data sets and finds their mistakes before anything is trained on them."""

from hone.data.texts import LabelledTexts, Texts, read_labelled_texts, read_texts

__all__ = ["LabelledTexts", "Texts", "read_labelled_texts", "read_texts"]
