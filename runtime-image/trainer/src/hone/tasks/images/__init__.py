"""Image classification."""

from hone.tasks.images.task import ImageClassification

__all__ = ["ImageClassification"]
