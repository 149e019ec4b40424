"""The training loop: Transformers' Trainer with precision, progress and checkpoints as the contract has them."""

from hone.training.loop import Trained, train

__all__ = ["Trained", "train"]
