"""Takes away weights, heads, channels or layers that matter least; one module per pattern."""

from hone.compress.prune.step import plan_prune

__all__ = ["plan_prune"]
