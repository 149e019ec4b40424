"""Looks for the recipe: tries many, and keeps those that no other one beats in accuracy, size and speed at once."""

from hone.compress.search.executor import run

__all__ = ["run"]
