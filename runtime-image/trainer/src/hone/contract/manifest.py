"""The manifest: the commit of an artifact, written last and never changed."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract.base import Count, Document, Hash, Time
from hone.contract.result import (
    ExportSummary,
    Lineage,
    Metrics,
    PhaseTime,
    Resumes,
    SearchReport,
    Steps,
    TrainingSummary,
    Warnings,
)
from hone.contract.training import TrainedTask


class FileEntry(Document):
    """One file of the artifact; the path is relative to the artifact's folder."""

    path: Annotated[str, Field(pattern=r"^[^/.][^\\]*$", max_length=512)]
    size_bytes: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(Document):
    """Names every file of the artifact with its digest, what it was made from, and what was measured."""

    schema_version: Literal[1]
    kind: Literal["FineTuneJob", "CompressionJob"]
    name: str
    hash: Hash
    format: Literal["Transformers", "ONNX", "OpenVINO", "LiteRT"]
    model_path: str | None = None
    task: TrainedTask | None = None
    files: Annotated[list[FileEntry], Field(min_length=1, max_length=10000)]
    lineage: Lineage
    metrics: Metrics | None = None
    training: TrainingSummary | None = None
    resumes: Resumes | None = None
    steps: Steps | None = None
    export: ExportSummary | None = None
    search: SearchReport | None = None
    phases: list[PhaseTime] | None = None
    warnings: Warnings | None = None
    created_at: Time
