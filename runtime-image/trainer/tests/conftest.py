import json
import os
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported: the same thread count everywhere, for results that are equal bit for bit.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import tiny
from hone.contract import JobConfig, ProgressReport, RunResult
from hone.interrupt import Interrupt
from hone.job import run_job


class Workbench:
    """A claim with a tiny model and data, and a configuration to change."""

    def __init__(self, root: Path) -> None:
        self.claim = root / "pvc" / "spam"
        for folder in ("models", "data"):
            (self.claim / folder).mkdir(parents=True)
        tiny.write_rows(self.claim / "data/train.jsonl", tiny.mails(96, seed=1))
        tiny.write_rows(self.claim / "data/test.jsonl", tiny.mails(64, seed=2))
        self.reports: list[ProgressReport] = []
        self.document: dict[str, Any] = {
            "contractVersion": "v1",
            "kind": "FineTuneJob",
            "namespace": "default",
            "name": "tiny",
            "hash": "abc123",
            "model": {"uri": "pvc://spam/models/tiny"},
            "dataset": {
                "train": {"uri": "pvc://spam/data/train.jsonl"},
                "evaluation": {"uri": "pvc://spam/data/test.jsonl"},
                "columns": {"text": "text", "label": "label"},
            },
            "task": {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": 32},
            "method": {"lora": {"rank": 4, "alpha": 8, "targets": ["all-linear"]}},
            "precision": {"mode": "FP32"},
            "training": {"epochs": 3, "batchSize": 8, "learningRate": 0.01, "seed": 1},
            "output": {"uri": "pvc://spam/artifacts"},
        }

    def config(self, **changes: Any) -> JobConfig:
        """The configuration, with some members replaced; None leaves one out."""
        document = {key: value for key, value in {**deepcopy(self.document), **changes}.items() if value is not None}
        return JobConfig.model_validate_json(json.dumps(document))

    def write_config(self, path: Path, **changes: Any) -> Path:
        path.write_bytes(self.config(**changes).to_json())
        return path

    def run(self, **changes: Any) -> RunResult:
        return run_job(self.config(**changes), self.reports.append, Interrupt())

    def artifact(self, run_hash: str = "abc123") -> Path:
        return self.claim / "artifacts" / f"tiny-{run_hash}"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def bench(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    workbench = Workbench(tmp_path)
    shutil.copytree(tiny_model, workbench.claim / "models/tiny")
    monkeypatch.setenv("HONE_PVC_ROOT", str(tmp_path / "pvc"))
    monkeypatch.setenv("HONE_WORKSPACE", str(tmp_path / "workspace"))
    return workbench
