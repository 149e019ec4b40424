"""Compresses models: steps in order, an export, and measurements of before and after."""

from hone.compress.executor import run

__all__ = ["run"]
