"""What is refused of labels, whatever they are labels of."""

from collections.abc import Iterable, Sequence

from hone.errors import RunError


def require_distinct(names: Sequence[str]) -> None:
    """Refuse spec.task.labels that name a label twice."""
    if len(set(names)) != len(names):
        raise RunError("ConfigInvalid", f"spec.task.labels has a label twice ({', '.join(names)}); name each once.")


def require_several(labels: Iterable[int], names: Sequence[str], uri: str) -> None:
    """Refuse training data with one label alone."""
    if len(present := {names[label] for label in labels}) < 2:
        raise RunError(
            "DatasetInvalid",
            f"{uri} holds only the label {present.pop()}; a classifier needs examples of two or more.",
        )
