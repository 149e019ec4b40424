"""Runs one job from its configuration to its committed artifact."""

import gc
import importlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from hone.contract import JobConfig, Manifest, Metrics, ProgressReport, RunResult
from hone.contract.result import ArtifactReference
from hone.distributed import ALONE, Group
from hone.errors import RunError
from hone.interrupt import Interrupt
from hone.progress import Progress
from hone.runtime import Executor, RunContext
from hone.store import Store
from hone.store.room import room

log = logging.getLogger(__name__)


def load_config(path: Path) -> JobConfig:
    """Read a job configuration; every mistake in it is told in one sentence."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError("ConfigInvalid", f"{path} can't be read ({error.strerror}); name a job configuration.") from None
    try:
        return JobConfig.model_validate_json(content)
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in mistake['loc']) or 'the document'}: {mistake['msg'].lower()}"
            for mistake in error.errors()[:5]
        ]
        raise RunError(
            "ConfigInvalid", f"{path} is no job configuration of contract v1; correct {'; '.join(mistakes)}."
        ) from None


def run_job(config: JobConfig, listener: Callable[[ProgressReport], None], interrupt: Interrupt) -> RunResult:
    """Reuse the artifact of this hash if it is there and whole; make it otherwise."""
    result = share_job(config, listener, interrupt, ALONE)
    assert result is not None  # noqa: S101 - who is alone is the first process
    return result


def share_job(
    config: JobConfig, listener: Callable[[ProgressReport], None], interrupt: Interrupt, group: Group
) -> RunResult | None:
    """Do what `run_job` does, as one process of a group; the result is the first one's, the others get None."""
    executor = _executor(config)
    store = Store.of(config)
    writer = store.artifact(config)
    finished = writer.finished() if group.is_main else None
    if group.agree(finished is not None):
        log.info("The artifact %s is there already; nothing is run.", writer.uri)
        return None if finished is None else _result(config, *finished, reused=True)
    progress = Progress(config.hash, listener)
    root = Path(os.environ.get("HONE_WORKSPACE") or tempfile.gettempdir())
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{config.artifact_name}-", dir=root) as workspace:
        output = writer.begin() if group.is_main else writer.folder
        with room():
            outcome = executor(
                RunContext(config, store, progress, interrupt, output, writer.checkpoints, Path(workspace), group)
            )
    if outcome is None:
        return None
    manifest, reference = writer.commit(
        model_format=outcome.model_format,
        model_path=outcome.model_path,
        task=outcome.task,
        lineage=outcome.lineage,
        metrics=outcome.metrics,
        training=outcome.training,
        resumes=outcome.resumes,
        steps=outcome.steps,
        export=outcome.export,
        search=outcome.search,
        phases=progress.phases,
        warnings=outcome.warnings,
    )
    return _result(config, manifest, reference, reused=False)


def _executor(config: JobConfig) -> Executor:
    # The libraries behind an executor take seconds to import, so only the one that is needed is. What they make stays
    # until the end: looking for garbage in it, then or later, would find none.
    gc.disable()
    try:
        return cast(Executor, importlib.import_module(_module(config)).run)
    finally:
        gc.freeze()
        gc.enable()


def _module(config: JobConfig) -> str:
    if config.kind == "FineTuneJob":
        return "hone.finetune"
    return "hone.compress.executor" if config.search is None else "hone.compress.search"


def _result(config: JobConfig, manifest: Manifest, reference: ArtifactReference, reused: bool) -> RunResult:
    return RunResult(
        contract_version="v1",
        hash=config.hash,
        reused=reused,
        artifact=reference,
        metrics=manifest.metrics or Metrics(),
        training=manifest.training,
        resumes=manifest.resumes,
        steps=manifest.steps,
        export=manifest.export,
        search=manifest.search,
        lineage=manifest.lineage,
        phases=manifest.phases or [],
        warnings=manifest.warnings,
    )
