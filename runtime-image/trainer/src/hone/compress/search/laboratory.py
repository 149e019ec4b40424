"""Carries out a recipe and measures what comes of it."""

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hone.compress.inputs import Inputs, check_data
from hone.compress.measuring import Quality, compare_speed, spread, whole
from hone.compress.model import copy_config, load
from hone.compress.recipe import compress, folder_of
from hone.compress.search.outcome import Outcome, Recipe
from hone.compress.steps import plan
from hone.compress.story import write_story
from hone.compress.subject import Subject, Truth
from hone.compress.targets import Target
from hone.contract import ExportSummary, Measurement
from hone.device import thread_count
from hone.errors import RunError, first_line, shorten
from hone.evaluate.answers import Answers, compare, measure
from hone.evaluate.opening import model_bytes, open_classifier
from hone.export import ExportedClassifier
from hone.runtime import RunContext
from hone.store.model import NETWORK
from hone.training.checkpoints import SEAL, CheckpointFailed, is_whole, publish

log = logging.getLogger(__name__)

DONE = "done"
_OUTCOME = "outcome.json"
#: The share of the rows that show that a recipe is hopeless, and how few of them would show nothing.
_GLANCE = 0.25
_FEWEST = 32


@dataclass(frozen=True)
class Laboratory:
    """What all trials of a search share: the inputs, and the untouched model `before` with its answers."""

    context: RunContext
    target: Target
    inputs: Inputs
    exported: ExportedClassifier
    before: Path

    def try_out(self, recipe: Recipe, folder: Path, rivals: Sequence[Outcome]) -> Outcome:
        """Return what becomes of a recipe; its files are in `folder`/done then, unless it failed.

        What a pod before has finished in the folder is taken as it is, step by step.

        Raises:
            RunError: Interrupted, or OutputNotWritable where the disk is full; all else is the recipe's own fault.
        """
        if is_whole(folder / DONE):
            return Outcome.model_validate_json((folder / DONE / _OUTCOME).read_bytes())
        workspace = folder_of(self.context, f"trial-{recipe.number}")
        began = time.monotonic()
        try:
            outcome = self._carry_out(recipe, folder, workspace, rivals, began)
        except CheckpointFailed as error:
            raise RunError(
                "OutputNotWritable",
                f"What trial {recipe.number} made can't be kept ({error}); give the claim more room.",
            ) from error
        except RunError as error:
            if error.reason == "Interrupted":
                raise
            outcome = _failed(recipe, error.message, began)
        except OSError:
            raise
        except Exception as error:
            log.warning("Trial %d failed", recipe.number, exc_info=error)
            outcome = _failed(recipe, f"{type(error).__name__}: {first_line(error)}", began)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
        shutil.rmtree(folder / "steps", ignore_errors=True)
        return outcome

    def _carry_out(
        self, recipe: Recipe, folder: Path, workspace: Path, rivals: Sequence[Outcome], began: float
    ) -> Outcome:
        config, progress = self.context.config, self.context.progress
        steps = plan(self.target.complete(recipe.steps), self.target.quantizer)
        check_data(config, steps)
        # Steps change the network in place, so each recipe begins with another copy.
        subject = load(config, self.inputs.model) if steps.network else self.inputs.subject
        inputs = replace(self.inputs, subject=subject)
        own = replace(self.context, workspace=workspace, checkpoints=folder / "steps", output=workspace / "output")
        own.output.mkdir()
        with progress.part(0.0, 0.8):
            exported, path, done = compress(own, steps, self.exported, inputs, self.target)
        delivered = self.target.write(path, folder_of(own, "delivered"), subject.task)
        after = delivered.path
        export = ExportSummary(
            format=self.target.name,
            opset=delivered.opset,
            parity=exported.samples.parity(open_classifier(after)),
            message=delivered.message,
        )
        with progress.part(0.8, 0.85):
            speed = compare_speed(self.before, after, self.inputs.rows, progress.update)
        with progress.part(0.85, 1.0):
            hopeless = self._hopeless(after, model_bytes(after), speed.speedup.value, rivals)
            quality = hopeless[0] if hopeless else self._quality(after)
        outcome = Outcome(
            recipe=recipe,
            state="StoppedEarly" if hopeless else "Measured",
            message=hopeless[1] if hopeless else None,
            seconds=round(time.monotonic() - began, 3),
            metrics=whole(quality, speed, self.before, after),
            export=export,
            steps=[one.report for one in done],
            warnings=[*(warning for one in done for warning in one.warnings), *delivered.warnings],
        )
        if hopeless:
            return outcome

        def write(target: Path) -> None:
            for file in after.parent.iterdir():
                shutil.copyfile(file, target / file.name)
            subject.save_beside(target)
            copy_config(own.output / NETWORK if steps.network else self.inputs.model.path, target / "config.json")
            write_story(done, target)
            (target / _OUTCOME).write_bytes(outcome.to_json())

        folder.mkdir(parents=True, exist_ok=True)
        publish(folder / DONE, write)
        return outcome

    def _quality(self, after: Path) -> Quality:
        rows, progress = self.inputs.rows, self.context.progress
        kept = self._ask(after, rows, self._truth, lambda done: progress.update(done / len(rows)))
        answers = self._subject.answers(kept, self._truth)
        return Quality(self._measured_before, measure(answers), compare(self._answers_before, answers))

    def _hopeless(
        self, after: Path, size: int, speedup: float, rivals: Sequence[Outcome]
    ) -> tuple[Quality, str] | None:
        """Tell whether another recipe is smaller, faster and, as a part of the rows shows already, more accurate."""
        better = [one for one in rivals if one.costs[1] <= size and one.costs[2] <= 1 / max(speedup, 1e-9)]
        places = spread(len(self.inputs.rows), round(len(self.inputs.rows) * _GLANCE)).tolist()
        if not better or len(places) < _FEWEST:
            return None
        rows, truth = [self.inputs.rows[place] for place in places], [self._truth[place] for place in places]
        first = self._subject.answers([self._kept_before[place] for place in places], truth)
        second = self._subject.answers(self._ask(after, rows, truth, lambda _: None), truth)
        quality = Quality(measure(first), measure(second), compare(first, second))
        drop = quality.comparison.accuracy_drop or (quality.comparison.metric_drops or {}).get(
            quality.after.primary_metric or ""
        )
        if drop is None or drop.low is None:
            return None
        for rival in better:
            if rival.costs[0] < drop.low:
                return quality, (
                    f"Stopped after {len(rows)} of {len(self.inputs.rows)} rows, at {drop.value:.2f} lost (at least "
                    f"{drop.low:.2f}): trial {rival.number} is smaller, faster and more accurate."
                )
        return None

    def _ask(self, path: Path, rows: Sequence[Any], truth: Truth, tell: Any) -> list[Any]:  # noqa: ANN401
        return open_classifier(path).predict(rows, thread_count(), tell, self._subject.keep(truth))

    @property
    def _subject(self) -> Subject:
        return self.inputs.subject

    @property
    def _truth(self) -> Truth:
        assert self.inputs.truth is not None  # noqa: S101 - a search without evaluation data is refused
        return self.inputs.truth

    @cached_property
    def _kept_before(self) -> list[Any]:
        return self._ask(self.before, self.inputs.rows, self._truth, lambda _: None)

    @cached_property
    def _answers_before(self) -> Answers:
        return self._subject.answers(self._kept_before, self._truth)

    @cached_property
    def _measured_before(self) -> Measurement:
        return measure(self._answers_before)


def copy_result(folder: Path, target: Path) -> None:
    """Copy what a trial made, without what only the search needs."""
    target.mkdir(parents=True)
    for file in (folder / DONE).iterdir():
        if file.name not in (_OUTCOME, SEAL):
            shutil.copyfile(file, target / file.name)


def _failed(recipe: Recipe, message: str, began: float) -> Outcome:
    seconds = round(time.monotonic() - began, 3)
    return Outcome(recipe=recipe, state="Failed", message=shorten(message), seconds=seconds)
