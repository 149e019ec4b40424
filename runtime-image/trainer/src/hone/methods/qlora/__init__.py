"""QLoRA: low-rank updates over a base model of four bits per weight."""

from hone.methods.qlora.method import QloraFineTuning

__all__ = ["QloraFineTuning"]
