"""Several processes that train together over gloo: what they learn, how they save, and what one's failure does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import tiny
import tiny_language
from conftest import Workbench
from sources import SOURCES

HERE = Path(__file__).parent
FULL = {"full": {}}
LORA = {"lora": {"rank": 4}}
TRAINING = {"steps": 4, "batchSize": 4, "learningRate": 0.01, "seed": 1, "schedule": "Constant", "weightDecay": 0.01}
DROPOUT = "pvc://spam/models/dropout"
LANGUAGE = {"type": "CausalLM", "maxLength": 64}
SENTENCES = {"train": {"uri": "pvc://spam/data/sentences.jsonl"}, "columns": {"text": "body"}}


class Group:
    """Jobs for two processes, each beside what one process does with twice the batch."""

    def __init__(self, bench: Workbench, folder: Path) -> None:
        self.bench = bench
        self._folder = folder
        self._plan: list[dict[str, Any]] = []
        self.found: list[list[dict[str, Any]]] = []

    def add(self, name: str, *, stop: int | None = None, training: dict[str, Any] | None = None, **changes) -> None:
        """Plan a job of two processes, whose training differs from the usual by these members."""
        path = self._folder / f"{len(self._plan)}.json"
        changes = {"distributed": {"nodes": 1, "processesPerNode": 2}, **changes}
        self.bench.write_config(path, hash=name, training={**TRAINING, **(training or {})}, **changes)
        self._plan.append({"name": name, "config": str(path), "stop": stop})

    def alone(self, name: str, training: dict[str, Any] | None = None, **changes) -> None:
        self.bench.run(hash=name, training={**TRAINING, "batchSize": 8, **(training or {})}, **changes)

    def run(self) -> None:
        plan = self._folder / "plan"
        plan.write_text(json.dumps(self._plan))
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        environment = {
            **os.environ,
            "PYTHONPATH": SOURCES,
            "HONE_COLLECTIVE_TIMEOUT_SECONDS": "60",
        }
        done = subprocess.run(
            [*torchrun, str(HERE / "group_driver.py"), str(plan)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr[-8000:]
        self.found = [json.loads((self._folder / f"plan.{rank}.json").read_bytes()) for rank in (0, 1)]

    def processes(self, name: str) -> list[dict[str, Any]]:
        """What each process found in the last job of that name."""
        index = max(index for index, job in enumerate(self._plan) if job["name"] == name)
        return [found[index] for found in self.found]

    def losses(self, name: str) -> list[float]:
        return [line["loss"] for line in self._curve(name) if "loss" in line]

    def evaluations(self, name: str) -> list[dict[str, Any]]:
        return [{"step": line["step"], **line["evaluation"]} for line in self._curve(name) if "evaluation" in line]

    def _curve(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.bench.artifact(name) / "loss.jsonl").read_text().splitlines()]

    def weights(self, name: str) -> dict[str, torch.Tensor]:
        return load_file(self.bench.artifact(name) / "model/model.safetensors")

    def training(self, name: str) -> dict[str, Any]:
        return self._manifest(name)["training"]

    def measured(self, name: str) -> dict[str, Any]:
        return self._manifest(name)["metrics"]["after"]

    def _manifest(self, name: str) -> dict[str, Any]:
        return json.loads((self.bench.artifact(name) / "manifest.json").read_bytes())


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path):
    """One launch for all jobs: most of its time goes by with imports."""
    root = tmp_path_factory.mktemp("group")
    bench = Workbench(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_PVC_ROOT", str(root / "pvc"))
        patch.setenv("HONE_WORKSPACE", str(root / "workspace"))
        # Texts of equal length and no dropout: only then the mean of two batches' means is the mean of both.
        rows = [{**row, "text": " ".join(row["text"].split()[:5])} for row in tiny.mails(96, seed=1)]
        tiny.write_rows(bench.claim / "data/train.jsonl", rows)
        exact = tiny.bert_config()
        exact.update({"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
        tiny.save_model(bench.claim / "models/tiny", exact)
        tiny.save_model(bench.claim / "models/dropout")
        tiny_language.save_model(bench.claim / "models/language")
        tiny.write_rows(bench.claim / "data/sentences.jsonl", tiny_language.texts_of_many_lengths(96, seed=1))
        jobs = Group(bench, root)
        plan(jobs)
        jobs.run()
        yield jobs


def plan(jobs: Group) -> None:
    for precision in ("FP32", "FP16"):
        jobs.alone(f"one{precision.lower()}", method=FULL, precision={"mode": precision})
        for strategy in ("DDP", "FSDP2"):
            name = f"{strategy.lower()}{precision.lower()}"
            jobs.add(name, method=FULL, precision={"mode": precision}, training={"strategy": strategy})
    jobs.alone("onelora", method=LORA)
    jobs.add("fsdplora", method=LORA, training={"strategy": "FSDP2"})
    for strategy in ("DDP", "FSDP2"):
        name = strategy.lower()
        jobs.add(
            f"{name}parts", method=FULL, training={"strategy": strategy, "batchSize": 2, "gradientAccumulationSteps": 2}
        )
        saved = {
            "model": {"uri": DROPOUT},
            "training": {"steps": 8, "strategy": strategy},
            "checkpoint": {"everySteps": 3, "keepLast": 2},
        }
        for method in (FULL, {"lora": {"rank": 4, "dropout": 0.1}}):
            kind = name + next(iter(method))
            jobs.add(f"{kind}w", method=method, **saved)
            jobs.add(f"{kind}r", method=method, stop=5, **saved)
            jobs.add(f"{kind}r", method=method, **saved)
    for method in (
        {"qlora": {"rank": 4, "optimizer": "AdamW"}},
        {"bitFit": {}},
        {"promptTuning": {"virtualTokens": 4}},
    ):
        kind = next(iter(method)).lower()[:6]
        jobs.alone(f"one{kind}", method=method)
        jobs.add(f"ddp{kind}", method=method)
    language = {"model": {"uri": "pvc://spam/models/language"}, "method": FULL, "task": LANGUAGE, "dataset": SENTENCES}
    jobs.alone("onetok", **language)
    for strategy in ("DDP", "FSDP2"):
        jobs.add(f"{strategy.lower()}tok", **language, training={"strategy": strategy})
        parts = {"strategy": strategy, "batchSize": 2, "gradientAccumulationSteps": 2}
        jobs.add(f"{strategy.lower()}tokp", **language, training=parts)
    jobs.add("ddpbitfit", method={"bitFit": {}})
    evaluation = {"everySteps": 2, "earlyStopping": {"patience": 1, "minImprovement": 1000.0}}
    jobs.add("early", method=FULL, evaluation=evaluation, training={"steps": 20}, checkpoint={"everySteps": 3})
    for strategy in ("DDP", "FSDP2"):
        # So high that the loss gets worse at some point.
        for name, method, rate in (("full", FULL, 1.0), ("lora", LORA, 0.3)):
            jobs.add(
                f"{strategy.lower()}{name}b",
                method=method,
                evaluation={"everySteps": 2, "keepBest": True, "metric": "loss"},
                training={"steps": 10, "strategy": strategy, "learningRate": rate},
                checkpoint={"everySteps": 3},
            )


def assert_same(group: Group, one: str, other: str) -> None:
    assert group.losses(one) == pytest.approx(group.losses(other), abs=1e-6)
    mine, theirs = group.weights(one), group.weights(other)
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        # A key's bias has no influence on attention: its gradient is rounding alone, and Adam makes whole steps of it.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(tensor, theirs[name], atol=1e-4, rtol=1e-4, msg=name)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_processes_train_as_one_with_twice_the_batch(group, strategy):
    assert_same(group, f"{strategy}fp32", "onefp32")
    assert [found["reason"] for found in group.processes(f"{strategy}fp32")] == [None, None]


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_so_they_do_with_a_loss_scale(group, strategy):
    assert group.losses(f"{strategy}fp16") == pytest.approx(group.losses("onefp16"), abs=2e-3)
    assert group.training(f"{strategy}fp16")["skippedSteps"] == group.training("onefp16")["skippedSteps"]


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_accumulation_is_a_larger_batch_for_several_processes_too(group, strategy):
    assert_same(group, f"{strategy}parts", "onefp32")


@pytest.mark.parametrize("parts", ["", "p"])
@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_texts_of_any_length_weigh_by_their_tokens(group, strategy, parts):
    assert_same(group, f"{strategy}tok{parts}", "onetok")


def test_fsdp2_trains_a_part_of_an_adapter_in_each_process(group):
    assert_same(group, "fsdplora", "onelora")
    assert group.training("fsdplora")["trainableParameters"] == group.training("onelora")["trainableParameters"]


@pytest.mark.parametrize("name", ["fsdp2fp32", "fsdplora"])
def test_fsdp2_shards_every_parameter(group, name):
    found = group.processes(name)
    assert {process["trainer"] for process in found} == {"ShardedTrainer"}
    for process in found:
        assert process["shards"] == process["parameters"] > 10
        assert process["local"] < 0.6 * process["total"]
    assert sum(process["local"] for process in found) == found[0]["total"]


def test_ddp_shards_nothing(group):
    assert {(process["trainer"], process["shards"]) for process in group.processes("ddpfp32")} == {("GroupTrainer", 0)}


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_when_one_is_told_to_stop_all_do_and_go_on_later_bit_for_bit(group, strategy, method):
    whole, parts = f"{strategy}{method}w", f"{strategy}{method}r"
    assert group.losses(parts) == group.losses(whole)
    assert len(group.losses(whole)) == 8
    mine, theirs = group.weights(parts), group.weights(whole)
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert group.training(parts)["resumedFromStep"] == 6
    stopped = [found for found in group.found for found in found if found["reason"] == "Interrupted"]
    assert len(stopped) == 8


@pytest.mark.parametrize("method", ["qlora", "bitfit", "prompt"])
def test_every_kind_of_method_can_be_shared(group, method):
    # On CPUs with BF16 units 4-bit products are rounded to BF16, in other places for another batch.
    assert group.losses(f"ddp{method}") == pytest.approx(
        group.losses(f"one{method}"), abs=1e-2 if method == "qlora" else 1e-6
    )


def test_what_is_finished_is_reused_by_all(group):
    assert [(found["reason"], found["trained"]) for found in group.processes("ddpbitfit")] == [(None, False)] * 2


def test_all_stop_early_together(group):
    assert group.training("early")["steps"] == 4
    assert group.training("early")["stoppedEarly"] is True


def test_samples_of_all_processes_count(group):
    assert group.training("ddpfp32")["samplesPerSecond"] > 0
    assert group.training("ddpfp32")["steps"] == 4


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_sharded_model_is_evaluated_as_it_trains_and_its_best_step_is_kept(group, method):
    whole, shards = f"ddp{method}b", f"fsdp2{method}b"
    assert [found["reason"] for found in group.processes(shards)] == [None, None]
    for name in (whole, shards):
        evaluations = group.evaluations(name)
        best = min(evaluations, key=lambda point: point["loss"])
        assert [point["step"] for point in evaluations] == [2, 4, 6, 8, 10]
        assert group.training(name)["best"]["step"] == best["step"] < 10
        assert group.measured(name)["loss"] == pytest.approx(best["loss"], rel=1e-4)
    # Such rates make later steps of the two differ by what rounding does to the first ones.
    losses = [[point["loss"] for point in group.evaluations(name)[:2]] for name in (whole, shards)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)
