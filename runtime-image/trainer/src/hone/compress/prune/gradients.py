"""Gradients of the task's loss on training data, for importance by a Taylor expansion."""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from hone.compress.learning import Lesson
from hone.tasks.base import loss_of

#: Enough for a ranking that stays the same with more.
BATCHES = 16
BATCH_SIZE = 16


@contextmanager
def gradients(network: PreTrainedModel, lesson: Lesson) -> Iterator[None]:
    """Let every parameter have the sum of its gradients over some batches, in evaluation mode; they go at the end."""
    network.eval()
    network.zero_grad(set_to_none=True)
    for batch in lesson.batches(BATCH_SIZE, BATCHES):
        loss = network(**batch).loss if lesson.loss is None else loss_of(network, batch, lesson.loss)
        loss.backward()
    try:
        yield
    finally:
        network.zero_grad(set_to_none=True)
