"""How a model is fine-tuned; one module per method."""

from hone.contract import JobConfig
from hone.methods.adapter import AdapterFineTuning
from hone.methods.base import FineTuningMethod
from hone.methods.bitfit import BitFitFineTuning
from hone.methods.full import FullFineTuning
from hone.methods.lora import LoraFineTuning
from hone.methods.qlora import QloraFineTuning
from hone.methods.trained import attach
from hone.methods.virtual_tokens import PrefixTuning, PromptTuning

__all__ = ["FineTuningMethod", "attach", "method_for"]

_METHODS: dict[str, type[FineTuningMethod]] = {
    "full": FullFineTuning,
    "lora": LoraFineTuning,
    "qlora": QloraFineTuning,
    "prefixTuning": PrefixTuning,
    "promptTuning": PromptTuning,
    "bitFit": BitFitFineTuning,
    "adapter": AdapterFineTuning,
}


def method_for(config: JobConfig) -> FineTuningMethod:
    """Return the method's executor."""
    assert config.method is not None  # noqa: S101 - the contract demands it
    return _METHODS[config.method.choice](config)
