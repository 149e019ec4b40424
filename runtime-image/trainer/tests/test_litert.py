"""CompressionJobs that write LiteRT files: fixed shapes, in FP32 and INT8."""

from pathlib import Path
from typing import Any

import litert

litert.add_packages()

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
import yaml  # noqa: E402
from ai_edge_litert.interpreter import Interpreter  # noqa: E402
from transformers import AutoModelForSequenceClassification  # noqa: E402

import tiny  # noqa: E402
from conftest import Workbench  # noqa: E402
from hone.compress.quantize.litert import LiteRtInt8  # noqa: E402
from hone.compress.targets import lite_rt, target_of  # noqa: E402
from hone.contract import Manifest  # noqa: E402
from hone.contract.compression import Quantize  # noqa: E402
from hone.errors import RunError  # noqa: E402
from hone.evaluate.classifier import Row  # noqa: E402
from hone.evaluate.litert_classifier import LiteRtClassifier  # noqa: E402
from hone.export.litert_model import export_litert  # noqa: E402
from hone.export.parity import TOLERANCE  # noqa: E402
from test_compress import STATIC, TASK, compression, folder, plain, refused  # noqa: E402, F401 - fixtures
from test_export import export_of, steps_of  # noqa: E402
from test_finetune_images import gallery, images  # noqa: E402, F401 - a fixture

EXAMPLE = Path(__file__).parents[3] / "examples/03-compression/export-tflite.yaml"


@pytest.fixture
def wide(folder: Workbench) -> Workbench:  # noqa: F811
    """A model whose weights outweigh the graph."""
    torch.manual_seed(1)
    config = tiny.bert_config()
    config.hidden_size, config.intermediate_size, config.num_attention_heads = 128, 256, 4
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder.claim / "models/classifier")
    return folder


def test_a_file_in_fp32_answers_as_pytorch_in_batches_and_shrinks(wide: Workbench, tmp_path: Path) -> None:
    export = {"tfLite": {"batchSize": 3}}
    result = wide.run(**compression(wide, steps=None, task=TASK, export=export))
    path = wide.artifact("c1") / "model.tflite"
    manifest = Manifest.model_validate_json((wide.artifact("c1") / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model_path) == ("LiteRT", "model.tflite")
    assert {entry.path for entry in manifest.files} == {"model.tflite", "tokenizer.json", "config.json"}
    assert result.export is not None
    assert (result.export.format, result.export.opset) == ("LiteRT", None)
    assert result.export.message is not None
    assert "for a batch of 3, 32 tokens each" in result.export.message
    assert result.export.parity is not None
    assert (result.export.parity.samples, result.export.parity.top_agreement) == (64, 1)
    assert 0 < result.export.parity.max_absolute < TOLERANCE
    after = result.metrics.after
    assert after is not None
    assert after.latency_millis is not None
    assert (after.samples, after.latency_millis.batch_size, after.latency_millis.threads) == (64, 3, 1)
    assert after.size_bytes == path.stat().st_size
    assert result.metrics.comparison is not None
    assert (result.metrics.comparison.size_ratio, result.metrics.comparison.agreement) == (1, 1)
    refused(wide, "Unsupported", "is LiteRT already", model={"uri": result.artifact.uri}, hash="c2")

    # Whoever uses the file pads with anything, as long as the mask says so.
    file = Interpreter(str(path)).get_signature_runner()
    shapes = {name: list(details["shape"]) for name, details in file.get_input_details().items()}
    assert shapes == {"input_ids": [3, 32], "attention_mask": [3, 32]}
    ids, mask = np.full((3, 32), 7, dtype=np.int32), np.zeros((3, 32), dtype=np.int32)
    ids[:, :5], mask[:, :5] = [2, 5, 6, 13, 3], 1
    row = {"input_ids": ids[:1, :5].astype(np.int64), "attention_mask": mask[:1, :5].astype(np.int64)}
    whole = LiteRtClassifier(path)
    assert np.abs(file(input_ids=ids, attention_mask=mask)["logits"] - whole.logits(row)).max() < 1e-5

    sizes = {}
    for options in ({}, {"per_channel": False}, {"embeddings": False}):
        small = tmp_path / "small.tflite"
        assert LiteRtInt8(Quantize(scheme="INT8Dynamic", **options)).quantize(path, small, []) == []
        sizes[str(options)] = small.stat().st_size
        change = np.abs(LiteRtClassifier(small).logits(row) - whole.logits(row)).max()
        assert 0 < change < 0.25 * np.abs(whole.logits(row)).max()
    channels, tensors, words = sizes.values()
    # A scale for each channel takes room, and so do embeddings in FP32.
    assert tensors < channels < words < 0.5 * path.stat().st_size


def test_a_pruned_model_in_the_example_s_int8_is_smaller_and_agrees(wide: Workbench) -> None:
    spec = yaml.safe_load(EXAMPLE.read_text())["spec"]
    steps = [{"prune": {"pattern": "Heads", "sparsity": 0.5}}, *spec["steps"]]
    result = wide.run(**compression(wide, steps=steps, task=TASK, export=spec["export"]))
    assert result.steps is not None
    assert [step.name for step in result.steps] == ["prune Heads", "quantize INT8Dynamic"]
    size = (wide.artifact("c1") / "model.tflite").stat().st_size
    assert f"The model has {size:,} bytes, and had" in result.steps[1].message
    assert (wide.artifact("c1") / "model/model.safetensors").exists()
    comparison = result.metrics.comparison
    assert comparison is not None
    assert comparison.size_ratio is not None
    assert comparison.size_ratio < 0.35
    assert result.export is not None
    assert result.export.parity is not None
    # From the network after the pruning: what rounding to INT8 changes.
    assert result.export.parity.max_absolute > TOLERANCE
    assert result.export.parity.relative_l2 < 0.1
    assert result.export.parity.top_agreement is not None
    assert result.export.parity.top_agreement > 0.95
    assert result.metrics.after is not None
    assert result.metrics.after.accuracy is not None


def test_static_int8_of_a_convolutional_network(gallery: Workbench) -> None:  # noqa: F811
    tuned = gallery.run(**images(training={"steps": 30, "batchSize": 16, "learningRate": 0.003, "seed": 1}))
    dataset = {"evaluation": {"uri": "pvc://spam/data/test"}, "calibration": {"uri": "pvc://spam/data/train"}}
    result = gallery.run(
        **compression(
            gallery,
            model={"uri": tuned.artifact.uri},
            dataset=dataset,
            steps=[{"fuse": {}}, *STATIC],
            export={"tfLite": {"batchSize": 4}},
        )
    )
    comparison = result.metrics.comparison
    assert comparison is not None
    assert comparison.accuracy_drop is not None
    assert comparison.accuracy_drop.value < 5
    assert comparison.size_ratio is not None
    assert comparison.size_ratio < 0.5
    assert [entry.role for entry in result.lineage] == ["Model", "EvaluationData", "CalibrationData"]
    file = Interpreter(str(gallery.artifact("c1") / "model.tflite"))
    (entry,) = file.get_input_details()
    assert (list(entry["shape"]), entry["dtype"]) == ([4, 1, 28, 28], np.float32)
    kinds = [details["dtype"] for details in file.get_tensor_details()]
    assert kinds.count(np.int8) > len(kinds) / 2


class Odd(torch.nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(values)


def test_what_litert_does_not_know_is_named_with_its_layer(tmp_path: Path) -> None:
    network = AutoModelForSequenceClassification.from_config(tiny.bert_config(), attn_implementation="eager").eval()
    network.bert.encoder.layer[1].intermediate.intermediate_act_fn = Odd()
    rows: list[Row] = [{"input_ids": np.array([[2, 5, 3]]), "attention_mask": np.ones((1, 3), dtype=np.int64)}]
    place = r"bessel_j0 in bert\.encoder\.layer\.1\.intermediate\.intermediate_act_fn has no counterpart in LiteRT"
    with pytest.raises(RunError, match=place) as error:
        export_litert(network, rows, tmp_path / "model.tflite", batch=1, length=8, pad_id=0)
    assert error.value.reason == "Unsupported"


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"quantize": {"scheme": "FP16"}}, "LiteRT can't run what quantize FP16 makes; write scheme INT8Dynamic"),
        ({"quantize": {"scheme": "INT4WeightOnly"}}, "what quantize INT4WeightOnly makes; write scheme INT8Dynamic"),
        ({"quantize": {"scheme": "INT8QAT"}}, "what quantize INT8QAT makes; write scheme INT8Dynamic"),
        ({"quantize": {"scheme": "INT8Dynamic", "smoothQuantAlpha": 0.5}}, "for quantize.smoothQuantAlpha; leave it"),
        ({"quantize": {"scheme": "INT8Dynamic", "sensitivity": {}}}, "for quantize.sensitivity; leave it out"),
        ({"quantize": {"scheme": "INT8Dynamic", "excludeLayers": ["x"]}}, "for quantize.excludeLayers; leave it out"),
        ({"quantize": {"scheme": "INT8Dynamic", "calibration": {"samples": 9}}}, "means nothing to INT8Dynamic"),
        ({"quantize": {"scheme": "INT8Static", "target": "TensorRT"}}, "for quantize.target: TensorRT; leave it out"),
        (
            {"quantize": {"scheme": "INT8Static", "calibration": {"method": "Entropy"}}},
            "for quantize.calibration.method Entropy; leave it out",
        ),
        ({"shareWeights": {}}, "writes shared weights out, so shareWeights saves nothing there; take the step out"),
    ],
)
def test_a_step_that_the_file_cannot_hold_is_refused(step: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RunError, match=sentence) as error:
        target_of(export_of(tfLite={})).complete(steps_of(step))
    assert error.value.reason == "ConfigInvalid"


def test_fixed_ranges_are_refused_for_texts(folder: Workbench) -> None:  # noqa: F811
    dataset = {**compression(folder)["dataset"], "calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    job = {"steps": STATIC, "task": TASK, "dataset": dataset, "export": {"tfLite": {}}}
    refused(folder, "ConfigInvalid", "a TextClassification model loses by; write scheme INT8Dynamic", **job)


def test_an_image_without_litert_says_which_one_has_it(folder: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(lite_rt, "find_spec", lambda name: None)
    sentence = r"needs LiteRT \(litert_torch\), which this image has not; .* hone-trainer-litert, which images/build"
    refused(folder, "Unsupported", sentence, export={"tfLite": {}}, model={"uri": "pvc://spam/nowhere"})
