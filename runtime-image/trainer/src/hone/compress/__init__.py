"""Compresses models: steps in order, an export, and measurements of before and after."""

from hone.compress import executor, search
from hone.runtime import RunContext, RunOutcome

__all__ = ["run"]


def run(context: RunContext) -> RunOutcome:
    """Carry out the steps that are given, or look for some."""
    return executor.run(context) if context.config.search is None else search.run(context)
