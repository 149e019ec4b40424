"""Runs a CompressionJob that looks for its recipe.

The artifact holds the Pareto front: below points/<trial> one artifact for each point, as a CompressionJob with these
steps would have made it, and beside them the tables and the picture of everything that was tried. Which point counts is
decided by what was measured alone, so it can be decided again without a new search.
"""

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from hone.compress.inputs import Inputs, fetch
from hone.compress.recipe import export_network, folder_of
from hone.compress.search.choice import choose
from hone.compress.search.front import front, spread
from hone.compress.search.laboratory import Laboratory, copy_result
from hone.compress.search.outcome import Outcome
from hone.compress.search.report import draw_front, summarize, write_tables
from hone.compress.search.space import space_of
from hone.compress.search.study import Study
from hone.compress.steps import plan
from hone.compress.targets import Target, target_of
from hone.contract import JobConfig, Metrics, SearchPoint, SearchReport
from hone.contract.compression import Search, Step
from hone.device import thread_count
from hone.errors import RunError, shorten
from hone.runtime import RunContext, RunOutcome

log = logging.getLogger(__name__)

_TRIALS = 30
#: As many points as the status has room for.
_MOST = 20
_TEXT = 512


def run(context: RunContext) -> RunOutcome:
    """Reads, exports, tries recipe after recipe, saves the front."""
    config, progress = context.config, context.progress
    search = config.search
    assert search is not None  # noqa: S101 - for the type checker
    target = target_of(config.export)
    _check(config, search, target)
    torch.set_num_threads(thread_count())
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    progress.plan({"Fetching": 2, "Exporting": 4, "Compressing": 100, "Saving": 2})
    with progress.phase("Fetching"):
        inputs = fetch(context, plan(_needs(config)))
    with progress.phase("Exporting"):
        exported = export_network(context, inputs, target, "before")
        before = target.baseline(exported.path, folder_of(context, "baseline"), exported.batches)
        space = space_of(inputs.subject.network, config)
        inputs.subject.release_network()
    study = Study(context.checkpoints / "search", search.objective, space, config.gate)
    with progress.phase("Compressing"):
        _try_recipes(context, search, study, Laboratory(context, target, inputs, exported, before))
    with progress.phase("Saving"):
        return _save(context, search, study.outcomes(), inputs, target)


def _check(config: JobConfig, search: Search, target: Target) -> None:
    if config.dataset.evaluation is None:
        raise RunError(
            "ConfigInvalid", "spec.search compares recipes by what they lose; name data in spec.dataset.evaluation."
        )
    if target.for_gpu:
        raise RunError(
            "Unsupported",
            f"spec.search measures speed on this processor, which tells nothing of {target.name}; write "
            "spec.export.onnx, and give the recipe that it finds to another job as spec.steps.",
        )
    if (search.parallelism or 1) > 1:
        raise RunError(
            "Unsupported",
            "spec.search.parallelism above 1 is not supported yet; write parallelism: 1, or leave it out.",
        )
    if search.gpu_hours is not None and not torch.cuda.is_available():
        raise RunError(
            "ConfigInvalid", "spec.search.gpuHours counts the hours of GPUs, and there is none; write timeoutSeconds."
        )


def _needs(config: JobConfig) -> list[Step]:
    """Return steps that need all the data that any recipe could need."""
    needs: list[dict[str, Any]] = []
    if config.dataset.train is not None:
        needs.append({"distill": {}})
    if config.dataset.calibration is not None:
        needs.append({"quantize": {"scheme": "INT8Static"}})
    return [Step.model_validate_json(json.dumps(step)) for step in needs]


def _try_recipes(context: RunContext, search: Search, study: Study, laboratory: Laboratory) -> None:
    progress, most = context.progress, search.trials or _TRIALS
    limit = _limit(search)
    outcomes = study.outcomes()
    while len(outcomes) < most and sum(outcome.seconds for outcome in outcomes) < limit:
        recipe = study.next()
        if recipe is None:
            log.info("Every recipe that there is was tried.")
            break
        done = len(outcomes)
        log.info("Trial %d: %s", recipe.number, recipe.text)
        with progress.part(done / most, (done + 1) / most):
            progress.update(0.0, message=f"trial {done + 1} of {most}: {recipe.text}"[:_TEXT])
            rivals = [outcome for outcome in outcomes if outcome.state == "Measured"]
            outcome = laboratory.try_out(recipe, _folder(context, recipe.number), rivals)
        study.tell(outcome)
        outcomes = study.outcomes()
        log.info("Trial %d: %s", recipe.number, outcome.message or summarize(outcome))
        _forget_beaten(context, outcomes)


def _limit(search: Search) -> float:
    limits = [float(search.timeout_seconds)] if search.timeout_seconds is not None else []
    if search.gpu_hours is not None:
        limits.append(search.gpu_hours * 3600 / torch.cuda.device_count())
    return min(limits, default=float("inf"))


def _forget_beaten(context: RunContext, outcomes: Sequence[Outcome]) -> None:
    """Delete the files of what is not on the front any more: a search may try hundreds of models."""
    kept = {outcome.number for outcome in front_of(outcomes)}
    for outcome in outcomes:
        if outcome.number not in kept:
            shutil.rmtree(_folder(context, outcome.number), ignore_errors=True)


def front_of(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes that no other one beats, of those that were measured to the end."""
    measured = [outcome for outcome in outcomes if outcome.state == "Measured"]
    return [measured[place] for place in front([outcome.costs for outcome in measured])]


def _save(
    context: RunContext, search: Search, outcomes: Sequence[Outcome], inputs: Inputs, target: Target
) -> RunOutcome:
    best = front_of(outcomes)
    if not best:
        raise RunError("ConfigInvalid", _nothing(outcomes))
    delivered = [best[place] for place in spread([outcome.costs for outcome in best], _MOST)]
    before = (delivered[0].metrics or Metrics()).before
    assert before is not None  # noqa: S101 - every outcome has it
    points = [_point(context, outcome, inputs, target) for outcome in delivered]
    on_front = {outcome.number for outcome in best}
    write_tables(outcomes, on_front, context.output)
    draw_front(outcomes, on_front, before, context.output / "pareto.png")
    warnings = [*inputs.warnings]
    chosen = choose(points, search, context.config.gate)
    if chosen is None:
        numbers = ", ".join(str(point.trial) for point in points)
        warnings.append(f"spec.search.select is {search.select}, which is not on the front; write one of {numbers}.")
        chosen = choose(points, search.model_copy(update={"select": None}), context.config.gate)
        assert chosen is not None  # noqa: S101 - there are points
    failed = [outcome for outcome in outcomes if outcome.state == "Failed"]
    if failed:
        warnings.append(
            shorten(f"{len(failed)} of {len(outcomes)} recipes failed, as search.csv says of each: the first with "
                    f"“{failed[0].message}”", 1024)
        )  # fmt: skip
    log.info(
        "Of %d recipes %d are on the front; trial %d counts: %s", len(outcomes), len(best), chosen.trial, chosen.summary
    )
    return RunOutcome(
        model_format=target.stored,
        model_path=f"{_place(chosen.trial)}/{target.file}",
        task=inputs.subject.task,
        lineage=inputs.lineage,
        metrics=Metrics(before=before, after=chosen.after, comparison=chosen.comparison),
        export=chosen.export,
        search=SearchReport(
            objective=search.objective,
            trials=len(outcomes),
            failed=len(failed),
            stopped_early=sum(outcome.state == "StoppedEarly" for outcome in outcomes),
            seconds=round(sum(outcome.seconds for outcome in outcomes), 3),
            selected=chosen.trial,
            points=points,
        ),
        warnings=warnings,
    )


def _point(context: RunContext, outcome: Outcome, inputs: Inputs, target: Target) -> SearchPoint:
    config = context.config
    place = _place(outcome.number)
    copy_result(_folder(context, outcome.number), context.output / place)
    _, reference = (
        context.store.artifact(config)
        .within(place)
        .commit(
            model_format=target.stored,
            model_path=target.file,
            task=inputs.subject.task,
            lineage=inputs.lineage,
            metrics=outcome.metrics or Metrics(),
            training=None,
            resumes=None,
            steps=outcome.steps,
            export=outcome.export,
            phases=[],
            warnings=outcome.warnings,
        )
    )
    return SearchPoint(
        trial=outcome.number,
        recipe=outcome.recipe.text[:_TEXT],
        summary=summarize(outcome),
        artifact=reference,
        after=outcome.after,
        comparison=outcome.comparison,
        export=outcome.export,
    )


def _nothing(outcomes: Sequence[Outcome]) -> str:
    failed = [outcome for outcome in outcomes if outcome.state == "Failed"]
    if not failed:
        return (
            "There is no recipe to try: the search found nothing that this model allows; write the steps in spec.steps."
        )
    return (
        f"None of the {len(outcomes)} recipes that were tried could be carried out; the first, "
        f"{failed[0].recipe.text}, failed: {failed[0].message}"
    )


def _folder(context: RunContext, number: int) -> Path:
    return context.checkpoints / "search" / f"trial-{number}"


def _place(number: int) -> str:
    return f"points/{number}"
