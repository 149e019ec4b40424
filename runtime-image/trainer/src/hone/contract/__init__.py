"""The contract between operator and runtime, version v1: the same documents as the JSON Schemas describe."""

from hone.contract.base import Document
from hone.contract.failure import Failure, Reason
from hone.contract.job import JobConfig
from hone.contract.manifest import FileEntry, Manifest
from hone.contract.progress import Phase, ProgressReport
from hone.contract.result import (
    ArtifactReference,
    BestStep,
    Comparison,
    CurvePoint,
    ExportSummary,
    Interval,
    Kernel,
    Latency,
    LineageEntry,
    Measurement,
    Metrics,
    Parity,
    PhaseTime,
    Resumes,
    Role,
    RunResult,
    SearchPoint,
    SearchReport,
    StepReport,
    TrainingSummary,
)

__all__ = [
    "ArtifactReference",
    "BestStep",
    "Comparison",
    "CurvePoint",
    "Document",
    "ExportSummary",
    "Failure",
    "FileEntry",
    "Interval",
    "JobConfig",
    "Kernel",
    "Latency",
    "LineageEntry",
    "Manifest",
    "Measurement",
    "Metrics",
    "Parity",
    "Phase",
    "PhaseTime",
    "ProgressReport",
    "Reason",
    "Resumes",
    "Role",
    "RunResult",
    "SearchPoint",
    "SearchReport",
    "StepReport",
    "TrainingSummary",
]
