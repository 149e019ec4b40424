"""Virtual tokens alone, in PEFT's format, and how they get onto the base model again."""

import json
from pathlib import Path

from peft import PeftType, PromptLearningConfig, TaskType
from peft.utils import CONFIG_NAME, SAFETENSORS_WEIGHTS_NAME
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from hone.models.virtual_tokens import Prefix, Prompt, Table, VirtualTokens

_TOKENS = "prompt_embeddings"
_HEAD = "base_model."
_PROMPTS = (PeftType.PROMPT_TUNING, PeftType.P_TUNING)


def save(network: PreTrainedModel, heads: list[str], table: Table, config: PromptLearningConfig, folder: Path) -> None:
    """Write the virtual tokens and the modules that were trained with them; the folder is made."""
    weights = {
        f"{_HEAD}{name}.{part}": value.detach().cpu().contiguous()
        for name in heads
        for part, value in network.get_submodule(name).state_dict().items()
    }
    weights[_TOKENS] = table.weight.detach().cpu().contiguous()
    config.inference_mode = True
    folder.mkdir(parents=True)
    config.save_pretrained(folder)
    save_file(weights, folder / SAFETENSORS_WEIGHTS_NAME, metadata={"format": "pt"})


def holds_virtual_tokens(folder: Path) -> bool:
    """Tell whether a folder with an adapter of PEFT's holds virtual tokens."""
    config = json.loads((folder / CONFIG_NAME).read_bytes())
    return config["peft_type"] in (PeftType.PREFIX_TUNING, *_PROMPTS)


def attach(network: PreTrainedModel, folder: Path) -> tuple[str, list[str]]:
    """Put saved virtual tokens, and the head that was trained with them, on the base model.

    Returns:
        The address of the model that they were made for, and the weights that found no place.
    """
    config = json.loads((folder / CONFIG_NAME).read_bytes())
    weights = load_file(folder / SAFETENSORS_WEIGHTS_NAME)
    table = Table.of(weights.pop(_TOKENS))
    tokens: VirtualTokens
    if config["peft_type"] in _PROMPTS:
        task = TaskType(config["task_type"])
        tokens = Prompt(table, config["num_virtual_tokens"], strips=not pools_first(network, task))
    else:
        tokens = Prefix(
            table,
            config["num_virtual_tokens"],
            layers=config["num_layers"],
            heads=config["num_attention_heads"],
        )
    found = network.load_state_dict({name.removeprefix(_HEAD): value for name, value in weights.items()}, strict=False)
    tokens.attach(network.base_model)
    return config["base_model_name_or_path"], list(found.unexpected_keys)


def pools_first(network: PreTrainedModel, task: TaskType) -> bool:
    """Tell whether the task's head looks at the first position, as encoders' do.

    Decoders, whose head Transformers calls score, look at the last one, which they find by the padding.
    """
    return task == TaskType.SEQ_CLS and not hasattr(network, "score")
