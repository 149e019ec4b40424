"""Weights come from a small codebook."""

from hone.compress.share.step import share_weights

__all__ = ["share_weights"]
