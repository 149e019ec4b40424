"""Prefix tuning, prompt tuning and P-tuning: virtual tokens are trained, the model is frozen."""

from hone.methods.virtual_tokens.prefix import PrefixTuning
from hone.methods.virtual_tokens.prompt import PromptTuning

__all__ = ["PrefixTuning", "PromptTuning"]
