"""What a model can be taught; one module per task."""

from hone.contract import JobConfig
from hone.errors import RunError
from hone.tasks.base import Encoded, Loaded, TaskHandler
from hone.tasks.text_classification import TextClassification

__all__ = ["Encoded", "Loaded", "TaskHandler", "task_for"]

_TASKS = {"TextClassification": TextClassification}


def task_for(config: JobConfig) -> TaskHandler:
    """Return the task's handler; one without an executor is refused by its name."""
    assert config.task is not None  # noqa: S101 - the contract demands it
    handler = _TASKS.get(config.task.type)
    if handler is None:
        raise RunError("Unsupported", f"The task {config.task.type} has no executor yet; write {' or '.join(_TASKS)}.")
    return handler(config)
