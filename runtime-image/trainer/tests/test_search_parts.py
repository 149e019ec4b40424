"""The parts of a search: which recipes there are, what is remembered of them, and when one is given up."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification

import tiny
import tiny_images
from conftest import Workbench
from hone.compress.search.laboratory import Laboratory
from hone.compress.search.outcome import Outcome, Recipe
from hone.compress.search.space import Space, describe, space_of
from hone.compress.search.study import Study
from hone.compress.steps import plan
from hone.contract import Comparison, Interval, Measurement, Metrics
from hone.contract.compression import Gate
from hone.evaluate.classification import Predictions

WIDE = Space(
    layers=6,
    narrows=True,
    convolutional=True,
    precisions=["FP32", "FP16", "INT8Dynamic", "INT8Static", "INT4WeightOnly"],
    trains=True,
    calibrates=True,
)
BARE = Space(layers=1, narrows=False, convolutional=False, precisions=["FP32", "FP16"], trains=False, calibrates=False)


def drawn(space: Space, **choices: Any) -> str:
    return describe(space.draw(optuna.trial.FixedTrial(choices)))  # type: ignore[arg-type]


def test_choices_become_steps_in_an_order_that_can_be_carried_out() -> None:
    asis = {"layers": 6, "channels": 0.0, "rank": 1.0, "precision": "FP32", "careful": False}
    assert drawn(WIDE, **asis) == ""
    assert drawn(WIDE, **{**asis, "precision": "INT8Static"}) == "fuse, quantize INT8Static"
    everything = {"layers": 3, "channels": 0.4, "rank": 0.5, "precision": "INT8Dynamic", "careful": True}
    assert drawn(WIDE, **everything, epochs=5, learningRate=2e-4) == (
        "prune Channels 0.4, factorize 0.5, distill to 3 layers (5 epochs at 0.0002), fuse, "
        "quantize INT8Dynamic but sensitive layers"
    )
    narrow = {**asis, "channels": 0.2, "epochs": 5, "learningRate": 1e-3}
    assert drawn(WIDE, **narrow) == "prune Channels 0.2, distill (5 epochs at 0.001), fuse"
    untrained = Space(6, True, False, ["FP32"], trains=False, calibrates=False)
    assert (
        drawn(untrained, layers=3, channels=0.2, rank=1.0, precision="FP32") == "prune Layers 0.5, prune Channels 0.2"
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([WIDE, BARE, Space(2, True, False, ["FP32", "INT8Dynamic"], False, False)])
)
def test_whatever_is_drawn_can_be_planned(seed: int, space: Space) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    steps = space.draw(study.ask())
    assert len(plan(steps).steps) == len(steps) <= 10


def test_a_space_fits_the_model_the_data_and_the_format(bench: Workbench) -> None:
    job = {"kind": "CompressionJob", "method": None, "training": None, "export": {"onnx": {}}}
    search = {"search": {"objective": "Smallest"}}
    bert = AutoModelForSequenceClassification.from_config(tiny.bert_config())
    space = space_of(bert, bench.config(**job, **search))
    assert (space.layers, space.narrows, space.convolutional, space.trains) == (2, True, False, True)
    assert space.precisions == ["FP32", "FP16", "INT8Dynamic", "INT4WeightOnly"]
    assert [drawn(space, **choices) for choices in space.known()] == [
        "quantize INT8Dynamic",
        "distill to 1 layers (3 epochs at 0.0002), quantize INT8Dynamic",
        "prune Channels 0.4, distill (3 epochs at 0.0002), quantize INT8Dynamic",
        "prune Channels 0.6, distill (3 epochs at 0.0002), quantize INT8Dynamic",
        "prune Channels 0.4, distill to 1 layers (3 epochs at 0.0002), quantize INT8Dynamic",
    ]

    dataset = {"calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    intel = space_of(bert, bench.config(**{**job, "export": {"openVINO": {}}}, **search, dataset=dataset))
    assert (intel.precisions, intel.trains, intel.calibrates) == (["FP32", "FP16", "INT8Static"], False, True)
    # Nothing is removed first where no training would make up for it.
    assert [drawn(intel, **choices) for choices in intel.known()] == ["quantize INT8Static"]
    device = space_of(bert, bench.config(**{**job, "export": {"tfLite": {}}}, **search, dataset=dataset))
    assert (device.precisions, device.calibrates) == (["FP32", "INT8Dynamic"], False)

    resnet = AutoModelForImageClassification.from_config(tiny_images.resnet_config())
    images = space_of(resnet, bench.config(**job, **search))
    assert (images.layers, images.convolutional) == (1, True)
    assert "INT4WeightOnly" not in images.precisions
    vit = space_of(AutoModelForImageClassification.from_config(tiny_images.vit_config()), bench.config(**job, **search))
    assert (vit.layers, vit.convolutional) == (2, False)


def test_the_first_recipes_are_those_that_often_do_well() -> None:
    texts = Space(6, True, False, ["FP32", "INT8Dynamic", "INT8Static"], trains=True, calibrates=True)
    trained = "(3 epochs at 0.0002)"
    assert [drawn(texts, **choices) for choices in texts.known()] == [
        "quantize INT8Dynamic",
        "quantize INT8Static",
        f"distill to 4 layers {trained}, quantize INT8Dynamic",
        f"prune Channels 0.4, distill {trained}, quantize INT8Dynamic",
        f"distill to 3 layers {trained}, quantize INT8Dynamic",
        f"prune Channels 0.6, distill {trained}, quantize INT8Dynamic",
        f"prune Channels 0.4, distill to 4 layers {trained}, quantize INT8Dynamic",
    ]
    # Convolutions are quantized by fixed ranges alone.
    images = Space(1, True, True, ["FP32", "INT8Dynamic", "INT8Static"], trains=True, calibrates=True)
    assert [drawn(images, **choices) for choices in images.known()] == [
        "fuse, quantize INT8Dynamic",
        "fuse, quantize INT8Static",
        "prune Channels 0.4, distill (20 epochs at 0.001), fuse, quantize INT8Static",
        "prune Channels 0.6, distill (20 epochs at 0.001), fuse, quantize INT8Static",
    ]


def outcome(recipe: Recipe, lost: float = 1.0, size: int = 100, speedup: float = 2.0) -> Outcome:
    comparison = Comparison(accuracy_drop=Interval(value=lost), speedup=Interval(value=speedup))
    metrics = Metrics(after=Measurement(size_bytes=size), comparison=comparison)
    return Outcome(recipe=recipe, state="Measured", seconds=1.5, metrics=metrics)


def told(folder: Path, stops: set[int], count: int = 12) -> list[Outcome]:
    """Outcomes that follow from the recipes; at each stop another process goes on."""
    study = Study(folder, "Smallest", WIDE)
    for number in range(count):
        recipe = study.next()
        assert recipe is not None
        assert recipe.number == number
        if number in stops:
            study = Study(folder, "Smallest", WIDE)
            assert study.next() == recipe
        study.tell(outcome(recipe, lost=len(recipe.text) % 7, size=100 + len(recipe.steps)))
    return study.outcomes()


def test_a_study_that_is_taken_up_again_tries_the_same(tmp_path: Path) -> None:
    whole = told(tmp_path / "whole", stops=set())
    assert told(tmp_path / "stopped", stops={0, 3, 4, 10}) == whole
    assert len({one.recipe.text for one in whole}) > 8
    recipes = [one.recipe.steps for one in whole]
    assert all(recipes.index(one) == number for number, one in enumerate(recipes))


def test_a_study_goes_on_where_the_same_recipe_seems_best_again_and_again(tmp_path: Path) -> None:
    study = Study(tmp_path, "Smallest", WIDE)
    texts = set()
    for _ in range(40):
        recipe = study.next()
        assert recipe is not None
        texts.add(recipe.text)
        # The first one is by far the best, so that the estimators propose little else.
        study.tell(outcome(recipe, lost=0 if recipe.number == 0 else 50, size=1 if recipe.number == 0 else 1000))
    assert len(texts) == 40


def test_a_study_goes_by_what_the_gate_lets_pass(tmp_path: Path) -> None:
    def passing(folder: Path, gate: Gate | None) -> int:
        """How many of the recipes that are chosen by what was measured lose no more than a point."""
        study, lost = Study(folder, "Smallest", WIDE, gate), []
        for _ in range(50):
            recipe = study.next()
            assert recipe is not None
            left, share, rank = 6, 0.0, 1.0
            for step in recipe.steps:
                if step.distill is not None and step.distill.student is not None:
                    left = step.distill.student.layers or left
                if step.prune is not None:
                    share = step.prune.sparsity or share
                if step.factorize is not None:
                    rank = step.factorize.rank_ratio or rank
            lost.append(0.3 * (6 - left) ** 1.5 + 4 * share**2 + 6 * (1 - rank))
            study.tell(outcome(recipe, lost=lost[-1], size=round(1000 * (1 + left * (1 - share) * rank))))
        return sum(one <= 1 for one in lost[8:])

    assert passing(tmp_path / "gate", Gate(max_accuracy_drop=1.0)) >= 1.5 * passing(tmp_path / "none", None) > 0


def test_a_study_ends_when_there_is_nothing_left(tmp_path: Path) -> None:
    study = Study(tmp_path, "Fastest", BARE)
    texts = []
    while (recipe := study.next()) is not None:
        texts.append(recipe.text)
        failed = len(texts) == 2
        study.tell(Outcome(recipe=recipe, state="Failed", seconds=0.1, message="x") if failed else outcome(recipe))
    # Four ranks in two formats, but for the one that changes nothing.
    assert len(texts) == len(set(texts)) == 7
    assert [one.state for one in study.outcomes()].count("Failed") == 1


def linear(path: Path, sign: float) -> Path:
    """A model whose logits are its inputs, or their opposites."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "sign"], ["logits"])],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor("sign", TensorProto.FLOAT, [1], [sign])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


@pytest.mark.parametrize(
    ("sign", "rival", "stopped"),
    [
        (-1.0, {"lost": 0.0, "size": 50, "speedup": 3.0}, True),
        (-1.0, {"lost": 0.0, "size": 150, "speedup": 3.0}, False),
        (-1.0, {"lost": 0.0, "size": 50, "speedup": 1.5}, False),
        # As wrong as this one may be.
        (-1.0, {"lost": 100.0, "size": 50, "speedup": 3.0}, False),
        (1.0, {"lost": 0.0, "size": 50, "speedup": 3.0}, False),
    ],
)
def test_a_recipe_is_given_up_only_if_another_one_is_better_in_everything(tmp_path, sign, rival, stopped) -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(2, size=160)
    rows = [{"x": np.eye(2, dtype=np.float32)[None, label]} for label in truth]
    subject = SimpleNamespace(
        keep=lambda _: lambda _, logits: logits,
        answers=lambda kept, known: Predictions(np.stack(kept), np.array([row["labels"] for row in known])),
    )
    inputs = SimpleNamespace(rows=rows, truth=[{"labels": int(label)} for label in truth], subject=subject)
    before, after = linear(tmp_path / "before.onnx", 1.0), linear(tmp_path / "after.onnx", sign)
    bench: Any = Laboratory(None, None, inputs, None, before)  # type: ignore[arg-type]
    better = outcome(Recipe(number=4, steps=[], text="x"), **rival)
    found = bench._hopeless(after, 100, 2.0, [better])
    assert (found is not None) is stopped
    if found is not None:
        assert found[1].startswith("Stopped after 40 of 160 rows, at 100.00 lost")
        assert found[1].endswith("trial 4 is smaller, faster and more accurate.")
