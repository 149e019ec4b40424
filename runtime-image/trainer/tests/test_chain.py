"""The example of a whole chain, each of its steps for real, on digits."""

from pathlib import Path
from typing import Any

import onnx
import yaml

import tiny_images
from conftest import Workbench
from hone.evaluate.onnx_classifier import OnnxClassifier

CHAIN = Path(__file__).parents[3] / "examples/03-compression/chain.yaml"


def shortened(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same steps with a training of two steps instead of epochs."""
    for step in steps:
        for options in step.values():
            if "training" in options:
                options["training"]["steps"] = 2
                del options["training"]["epochs"]
    return steps


def test_the_chain_of_the_example_runs_from_the_teacher_to_a_file_of_eight_bits(bench: Workbench) -> None:
    spec = yaml.safe_load(CHAIN.read_text())["spec"]
    assert [next(iter(step)) for step in spec["steps"]] == ["distill", "prune", "quantize", "fuse"]
    config = tiny_images.resnet_config()
    config.num_labels = 10
    # Wide enough that a file of it is weights more than it is a graph.
    config.embedding_size, config.hidden_sizes = 32, [32, 64]
    tiny_images.save_model(bench.claim / "models/vision", config)
    tiny_images.write_folder(bench.claim / "data/images/train", tiny_images.digits(64))
    tiny_images.write_folder(bench.claim / "data/images/test", tiny_images.digits(40, first=400))
    data = {name: {"uri": f"pvc://spam/data/images/{folder}"} for name, folder in
            (("train", "train"), ("calibration", "train"), ("evaluation", "test"))}  # fmt: skip
    result = bench.run(
        kind="CompressionJob",
        method=None,
        training=None,
        precision=None,
        model={"uri": "pvc://spam/models/vision"},
        task={"type": "ImageClassification", "labels": tiny_images.NAMES},
        dataset={**data, "columns": spec["dataset"]["columns"]},
        steps=shortened(spec["steps"]),
        export=spec["export"],
        gate=spec["gate"],
        hash="chain",
    )
    # In the order in which they are carried out: all that changes the network comes before the file's numbers.
    names = [step.name for step in result.steps or []]
    assert names == ["distill", "prune Channels", "fuse", "quantize INT8Static"]
    distilled, pruned, fused, quantized = result.steps or []
    assert "learned from a teacher" in distilled.message
    assert "that a ReLU follows were computed by PyTorch's own operations: the tensors are on cpu." in distilled.message
    assert (pruned.parameters or 0) < 0.6 * (distilled.parameters or 0)
    assert (fused.parameters or 0) < (pruned.parameters or 0)
    assert "batch normalizations were folded" in fused.message
    assert "bytes, and had" in quantized.message

    artifact = bench.artifact("chain")
    operators = {node.op_type for node in onnx.load(artifact / "model.onnx").graph.node}
    assert {"Conv", "DequantizeLinear"} <= operators
    assert "BatchNormalization" not in operators
    comparison = result.metrics.comparison
    assert comparison is not None
    assert (comparison.size_ratio or 1) < spec["gate"]["maxSizeRatio"]
    assert result.export is not None
    assert result.export.parity is not None
    assert [entry.role for entry in result.lineage] == ["Model", "TrainData", "EvaluationData", "CalibrationData"]
    OnnxClassifier(artifact / "model.onnx")
    # The network before its numbers were quantized, for a job that goes on from here.
    assert (artifact / "model/config.json").is_file()
