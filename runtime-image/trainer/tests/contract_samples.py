"""The contract's schemas and samples, as both sides of the contract use them."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from hone.contract import Document, Failure, JobConfig, Manifest, ProgressReport, RunResult

CONTRACT = Path(__file__).parents[3] / "operator/api/src/main/resources/contract/v1"
SAMPLES = CONTRACT / "samples"
MODELS: dict[str, type[Document]] = {
    "job-config": JobConfig,
    "progress": ProgressReport,
    "result": RunResult,
    "failure": Failure,
    "manifest": Manifest,
}


def schemas() -> dict[str, Draft202012Validator]:
    documents = {path.name: json.loads(path.read_text()) for path in CONTRACT.glob("*.schema.json")}
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in documents.values()
    )
    return {
        name.removesuffix(".schema.json"): Draft202012Validator(schema, registry=registry)
        for name, schema in documents.items()
    }


def samples(folder: str) -> list[Path]:
    return sorted((SAMPLES / folder).glob("*.json"))


def document_of(sample: Path) -> str:
    return sample.name.split(".")[0]


def load(name: str, folder: str = "valid") -> dict[str, Any]:
    return json.loads((SAMPLES / folder / name).read_text())
