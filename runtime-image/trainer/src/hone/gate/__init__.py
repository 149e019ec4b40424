"""The gate: whether a compressed model may be used."""

from hone.gate.decision import Decision, decide

__all__ = ["Decision", "decide"]
