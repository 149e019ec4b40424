"""The failure document: why a run ended without an artifact."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract.base import Document

Reason = Literal[
    "ConfigInvalid",
    "Unsupported",
    "ModelNotFound",
    "ModelInvalid",
    "DatasetNotFound",
    "DatasetInvalid",
    "DatasetColumnMissing",
    "LabelUnknown",
    "ArtifactCorrupt",
    "OutputNotWritable",
    "OutOfMemory",
    "ReportRejected",
    "PeerLost",
    "Interrupted",
    "Internal",
]


class Failure(Document):
    """Written to the container's termination message."""

    reason: Reason
    message: Annotated[str, Field(min_length=1, max_length=2048)]
