"""Causal language modelling: examples become tokens, tokens become blocks, blocks are trained."""

from hone.tasks.language.task import CausalLM

__all__ = ["CausalLM"]
