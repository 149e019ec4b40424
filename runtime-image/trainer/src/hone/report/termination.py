"""The container's termination message: what Kubernetes keeps of a pod that is gone."""

import logging
import os
from pathlib import Path

from hone.contract import ArtifactReference, Document, Failure, RunResult

log = logging.getLogger(__name__)

#: The kubelet cuts what is longer.
_LIMIT = 4096
_DEFAULT = "/dev/termination-log"


class _ArtifactOnly(Document):
    artifact: ArtifactReference


def write_termination(document: Failure | RunResult, instead: Path | None = None) -> None:
    """Write a failure, or the result (the artifact alone where the whole is too long); never fails the run.

    `instead` is another file than the container's, for a process that somebody in the container speaks for.
    """
    path = instead or Path(os.environ.get("HONE_TERMINATION_LOG", _DEFAULT))
    if instead is None and "HONE_TERMINATION_LOG" not in os.environ and not os.access(path, os.W_OK):
        return
    try:
        path.write_bytes(termination_message(document))
    except OSError as error:
        log.warning("The termination message could not be written to %s: %s", path, error)


def termination_message(document: Failure | RunResult) -> bytes:
    """Return the message, at most 4 KB of valid JSON."""
    content = document.to_json()
    if len(content) <= _LIMIT:
        return content
    if isinstance(document, RunResult):
        return _ArtifactOnly(artifact=document.artifact).to_json()
    message = document.message
    while len(content) > _LIMIT:
        message = message[: len(message) * 3 // 4]
        content = Failure(reason=document.reason, message=message + "…").to_json()
    return content
