"""How the steps that train add up what they learn from."""

from pathlib import Path
from typing import Any

import pytest

from conftest import Workbench
from hone.compress.learning import Learning
from hone.compress.steps import plan
from hone.contract.compression import Step
from test_compress import compression
from test_finetune_language import language, talker  # noqa: F401 - a fixture
from tiny_steps import opened

STEPS: dict[str, dict[str, Any]] = {"prune": {"sparsity": 0.5}, "distill": {"alpha": 0.3}}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_accumulation_is_a_larger_batch_however_long_the_texts(
    talker: Workbench,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    curves: list[list[float | None]] = []
    train = Learning.train

    def heard(self: Learning, *arguments: Any, **options: Any) -> Any:
        trained = train(self, *arguments, **options)
        curves.append([point.loss for point in trained.summary.last_points])
        return trained

    monkeypatch.setattr(Learning, "train", heard)
    job = language(talker, "lengths")
    for loop in ({"batchSize": 8}, {"batchSize": 2, "gradientAccumulationSteps": 4}):
        training = {"steps": 4, "learningRate": 0.01, "seed": 1, "schedule": "Constant", **loop}
        changes = {name: job[name] for name in ("model", "task", "dataset")}
        (step,) = plan([Step.model_validate({name: {**STEPS[name], "training": training}})]).network
        with opened(talker, tmp_path / str(len(curves)), **compression(talker, **changes)) as (subject, tools):
            step.apply(subject, tools)
    assert len(curves[0]) == 4
    assert curves[1] == pytest.approx(curves[0], abs=1e-5)
