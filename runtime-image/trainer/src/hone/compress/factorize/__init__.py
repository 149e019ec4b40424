"""Matrices become products of smaller ones."""

from hone.compress.factorize.step import factorize

__all__ = ["factorize"]
