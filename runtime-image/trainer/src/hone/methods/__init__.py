"""How a model is fine-tuned; one module per method."""

from hone.contract import JobConfig
from hone.errors import RunError
from hone.methods.adapter import AdapterFineTuning
from hone.methods.base import FineTuningMethod
from hone.methods.bitfit import BitFitFineTuning
from hone.methods.full import FullFineTuning
from hone.methods.lora import LoraFineTuning
from hone.methods.trained import attach
from hone.methods.virtual_tokens import PrefixTuning, PromptTuning

__all__ = ["FineTuningMethod", "attach", "method_for"]

_METHODS: dict[str, type[FineTuningMethod]] = {
    "full": FullFineTuning,
    "lora": LoraFineTuning,
    "prefixTuning": PrefixTuning,
    "promptTuning": PromptTuning,
    "bitFit": BitFitFineTuning,
    "adapter": AdapterFineTuning,
}


def method_for(config: JobConfig) -> FineTuningMethod:
    """Return the method's executor; one without an executor is refused by its name."""
    assert config.method is not None  # noqa: S101 - the contract demands it
    choice = config.method.choice
    executor = _METHODS.get(choice)
    if executor is None:
        raise RunError("Unsupported", f"The method {choice} has no executor yet; write {' or '.join(_METHODS)}.")
    return executor(config)
