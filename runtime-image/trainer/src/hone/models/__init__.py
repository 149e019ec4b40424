"""Reads and writes Transformers checkpoints whose graph holds more than the model's type says.

A fine-tuning method may put modules into a model that stay in it. Beside `config.json` a checkpoint of such a model has
`hone_adapter.json`, which says what was put where; whoever reads checkpoints here gets the modules back, with
their weights. Every executor loads and saves through this package.
"""

from hone.models.checkpoint import from_pretrained, outline, save_pretrained

__all__ = ["from_pretrained", "outline", "save_pretrained"]
